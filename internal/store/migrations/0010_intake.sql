-- What people decide about rows of files, and what became of each object.

-- Which stored site or establishment a description in a file means. meant is NULL while
-- nobody has decided, and empty when its rows are left out.
CREATE TABLE import_question (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    among       text NOT NULL CHECK (among IN ('sites', 'establishments')),
    name        text NOT NULL,
    commune     text NOT NULL,
    address     text NOT NULL,
    meant       text,
    answered_at timestamptz,
    answered_by text,
    CHECK ((meant IS NULL) = (answered_at IS NULL) AND (meant IS NULL) = (answered_by IS NULL))
);
-- A cell may be longer than what an index takes.
CREATE UNIQUE INDEX import_question_text ON import_question (md5(among || E'\n' || name || E'\n' || commune || E'\n' || address));

-- A row of a file that waits for the answer: cells stand under columns, in their order.
CREATE TABLE import_held (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    question_id bigint NOT NULL REFERENCES import_question,
    into_table  text NOT NULL,
    into_column text NOT NULL,
    keep        boolean NOT NULL,
    file        text NOT NULL,
    line        integer NOT NULL,
    columns     text[] NOT NULL,
    sources     text[] NOT NULL,
    cells       text[] NOT NULL,
    held_at     timestamptz NOT NULL,
    CHECK (cardinality(columns) = cardinality(cells) AND cardinality(columns) = cardinality(sources))
);

-- Files that somebody gave on a page, until they accept what the files would change.
CREATE TABLE import_draft (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person   bigint NOT NULL REFERENCES person,
    given_at timestamptz NOT NULL,
    files    jsonb NOT NULL
);

-- The history of each object, written with the change: the journal entry of the same
-- moment holds the same and is what proves it.
CREATE TABLE inventory_change (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL,
    actor  text NOT NULL,
    file   text NOT NULL,
    key    text NOT NULL,
    change text NOT NULL CHECK (change IN ('added', 'changed', 'ended')),
    fields jsonb NOT NULL
);
CREATE INDEX inventory_change_object ON inventory_change (file, key, id);
