-- The live chain: what was measured, what was decided, what the operator was told.

-- One vantage point. last_seq is the highest batch sequence applied: it moves in
-- the transaction that stores the batch, which makes delivery exactly once.
CREATE TABLE prober (
    id        smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      text NOT NULL UNIQUE CHECK (name <> ''),
    last_seq  bigint NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
    last_seen timestamptz
);

-- Batches as they came, kept for the decision of their cycle, for the summary of
-- their minute and for replay; older ones are dropped by a job.
CREATE TABLE batch (
    prober   smallint NOT NULL REFERENCES prober,
    seq      bigint NOT NULL,
    cycle    timestamptz NOT NULL,
    last     boolean NOT NULL,
    late     boolean NOT NULL,
    received timestamptz NOT NULL,
    body     bytea NOT NULL,
    PRIMARY KEY (prober, seq)
);
CREATE INDEX batch_cycle ON batch (cycle);

-- Time in which a prober planned to measure and did not: unknown, never zero and
-- never loss.
CREATE TABLE gap (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    prober  smallint NOT NULL REFERENCES prober,
    from_at timestamptz NOT NULL,
    to_at   timestamptz NOT NULL,
    reason  text NOT NULL CHECK (reason IN ('stopped', 'lost', 'isolated')),
    CHECK (from_at < to_at),
    UNIQUE (prober, from_at)
);
CREATE INDEX gap_to ON gap (to_at);

-- One minute of one link seen by one prober. Echoes of void rounds (prober
-- isolated) are planned but not sent. Delays are NULL where undefined (lost).
CREATE TABLE minute (
    link_id       bigint NOT NULL,
    at            timestamptz NOT NULL,
    prober        smallint NOT NULL,
    planned       smallint NOT NULL,
    sent          smallint NOT NULL,
    received      smallint NOT NULL,
    min_micros    integer,
    median_micros integer,
    p95_micros    integer,
    max_micros    integer,
    jitter_micros integer,
    simulated     boolean NOT NULL,
    PRIMARY KEY (link_id, at, prober),
    CHECK (received <= sent AND sent <= planned)
) PARTITION BY RANGE (at);

-- Partitions of one day in UTC, made before the first row of the day.
CREATE FUNCTION minute_partition(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := 'minute_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF minute FOR VALUES FROM (%L) TO (%L)',
            name, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    END IF;
END $$;

-- Whole days before day are dropped with their partitions.
CREATE FUNCTION minute_drop_before(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'minute'::regclass LOOP
        IF right(part::text, 8) < to_char(day, 'YYYYMMDD') THEN
            EXECUTE format('DROP TABLE %s', part);
        END IF;
    END LOOP;
END $$;

-- The decisions, split as internal/incident splits its state: one row an engine,
-- a link, an incident, a ticket's memory. The jsonb is the engine's own value;
-- the columns beside it are for reading.
CREATE TABLE engine (
    id      boolean PRIMARY KEY DEFAULT true CHECK (id),
    decided timestamptz,
    state   jsonb NOT NULL
);

CREATE TABLE link_state (
    link_id bigint PRIMARY KEY,
    status  text NOT NULL CHECK (status IN ('up', 'degraded', 'down', 'unknown')),
    since   timestamptz,
    state   jsonb NOT NULL
);

CREATE TABLE transition (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link_id bigint NOT NULL,
    at      timestamptz NOT NULL,
    since   timestamptz NOT NULL,
    before  text NOT NULL,
    after   text NOT NULL,
    UNIQUE (link_id, at)
);

CREATE TABLE incident (
    id        bigint PRIMARY KEY,
    kind      text NOT NULL,
    since     timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz, -- when it was decided
    ended_at  timestamptz, -- the latest first good round; NULL when it moved into another
    into_id   bigint,      -- the incident that absorbed it
    reason    text NOT NULL DEFAULT '',
    ticket_id bigint,
    state     jsonb NOT NULL
);
CREATE INDEX incident_open ON incident (id) WHERE closed_at IS NULL;
CREATE INDEX incident_since ON incident (since);

CREATE TABLE incident_link (
    incident_id bigint NOT NULL REFERENCES incident ON DELETE CASCADE,
    link_id     bigint NOT NULL,
    PRIMARY KEY (incident_id, link_id)
);
CREATE INDEX incident_link_link ON incident_link (link_id);

-- Confirmed outages [first failed round, first good round): availability is
-- computed from them.
CREATE TABLE outage (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link_id     bigint NOT NULL,
    from_at     timestamptz NOT NULL,
    to_at       timestamptz,
    incident_id bigint,
    CHECK (to_at IS NULL OR to_at >= from_at),
    UNIQUE (link_id, from_at)
);
CREATE INDEX outage_to ON outage (to_at);

CREATE TABLE ticket (
    id          bigint PRIMARY KEY,
    incident_id bigint NOT NULL UNIQUE, -- the idempotency key
    number      text NOT NULL UNIQUE,
    kind        text NOT NULL,
    addressee   text NOT NULL CHECK (addressee IN ('operator', 'internal')),
    operator    text, -- key; NULL for an internal ticket
    mode        text NOT NULL CHECK (mode IN ('observe', 'ask', 'automatic')),
    status      text NOT NULL CHECK (status IN ('open', 'resolved')),
    opened_at   timestamptz NOT NULL,
    resolved_at timestamptz,
    related     bigint REFERENCES ticket,
    CHECK ((status = 'resolved') = (resolved_at IS NOT NULL))
);
CREATE INDEX ticket_open ON ticket (id) WHERE status = 'open';

CREATE TABLE ticket_link (
    ticket_id bigint NOT NULL REFERENCES ticket,
    link_id   bigint NOT NULL,
    ordinal   integer NOT NULL,
    PRIMARY KEY (ticket_id, link_id)
);
CREATE INDEX ticket_link_link ON ticket_link (link_id);

-- What the decisions remember of a ticket (re-opening, relation to later ones).
CREATE TABLE ticket_memory (
    ticket_id bigint PRIMARY KEY,
    state     jsonb NOT NULL
);

-- The absences of the service under a ticket, one per opening: a re-opened ticket
-- has several, each with its own clock start and acknowledgement.
CREATE TABLE ticket_period (
    ticket_id     bigint NOT NULL REFERENCES ticket,
    ordinal       integer NOT NULL, -- from 0
    since         timestamptz NOT NULL, -- first failed round
    opened_at     timestamptz NOT NULL,
    sent_at       timestamptz,
    delivered_at  timestamptz,
    restored_at   timestamptz, -- first good round that lasted
    ack_reference text,
    ack_at        timestamptz,
    ack_by        bigint,
    PRIMARY KEY (ticket_id, ordinal),
    CHECK ((ack_reference IS NULL) = (ack_at IS NULL))
);

-- Suspensions of the clock (gel), each with its cause and who declared it.
CREATE TABLE gel (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id   bigint NOT NULL REFERENCES ticket,
    from_at     timestamptz NOT NULL,
    to_at       timestamptz,
    cause       text NOT NULL,
    declared_by text NOT NULL,
    accepted    boolean NOT NULL,
    CHECK (to_at IS NULL OR to_at >= from_at)
);

-- What was said, or would have been: held = mode observe or internal, never sent.
CREATE TABLE message (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id   bigint NOT NULL REFERENCES ticket,
    number      integer NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('open', 'join', 'reminder', 'reopen', 'resolve')),
    level       smallint NOT NULL DEFAULT 1,
    state       text NOT NULL CHECK (state IN ('held', 'waiting', 'queued', 'sending', 'sent', 'failed', 'cancelled')),
    recipient   text NOT NULL,
    message_id  text NOT NULL UNIQUE,
    subject     text NOT NULL,
    body        text NOT NULL,
    created_at  timestamptz NOT NULL,
    approved_by bigint,
    approved_at timestamptz,
    sent_at     timestamptz,
    proof       text NOT NULL DEFAULT '',
    problem     text NOT NULL DEFAULT '',
    UNIQUE (ticket_id, number),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL))
);

-- One row: the switch that stops all sending.
CREATE TABLE sending (
    id         boolean PRIMARY KEY DEFAULT true CHECK (id),
    stopped    boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by bigint
);
