-- Those who sign in. The journal names a person by id only, so a person is disabled,
-- never deleted. territory_all gives the whole territory; otherwise the keys listed.
CREATE TABLE person (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login         text NOT NULL UNIQUE CHECK (login <> '' AND login = lower(login)),
    name          text NOT NULL CHECK (name <> ''),
    role          text NOT NULL CHECK (role IN ('admin', 'network', 'finance', 'auditor')),
    organisation  text REFERENCES organisation,
    territory     text[] NOT NULL DEFAULT '{}',
    territory_all boolean NOT NULL,
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    disabled      boolean NOT NULL DEFAULT false,
    CHECK (NOT territory_all OR territory = '{}')
);

-- Signed-in browsers, kept so that a restart signs nobody out. The key is a digest of
-- the token that the browser holds: who reads the table cannot sign in with it.
CREATE TABLE session (
    digest  bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    data    bytea NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX session_expires ON session (expires);
