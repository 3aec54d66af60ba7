-- What probers found out beside their rounds: the batch that brought it is stored in the
-- same transaction, so each stands here once. The kind says what the body is.
CREATE TABLE finding (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link_id bigint NOT NULL, -- 0 = the prober itself
    kind    text NOT NULL,
    at      timestamptz NOT NULL,
    prober  text NOT NULL,
    body    jsonb NOT NULL
);
CREATE INDEX finding_link ON finding (link_id, kind, at);
CREATE INDEX finding_at ON finding (at);
