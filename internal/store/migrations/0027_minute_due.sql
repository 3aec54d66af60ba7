-- Minutes that are to be summarised, not before since. A note is written in the
-- transaction that ends the minute or brings a late batch of it, and taken in the one
-- that writes its rows: whatever dies in between, the minute is written.
CREATE TABLE minute_due (
    prober smallint NOT NULL REFERENCES prober,
    at     timestamptz NOT NULL,
    since  timestamptz NOT NULL,
    PRIMARY KEY (prober, at)
);

-- Rows of a minute are copied into the partition of their day, in bulk: a trigger with a
-- transition table on the parent has PostgreSQL insert them one by one. A statement that
-- names the partition fires the partition's triggers, one that names the parent the
-- parent's, so that each counts its change once.
CREATE FUNCTION packing_change_of_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO packing AS p (day) VALUES (TG_ARGV[0]::date)
        ON CONFLICT (day) DO UPDATE SET changes = p.changes + 1;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION minute_partition(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := 'minute_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF minute FOR VALUES FROM (%L) TO (%L)',
            name, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        EXECUTE format('CREATE OR REPLACE TRIGGER minute_written AFTER INSERT OR UPDATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION packing_change_of_day(%L)',
            name, day);
    END IF;
END $$;

DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'minute'::regclass LOOP
        EXECUTE format('CREATE TRIGGER minute_written AFTER INSERT OR UPDATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION packing_change_of_day(%L)',
            part, to_date(right(part::text, 8), 'YYYYMMDD'));
    END LOOP;
END $$;
