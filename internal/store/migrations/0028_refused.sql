-- Time whose measurements the core could not store; what it could not lies beside the
-- stream for a person.
ALTER TABLE gap DROP CONSTRAINT gap_reason_check;
ALTER TABLE gap ADD CONSTRAINT gap_reason_check CHECK (reason IN ('stopped', 'lost', 'isolated', 'doubtful', 'refused'));
