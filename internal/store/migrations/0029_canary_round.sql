-- What the last round of each canary, as each prober asks it, told: whether it answers now.
CREATE TABLE canary_round (
    prober   smallint NOT NULL REFERENCES prober,
    canary   bigint NOT NULL,
    at       timestamptz NOT NULL, -- the cycle
    sent     integer NOT NULL CHECK (sent > 0),
    received integer NOT NULL CHECK (received BETWEEN 0 AND sent),
    PRIMARY KEY (prober, canary)
);
