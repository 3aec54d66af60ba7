package app

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/httpd"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/linkstate"
	"vigie/internal/series"
	"vigie/internal/store"
	"vigie/internal/watch"
	"vigie/probe"
	"vigie/probe/snmp"
)

const grafana = "../../dashboards/grafana"

// board is what a dashboard of Grafana must have for it to be of use.
type board struct {
	UID, Title    string
	SchemaVersion int
	Templating    struct{ List []variable }
	Panels        []panel
}

type variable struct {
	Name, Type string
	Datasource source
	Query      json.RawMessage
}

type source struct{ Type, UID string }

type panel struct {
	ID          int
	Type, Title string
	Datasource  source
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct {
		RefID, Expr string
		Instant     bool
		Datasource  source
	}
}

// boards are those that Vigie ships, by file.
func boards(t *testing.T) map[string]board {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(grafana, "*.json"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%v, %v: want the four dashboards", files, err)
	}
	out := map[string]board{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var b board
		if err := json.Unmarshal(content, &b); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out[filepath.Base(file)] = b
	}
	return out
}

// made is an instance whose figures are those of the demo's links, as a morning with
// faults leaves them.
type made struct {
	meters *meters
	links  *series.Links
	index  *inventory.Index
	steps  int
}

func newMade(t *testing.T) *made {
	t.Helper()
	rows := demoIndex(t).Snapshot
	for i := range rows.Links {
		rows.Links[i].ID = int64(i + 1)
	}
	m := &made{meters: newMeters(), links: series.New(time.Minute), index: inventory.NewIndex(rows)}
	m.meters.pushes()
	m.meters.notifications(snmp.TrapCounters{Heard: 1})
	m.meters.past(store.PastMark{})
	return m
}

// step is a cycle that ends at now: of each five links one is down, one is slow and loses
// echoes, and one is unknown.
func (m *made) step(now time.Time) {
	m.steps++
	r := watch.Report{Cycle: now, Index: m.index, Transitions: 1, Effects: 1, Lag: 300 * time.Millisecond}
	b := probe.Batch{
		Cycle: now.Add(-15 * time.Second), CycleLength: 15 * time.Second, Last: true, Planned: len(m.index.Links) + 1,
		Quality: probe.Quality{
			Unsent: 1, Void: 1, Dropped: 1, Unstamped: 1, Malformed: 1, Forged: 1, Duplicate: 1, Late: 1, Overrun: 1, Errands: 1, Gap: 1, WorstLag: time.Millisecond, Lag95: time.Millisecond,
			Clock: probe.Clock{Source: "ntp", Synchronised: true, Offset: time.Millisecond, MaxError: time.Millisecond},
		},
	}
	var polls []probe.Poll
	for i, l := range m.index.Links {
		r.Links = append(r.Links, incident.LinkState{ID: l.ID, State: linkstate.State{Status: []linkstate.Status{
			linkstate.Up, linkstate.Down, linkstate.Degraded, linkstate.Unknown, linkstate.Up,
		}[i%5]}})
		o := probe.Observation{Target: l.ID, Kind: probe.Link, At: now, RTTMicros: []int32{4_000, 9_000, 14_000, int32(1_000 * (i % 300)), probe.Lost}}
		r.Rounds, b.Observations = append(r.Rounds, o), append(b.Observations, o)
		polls = append(polls, probe.Poll{Link: l.ID, At: now, Uptime: time.Duration(m.steps) * 15 * time.Second, Access: probe.Interface{
			Index: 1, Name: "wan", Up: true, Counted: true, InOctets: uint64(m.steps) * 1_000_000, OutOctets: uint64(m.steps) * 100_000,
		}})
	}
	polls[0].Problem = snmp.ProblemSilent
	m.links.Decided(r)
	m.meters.cycle(r)
	m.links.Polled(polls)
	for _, prober := range []string{"metz", "nancy"} {
		b.Prober = prober
		m.meters.batch(b)
		b.Observations, b.Polls = slices.Clip(b.Observations), polls
	}
}

// write gives everything that an instance would at a time.
func (m *made) write(w io.Writer, now time.Time) error {
	writeParts(w, []httpd.Part{{Name: "database", Healthy: true}, {Name: "prober"}})
	writePending(w, 3)
	m.meters.write(w)
	return m.links.Write(w, everything, now)
}

var familyName = regexp.MustCompile(`\bvigie_[a-z0-9_]+`)

// exposed are the names of series of an instance, those of histograms without suffix.
func exposed(t *testing.T) []string {
	t.Helper()
	m := newMade(t)
	now := time.Now().Truncate(time.Second)
	m.step(now.Add(-15 * time.Second))
	m.step(now)
	var text strings.Builder
	if err := m.write(&text, now); err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(text.String()) {
		if name := familyName.FindString(line); strings.HasPrefix(line, name) && name != "" {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				name = strings.TrimSuffix(name, suffix)
			}
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestTheListOfSeriesIsWhole(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(grafana, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(content)) {
		if rest, ok := strings.CutPrefix(line, "| `vigie_"); ok {
			listed = append(listed, "vigie_"+familyName.FindString("vigie_" + rest)[len("vigie_"):])
		}
	}
	slices.Sort(listed)
	if diff := cmp.Diff(exposed(t), listed); diff != "" {
		t.Errorf("series of an instance and of %s/README.md (-instance +list):\n%s", grafana, diff)
	}
	if want := fmt.Sprintf("at most %d series", series.PerLink); !strings.Contains(string(content), want) {
		t.Errorf("the list does not say %q of a link", want)
	}
}

func TestADashboardIsWholeAndAsksForSeriesThatThereAre(t *testing.T) {
	t.Parallel()
	known := exposed(t)
	uids := map[string]string{}
	for file, b := range boards(t) {
		if other := uids[b.UID]; b.UID == "" || other != "" {
			t.Errorf("%s: uid %q, also of %s", file, b.UID, other)
		}
		uids[b.UID] = file
		if b.Title == "" || b.SchemaVersion < 36 || len(b.Panels) == 0 {
			t.Errorf("%s: title %q, schema %d, %d panels", file, b.Title, b.SchemaVersion, len(b.Panels))
		}
		ours := source{"prometheus", "${datasource}"}
		ids := map[int]bool{}
		var text strings.Builder
		for i, p := range b.Panels {
			g := p.GridPos
			if ids[p.ID] || p.Title == "" || g.W < 1 || g.H < 1 || g.X < 0 || g.X+g.W > 24 {
				t.Errorf("%s: panel %d, %q: its place %+v or number is wrong", file, p.ID, p.Title, g)
			}
			ids[p.ID] = true
			for _, q := range b.Panels[:i] {
				if o := q.GridPos; g.X < o.X+o.W && o.X < g.X+g.W && g.Y < o.Y+o.H && o.Y < g.Y+g.H {
					t.Errorf("%s: panels %q and %q lie on each other", file, q.Title, p.Title)
				}
			}
			if p.Type == "row" {
				continue
			}
			if p.Datasource != ours || len(p.Targets) == 0 {
				t.Errorf("%s: panel %q asks %+v with %d queries", file, p.Title, p.Datasource, len(p.Targets))
			}
			for _, q := range p.Targets {
				if q.Datasource != ours {
					t.Errorf("%s: panel %q, query %s asks %+v", file, p.Title, q.RefID, q.Datasource)
				}
				text.WriteString(q.Expr + "\n")
			}
		}
		for _, v := range b.Templating.List {
			if v.Name != "datasource" && !strings.Contains(text.String(), "$"+v.Name) {
				t.Errorf("%s: no query uses the variable %s", file, v.Name)
			}
			text.Write(v.Query)
		}
		for _, name := range familyName.FindAllString(text.String(), -1) {
			if !slices.Contains(known, strings.TrimSuffix(name, "_bucket")) {
				t.Errorf("%s asks for %s, which no instance has", file, name)
			}
		}
	}
}

// database is a VictoriaMetrics of the test's own.
type database struct{ base string }

func startDatabase(t *testing.T) database {
	t.Helper()
	program, err := exec.LookPath("victoria-metrics")
	if err != nil {
		t.Skip("no victoria-metrics on this machine: make victoria-metrics installs it")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	command := exec.Command(program, "-storageDataPath="+t.TempDir(), "-httpListenAddr="+address, "-retentionPeriod=1d",
		"-search.latencyOffset=0s", "-memory.allowedBytes=64MB", "-loggerLevel=ERROR")
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("VictoriaMetrics said:\n%s", said.String())
		}
	})
	d := database{"http://" + address}
	for range 200 {
		if answer, err := http.Get(d.base + "/health"); err == nil {
			_ = answer.Body.Close()
			return d
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("VictoriaMetrics does not answer")
	return d
}

// ask gives the number of series of an answer with a value that is one.
func (d database) ask(t *testing.T, path string, parameters url.Values) (int, error) {
	t.Helper()
	answer, err := http.PostForm(d.base+path, parameters)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var body struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Value  []any
				Values [][]any
			}
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if body.Status != "success" {
		return 0, fmt.Errorf("%s: %s", answer.Status, body.Error)
	}
	found := 0
	for _, r := range body.Data.Result {
		if slices.ContainsFunc(append(r.Values, r.Value), isNumber) {
			found++
		}
	}
	return found, nil
}

// isNumber reports whether a point [time, "value"] has a finite value.
func isNumber(point []any) bool {
	if len(point) != 2 {
		return false
	}
	text, _ := point[1].(string)
	v, err := strconv.ParseFloat(text, 64)
	return err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// labelValues are what a variable offers: label_values(name, label).
var labelValues = regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`)

func TestEveryQueryOfTheDashboardsFindsSomethingInVictoriaMetrics(t *testing.T) {
	t.Parallel()
	d := startDatabase(t)
	m := newMade(t)
	end := time.Now().Truncate(time.Second)
	const span, every = 30 * time.Minute, 15 * time.Second
	for now := end.Add(-span); !now.After(end); now = now.Add(every) {
		m.step(now)
		p, _ := pusherTo(t, fmt.Sprintf("%s/api/v1/import/prometheus?timestamp=%d", d.base, now.UnixMilli()), map[string]string{"region": "essai"})
		p.write = func(w io.Writer) {
			if err := m.write(w, now); err != nil {
				t.Error(err)
			}
		}
		if reason := p.push(t.Context()); reason != "" {
			t.Fatal(reason)
		}
	}
	if answer, err := http.Get(d.base + "/internal/force_flush"); err != nil {
		t.Fatal(err)
	} else if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	at := strconv.FormatInt(end.Unix(), 10)
	if n, err := d.ask(t, "/api/v1/query", url.Values{"query": {"vigie_nothing"}, "time": {at}}); n != 0 || err != nil {
		t.Fatalf("a series that is not there: %d found, %v", n, err)
	}
	if _, err := d.ask(t, "/api/v1/query", url.Values{"query": {"sum(vigie_links"}, "time": {at}}); err == nil {
		t.Fatal("a query that cannot be read is answered")
	}
	link := m.index.Links[1] // it is down
	values := strings.NewReplacer(
		"$__rate_interval", "1m", "$__range", "30m", "$operator", link.Operator, "$site", link.Sites[0], "$prober", ".*",
	)
	asked := 0
	for file, b := range boards(t) {
		for _, p := range b.Panels {
			for _, q := range p.Targets {
				expr := values.Replace(q.Expr)
				if strings.Contains(expr, "$") {
					t.Errorf("%s: panel %q: a variable is left in %s", file, p.Title, expr)
				}
				path, when := "/api/v1/query_range", url.Values{"start": {strconv.FormatInt(end.Add(-span).Unix(), 10)}, "end": {at}, "step": {"15s"}}
				if q.Instant {
					path, when = "/api/v1/query", url.Values{"time": {at}}
				}
				when.Set("query", expr)
				if n, err := d.ask(t, path, when); err != nil || n == 0 {
					t.Errorf("%s: panel %q: %d series, %v, of %s", file, p.Title, n, err, expr)
				}
				asked++
			}
		}
		for _, v := range b.Templating.List {
			if v.Type == "datasource" {
				continue
			}
			var query struct{ Query string }
			if err := json.Unmarshal(v.Query, &query); err != nil {
				t.Fatal(err)
			}
			of := labelValues.FindStringSubmatch(query.Query)
			if of == nil {
				t.Fatalf("%s: variable %s: %q, expected label_values(name, label)", file, v.Name, query.Query)
			}
			if n, err := d.ask(t, "/api/v1/query", url.Values{"query": {fmt.Sprintf("count by (%s) (%s)", of[2], of[1])}, "time": {at}}); err != nil || n < 2 {
				t.Errorf("%s: variable %s: %d values, %v", file, v.Name, n, err)
			}
		}
	}
	t.Logf("%d queries", asked)
}
