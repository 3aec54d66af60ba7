-- What is bought under a link from a later day than its start: each version is in force
-- from its date until the next. Those of the start stand in the link's own row, so that
-- a change of rate or price never rewrites what was billed before it.
CREATE TABLE terms (
    link       text NOT NULL REFERENCES link (ref),
    from_day   date NOT NULL,
    price_item text NOT NULL DEFAULT '', -- '' = the link is outside the market
    down_kbps  bigint NOT NULL CHECK (down_kbps > 0),
    up_kbps    bigint NOT NULL CHECK (up_kbps > 0),
    source     text NOT NULL CHECK (source <> ''),
    PRIMARY KEY (link, from_day)
);
