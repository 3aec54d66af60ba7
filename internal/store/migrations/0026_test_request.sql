-- What people asked to be tested: one request for each link, the last one. Former ones are
-- in the journal.
CREATE TABLE test_request (
    link_id   bigint PRIMARY KEY,
    at        timestamptz NOT NULL,
    person_id bigint NOT NULL,
    insists   boolean NOT NULL, -- waits neither for the hours of tests nor for an idle link
    reason    text NOT NULL,
    until     timestamptz NOT NULL,
    CHECK (until > at),
    CHECK (NOT insists OR reason <> '')
);
