package intake

import (
	"strconv"
	"strings"
	"time"

	"vigie/billing/money"
	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/inventory"
)

var marketTable = table[contract.Market]{
	file: marketsFile,
	key:  []string{"key"},
	rows: func(s *inventory.Snapshot) *[]contract.Market { return &s.Markets },
	columns: []column[contract.Market]{
		key("key", func(m *contract.Market) *string { return &m.Key }),
		text("name", func(m *contract.Market) *string { return &m.Name }).must(),
		text("number", func(m *contract.Market) *string { return &m.Number }),
		foreign("coordinator", func(m *contract.Market) *string { return &m.Coordinator }).must(),
		day("starts", func(m *contract.Market) *time.Time { return &m.Starts }).must(),
		day("ends", func(m *contract.Market) *time.Time { return &m.Ends }),
		text("source", func(m *contract.Market) *string { return &m.Source }).must(),
	},
	refers: func(m *contract.Market) []reference {
		return []reference{{"coordinator", m.Coordinator, []string{organisationsFile}}}
	},
	rules:  func(m *contract.Market) []finding { return order("ends", &m.Starts, &m.Ends) },
	period: func(m *contract.Market) (from, to *time.Time) { return &m.Starts, &m.Ends },
}

var lotTable = table[contract.Lot]{
	file: lotsFile,
	key:  []string{"key"},
	rows: func(s *inventory.Snapshot) *[]contract.Lot { return &s.Lots },
	columns: []column[contract.Lot]{
		key("key", func(l *contract.Lot) *string { return &l.Key }),
		foreign("market", func(l *contract.Lot) *string { return &l.Market }).must(),
		foreign("operator", func(l *contract.Lot) *string { return &l.Operator }).must(),
		text("name", func(l *contract.Lot) *string { return &l.Name }).must(),
		text("source", func(l *contract.Lot) *string { return &l.Source }).must(),
	},
	refers: func(l *contract.Lot) []reference {
		return []reference{{"market", l.Market, []string{marketsFile}}, {"operator", l.Operator, []string{operatorsFile}}}
	},
}

const (
	maxGTRMinutes = 60 * 24 * 60
	maxRTTMicros  = 10_000_000
)

var clauseTable = table[contract.Clause]{
	file: clausesFile,
	key:  []string{"lot", "from"},
	rows: func(s *inventory.Snapshot) *[]contract.Clause { return &s.Clauses },
	columns: []column[contract.Clause]{
		foreign("lot", func(c *contract.Clause) *string { return &c.Lot }).must(),
		day("from", func(c *contract.Clause) *time.Time { return &c.From }).must(),
		custom("service", readService, showService).must(),
		enum("holidays", func(c *contract.Clause) *calendar.Holidays { return &c.Service.Holidays },
			calendar.Metropole, calendar.AlsaceMoselle, calendar.AlsaceMoselleNoGoodFriday, calendar.SiteHolidays),
		custom("gtr_minutes", readGTR, func(c *contract.Clause) string { return strconv.Itoa(int(c.GTR / time.Minute)) }).must(),
		enum("clock_start", func(c *contract.Clause) *contract.ClockStart { return &c.ClockStart },
			contract.StartSent, contract.StartDelivered, contract.StartAcknowledged).must(),
		decimal("percent_per_hour", func(c *contract.Clause) *string { return &c.PercentHour }, 100).must(),
		decimal("cap_percent", func(c *contract.Clause) *string { return &c.CapPercent }, 1000).must(),
		custom("availability_steps", readSteps, showSteps),
		decimal("vat_percent", func(c *contract.Clause) *string { return &c.VATPercent }, 100).must(),
		checked("proration", func(c *contract.Clause) *string { return &c.Proration }, func(text string) string {
			if text != "actual" && text != "30/360" {
				return "is not one of actual, 30/360"
			}
			return ""
		}).must(),
		decimal("revision_fixed", func(c *contract.Clause) *string { return &c.Revision.Fixed }, 1),
		decimal("index0", func(c *contract.Clause) *string { return &c.Revision.Index0 }, 1_000_000),
		decimal("index", func(c *contract.Clause) *string { return &c.Revision.Index }, 1_000_000),
		integer("revision_decimals", func(c *contract.Clause) *int { return &c.Revision.Decimals }, 1, 9),
		thousandths("max_rtt_ms", func(c *contract.Clause) *int32 { return &c.MaxRTTMicros }, maxRTTMicros),
		integer("max_loss_percent", func(c *contract.Clause) *int { return &c.MaxLossPercent }, 1, 100),
		text("source", func(c *contract.Clause) *string { return &c.Source }).must(),
	},
	refers: func(c *contract.Clause) []reference { return []reference{{"lot", c.Lot, []string{lotsFile}}} },
	rules:  clauseRules,
}

func clauseRules(c *contract.Clause) []finding {
	var findings []finding
	switch holidays := string(c.Service.Holidays); {
	case c.Service.Always && holidays != "":
		findings = append(findings, finding{"holidays", holidays, "must be empty for the service 24x7, which excludes no day"})
	case !c.Service.Always && holidays == "":
		findings = append(findings, finding{"holidays", "", "is required for a service in hours"})
	}
	r := c.Revision
	given := 0
	for _, set := range []bool{r.Fixed != "", r.Index0 != "", r.Index != "", r.Decimals != 0} {
		if set {
			given++
		}
	}
	if given != 0 && given != 4 {
		findings = append(findings, finding{"revision_fixed", "", "goes with index0, index and revision_decimals: all four or none"})
	}
	for _, index := range []finding{{column: "index0", value: r.Index0}, {column: "index", value: r.Index}} {
		if index.value == "0" {
			index.expected = "must be above 0"
			findings = append(findings, index)
		}
	}
	return findings
}

// readService keeps the holidays, which have a column of their own.
func readService(c *contract.Clause, text string) string {
	service, err := calendar.ParseService(text)
	if err != nil {
		return notService
	}
	service.Holidays = c.Service.Holidays
	c.Service = service
	return ""
}

func showService(c *contract.Clause) string {
	if !c.Service.Served() {
		return ""
	}
	return c.Service.String()
}

func readGTR(c *contract.Clause, text string) string {
	minutes, err := strconv.Atoi(text)
	if err != nil || minutes < 1 || minutes > maxGTRMinutes {
		return "is not a whole number of minutes from 1 to " + strconv.Itoa(maxGTRMinutes)
	}
	c.GTR = time.Duration(minutes) * time.Minute
	return ""
}

// readSteps reads the steps of the availability penalty, "99.85:5;99.5:10": under
// 99.85 % of availability 5 % of the fee, under 99.5 % 10 %.
func readSteps(c *contract.Clause, text string) string {
	const expected = "is not a list such as 99.85:5;99.5:10 (below:percent, from the highest availability down, up to 100)"
	for _, part := range strings.Split(text, ";") {
		below, percent, _ := strings.Cut(strings.TrimSpace(part), ":")
		below, belowOK := canonicalDecimal(below)
		percent, percentOK := canonicalDecimal(percent)
		if !belowOK || !percentOK || above(below, "100") || above(percent, "100") {
			return expected
		}
		if last := len(c.Availability) - 1; last >= 0 && !above(c.Availability[last].Below, below) {
			return expected
		}
		c.Availability = append(c.Availability, contract.Step{Below: below, Percent: percent})
	}
	return ""
}

// above compares two canonical decimals exactly.
func above(a, b string) bool {
	left, errLeft := money.ParseDecimal(a)
	right, errRight := money.ParseDecimal(b)
	return errLeft == nil && errRight == nil && left.Cmp(right) > 0
}

func showSteps(c *contract.Clause) string {
	parts := make([]string, len(c.Availability))
	for i, step := range c.Availability {
		parts[i] = step.Below + ":" + step.Percent
	}
	return strings.Join(parts, ";")
}

var priceTable = table[contract.Price]{
	file: pricesFile,
	key:  []string{"lot", "item", "from"},
	rows: func(s *inventory.Snapshot) *[]contract.Price { return &s.Prices },
	columns: []column[contract.Price]{
		foreign("lot", func(p *contract.Price) *string { return &p.Lot }).must(),
		key("item", func(p *contract.Price) *string { return &p.Item }),
		day("from", func(p *contract.Price) *time.Time { return &p.From }).must(),
		day("to", func(p *contract.Price) *time.Time { return &p.To }),
		custom("monthly_ht", readEuros, func(p *contract.Price) string { return p.Monthly.String() }).must(),
		text("source", func(p *contract.Price) *string { return &p.Source }).must(),
	},
	refers: func(p *contract.Price) []reference { return []reference{{"lot", p.Lot, []string{lotsFile}}} },
	rules:  func(p *contract.Price) []finding { return order("to", &p.From, &p.To) },
	period: func(p *contract.Price) (from, to *time.Time) { return &p.From, &p.To },
}

func readEuros(p *contract.Price, text string) string {
	amount, err := money.ParseEuros(text)
	if err != nil || amount < 0 {
		return "is not an amount in euros such as 412, 412.50 or 412,50"
	}
	p.Monthly = amount
	return ""
}

// termsTable holds the terms of links that are later than those of their own rows.
var termsTable = table[contract.Terms]{
	file: termsFile,
	key:  []string{"link", "from"},
	rows: func(s *inventory.Snapshot) *[]contract.Terms { return &s.Terms },
	columns: []column[contract.Terms]{
		foreign("link", func(t *contract.Terms) *string { return &t.Link }).must(),
		day("from", func(t *contract.Terms) *time.Time { return &t.From }).must(),
		foreign("price_item", func(t *contract.Terms) *string { return &t.PriceItem }),
		thousandths("down_mbps", func(t *contract.Terms) *int64 { return &t.DownKbps }, maxKbps).must(),
		thousandths("up_mbps", func(t *contract.Terms) *int64 { return &t.UpKbps }, maxKbps).must(),
		text("source", func(t *contract.Terms) *string { return &t.Source }).must(),
	},
	refers: func(t *contract.Terms) []reference { return []reference{{"link", t.Link, []string{linksFile}}} },
}

var keyShareTable = table[inventory.KeyShare]{
	file: keysFile,
	key:  []string{"subject", "from", "organisation"},
	rows: func(s *inventory.Snapshot) *[]inventory.KeyShare { return &s.Keys },
	columns: []column[inventory.KeyShare]{
		foreign("subject", func(k *inventory.KeyShare) *string { return &k.Subject }).must(),
		day("from", func(k *inventory.KeyShare) *time.Time { return &k.From }).must(),
		day("to", func(k *inventory.KeyShare) *time.Time { return &k.To }),
		foreign("organisation", func(k *inventory.KeyShare) *string { return &k.Organisation }).must(),
		decimal("weight", func(k *inventory.KeyShare) *string { return &k.Weight }, 1_000_000_000).must(),
		text("basis", func(k *inventory.KeyShare) *string { return &k.Basis }).must(),
		text("legal", func(k *inventory.KeyShare) *string { return &k.Legal }).must(),
		text("source", func(k *inventory.KeyShare) *string { return &k.Source }).must(),
	},
	refers: func(k *inventory.KeyShare) []reference {
		return []reference{
			{"subject", k.Subject, []string{sitesFile, linksFile}},
			{"organisation", k.Organisation, []string{organisationsFile}},
		}
	},
	rules:  func(k *inventory.KeyShare) []finding { return order("to", &k.From, &k.To) },
	period: func(k *inventory.KeyShare) (from, to *time.Time) { return &k.From, &k.To },
}
