-- Packed days are dropped after a while: the days to drop are found without reading all.
CREATE INDEX link_hours_day ON link_hours (day);
CREATE INDEX utilisation_day_day ON utilisation_day (day);

-- checked is the state of the rows with which the packed form was compared, before they
-- are dropped; checked_through how far such a comparison has come. What is dropped
-- already cannot be compared any more.
ALTER TABLE packing
    ADD COLUMN checked         bigint NOT NULL DEFAULT 0,
    ADD COLUMN checked_through bigint NOT NULL DEFAULT 0, -- the last link of it that is compared
    ADD CHECK (checked <= packed);
