-- What exists and what was bought. Natural keys bind the tables of the inventory to
-- each other; the tables of what happens (measures, incidents, tickets) name sites,
-- links, operators, POPs and canaries by their numeric id, which an import never
-- changes. Dates are civil days; an end is the first day without the thing, NULL
-- while none is known. Exclusions are checked at commit, so that an import may end
-- one row and begin the next in any order.

CREATE TABLE organisation (
    key         text PRIMARY KEY CHECK (key <> ''),
    name        text NOT NULL CHECK (name <> ''),
    kind        text NOT NULL CHECK (kind IN ('region', 'departement', 'collectivite', 'academie', 'etablissement')),
    siret       text NOT NULL DEFAULT '' CHECK (siret ~ '^([0-9]{14})?$'),
    budget_line text NOT NULL DEFAULT '',
    source      text NOT NULL CHECK (source <> '')
);

CREATE TABLE commune (
    insee       text PRIMARY KEY CHECK (insee ~ '^([0-9]{2}|2[AB])[0-9]{3}$'),
    name        text NOT NULL CHECK (name <> ''),
    departement text NOT NULL CHECK (left(insee, length(departement)) = departement AND length(departement) IN (2, 3)),
    temple      boolean NOT NULL,
    source      text NOT NULL CHECK (source <> '')
);

CREATE TABLE site (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key          text NOT NULL UNIQUE CHECK (key <> ''),
    name         text NOT NULL CHECK (name <> ''),
    kind         text NOT NULL CHECK (kind IN ('college', 'lycee', 'cite-scolaire', 'cfa', 'agricole', 'internal')),
    address      text NOT NULL DEFAULT '',
    postcode     text NOT NULL DEFAULT '',
    commune      text NOT NULL REFERENCES commune,
    latitude     double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude    double precision CHECK (longitude BETWEEN -180 AND 180),
    organisation text NOT NULL REFERENCES organisation,
    ends         date,
    source       text NOT NULL CHECK (source <> ''),
    CHECK ((latitude IS NULL) = (longitude IS NULL))
);

CREATE TABLE establishment (
    uai          text PRIMARY KEY CHECK (uai ~ '^[0-9]{7}[A-Z]$'),
    name         text NOT NULL CHECK (name <> ''),
    kind         text NOT NULL CHECK (kind IN ('college', 'lycee-gt', 'lycee-pro', 'lycee-polyvalent', 'cfa', 'agricole')),
    site         text NOT NULL REFERENCES site (key),
    organisation text NOT NULL REFERENCES organisation,
    pupils       integer CHECK (pupils > 0),
    pupils_year  integer CHECK (pupils_year BETWEEN 1900 AND 2200),
    ends         date,
    source       text NOT NULL CHECK (source <> ''),
    CHECK ((pupils IS NULL) = (pupils_year IS NULL))
);
CREATE INDEX establishment_site ON establishment (site);

CREATE TABLE contact (
    key    text PRIMARY KEY CHECK (key <> ''),
    site   text NOT NULL REFERENCES site (key),
    name   text NOT NULL CHECK (name <> ''),
    phone  text NOT NULL DEFAULT '',
    email  text NOT NULL DEFAULT '',
    hours  text NOT NULL DEFAULT '',
    source text NOT NULL CHECK (source <> '')
);
CREATE INDEX contact_site ON contact (site);

-- sending_mode is a person's decision on a page: no import writes it.
CREATE TABLE operator (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key              text NOT NULL UNIQUE CHECK (key <> ''),
    name             text NOT NULL CHECK (name <> ''),
    ticket_email     text NOT NULL CHECK (ticket_email <> ''),
    escalation_email text NOT NULL DEFAULT '',
    phone            text NOT NULL DEFAULT '',
    sending_mode     text NOT NULL DEFAULT 'observe' CHECK (sending_mode IN ('observe', 'ask', 'automatic')),
    ends             date,
    source           text NOT NULL CHECK (source <> '')
);

CREATE TABLE pop (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key       text NOT NULL UNIQUE CHECK (key <> ''),
    operator  text NOT NULL REFERENCES operator (key),
    name      text NOT NULL CHECK (name <> ''),
    latitude  double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision CHECK (longitude BETWEEN -180 AND 180),
    ends      date,
    source    text NOT NULL CHECK (source <> ''),
    CHECK ((latitude IS NULL) = (longitude IS NULL)),
    UNIQUE (key, operator)
);

CREATE TABLE market (
    key         text PRIMARY KEY CHECK (key <> ''),
    name        text NOT NULL CHECK (name <> ''),
    number      text NOT NULL DEFAULT '',
    coordinator text NOT NULL REFERENCES organisation,
    starts      date NOT NULL,
    ends        date CHECK (ends >= starts),
    source      text NOT NULL CHECK (source <> '')
);

CREATE TABLE lot (
    key      text PRIMARY KEY CHECK (key <> ''),
    market   text NOT NULL REFERENCES market,
    operator text NOT NULL REFERENCES operator (key),
    name     text NOT NULL CHECK (name <> ''),
    source   text NOT NULL CHECK (source <> ''),
    UNIQUE (key, operator)
);

-- A dated version of what binds the operator of a lot: in force from its date until
-- the date of the next version.
CREATE TABLE clause (
    lot                text NOT NULL REFERENCES lot,
    from_day           date NOT NULL,
    service            text NOT NULL CHECK (service <> ''),
    holidays           text NOT NULL CHECK (holidays IN ('', 'metropole', 'alsace-moselle', 'alsace-moselle-sans-vendredi-saint', 'site')),
    gtr_minutes        integer NOT NULL CHECK (gtr_minutes > 0),
    clock_start        text NOT NULL CHECK (clock_start IN ('sent', 'delivered', 'acknowledged')),
    percent_per_hour   numeric NOT NULL CHECK (percent_per_hour BETWEEN 0 AND 100),
    cap_percent        numeric NOT NULL CHECK (cap_percent BETWEEN 0 AND 1000),
    availability_steps jsonb NOT NULL,
    vat_percent        numeric NOT NULL CHECK (vat_percent BETWEEN 0 AND 100),
    proration          text NOT NULL CHECK (proration IN ('actual', '30/360')),
    revision_fixed     numeric CHECK (revision_fixed BETWEEN 0 AND 1),
    index0             numeric CHECK (index0 > 0),
    index              numeric CHECK (index > 0),
    revision_decimals  smallint CHECK (revision_decimals BETWEEN 1 AND 9),
    max_rtt_micros     integer CHECK (max_rtt_micros > 0),
    max_loss_percent   smallint CHECK (max_loss_percent BETWEEN 1 AND 100),
    source             text NOT NULL CHECK (source <> ''),
    PRIMARY KEY (lot, from_day),
    CHECK (num_nulls(revision_fixed, index0, index, revision_decimals) IN (0, 4)),
    CHECK ((service = '24x7') = (holidays = ''))
);

CREATE TABLE price (
    lot           text NOT NULL REFERENCES lot,
    item          text NOT NULL CHECK (item <> ''),
    from_day      date NOT NULL,
    to_day        date CHECK (to_day >= from_day),
    monthly_cents bigint NOT NULL CHECK (monthly_cents >= 0),
    source        text NOT NULL CHECK (source <> ''),
    PRIMARY KEY (lot, item, from_day),
    CONSTRAINT price_one_at_a_time EXCLUDE USING gist
        (lot WITH =, item WITH =, daterange(from_day, to_day) WITH &&) DEFERRABLE INITIALLY DEFERRED
);

-- Without a lot the link is outside the market. The operator of a link is that of
-- its lot and of its POP; an address is probed for one link at a time.
CREATE TABLE link (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ref           text NOT NULL UNIQUE CHECK (ref <> ''),
    operator      text NOT NULL REFERENCES operator (key),
    lot           text,
    pop           text,
    price_item    text NOT NULL DEFAULT '',
    down_kbps     bigint NOT NULL CHECK (down_kbps > 0),
    up_kbps       bigint NOT NULL CHECK (up_kbps > 0),
    technology    text NOT NULL DEFAULT '',
    probe_address inet NOT NULL CHECK (masklen(probe_address) = CASE family(probe_address) WHEN 4 THEN 32 ELSE 128 END),
    cpe_owner     text NOT NULL CHECK (cpe_owner IN ('operator', 'customer')),
    starts        date NOT NULL,
    ends          date CHECK (ends >= starts),
    source        text NOT NULL CHECK (source <> ''),
    CHECK ((lot IS NULL) = (price_item = '')),
    FOREIGN KEY (lot, operator) REFERENCES lot (key, operator) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (pop, operator) REFERENCES pop (key, operator) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT link_one_per_address EXCLUDE USING gist
        (probe_address inet_ops WITH &&, daterange(starts, ends) WITH &&) DEFERRABLE INITIALLY DEFERRED
);

-- The sites that a link serves; the first (ordinal 1) carries the access.
CREATE TABLE link_site (
    link    text NOT NULL REFERENCES link (ref),
    ordinal smallint NOT NULL CHECK (ordinal >= 1),
    site    text NOT NULL REFERENCES site (key),
    PRIMARY KEY (link, ordinal),
    UNIQUE (link, site)
);
CREATE INDEX link_site_site ON link_site (site);

CREATE TABLE router (
    key     text PRIMARY KEY CHECK (key <> ''),
    link    text NOT NULL REFERENCES link (ref),
    model   text NOT NULL DEFAULT '',
    address inet,
    ends    date,
    source  text NOT NULL CHECK (source <> '')
);
CREATE INDEX router_link ON router (link);

CREATE TABLE canary (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key     text NOT NULL UNIQUE CHECK (key <> ''),
    name    text NOT NULL CHECK (name <> ''),
    address inet NOT NULL,
    path    text NOT NULL CHECK (path <> ''),
    ends    date,
    source  text NOT NULL CHECK (source <> '')
);

-- One payer's part of a split key. The subject is a site, or a link for a grappe: one
-- column for each keeps both references real.
CREATE TABLE key_share (
    subject      text NOT NULL,
    site         text REFERENCES site (key),
    link         text REFERENCES link (ref),
    from_day     date NOT NULL,
    to_day       date CHECK (to_day >= from_day),
    organisation text NOT NULL REFERENCES organisation,
    weight       numeric NOT NULL CHECK (weight >= 0),
    basis        text NOT NULL CHECK (basis <> ''),
    legal        text NOT NULL CHECK (legal <> ''),
    source       text NOT NULL CHECK (source <> ''),
    PRIMARY KEY (subject, from_day, organisation),
    CHECK (num_nonnulls(site, link) = 1 AND subject = coalesce(site, link)),
    CONSTRAINT key_share_one_at_a_time EXCLUDE USING gist
        (subject WITH =, organisation WITH =, daterange(from_day, to_day) WITH &&) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE maintenance (
    key       text PRIMARY KEY CHECK (key <> ''),
    scope     text NOT NULL CHECK (scope IN ('link', 'site', 'pop', 'operator')),
    subject   text NOT NULL CHECK (subject <> ''),
    from_at   timestamptz NOT NULL,
    to_at     timestamptz NOT NULL CHECK (to_at > from_at),
    announced timestamptz NOT NULL,
    note      text NOT NULL DEFAULT '',
    source    text NOT NULL CHECK (source <> '')
);
CREATE INDEX maintenance_period ON maintenance USING gist (tstzrange(from_at, to_at));
