-- What stands behind a link, and what measures it beside echoes.

-- Where two-way delay is measured by STAMP (RFC 8762); without a port it is 862.
ALTER TABLE link
    ADD COLUMN reflector_address inet CHECK (masklen(reflector_address) = CASE family(reflector_address) WHEN 4 THEN 32 ELSE 128 END),
    ADD COLUMN reflector_port    integer CHECK (reflector_port BETWEEN 1 AND 65535),
    ADD CHECK (reflector_port IS NULL OR reflector_address IS NOT NULL);

-- What is asked again and again behind a link, or from a site. service is written as
-- probe/service reads it.
CREATE TABLE service_check (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key              text NOT NULL UNIQUE CHECK (key <> ''),
    scope            text NOT NULL CHECK (scope IN ('link', 'site')),
    subject          text NOT NULL CHECK (subject <> ''),
    name             text NOT NULL CHECK (name <> ''),
    direction        text NOT NULL CHECK (direction IN ('from_core', 'from_site')),
    service          text NOT NULL CHECK (service <> ''),
    every_seconds    integer NOT NULL CHECK (every_seconds > 0),
    status           text NOT NULL DEFAULT '',
    text             text NOT NULL DEFAULT '',
    certificate_days integer NOT NULL DEFAULT 0 CHECK (certificate_days >= 0),
    ends             date,
    source           text NOT NULL CHECK (source <> '')
);

-- What each check found last, and since when it is as it is. It moves in the transaction
-- that stores the batch. status is working or failing once confirmed, unknown before.
-- state is the whole of it as the decision takes it.
CREATE TABLE check_state (
    check_id          bigint PRIMARY KEY,
    status            text NOT NULL CHECK (status IN ('unknown', 'working', 'failing')),
    since             timestamptz,
    asked_at          timestamptz NOT NULL,
    certificate_until timestamptz,
    state             jsonb NOT NULL
);
CREATE INDEX check_state_failing ON check_state (check_id) WHERE status = 'failing';

-- Each confirmed change, kept as transitions of links are.
CREATE TABLE check_transition (
    check_id bigint NOT NULL,
    since    timestamptz NOT NULL, -- of the first result that showed it
    at       timestamptz NOT NULL, -- of the one that confirmed it
    status   text NOT NULL CHECK (status IN ('working', 'failing')),
    reason   text NOT NULL,
    detail   text NOT NULL DEFAULT '',
    PRIMARY KEY (check_id, since, status)
);

-- What the questions of an hour add up to: sums of microseconds over those that were
-- answered well, by phase, and the longest whole.
CREATE TABLE check_hour (
    check_id       bigint NOT NULL,
    at             timestamptz NOT NULL,
    asked          integer NOT NULL CHECK (asked > 0),
    failed         integer NOT NULL CHECK (failed BETWEEN 0 AND asked),
    resolve_micros bigint NOT NULL,
    connect_micros bigint NOT NULL,
    tls_micros     bigint NOT NULL,
    first_micros   bigint NOT NULL,
    whole_micros   bigint NOT NULL,
    whole_max      bigint NOT NULL,
    simulated      boolean NOT NULL,
    PRIMARY KEY (check_id, at)
);
CREATE INDEX check_hour_at ON check_hour (at);
