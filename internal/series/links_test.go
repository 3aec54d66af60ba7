package series_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/contract"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/linkstate"
	"vigie/internal/org"
	"vigie/internal/series"
	"vigie/internal/watch"
	"vigie/probe"
)

const pollEvery = time.Minute

var (
	began    = time.Date(2025, 9, 1, 0, 0, 0, 0, time.UTC)
	noon     = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	everyone = org.User{Role: org.Network, Territory: org.Territory{All: true}}
	ofMeuse  = org.User{Role: org.Network, Territory: org.Territory{Organisations: []string{"meuse"}}}
)

// town has a link of the Meuse, one of Alsace, and a grappe that serves both.
func town(change func(*inventory.Snapshot)) *inventory.Index {
	s := inventory.Snapshot{
		Organisations: []org.Organisation{{Key: "meuse"}, {Key: "cea"}},
		Sites:         []inventory.Site{{ID: 1, Key: "bar", Organisation: "meuse"}, {ID: 2, Key: "barr", Organisation: "cea"}},
		Operators:     []inventory.Operator{{ID: 1, Key: "mirabelle"}, {ID: 2, Key: "bretzel"}},
		POPs:          []inventory.POP{{ID: 1, Key: "mir-bar", Operator: "mirabelle"}, {ID: 2, Key: "bre-obernai", Operator: "bretzel"}},
		Links: []inventory.Link{
			{ID: 1, Ref: "MIR-1", Operator: "mirabelle", POP: "mir-bar", Sites: []string{"bar"}, DownKbps: 80_000, UpKbps: 40_000, Starts: began},
			{ID: 2, Ref: "BRE-1", Operator: "bretzel", POP: "bre-obernai", Sites: []string{"barr"}, DownKbps: 8_000, UpKbps: 8_000, Starts: began},
			{ID: 3, Ref: "MIR-2", Operator: "mirabelle", POP: "mir-bar", Sites: []string{"barr", "bar"}, Starts: began},
		},
		Keys: []inventory.KeyShare{{Subject: "MIR-2", Organisation: "meuse", Weight: "1"}},
	}
	if change != nil {
		change(&s)
	}
	return inventory.NewIndex(s)
}

// cycle is a decided one, with what each link is and the rounds that counted.
func cycle(x *inventory.Index, states map[int64]linkstate.Status, rounds ...probe.Observation) watch.Report {
	r := watch.Report{Cycle: noon, Index: x, Rounds: rounds}
	for _, id := range slices.Sorted(maps.Keys(states)) {
		r.Links = append(r.Links, incident.LinkState{ID: id, State: linkstate.State{Status: states[id]}})
	}
	return r
}

func round(link int64, micros ...int32) probe.Observation {
	return probe.Observation{Target: link, Kind: probe.Link, At: noon, RTTMicros: micros}
}

// written are the series that somebody sees, with their values.
func written(t *testing.T, l *series.Links, who org.User, now time.Time) map[string]string {
	t.Helper()
	var text strings.Builder
	if err := l.Write(&text, who, now); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(text.String()) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "# ") {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		if _, twice := out[line[:at]]; twice {
			t.Errorf("%s is written twice", line[:at])
		}
		out[line[:at]] = line[at+1:]
	}
	return out
}

func TestALinkHasItsStateEchoesAndDelays(t *testing.T) {
	t.Parallel()
	l := series.New(pollEvery)
	x := town(nil)
	l.Decided(cycle(x, map[int64]linkstate.Status{1: linkstate.Up, 2: linkstate.Down}, round(1, 5_000, 5_001, probe.Lost), round(2, probe.Lost, probe.Lost)))
	l.Decided(cycle(x, map[int64]linkstate.Status{1: linkstate.Degraded, 2: linkstate.Down}, round(1, 900_000)))
	l.Decided(watch.Report{}) // a cycle that was decided before
	got := written(t, l, everyone, noon)
	want := map[string]string{
		`vigie_link_info{link="MIR-1",operator="mirabelle",pop="mir-bar",site="bar"}`: "1",
		`vigie_link_site_info{link="MIR-1",site="bar"}`:                               "1",
		`vigie_link_state{link="MIR-1"}`:                                              "1",
		`vigie_link_echoes_sent_total{link="MIR-1"}`:                                  "4",
		`vigie_link_echoes_lost_total{link="MIR-1"}`:                                  "1",
		`vigie_link_rtt_seconds_bucket{link="MIR-1",le="0.005"}`:                      "1",
		`vigie_link_rtt_seconds_bucket{link="MIR-1",le="0.01"}`:                       "2",
		`vigie_link_rtt_seconds_bucket{link="MIR-1",le="0.25"}`:                       "2",
		`vigie_link_rtt_seconds_bucket{link="MIR-1",le="+Inf"}`:                       "3",
		`vigie_link_rtt_seconds_sum{link="MIR-1"}`:                                    "0.910001",
		`vigie_link_rtt_seconds_count{link="MIR-1"}`:                                  "3",
		`vigie_link_contract_bytes_per_second{link="MIR-1",direction="down"}`:         "1e+07",
		`vigie_link_contract_bytes_per_second{link="MIR-1",direction="up"}`:           "5e+06",
		`vigie_link_state{link="BRE-1"}`:                                              "2",
		`vigie_link_echoes_lost_total{link="BRE-1"}`:                                  "2",
		`vigie_link_rtt_seconds_count{link="BRE-1"}`:                                  "0",
		`vigie_link_site_info{link="MIR-2",site="barr"}`:                              "1",
		`vigie_link_site_info{link="MIR-2",site="bar"}`:                               "1",
		`vigie_links{operator="mirabelle",state="degraded"}`:                          "1",
		`vigie_links{operator="mirabelle",state="up"}`:                                "0",
		`vigie_links{operator="bretzel",state="down"}`:                                "1",
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %s", name, got[name], value)
		}
	}
	for name := range got {
		if strings.Contains(name, "utilisation") || strings.Contains(name, `_state{link="MIR-2"`) || strings.Contains(name, `rtt_seconds_count{link="MIR-2"`) {
			t.Errorf("%s is written, and nothing is known of it", name)
		}
	}
}

func TestALinkThatEndedLeaves(t *testing.T) {
	t.Parallel()
	l := series.New(pollEvery)
	l.Decided(cycle(town(nil), nil, round(1, 1_000), round(2, 1_000)))
	ended := town(func(s *inventory.Snapshot) { s.Links[1].Ends = noon.Truncate(24 * time.Hour) })
	l.Decided(cycle(ended, nil, round(1, 1_000), round(2, 1_000)))
	got := written(t, l, everyone, noon)
	if got[`vigie_link_echoes_sent_total{link="MIR-1"}`] != "2" {
		t.Errorf("the link that stays has %v, want 2 echoes", got)
	}
	for name := range got {
		if strings.Contains(name, "BRE-1") || strings.Contains(name, "bretzel") {
			t.Errorf("%s is written after the link's end", name)
		}
	}
}

func TestSomebodyReadsTheLinksOfTheirTerritory(t *testing.T) {
	t.Parallel()
	l := series.New(pollEvery)
	x := town(func(s *inventory.Snapshot) {
		s.Links = append(s.Links, inventory.Link{ID: 4, Ref: "N-1", Starts: began})
	})
	l.Decided(cycle(x, map[int64]linkstate.Status{1: linkstate.Up, 2: linkstate.Up, 3: linkstate.Up, 4: linkstate.Up}))
	for _, c := range []struct {
		who  org.User
		want []string
	}{
		{everyone, []string{"BRE-1", "MIR-1", "MIR-2", "N-1"}},
		{ofMeuse, []string{"MIR-1", "MIR-2"}},
		{org.User{Role: org.Network}, nil},
		{org.User{Territory: org.Territory{All: true}}, nil},
	} {
		var seen []string
		for name := range written(t, l, c.who, noon) {
			if rest, ok := strings.CutPrefix(name, `vigie_link_state{link="`); ok {
				seen = append(seen, strings.TrimSuffix(rest, `"}`))
			}
		}
		slices.Sort(seen)
		if diff := cmp.Diff(c.want, seen); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.who, diff)
		}
	}
	for name := range written(t, l, ofMeuse, noon) {
		if strings.Contains(name, "bretzel") {
			t.Errorf("%s is shown to somebody of the Meuse", name)
		}
	}
}

// poll is an answer of the router of link 1, some time after noon.
func poll(after time.Duration, in, out uint64) probe.Poll {
	return probe.Poll{
		Link: 1, At: noon.Add(after), Uptime: time.Hour + after,
		Access: probe.Interface{Index: 1, Name: "wan", Up: true, Counted: true, InOctets: in, OutOctets: out},
	}
}

func TestUseIsKnownFromTwoAnswersWithoutDoubt(t *testing.T) {
	t.Parallel()
	const down, up = `vigie_link_utilisation_ratio{link="MIR-1",direction="down"}`, `vigie_link_utilisation_ratio{link="MIR-1",direction="up"}`
	// At 10 MB/s and 5 MB/s a minute is 600 MB down and 300 MB up.
	half, full := poll(pollEvery, 300e6, 30e6), poll(2*pollEvery, 900e6, 330e6)
	silent := probe.Poll{Link: 1, At: noon.Add(90 * time.Second), Problem: snmpSilent}
	back := poll(2*pollEvery, 1e6, 330e6)
	for name, c := range map[string]struct {
		polls    []probe.Poll
		now      time.Duration
		down, up string
	}{
		"one answer":                           {[]probe.Poll{poll(0, 0, 0)}, pollEvery, "", ""},
		"two":                                  {[]probe.Poll{poll(0, 0, 0), half}, pollEvery, "0.5", "0.1"},
		"three":                                {[]probe.Poll{poll(0, 0, 0), half, full}, 2 * pollEvery, "1", "1"},
		"one of them delivered again":          {[]probe.Poll{poll(0, 0, 0), half, half}, pollEvery, "0.5", "0.1"},
		"a router that answers no more":        {[]probe.Poll{poll(0, 0, 0), half, silent}, 90 * time.Second, "", ""},
		"no look at it for more than 2.5 min.": {[]probe.Poll{poll(0, 0, 0), half}, pollEvery + 151*time.Second, "", ""},
		"a counter that went back":             {[]probe.Poll{poll(0, 0, 0), half, back}, 2 * pollEvery, "", ""},
		"a link that is not known":             {[]probe.Poll{{Link: 77, At: noon}}, 0, "", ""},
	} {
		l := series.New(pollEvery)
		l.Decided(cycle(town(nil), nil))
		for _, p := range c.polls {
			l.Polled([]probe.Poll{p})
		}
		got := written(t, l, everyone, noon.Add(c.now))
		if got[down] != c.down || got[up] != c.up {
			t.Errorf("%s: %q down and %q up, want %q and %q", name, got[down], got[up], c.down, c.up)
		}
	}
}

const snmpSilent = "no answer"

func TestTheRateOfTheDayIsThatOfItsTerms(t *testing.T) {
	t.Parallel()
	l := series.New(pollEvery)
	l.Decided(cycle(town(func(s *inventory.Snapshot) {
		s.Terms = []contract.Terms{{Link: "BRE-1", From: noon.Truncate(24 * time.Hour), DownKbps: 16_000, UpKbps: 8_000}}
	}), nil))
	if got := written(t, l, everyone, noon)[`vigie_link_contract_bytes_per_second{link="BRE-1",direction="down"}`]; got != "2e+06" {
		t.Errorf("%q bytes a second, want 2e+06", got)
	}
}

func TestALabelIsEscaped(t *testing.T) {
	t.Parallel()
	l := series.New(pollEvery)
	l.Decided(cycle(town(func(s *inventory.Snapshot) { s.Links[0].Ref = "a\"b\\c\nd" }), map[int64]linkstate.Status{1: linkstate.Up}))
	if got := written(t, l, everyone, noon); got[`vigie_link_state{link="a\"b\\c\nd"}`] != "0" {
		t.Errorf("the label is not escaped: %v", got)
	}
}

// region has links such as a real one has, with every series that a link can have.
func region(tb testing.TB, links int) *series.Links {
	tb.Helper()
	s := inventory.Snapshot{Organisations: []org.Organisation{{Key: "region"}}}
	var rounds []probe.Observation
	var polls [2][]probe.Poll
	states := map[int64]linkstate.Status{}
	for i := range links {
		id := int64(i + 1)
		site := fmt.Sprintf("mulhouse-lycee-professionnel-%05d", i)
		s.Sites = append(s.Sites, inventory.Site{ID: id, Key: site, Organisation: "region"})
		s.Links = append(s.Links, inventory.Link{
			ID: id, Ref: fmt.Sprintf("BRE-%05d", i), Operator: "mirabelle", POP: "bre-illkirch", Sites: []string{site}, DownKbps: 200_000, UpKbps: 200_000, Starts: began,
		})
		states[id] = linkstate.Up
		rounds = append(rounds, round(id, 4_321, 9_876, 12_345, 23_456, probe.Lost))
		for n := range polls {
			p := poll(time.Duration(n)*pollEvery, uint64(n*i)*12_345, uint64(n*i)*2_345)
			p.Link = id
			polls[n] = append(polls[n], p)
		}
	}
	l := series.New(pollEvery)
	x := inventory.NewIndex(s)
	for range 2_000 { // counters of some digits
		l.Decided(cycle(x, nil, rounds...))
		if links > 10_000 {
			break
		}
	}
	l.Decided(cycle(x, states, rounds...))
	l.Polled(polls[0])
	l.Polled(polls[1])
	return l
}

// counter counts what is written.
type counter struct{ octets, lines int }

func (c *counter) Write(p []byte) (int, error) {
	c.octets += len(p)
	c.lines += strings.Count(string(p), "\n")
	return len(p), nil
}

func TestARegionOf1500LinksFitsInTwoMegabytesAndFiftyMilliseconds(t *testing.T) {
	t.Parallel()
	const links = 1_500
	l := region(t, links)
	var size counter
	quickest := time.Hour
	for range 5 { // other tests run beside it
		size = counter{}
		began := time.Now()
		if err := l.Write(&size, everyone, noon.Add(pollEvery)); err != nil {
			t.Fatal(err)
		}
		quickest = min(quickest, time.Since(began))
	}
	comments := 2*len(series.Families()) + 4
	t.Logf("%d links: %d octets, %d lines, %s", links, size.octets, size.lines, quickest)
	if size.octets > 2_000_000 || quickest > 50*time.Millisecond {
		t.Errorf("%d octets in %s, want at most 2 MB in 50 ms", size.octets, quickest)
	}
	if size.lines != links*series.PerLink+comments {
		t.Errorf("%d lines, want %d for each link and %d beside", size.lines, series.PerLink, comments)
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, links := range []int{1_500, 60_000} {
		b.Run(strconv.Itoa(links), func(b *testing.B) {
			l := region(b, links)
			var size counter
			for b.Loop() {
				size = counter{}
				if err := l.Write(&size, everyone, noon.Add(pollEvery)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size.octets), "octets")
			b.ReportMetric(float64(size.lines), "lines")
		})
	}
}
