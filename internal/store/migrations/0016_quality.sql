-- How well a prober measured, minute by minute of its own time. A row is the sum of the
-- batches of its cycles, each added once, in the transaction that stores the batch.
CREATE TABLE prober_quality (
    prober       smallint NOT NULL REFERENCES prober,
    at           timestamptz NOT NULL,
    span_millis  bigint NOT NULL, -- length of the cycles delivered whole
    rounds       bigint NOT NULL, -- planned
    echoes       bigint NOT NULL, -- of known outcome
    unsent       bigint NOT NULL,
    void         bigint NOT NULL,
    dropped      bigint NOT NULL,
    unstamped    bigint NOT NULL DEFAULT 0, -- round trips that begin with the prober's own stamp
    malformed    bigint NOT NULL,
    forged       bigint NOT NULL,
    duplicate    bigint NOT NULL,
    late         bigint NOT NULL,
    overrun      bigint NOT NULL,
    lost_batches bigint NOT NULL,
    worst_lag_micros bigint NOT NULL, -- of any cycle
    lag95_micros     bigint NOT NULL, -- the largest of the cycles
    -- The clock as the last of the batches told it; offset and error in microseconds.
    clock_source text NOT NULL,
    clock_synchronised boolean NOT NULL,
    clock_offset_micros bigint NOT NULL,
    clock_error_micros  bigint NOT NULL,
    -- The shortest time from the end of a cycle, by the prober's clock, to its arrival, by
    -- the core's; NULL while no cycle is whole.
    arrival_micros bigint,
    received timestamptz NOT NULL, -- the last batch
    PRIMARY KEY (prober, at)
);
CREATE INDEX prober_quality_received ON prober_quality (prober, received);
