-- The past, packed: one row per link and UTC day. body columns hold the versioned
-- encodings of internal/measure.

-- The 288 five-minute figures of a day in each direction.
CREATE TABLE utilisation_day (
    link_id   bigint NOT NULL,
    day       date NOT NULL,
    body      bytea NOT NULL,
    simulated boolean NOT NULL,
    PRIMARY KEY (link_id, day)
);

-- The 24 hours of a day: what 1,440 minutes said, summed per hour.
CREATE TABLE link_hours (
    link_id   bigint NOT NULL,
    day       date NOT NULL,
    body      bytea NOT NULL,
    simulated boolean NOT NULL,
    PRIMARY KEY (link_id, day)
);

-- The day as a whole. Delays are NULL where undefined.
CREATE TABLE link_day (
    link_id       bigint NOT NULL,
    day           date NOT NULL,
    planned       bigint NOT NULL,
    sent          bigint NOT NULL,
    received      bigint NOT NULL,
    -- Measured time in thousandths of a minute, 1,440,000 for a whole day.
    covered_millis integer NOT NULL,
    min_micros    integer,
    median_micros integer,
    p95_micros    integer,
    max_micros    integer,
    jitter_micros integer,
    simulated     boolean NOT NULL,
    PRIMARY KEY (link_id, day),
    CHECK (received <= sent AND sent <= planned)
);
CREATE INDEX link_day_day ON link_day (day);

-- Bodies do not compress, and out of the row each would cost a second read.
ALTER TABLE utilisation_day ALTER COLUMN body SET STORAGE PLAIN;
ALTER TABLE link_hours ALTER COLUMN body SET STORAGE PLAIN;

-- Which days have rows that their packed form does not hold yet. Every statement that
-- writes rows of a day counts a change in its own transaction, so a packing that did
-- not see them leaves packed behind changes, whatever dies in between. doing and
-- through are how far a packing of that state has come. Days whose rows were dropped
-- stay as they were packed.
CREATE TABLE packing (
    day     date PRIMARY KEY,
    changes bigint NOT NULL DEFAULT 1,
    packed  bigint NOT NULL DEFAULT 0,
    doing   bigint NOT NULL DEFAULT 0,
    through bigint NOT NULL DEFAULT 0, -- the last link of it that is packed
    dropped boolean NOT NULL DEFAULT false,
    CHECK (packed <= changes AND doing <= changes)
);
CREATE INDEX packing_due ON packing (day) WHERE packed <> changes AND NOT dropped;
INSERT INTO packing (day)
    SELECT to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') FROM pg_inherits WHERE inhparent = 'minute'::regclass;

CREATE FUNCTION packing_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO packing AS p (day)
        SELECT DISTINCT (at AT TIME ZONE 'UTC')::date FROM changed ORDER BY 1
        ON CONFLICT (day) DO UPDATE SET changes = p.changes + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER minute_added AFTER INSERT ON minute
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION packing_change();
CREATE TRIGGER minute_changed AFTER UPDATE ON minute
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION packing_change();
CREATE TRIGGER utilisation_added AFTER INSERT ON utilisation
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION packing_change();
CREATE TRIGGER utilisation_changed AFTER UPDATE ON utilisation
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION packing_change();

-- An outage of a demonstration: shown as such, never argued with.
ALTER TABLE outage ADD COLUMN simulated boolean NOT NULL DEFAULT false;

-- How far back a demonstration's past is written: from written to until, on its way
-- to since.
CREATE TABLE simulated_past (
    id      boolean PRIMARY KEY DEFAULT true CHECK (id),
    since   timestamptz NOT NULL,
    written timestamptz NOT NULL,
    until   timestamptz NOT NULL,
    CHECK (since <= written AND written <= until)
);
