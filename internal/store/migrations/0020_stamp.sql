-- What the sessions of STAMP of a minute found, beside the echoes: it decides no outage.
-- Times in microseconds; those of one way only where both clocks followed UTC.
CREATE TABLE stamp_minute (
    link_id        bigint NOT NULL,
    at             timestamptz NOT NULL,
    prober         text NOT NULL,
    sent           integer NOT NULL CHECK (sent > 0),
    received       integer NOT NULL CHECK (received BETWEEN 0 AND sent),
    min_micros     bigint,
    median_micros  bigint,
    max_micros     bigint,
    uncorrected    integer NOT NULL,
    forward_micros bigint,
    back_micros    bigint,
    error_micros   bigint,
    forward_lost   integer, -- NULL where the reflector does not count
    simulated      boolean NOT NULL,
    PRIMARY KEY (link_id, at, prober),
    CHECK (num_nulls(min_micros, median_micros, max_micros) IN (0, 3)),
    CHECK (num_nulls(forward_micros, back_micros, error_micros) IN (0, 3))
);
CREATE INDEX stamp_minute_at ON stamp_minute (at);
