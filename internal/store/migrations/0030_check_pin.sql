-- The certificate that a service of an own authority is to show, by its SHA-256; empty = one
-- of an authority that the prober's machine knows.
ALTER TABLE service_check ADD COLUMN certificate_sha256 text NOT NULL DEFAULT '' CHECK (certificate_sha256 ~ '^([0-9a-f]{64})?$');
