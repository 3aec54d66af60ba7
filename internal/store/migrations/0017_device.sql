-- What the router of each link carried when it was walked last, and since when it has
-- been so. It moves in the transaction that stores the batch. What it was before a change
-- becomes a finding of the kind device.
CREATE TABLE device (
    link_id bigint PRIMARY KEY, -- as the prober was told it
    at      timestamptz NOT NULL,
    since   timestamptz NOT NULL,
    prober  text NOT NULL,
    body    jsonb NOT NULL,
    CHECK (since <= at)
);
