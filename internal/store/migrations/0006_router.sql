-- What is asked of routers by SNMP, and how much of a link is used.

-- snmp names a credential of the configuration, which keeps the secret in a file;
-- empty: the router is not asked. interface is the ifName or ifAlias that carries the
-- link; empty: the one whose alias holds the link's reference.
ALTER TABLE router
    ADD COLUMN snmp      text NOT NULL DEFAULT '',
    ADD COLUMN interface text NOT NULL DEFAULT '';

-- The operator's own equipment in front of the router.
ALTER TABLE link
    ADD COLUMN demarcation_address inet
        CHECK (masklen(demarcation_address) = CASE family(demarcation_address) WHEN 4 THEN 32 ELSE 128 END);

-- The last poll of each link's router that was applied. state is the last answer,
-- the base of the next difference of counters; problem says why there is no newer one,
-- doubt why the last answer gave no difference. It moves in the transaction that
-- stores the batch.
CREATE TABLE router_poll (
    link_id     bigint PRIMARY KEY,
    asked_at    timestamptz NOT NULL,
    problem     text NOT NULL DEFAULT '',
    answered_at timestamptz,
    doubt       text NOT NULL DEFAULT '',
    state       jsonb,
    CHECK ((answered_at IS NULL) = (state IS NULL)),
    CHECK (answered_at IS NOT NULL OR problem <> '')
);

-- Octets carried in each five minutes (aligned to the hour, UTC), down = towards the
-- site. covered_millis is the measured part of the interval: what is not covered is
-- unknown, not zero.
CREATE TABLE utilisation (
    link_id        bigint NOT NULL,
    at             timestamptz NOT NULL,
    down_octets    bigint NOT NULL CHECK (down_octets >= 0),
    up_octets      bigint NOT NULL CHECK (up_octets >= 0),
    covered_millis integer NOT NULL CHECK (covered_millis BETWEEN 0 AND 300000),
    simulated      boolean NOT NULL,
    PRIMARY KEY (link_id, at)
);
CREATE INDEX utilisation_at ON utilisation (at);

-- What an outage turned out to be: line (the operator's) or power (the router
-- restarted: site power). NULL while nothing tells. The evidence is when the router
-- told, and since when it was running then.
ALTER TABLE outage
    ADD COLUMN cause          text CHECK (cause IN ('line', 'power')),
    ADD COLUMN told_at        timestamptz,
    ADD COLUMN router_started timestamptz,
    ADD CHECK (num_nulls(cause, told_at, router_started) IN (0, 3)),
    ADD CHECK (told_at >= to_at);
