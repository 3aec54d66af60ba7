package intake

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"vigie/internal/inventory"
)

var operatorTable = table[inventory.Operator]{
	file: operatorsFile,
	key:  []string{"key"},
	rows: func(s *inventory.Snapshot) *[]inventory.Operator { return &s.Operators },
	columns: []column[inventory.Operator]{
		key("key", func(o *inventory.Operator) *string { return &o.Key }),
		text("name", func(o *inventory.Operator) *string { return &o.Name }).must(),
		email("ticket_email", func(o *inventory.Operator) *string { return &o.TicketEmail }).must(),
		email("escalation_email", func(o *inventory.Operator) *string { return &o.EscalationEmail }),
		text("phone", func(o *inventory.Operator) *string { return &o.Phone }),
		enum("channel", func(o *inventory.Operator) *inventory.Channel { return &o.Channel }, inventory.ByMail, inventory.ByTMF621),
		day("ends", func(o *inventory.Operator) *time.Time { return &o.Ends }),
		text("source", func(o *inventory.Operator) *string { return &o.Source }).must(),
	},
	period: func(o *inventory.Operator) (from, to *time.Time) { return nil, &o.Ends },
}

var popTable = table[inventory.POP]{
	file: popsFile,
	key:  []string{"key"},
	rows: func(s *inventory.Snapshot) *[]inventory.POP { return &s.POPs },
	columns: []column[inventory.POP]{
		key("key", func(p *inventory.POP) *string { return &p.Key }),
		foreign("operator", func(p *inventory.POP) *string { return &p.Operator }).must(),
		text("name", func(p *inventory.POP) *string { return &p.Name }).must(),
		degrees("latitude", func(p *inventory.POP) *float64 { return &p.Latitude }, 90),
		degrees("longitude", func(p *inventory.POP) *float64 { return &p.Longitude }, 180),
		day("ends", func(p *inventory.POP) *time.Time { return &p.Ends }),
		text("source", func(p *inventory.POP) *string { return &p.Source }).must(),
	},
	refers: func(p *inventory.POP) []reference {
		return []reference{{"operator", p.Operator, []string{operatorsFile}}}
	},
	rules:  func(p *inventory.POP) []finding { return bothDegrees(p.Latitude, p.Longitude) },
	period: func(p *inventory.POP) (from, to *time.Time) { return nil, &p.Ends },
}

// maxKbps is 1 Tbit/s.
const maxKbps = 1_000_000_000

var linkTable = table[inventory.Link]{
	file: linksFile,
	key:  []string{"ref"},
	rows: func(s *inventory.Snapshot) *[]inventory.Link { return &s.Links },
	columns: []column[inventory.Link]{
		key("ref", func(l *inventory.Link) *string { return &l.Ref }),
		foreign("operator", func(l *inventory.Link) *string { return &l.Operator }).must(),
		foreign("lot", func(l *inventory.Link) *string { return &l.Lot }),
		foreign("pop", func(l *inventory.Link) *string { return &l.POP }),
		custom("sites", readSites, func(l *inventory.Link) string { return strings.Join(l.Sites, ";") }).must(),
		foreign("price_item", func(l *inventory.Link) *string { return &l.PriceItem }),
		thousandths("down_mbps", func(l *inventory.Link) *int64 { return &l.DownKbps }, maxKbps).must(),
		thousandths("up_mbps", func(l *inventory.Link) *int64 { return &l.UpKbps }, maxKbps).must(),
		text("technology", func(l *inventory.Link) *string { return &l.Technology }),
		address("probe_address", func(l *inventory.Link) *netip.Addr { return &l.ProbeAddress }).must(),
		address("demarcation_address", func(l *inventory.Link) *netip.Addr { return &l.Demarcation }),
		address("reflector_address", func(l *inventory.Link) *netip.Addr { return &l.ReflectorAddress }),
		integer("reflector_port", func(l *inventory.Link) *int { return &l.ReflectorPort }, 1, 65535),
		address("test_address", func(l *inventory.Link) *netip.Addr { return &l.TestAddress }),
		enum("cpe_owner", func(l *inventory.Link) *inventory.CPEOwner { return &l.CPEOwner },
			inventory.OperatorCPE, inventory.CustomerCPE).must(),
		day("starts", func(l *inventory.Link) *time.Time { return &l.Starts }).must(),
		day("ends", func(l *inventory.Link) *time.Time { return &l.Ends }),
		text("source", func(l *inventory.Link) *string { return &l.Source }).must(),
	},
	refers: func(l *inventory.Link) []reference {
		refers := []reference{
			{"operator", l.Operator, []string{operatorsFile}},
			{"lot", l.Lot, []string{lotsFile}},
			{"pop", l.POP, []string{popsFile}},
		}
		for _, site := range l.Sites {
			refers = append(refers, reference{"sites", site, []string{sitesFile}})
		}
		return refers
	},
	rules: func(l *inventory.Link) []finding {
		findings := order("ends", &l.Starts, &l.Ends)
		switch {
		case l.Lot == "" && l.PriceItem != "":
			findings = append(findings, finding{"price_item", l.PriceItem, "needs a lot: a link outside the market has no price"})
		case l.Lot != "" && l.PriceItem == "":
			findings = append(findings, finding{"price_item", "", "is required for a link of a lot"})
		}
		if l.Demarcation.IsValid() && l.Demarcation == l.ProbeAddress {
			findings = append(findings, finding{"demarcation_address", l.Demarcation.String(), "is the probe address: it would say nothing more"})
		}
		if l.ReflectorPort != 0 && !l.ReflectorAddress.IsValid() {
			findings = append(findings, finding{"reflector_port", strconv.Itoa(l.ReflectorPort), "needs the address of a reflector"})
		}
		return findings
	},
	period: func(l *inventory.Link) (from, to *time.Time) { return &l.Starts, &l.Ends },
}

// maxSites bounds a grappe.
const maxSites = 100

func readSites(l *inventory.Link, text string) string {
	seen := map[string]bool{}
	for _, site := range strings.Split(text, ";") {
		site = strings.TrimSpace(site)
		if site == "" || seen[site] {
			return "is not a list of different site keys separated by ;"
		}
		seen[site] = true
		l.Sites = append(l.Sites, site)
	}
	if len(l.Sites) > maxSites {
		return fmt.Sprintf("lists more than %d sites", maxSites)
	}
	return ""
}

var routerTable = table[inventory.Router]{
	file: routersFile,
	key:  []string{"key"},
	rows: func(s *inventory.Snapshot) *[]inventory.Router { return &s.Routers },
	columns: []column[inventory.Router]{
		key("key", func(r *inventory.Router) *string { return &r.Key }),
		foreign("link", func(r *inventory.Router) *string { return &r.Link }).must(),
		text("model", func(r *inventory.Router) *string { return &r.Model }),
		address("address", func(r *inventory.Router) *netip.Addr { return &r.Address }),
		word("snmp", func(r *inventory.Router) *string { return &r.SNMP }),
		text("interface", func(r *inventory.Router) *string { return &r.Interface }),
		day("ends", func(r *inventory.Router) *time.Time { return &r.Ends }),
		text("source", func(r *inventory.Router) *string { return &r.Source }).must(),
	},
	refers: func(r *inventory.Router) []reference { return []reference{{"link", r.Link, []string{linksFile}}} },
	rules: func(r *inventory.Router) []finding {
		if r.SNMP != "" && !r.Address.IsValid() {
			return []finding{{"snmp", r.SNMP, "needs an address to ask"}}
		}
		return nil
	},
	period: func(r *inventory.Router) (from, to *time.Time) { return nil, &r.Ends },
}

var canaryTable = table[inventory.Canary]{
	file: canariesFile,
	key:  []string{"key"},
	rows: func(s *inventory.Snapshot) *[]inventory.Canary { return &s.Canaries },
	columns: []column[inventory.Canary]{
		key("key", func(c *inventory.Canary) *string { return &c.Key }),
		text("name", func(c *inventory.Canary) *string { return &c.Name }).must(),
		address("address", func(c *inventory.Canary) *netip.Addr { return &c.Address }).must(),
		text("path", func(c *inventory.Canary) *string { return &c.Path }).must(),
		day("ends", func(c *inventory.Canary) *time.Time { return &c.Ends }),
		text("source", func(c *inventory.Canary) *string { return &c.Source }).must(),
	},
	period: func(c *inventory.Canary) (from, to *time.Time) { return nil, &c.Ends },
}

var scopeFiles = map[inventory.ScopeKind][]string{
	inventory.ScopeLink:     {linksFile},
	inventory.ScopeSite:     {sitesFile},
	inventory.ScopePOP:      {popsFile},
	inventory.ScopeOperator: {operatorsFile},
}

var maintenanceTable = table[inventory.Maintenance]{
	file: maintenancesFile,
	key:  []string{"key"},
	rows: func(s *inventory.Snapshot) *[]inventory.Maintenance { return &s.Maintenances },
	columns: []column[inventory.Maintenance]{
		key("key", func(m *inventory.Maintenance) *string { return &m.Key }),
		enum("scope", func(m *inventory.Maintenance) *inventory.ScopeKind { return &m.Scope },
			inventory.ScopeLink, inventory.ScopeSite, inventory.ScopePOP, inventory.ScopeOperator).must(),
		foreign("subject", func(m *inventory.Maintenance) *string { return &m.Subject }).must(),
		instant("from", func(m *inventory.Maintenance) *time.Time { return &m.From }).must(),
		instant("to", func(m *inventory.Maintenance) *time.Time { return &m.To }).must(),
		instant("announced", func(m *inventory.Maintenance) *time.Time { return &m.Announced }).must(),
		text("note", func(m *inventory.Maintenance) *string { return &m.Note }),
		text("source", func(m *inventory.Maintenance) *string { return &m.Source }).must(),
	},
	refers: func(m *inventory.Maintenance) []reference {
		if m.Scope == "" {
			return nil
		}
		return []reference{{"subject", m.Subject, scopeFiles[m.Scope]}}
	},
	rules: func(m *inventory.Maintenance) []finding {
		if m.From.Before(m.To) {
			return nil
		}
		return []finding{{"to", m.To.Format(time.RFC3339), "is not after from"}}
	},
}

// order wants an end that is not before its start. Equal days are a row withdrawn
// before it began.
func order(column string, from, to *time.Time) []finding {
	if to.IsZero() || !to.Before(*from) {
		return nil
	}
	return []finding{{column, showDay(*to), "is before " + showDay(*from)}}
}
