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

-- The last poll of each link's router that was applied: the base of the next
-- difference of counters. It moves in the transaction that stores the batch.
CREATE TABLE router_poll (
    link_id     bigint PRIMARY KEY,
    asked_at    timestamptz NOT NULL,
    answered_at timestamptz,
    problem     text NOT NULL DEFAULT '',
    state       jsonb NOT NULL
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

-- What ended an outage turned out to be: line (the operator's) or power (the router
-- restarted: site power). NULL while nothing tells. evidence says from what.
ALTER TABLE outage
    ADD COLUMN cause    text CHECK (cause IN ('line', 'power')),
    ADD COLUMN evidence text NOT NULL DEFAULT '',
    ADD CHECK ((cause IS NULL) = (evidence = ''));
