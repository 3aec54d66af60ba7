-- Operators that take tickets by an interface, and what their systems tell of them.

-- How an operator takes tickets; '' is mail.
ALTER TABLE operator
    ADD COLUMN channel text NOT NULL DEFAULT '' CHECK (channel IN ('', 'email', 'tmf621'));

-- A conversation goes on by the way on which it began.
ALTER TABLE ticket
    ADD COLUMN channel text NOT NULL DEFAULT '' CHECK (channel IN ('', 'email', 'tmf621'));

-- When the operator says that the service was back: a claim, shown beside our own
-- measure and never counted.
ALTER TABLE ticket_period
    ADD COLUMN claimed_at timestamptz;

-- The operator's own ticket as it was last read. status is a word of the interface,
-- raw the operator's. failing_since tells that it cannot be read, and problem why.
CREATE TABLE operator_ticket (
    ticket_id     bigint PRIMARY KEY REFERENCES ticket,
    reference     text NOT NULL,
    status        text NOT NULL,
    raw           text NOT NULL,
    reason        text NOT NULL,
    expected_at   timestamptz,
    read_at       timestamptz, -- by our clock
    failing_since timestamptz,
    problem       text NOT NULL,
    CHECK ((failing_since IS NULL) = (problem = ''))
);

-- What the operator's system told, in the order in which it was read. said_at is the
-- operator's time, at ours.
CREATE TABLE remark (
    ticket_id bigint NOT NULL REFERENCES ticket,
    number    integer NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('status', 'note', 'promise')),
    at        timestamptz NOT NULL,
    said_at   timestamptz,
    author    text NOT NULL,
    status    text NOT NULL, -- of kind status: the word of the interface
    text      text NOT NULL,
    PRIMARY KEY (ticket_id, number)
);

-- A suspension that the operator claims waits for a person, who accepts or refuses
-- it: neither accepted nor decided = candidate.
ALTER TABLE gel
    ADD COLUMN reason     text NOT NULL DEFAULT '',
    ADD COLUMN decided_by bigint,
    ADD COLUMN decided_at timestamptz,
    ADD CHECK ((decided_by IS NULL) = (decided_at IS NULL));
