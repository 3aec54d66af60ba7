-- What a database is for is settled at its first start: a demo's data and an
-- installation's never share one.
CREATE TABLE installation (
    id    boolean PRIMARY KEY DEFAULT true CHECK (id),
    kind  text NOT NULL CHECK (kind IN ('demo', 'real')),
    since timestamptz NOT NULL
);
INSERT INTO installation (kind, since) SELECT 'demo', min(at) FROM minute WHERE simulated HAVING count(*) > 0;

-- Sessions that began before this are over: the password changed since, or the person
-- was disabled. NULL: never.
ALTER TABLE person ADD COLUMN signed_out_at timestamptz;

-- Tokens of programs. A row keeps a SHA-256 digest: a token has 256 random bits, so
-- there is nothing to guess that a slow hash would protect, as it does a password; and
-- every request is checked. revoked_by NULL with revoked_at: at the machine itself.
CREATE TABLE token (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id    bigint NOT NULL REFERENCES person,
    name         text NOT NULL CHECK (name <> ''),
    role         text NOT NULL CHECK (role IN ('admin', 'network', 'finance', 'auditor')),
    digest       bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL CHECK (expires_at > created_at),
    last_used_at timestamptz,
    revoked_at   timestamptz,
    revoked_by   bigint REFERENCES person CHECK (revoked_by IS NULL OR revoked_at IS NOT NULL)
);
CREATE INDEX token_person ON token (person_id);
