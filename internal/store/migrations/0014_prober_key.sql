-- Probers elsewhere: who is let in at the core's port for them. The secret half of a key
-- stands in the prober's credential file only.
CREATE TABLE prober_key (
    name       text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,30}$'),
    site       text REFERENCES site (key), -- inside which it stands; NULL = it looks at links
    public_key text NOT NULL UNIQUE CHECK (public_key <> ''),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz CHECK (revoked_at >= created_at)
);
