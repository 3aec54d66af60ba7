-- The addressing plan. vrf NULL is the global table. A site is named by its key as the plan's files
-- write it, which the inventory may not know yet. What two rows may not do together and a constraint
-- cannot say (addresses unique unless their roles share them) is checked before saving, under the
-- lock of the prefix table.

CREATE TABLE vrf (
    name           text PRIMARY KEY CHECK (name <> ''),
    rd             text NOT NULL DEFAULT '',
    enforce_unique boolean NOT NULL,
    description    text NOT NULL DEFAULT ''
);

CREATE TABLE aggregate (
    cidr        cidr PRIMARY KEY CHECK (masklen(cidr) > 0),
    rir         text NOT NULL CHECK (rir <> ''),
    added       date,
    description text NOT NULL DEFAULT '',
    CONSTRAINT aggregate_no_overlap EXCLUDE USING gist (cidr inet_ops WITH &&) DEFERRABLE INITIALLY DEFERRED
);

-- vid_ranges as the files write them: 100-199,300.
CREATE TABLE vlan_group (
    name        text PRIMARY KEY CHECK (name <> ''),
    vid_ranges  text NOT NULL CHECK (vid_ranges ~ '^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$'),
    description text NOT NULL DEFAULT ''
);

-- A VID is unique in its group, or without one (vlan_group NULL) at its site, which may be empty.
CREATE TABLE vlan (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    vlan_group  text REFERENCES vlan_group,
    site        text NOT NULL,
    vid         integer NOT NULL CHECK (vid BETWEEN 1 AND 4094),
    name        text NOT NULL CHECK (name <> ''),
    status      text NOT NULL CHECK (status IN ('active', 'reserved', 'deprecated')),
    tenant      text NOT NULL DEFAULT '',
    role        text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX vlan_key ON vlan (coalesce(vlan_group, ''), (CASE WHEN vlan_group IS NULL THEN site ELSE '' END), vid);
CREATE INDEX vlan_site ON vlan (site);

-- assigned: the prefix carries a VLAN or a router interface. Two such never overlap in one VRF;
-- coalesce, because NULL would let the global table overlap.
CREATE TABLE prefix (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cidr          cidr NOT NULL CHECK (masklen(cidr) > 0),
    vrf           text REFERENCES vrf,
    status        text NOT NULL CHECK (status IN ('active', 'container', 'reserved', 'deprecated')),
    is_pool       boolean NOT NULL,
    mark_utilized boolean NOT NULL,
    assigned      boolean NOT NULL,
    site          text NOT NULL,
    vlan          bigint REFERENCES vlan CHECK (vlan IS NULL OR assigned),
    tenant        text NOT NULL DEFAULT '',
    role          text NOT NULL DEFAULT '',
    description   text NOT NULL DEFAULT '',
    CONSTRAINT prefix_assigned_once EXCLUDE USING gist
        (coalesce(vrf, '') WITH =, cidr inet_ops WITH &&) WHERE (assigned) DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX prefix_key ON prefix (coalesce(vrf, ''), cidr);
CREATE INDEX prefix_site ON prefix (site);
CREATE INDEX prefix_vlan ON prefix (vlan);

CREATE TABLE ip_range (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    start_address  inet NOT NULL,
    end_address    inet NOT NULL CHECK (end_address >= start_address AND family(end_address) = family(start_address)),
    vrf            text REFERENCES vrf,
    status         text NOT NULL CHECK (status IN ('active', 'reserved', 'deprecated')),
    mark_populated boolean NOT NULL,
    mark_utilized  boolean NOT NULL,
    tenant         text NOT NULL DEFAULT '',
    role           text NOT NULL DEFAULT '',
    description    text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX ip_range_key ON ip_range (coalesce(vrf, ''), start_address);

-- address keeps the mask of the interface; one host may stand on several (roles that share it).
CREATE TABLE ip_address (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address     inet NOT NULL CHECK (masklen(address) > 0),
    vrf         text REFERENCES vrf,
    status      text NOT NULL CHECK (status IN ('active', 'reserved', 'deprecated', 'dhcp', 'slaac')),
    role        text NOT NULL CHECK (role IN ('', 'loopback', 'secondary', 'anycast', 'vip', 'vrrp', 'hsrp', 'glbp', 'carp')),
    device      text NOT NULL DEFAULT '',
    interface   text NOT NULL DEFAULT '',
    dns_name    text NOT NULL DEFAULT '',
    tenant      text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX ip_address_key ON ip_address (coalesce(vrf, ''), address, device, interface);
