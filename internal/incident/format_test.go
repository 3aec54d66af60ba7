package incident_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vigie/internal/incident"
	"vigie/internal/linkstate"
)

// The format of a scenario file is described with the cases. Times are seconds
// after an arbitrary origin.

type scenarioFile struct {
	Tolerance int64           `json:"tolerance"`
	Params    json.RawMessage `json:"params"`
	Scenarios []scenario      `json:"scenarios"`
}

type scenario struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Topology struct {
		Links []struct {
			ID       string   `json:"id"`
			Sites    []string `json:"sites"`
			Operator string   `json:"operator"`
			POP      string   `json:"pop"`
			CPEOwner string   `json:"cpe_owner"`
		} `json:"links"`
		Probers []string `json:"probers"`
	} `json:"topology"`
	Params      json.RawMessage `json:"params"`
	CPEOwner    string          `json:"cpe_owner"`
	Probes      []probeSegment  `json:"probes"`
	Canary      []segment       `json:"canary"`
	Maintenance []struct {
		segment
		Scope map[string]names `json:"scope"`
	} `json:"maintenance"`
	Signals []struct {
		segment
		Signal string `json:"signal"`
		Value  string `json:"value"`
	} `json:"signals"`
	EngineDown [][2]int64 `json:"engine_down"`
	End        int64      `json:"end"`
	Expect     struct {
		At      []expectedAt     `json:"at"`
		Tickets []expectedTicket `json:"tickets"`
	} `json:"expect"`
}

type segment struct {
	Link   names `json:"link"`
	Prober names `json:"prober"`
	From   int64 `json:"from"`
	To     int64 `json:"to"`
}

type probeSegment struct {
	segment
	Result string `json:"result"`
}

func (s segment) covers(t int64) bool { return s.From <= t && t < s.To }

// names is a name, a list of names, or absent or "*" for all.
type names []string

func (n *names) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*n = names{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(n))
}

func (n names) has(name string) bool {
	return len(n) == 0 || slices.Contains(n, "*") || slices.Contains(n, name)
}

type expectedAt struct {
	T         int64              `json:"t"`
	Links     map[string]string  `json:"links"`
	Incidents []expectedIncident `json:"incidents"`
	Flapping  map[string]bool    `json:"flapping"`
}

type expectedIncident struct {
	Kind  string   `json:"kind"`
	Links []string `json:"links"`
}

type expectedTicket struct {
	Kind     string   `json:"kind"`
	To       string   `json:"to"`
	Links    []string `json:"links"`
	Opened   int64    `json:"opened"`
	Resolved *int64   `json:"resolved"`
	Reopens  int      `json:"reopens"`
	Related  *string  `json:"related"`
}

// params are the thresholds as the files name them, durations in seconds.
type params struct {
	Cycle             int64   `json:"cycle"`
	DownAfter         int     `json:"down_after"`
	UpAfter           int     `json:"up_after"`
	UnknownAfter      int64   `json:"unknown_after"`
	IsolationLookback int     `json:"isolation_lookback"`
	DegrK             int     `json:"degr_k"`
	DegrN             int     `json:"degr_n"`
	DegrExit          int     `json:"degr_exit"`
	OpenDelay         int64   `json:"open_delay"`
	OpenDelayMass     int64   `json:"open_delay_mass"`
	OpenDelayDegraded int64   `json:"open_delay_degraded"`
	MassN             int     `json:"mass_n"`
	MassRatio         float64 `json:"mass_ratio"`
	MassWindow        int64   `json:"mass_window"`
	MassJoin          int64   `json:"mass_join"`
	OperatorPOPs      int     `json:"operator_pops"`
	OperatorWindow    int64   `json:"operator_window"`
	SiteWindow        int64   `json:"site_window"`
	ResolveAfter      int64   `json:"resolve_after"`
	ReopenWithin      int64   `json:"reopen_within"`
	FlapEnter         int     `json:"flap_enter"`
	FlapWindow        int64   `json:"flap_window"`
	FlapExit          int64   `json:"flap_exit"`
	MaintGrace        int64   `json:"maint_grace"`
	StragglerRatio    float64 `json:"straggler_ratio"`
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

func (p params) policy() incident.Policy {
	return incident.Policy{
		Link: linkstate.Policy{
			Cycle: seconds(p.Cycle), DownAfter: p.DownAfter, UpAfter: p.UpAfter,
			UnknownAfter: seconds(p.UnknownAfter), IsolationLookback: p.IsolationLookback,
			DegradedSlow: p.DegrK, DegradedWindow: p.DegrN, DegradedExit: p.DegrExit,
		},
		OpenDelay: seconds(p.OpenDelay), OpenDelayMass: seconds(p.OpenDelayMass),
		OpenDelayDegraded: seconds(p.OpenDelayDegraded),
		MassLinks:         p.MassN, MassShare: p.MassRatio, MassWindow: seconds(p.MassWindow), MassJoin: seconds(p.MassJoin),
		OperatorPOPs: p.OperatorPOPs, OperatorWindow: seconds(p.OperatorWindow),
		SiteWindow:   seconds(p.SiteWindow),
		ResolveAfter: seconds(p.ResolveAfter), ReopenWithin: seconds(p.ReopenWithin),
		FlapEnter: p.FlapEnter, FlapWindow: seconds(p.FlapWindow), FlapExit: seconds(p.FlapExit),
		MaintenanceGrace: seconds(p.MaintGrace), StragglerShare: p.StragglerRatio,
	}
}

// readScenarios reads every scenario file of a folder.
func readScenarios(t *testing.T, folder string) []scenarioFile {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "incident_scenarios*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no incident_scenarios*.json in %s (%v)", folder, err)
	}
	var files []scenarioFile
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var file scenarioFile
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatalf("read %s: %v", path, err)
		}
		files = append(files, file)
	}
	return files
}

// world turns the names of a scenario into ids and back.
type world struct {
	scenario scenario
	topology incident.Topology
	policy   incident.Policy
	ids      map[string]int64 // "link L1", "site S1", "pop P", "operator O"
	links    []string         // by id - 1
	windows  []incident.Maintenance
}

var origin = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)

func instant(t int64) time.Time { return origin.Add(seconds(t)) }

func newWorld(t *testing.T, file scenarioFile, s scenario) *world {
	t.Helper()
	w := &world{scenario: s, ids: map[string]int64{}}
	var p params
	for _, text := range []json.RawMessage{file.Params, s.Params} {
		if len(text) == 0 {
			continue
		}
		if err := json.Unmarshal(text, &p); err != nil {
			t.Fatalf("params: %v", err)
		}
	}
	w.policy = p.policy()
	if err := w.policy.Validate(); err != nil {
		t.Fatal(err)
	}
	var links []incident.Link
	for _, l := range s.Topology.Links {
		link := incident.Link{
			ID: w.id("link", l.ID), Operator: w.id("operator", l.Operator), POP: w.id("pop", l.POP),
			CPEOwner: incident.Owner(cmp.Or(l.CPEOwner, s.CPEOwner)),
		}
		for _, site := range l.Sites {
			link.Sites = append(link.Sites, w.id("site", site))
		}
		links = append(links, link)
		w.links = append(w.links, l.ID)
	}
	var err error
	if w.topology, err = incident.NewTopology(links); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.Maintenance {
		for scope, all := range m.Scope {
			for _, name := range all {
				w.windows = append(w.windows, incident.Maintenance{
					Scope: incident.Scope(scope), ID: w.id(scope, name), From: instant(m.From), To: instant(m.To),
				})
			}
		}
	}
	if len(w.scenario.Topology.Probers) == 0 {
		w.scenario.Topology.Probers = []string{"A"}
	}
	return w
}

// id numbers the names of each kind from 1 in order of appearance.
func (w *world) id(kind, name string) int64 {
	key := kind + " " + name
	if w.ids[key] == 0 {
		count := int64(0)
		for have := range w.ids {
			if len(have) > len(kind) && have[:len(kind)+1] == kind+" " {
				count++
			}
		}
		w.ids[key] = count + 1
	}
	return w.ids[key]
}

// cycle builds what the engine is given for the cycle at t.
func (w *world) cycle(t int64) incident.Cycle {
	c := incident.Cycle{At: instant(t), Maintenance: w.windows}
	for _, prober := range w.scenario.Topology.Probers {
		round := incident.Round{Prober: prober}
		for _, cut := range w.scenario.Canary {
			round.Isolated = round.Isolated || (cut.covers(t) && cut.Prober.has(prober))
		}
		for i, name := range w.links {
			round.Samples = append(round.Samples, incident.Sample{
				Link: int64(i + 1), Result: w.result(t, prober, name), At: instant(t),
			})
		}
		c.Rounds = append(c.Rounds, round)
	}
	for i, name := range w.links {
		answers := map[string]bool{}
		for _, s := range w.scenario.Signals {
			if s.covers(t) && s.Link.has(name) {
				answers[s.Signal] = s.Value == "ok"
			}
		}
		c.Signals = append(c.Signals, incident.Signal{
			Link: int64(i + 1), Demarcation: answers["demarc"], RouterOutOfBand: answers["router_oob"],
		})
	}
	return c
}

func (w *world) result(t int64, prober, link string) linkstate.Result {
	result := "ok"
	for _, p := range w.scenario.Probes {
		if p.covers(t) && p.Prober.has(prober) && p.Link.has(link) {
			result = p.Result
		}
	}
	switch result {
	case "ok":
		return linkstate.OK
	case "slow":
		return linkstate.Slow
	case "fail":
		return linkstate.Fail
	case "none":
		return linkstate.None
	}
	panic(fmt.Sprintf("scenario %s: result %q", w.scenario.ID, result))
}

func (w *world) engineDown(t int64) bool {
	for _, d := range w.scenario.EngineDown {
		if d[0] <= t && t < d[1] {
			return true
		}
	}
	return false
}
