-- What is done beside the echoes and was left out by bounds of its own is counted apart
-- from the rounds that a cycle had no room for.
ALTER TABLE prober_quality ADD COLUMN errands bigint NOT NULL DEFAULT 0;
