package store

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/ipam"
)

var (
	sqlVRFAll = query("vrf.all", `SELECT name, rd, enforce_unique, description FROM vrf`)
	sqlVRFPut = query("vrf.put", `
		INSERT INTO vrf (name, rd, enforce_unique, description) VALUES (@name, @rd, @enforce_unique, @description)
		ON CONFLICT (name) DO UPDATE SET rd = excluded.rd, enforce_unique = excluded.enforce_unique, description = excluded.description`)
)

func scanVRF(row pgx.CollectableRow) (v ipam.VRF, err error) {
	err = row.Scan(&v.Name, &v.RD, &v.EnforceUnique, &v.Description)
	return v, err
}

func vrfArgs(v ipam.VRF) pgx.NamedArgs {
	return pgx.NamedArgs{"name": v.Name, "rd": v.RD, "enforce_unique": v.EnforceUnique, "description": v.Description}
}

var (
	sqlAggregateAll = query("aggregate.all", `SELECT cidr, rir, added, description FROM aggregate`)
	sqlAggregatePut = query("aggregate.put", `
		INSERT INTO aggregate (cidr, rir, added, description) VALUES (@cidr, @rir, @added, @description)
		ON CONFLICT (cidr) DO UPDATE SET rir = excluded.rir, added = excluded.added, description = excluded.description`)
)

func scanAggregate(row pgx.CollectableRow) (a ipam.Aggregate, err error) {
	var added *time.Time
	err = row.Scan(&a.CIDR, &a.RIR, &added, &a.Description)
	a.Added = nullZero(added)
	return a, err
}

func aggregateArgs(a ipam.Aggregate) pgx.NamedArgs {
	return pgx.NamedArgs{"cidr": a.CIDR, "rir": a.RIR, "added": zeroNull(a.Added), "description": a.Description}
}

var (
	sqlVLANGroupAll = query("vlan_group.all", `SELECT name, vid_ranges, description FROM vlan_group`)
	sqlVLANGroupPut = query("vlan_group.put", `
		INSERT INTO vlan_group (name, vid_ranges, description) VALUES (@name, @vid_ranges, @description)
		ON CONFLICT (name) DO UPDATE SET vid_ranges = excluded.vid_ranges, description = excluded.description`)
)

func scanVLANGroup(row pgx.CollectableRow) (g ipam.VLANGroup, err error) {
	var ranges string
	if err = row.Scan(&g.Name, &ranges, &g.Description); err != nil {
		return g, err
	}
	if g.Ranges, err = ipam.ParseVIDs(ranges); err != nil {
		return g, fmt.Errorf("VLAN group %s: vid_ranges: %q %w", g.Name, ranges, err)
	}
	return g, nil
}

func vlanGroupArgs(g ipam.VLANGroup) pgx.NamedArgs {
	return pgx.NamedArgs{"name": g.Name, "vid_ranges": ipam.FormatVIDs(g.Ranges), "description": g.Description}
}

// vlanKeyColumns are those of the index vlan_key, which says what names a VLAN.
const vlanKeyColumns = `coalesce(vlan_group, ''), (CASE WHEN vlan_group IS NULL THEN site ELSE '' END), vid`

var (
	sqlVLANAll = query("vlan.all", `
		SELECT coalesce(vlan_group, ''), site, vid, name, status, tenant, role, description FROM vlan`)
	sqlVLANPut = query("vlan.put", `
		INSERT INTO vlan (vlan_group, site, vid, name, status, tenant, role, description)
		VALUES (nullif(@vlan_group, ''), @site, @vid, @name, @status, @tenant, @role, @description)
		ON CONFLICT (`+vlanKeyColumns+`) DO UPDATE SET site = excluded.site, name = excluded.name, status = excluded.status,
			tenant = excluded.tenant, role = excluded.role, description = excluded.description`)
)

func scanVLAN(row pgx.CollectableRow) (v ipam.VLAN, err error) {
	err = row.Scan(&v.Group, &v.Site, &v.VID, &v.Name, &v.Status, &v.Tenant, &v.Role, &v.Description)
	return v, err
}

func vlanArgs(v ipam.VLAN) pgx.NamedArgs {
	return pgx.NamedArgs{
		"vlan_group": v.Group, "site": v.Site, "vid": v.VID, "name": v.Name, "status": v.Status,
		"tenant": v.Tenant, "role": v.Role, "description": v.Description,
	}
}

var (
	sqlPrefixAll = query("prefix.all", `
		SELECT p.cidr, coalesce(p.vrf, ''), p.status, p.is_pool, p.mark_utilized, p.assigned, p.site,
			coalesce(v.vlan_group, ''), coalesce(v.site, ''), coalesce(v.vid, 0), p.tenant, p.role, p.description
		FROM prefix p LEFT JOIN vlan v ON v.id = p.vlan`)
	sqlPrefixPut = query("prefix.put", `
		INSERT INTO prefix (cidr, vrf, status, is_pool, mark_utilized, assigned, site, vlan, tenant, role, description)
		VALUES (@cidr, nullif(@vrf, ''), @status, @is_pool, @mark_utilized, @assigned, @site,
			(SELECT id FROM vlan WHERE (`+vlanKeyColumns+`) = (@vlan_group, @vlan_site, @vid)), @tenant, @role, @description)
		ON CONFLICT ((coalesce(vrf, '')), cidr) DO UPDATE SET status = excluded.status, is_pool = excluded.is_pool,
			mark_utilized = excluded.mark_utilized, assigned = excluded.assigned, site = excluded.site, vlan = excluded.vlan,
			tenant = excluded.tenant, role = excluded.role, description = excluded.description`)
)

func scanPrefix(row pgx.CollectableRow) (p ipam.Prefix, err error) {
	var group, site string
	var vid int
	err = row.Scan(&p.CIDR, &p.VRF, &p.Status, &p.Pool, &p.Utilised, &p.Assigned, &p.Site,
		&group, &site, &vid, &p.Tenant, &p.Role, &p.Description)
	p.VLAN = ipam.NewVLANKey(group, site, vid)
	return p, err
}

func prefixArgs(p ipam.Prefix) pgx.NamedArgs {
	return pgx.NamedArgs{
		"cidr": p.CIDR, "vrf": p.VRF, "status": p.Status, "is_pool": p.Pool, "mark_utilized": p.Utilised, "assigned": p.Assigned,
		"site": p.Site, "vlan_group": p.VLAN.Group, "vlan_site": p.VLAN.Site, "vid": p.VLAN.VID,
		"tenant": p.Tenant, "role": p.Role, "description": p.Description,
	}
}

var (
	sqlRangeAll = query("ip_range.all", `
		SELECT start_address, end_address, coalesce(vrf, ''), status, mark_populated, mark_utilized, tenant, role, description
		FROM ip_range`)
	sqlRangePut = query("ip_range.put", `
		INSERT INTO ip_range (start_address, end_address, vrf, status, mark_populated, mark_utilized, tenant, role, description)
		VALUES (@start_address, @end_address, nullif(@vrf, ''), @status, @mark_populated, @mark_utilized, @tenant, @role, @description)
		ON CONFLICT ((coalesce(vrf, '')), start_address) DO UPDATE SET end_address = excluded.end_address, status = excluded.status,
			mark_populated = excluded.mark_populated, mark_utilized = excluded.mark_utilized,
			tenant = excluded.tenant, role = excluded.role, description = excluded.description`)
)

func scanRange(row pgx.CollectableRow) (r ipam.Range, err error) {
	err = row.Scan(&r.Start, &r.End, &r.VRF, &r.Status, &r.Populated, &r.Utilised, &r.Tenant, &r.Role, &r.Description)
	return r, err
}

func rangeArgs(r ipam.Range) pgx.NamedArgs {
	return pgx.NamedArgs{
		"start_address": r.Start, "end_address": r.End, "vrf": r.VRF, "status": r.Status, "mark_populated": r.Populated,
		"mark_utilized": r.Utilised, "tenant": r.Tenant, "role": r.Role, "description": r.Description,
	}
}

var (
	sqlAddressAll = query("ip_address.all", `
		SELECT address, coalesce(vrf, ''), status, role, device, interface, dns_name, tenant, description FROM ip_address`)
	sqlAddressPut = query("ip_address.put", `
		INSERT INTO ip_address (address, vrf, status, role, device, interface, dns_name, tenant, description)
		VALUES (@address, nullif(@vrf, ''), @status, @role, @device, @interface, @dns_name, @tenant, @description)
		ON CONFLICT ((coalesce(vrf, '')), address, device, interface) DO UPDATE SET status = excluded.status, role = excluded.role,
			dns_name = excluded.dns_name, tenant = excluded.tenant, description = excluded.description`)
)

func scanAddress(row pgx.CollectableRow) (a ipam.Address, err error) {
	err = row.Scan(&a.Address, &a.VRF, &a.Status, &a.Role, &a.Device, &a.Interface, &a.DNSName, &a.Tenant, &a.Description)
	return a, err
}

func addressArgs(a ipam.Address) pgx.NamedArgs {
	return pgx.NamedArgs{
		"address": a.Address, "vrf": a.VRF, "status": a.Status, "role": a.Role, "device": a.Device, "interface": a.Interface,
		"dns_name": a.DNSName, "tenant": a.Tenant, "description": a.Description,
	}
}
