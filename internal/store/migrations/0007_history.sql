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
    planned       integer NOT NULL,
    sent          integer NOT NULL,
    received      integer NOT NULL,
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
