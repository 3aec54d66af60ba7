-- Extensions of the whole schema: exclusion constraints that mix equality with ranges.
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Refuses a change of what may only grow.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: it is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

-- The end of each chain of the journal; its row lock orders the writers of one chain.
CREATE TABLE journal_head (
    chain_kind text COLLATE "C" NOT NULL CHECK (chain_kind <> ''),
    chain_id   text COLLATE "C" NOT NULL CHECK (chain_id <> ''),
    seq        bigint NOT NULL CHECK (seq >= 0),
    hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (chain_kind, chain_id)
);
CREATE TRIGGER journal_head_delete BEFORE DELETE OR TRUNCATE ON journal_head
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- body is the exact bytes that were hashed; jsonb would rewrite them.
CREATE TABLE journal_entry (
    chain_kind text COLLATE "C" NOT NULL,
    chain_id   text COLLATE "C" NOT NULL,
    seq        bigint NOT NULL CHECK (seq > 0),
    version    smallint NOT NULL CHECK (version > 0),
    at         timestamptz NOT NULL,
    actor      text NOT NULL CHECK (actor <> ''),
    action     text NOT NULL CHECK (action <> ''),
    body       bytea NOT NULL,
    prev       bytea NOT NULL CHECK (octet_length(prev) = 32),
    hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (chain_kind, chain_id, seq),
    FOREIGN KEY (chain_kind, chain_id) REFERENCES journal_head
);
CREATE INDEX journal_entry_at ON journal_entry (at);
CREATE TRIGGER journal_entry_change BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- One seal a day chains the heads of all chains that moved since the seal before.
CREATE TABLE journal_seal (
    day   date PRIMARY KEY,
    at    timestamptz NOT NULL,
    heads bytea NOT NULL CHECK (octet_length(heads) = 32),
    prev  bytea NOT NULL UNIQUE CHECK (octet_length(prev) = 32),
    hash  bytea NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE TRIGGER journal_seal_change BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_seal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE journal_seal_head (
    chain_kind text COLLATE "C" NOT NULL,
    chain_id   text COLLATE "C" NOT NULL,
    seq        bigint NOT NULL CHECK (seq > 0),
    hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
    day        date NOT NULL REFERENCES journal_seal,
    PRIMARY KEY (chain_kind, chain_id, seq)
);
CREATE INDEX journal_seal_head_day ON journal_seal_head (day);
CREATE TRIGGER journal_seal_head_change BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_seal_head
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
