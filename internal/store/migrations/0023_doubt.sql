-- Time in which what a prober lost may have been lost on its own uplink. Beside a stop and
-- an isolation it is not unknown: what answered did.
ALTER TABLE gap DROP CONSTRAINT gap_reason_check;
ALTER TABLE gap ADD CONSTRAINT gap_reason_check CHECK (reason IN ('stopped', 'lost', 'isolated', 'doubtful'));

-- Who asked a router last, so that silence during a cut of the prober's own uplink is said
-- to be that. NULL = before this was kept.
ALTER TABLE router_poll ADD COLUMN prober smallint REFERENCES prober;
