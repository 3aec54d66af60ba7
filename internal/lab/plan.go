package lab

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/ipam"
)

// network is a VLAN that every site of the fictitious plan has.
type network struct {
	vid    int
	name   string
	length int
	vrf    string
	pool   bool // most of it is a DHCP range
}

// networks are the usual ones of a school, the largest first, so that each starts
// where the one before ends. Guests and building equipment have tables of their own:
// they never meet the administrative and pedagogic zones.
var networks = []network{
	{20, "Pédagogique", 23, "", true},
	{30, "Wifi pédagogique", 23, "", true},
	{10, "Administratif", 25, "", true},
	{40, "VoIP", 25, "", false},
	{50, "Impression", 26, "", false},
	{60, "Serveurs", 27, "", false},
	{99, "Management", 27, "", false},
	{2, "Interconnexion routeur-AMON", 30, "", false},
	{80, "Invités", 23, "invites", true},
	{70, "Vidéoprotection", 26, "technique", false},
	{71, "Gestion technique du bâtiment", 26, "technique", false},
}

// siteLength is the block of a site in each table: room for its networks and more.
var siteLength = map[string]int{"": 21, "invites": 23, "technique": 25}

// planRoots are the blocks that the sites' blocks come from, table by table.
var planRoots = []ipam.Prefix{
	{CIDR: netip.MustParsePrefix("10.64.0.0/12"), Status: ipam.Container, Role: "Établissements"},
	{CIDR: netip.MustParsePrefix("10.128.0.0/13"), VRF: "invites", Status: ipam.Container, Role: "Invités"},
	{CIDR: netip.MustParsePrefix("172.16.0.0/13"), VRF: "technique", Status: ipam.Container, Role: "Bâtiment"},
}

const fictitious = "fictif (démo)"

// Plan is a fictitious addressing plan for the sites of an inventory on a day, as
// files that the import takes. The same inventory always has the same plan. The
// error names what the blocks have no room for.
func Plan(x *inventory.Index, day time.Time) ([]intake.File, error) {
	p := &planner{x: x, day: day}
	for _, root := range planRoots {
		if err := p.table(root); err != nil {
			return nil, fmt.Errorf("fictitious addressing plan: %w", err)
		}
	}
	p.operators()
	return p.files()
}

// planner writes a plan row by row.
type planner struct {
	x    *inventory.Index
	day  time.Time
	plan ipam.Plan
}

// table divides the block of a table between the départements, and each part between
// its sites.
func (p *planner) table(root ipam.Prefix) error {
	p.prefix(root)
	if root.VRF != "" {
		p.plan.VRFs = append(p.plan.VRFs, ipam.VRF{Name: root.VRF, EnforceUnique: true, Description: fictitious})
	}
	codes, sites := p.byDepartement()
	var lengths []int
	for _, code := range codes {
		length := siteLength[root.VRF]
		for room := 1; room < len(sites[code]); room *= 2 {
			length--
		}
		lengths = append(lengths, length)
	}
	blocks, err := divide(root, lengths...)
	if err != nil {
		return err
	}
	for i, code := range codes {
		block := ipam.Prefix{CIDR: blocks[i], VRF: root.VRF, Status: ipam.Container, Role: "Département " + code}
		p.prefix(block)
		parts, err := divide(block, slices.Repeat([]int{siteLength[root.VRF]}, len(sites[code]))...)
		if err != nil {
			return fmt.Errorf("département %s: %w", code, err)
		}
		for n, site := range sites[code] {
			if err := p.site(site, ipam.Prefix{CIDR: parts[n], VRF: root.VRF, Status: ipam.Container, Site: site.Key, Role: "Site"}); err != nil {
				return fmt.Errorf("site %s: %w", site.Key, err)
			}
		}
	}
	return nil
}

func divide(block ipam.Prefix, lengths ...int) ([]netip.Prefix, error) {
	return ipam.NewIndex(ipam.Plan{Prefixes: []ipam.Prefix{block}}).Allocate(block, lengths...)
}

// byDepartement gives the sites in force by département, that with most sites first.
func (p *planner) byDepartement() (codes []string, sites map[string][]inventory.Site) {
	sites = map[string][]inventory.Site{}
	for _, site := range p.x.Sites {
		if commune, ok := p.x.Commune(site.Commune); ok && inventory.InForce(time.Time{}, site.Ends, p.day) {
			sites[commune.Departement] = append(sites[commune.Departement], site)
		}
	}
	for code := range sites {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b string) int { return cmp.Or(len(sites[b])-len(sites[a]), cmp.Compare(a, b)) })
	return codes, sites
}

// site gives a site its networks of one table, from its block there.
func (p *planner) site(site inventory.Site, block ipam.Prefix) error {
	var here []network
	var lengths []int
	for _, n := range networks {
		if n.vrf == block.VRF {
			here, lengths = append(here, n), append(lengths, n.length)
		}
	}
	parts := []netip.Prefix{block.CIDR} // one network takes the whole block
	if lengths[0] > block.CIDR.Bits() {
		p.prefix(block)
		var err error
		if parts, err = divide(block, lengths...); err != nil {
			return err
		}
	}
	for i, n := range here {
		p.network(site, n, parts[i])
	}
	return nil
}

func (p *planner) network(site inventory.Site, n network, block netip.Prefix) {
	p.plan.VLANs = append(p.plan.VLANs, ipam.VLAN{Site: site.Key, VID: n.vid, Name: n.name, Status: ipam.Active, Role: n.name, Description: fictitious})
	p.prefix(ipam.Prefix{
		CIDR: block, VRF: n.vrf, Status: ipam.Active, Site: site.Key, VLAN: ipam.VLANKey{Site: site.Key, VID: n.vid}, Role: n.name,
	})
	host := block.Addr().Next()
	p.host(host, block, n, p.router(site), "vlan"+strconv.Itoa(n.vid))
	if n.length == 30 {
		p.host(host.Next(), block, n, "amon-"+site.Key, "eth0")
		return
	}
	if n.pool {
		// The lowest addresses stay for what is fixed, the highest for what comes.
		size := 1 << (32 - n.length)
		p.plan.Ranges = append(p.plan.Ranges, ipam.Range{
			Start: after(block.Addr(), size/8), End: after(block.Addr(), size-size/8), VRF: n.vrf, Status: ipam.Active, Populated: true, Utilised: true, Role: "DHCP", Description: fictitious,
		})
		return
	}
	for i := range devices(site.Key, n.vid) {
		host = host.Next()
		p.host(host, block, n, fmt.Sprintf("%s-%d-%d", site.Key, n.vid, i+1), "eth0")
	}
}

// after is the IPv4 address n places later.
func after(a netip.Addr, n int) netip.Addr {
	b := a.As4()
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])+uint32(n))
	return netip.AddrFrom4(b)
}

// devices is how many a site has in a network: from 2 to 13, always the same.
func devices(site string, vid int) int {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s/%d", site, vid)
	return 2 + int(h.Sum32()%12)
}

func (p *planner) prefix(row ipam.Prefix) {
	row.Description = fictitious
	p.plan.Prefixes = append(p.plan.Prefixes, row)
}

func (p *planner) host(at netip.Addr, block netip.Prefix, n network, device, port string) {
	p.plan.Addresses = append(p.plan.Addresses, ipam.Address{
		Address: netip.PrefixFrom(at, block.Bits()), VRF: n.vrf, Status: ipam.Active, Device: device, Interface: port, Description: fictitious,
	})
}

// router names the router of a site's first link that has one.
func (p *planner) router(site inventory.Site) string {
	for _, link := range p.x.LinksOfSite(site.Key) {
		for _, router := range p.x.Routers {
			if router.Link == link.Ref {
				return router.Key
			}
		}
	}
	return "routeur-" + site.Key
}

// operators records the addresses that the links answer on.
func (p *planner) operators() {
	p.prefix(ipam.Prefix{CIDR: OperatorNetwork, Status: ipam.Active, Role: "Réseau des opérateurs"})
	for _, link := range p.x.Links {
		if link.ProbeAddress.IsValid() && OperatorNetwork.Contains(link.ProbeAddress) && inventory.InForce(link.Starts, link.Ends, p.day) {
			p.plan.Addresses = append(p.plan.Addresses, ipam.Address{
				Address: netip.PrefixFrom(link.ProbeAddress, 32), Status: ipam.Active, Role: ipam.Loopback,
				Device: link.Ref, Interface: "wan", Description: fictitious,
			})
		}
	}
}

// files writes the rows as the import reads them.
func (p *planner) files() ([]intake.File, error) {
	tables := []struct {
		name string
		rows [][]string
	}{
		{"aggregates.csv", [][]string{
			{"prefix", "rir", "description"},
			{"10.0.0.0/8", "RFC 1918", ""},
			{"172.16.0.0/12", "RFC 1918", ""},
			{OperatorNetwork.String(), "RFC 2544", "réservé aux essais"},
		}},
		{"vrfs.csv", [][]string{{"name", "enforce_unique", "description"}}},
		{"vlans.csv", [][]string{{"site", "vid", "name", "status", "role", "description"}}},
		{"prefixes.csv", [][]string{{"prefix", "vrf", "site", "vlan", "status", "role", "description"}}},
		{"ip_ranges.csv", [][]string{{"start_address", "end_address", "vrf", "status", "role", "mark_populated", "mark_utilized", "description"}}},
		{"ip_addresses.csv", [][]string{{"address", "vrf", "status", "role", "device", "interface", "description"}}},
	}
	add := func(table int, cells ...string) { tables[table].rows = append(tables[table].rows, cells) }
	for _, v := range p.plan.VRFs {
		add(1, v.Name, "true", v.Description)
	}
	for _, v := range p.plan.VLANs {
		add(2, v.Site, strconv.Itoa(v.VID), v.Name, string(v.Status), v.Role, v.Description)
	}
	for _, row := range p.plan.Prefixes {
		vid := ""
		if row.VLAN.VID != 0 {
			vid = strconv.Itoa(row.VLAN.VID)
		}
		add(3, row.CIDR.String(), row.VRF, row.Site, vid, string(row.Status), row.Role, row.Description)
	}
	for _, r := range p.plan.Ranges {
		add(4, r.Start.String(), r.End.String(), r.VRF, string(r.Status), r.Role, strconv.FormatBool(r.Populated), strconv.FormatBool(r.Utilised), r.Description)
	}
	for _, a := range p.plan.Addresses {
		add(5, a.Address.String(), a.VRF, string(a.Status), string(a.Role), a.Device, a.Interface, a.Description)
	}
	files := make([]intake.File, len(tables))
	for i, table := range tables {
		var content bytes.Buffer
		if err := csv.NewWriter(&content).WriteAll(table.rows); err != nil {
			return nil, err
		}
		files[i] = intake.File{Name: table.name, Content: content.Bytes()}
	}
	return files, nil
}
