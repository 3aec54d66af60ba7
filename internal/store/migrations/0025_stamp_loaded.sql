-- A session beside which a test of our own filled the link: what it lost is nobody's loss.
ALTER TABLE stamp_minute ADD COLUMN loaded boolean NOT NULL DEFAULT false;
