package watch_test

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/linkstate"
	"vigie/internal/ticket"
	"vigie/internal/watch"
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
	Probes      []segment       `json:"probes"`
	Canary      []segment       `json:"canary"`
	Maintenance []struct {
		segment
		Scope map[inventory.ScopeKind]names `json:"scope"`
	} `json:"maintenance"`
	Signals []struct {
		segment
		Signal string `json:"signal"`
		Value  string `json:"value"`
	} `json:"signals"`
	EngineDown [][2]int64 `json:"engine_down"`
	End        int64      `json:"end"`
	Expect     struct {
		At []struct {
			T         int64             `json:"t"`
			Links     map[string]string `json:"links"`
			Incidents []struct {
				Kind  string `json:"kind"`
				Links names  `json:"links"`
			} `json:"incidents"`
			Flapping map[string]bool `json:"flapping"`
		} `json:"at"`
		Tickets []struct {
			Kind     string  `json:"kind"`
			To       string  `json:"to"`
			Links    names   `json:"links"`
			Opened   int64   `json:"opened"`
			Resolved *int64  `json:"resolved"`
			Reopens  int     `json:"reopens"`
			Related  *string `json:"related"`
		} `json:"tickets"`
	} `json:"expect"`
}

type segment struct {
	Link   names  `json:"link"`
	Prober names  `json:"prober"`
	From   int64  `json:"from"`
	To     int64  `json:"to"`
	Result result `json:"result"`
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

func (p params) policy() watch.Policy {
	return watch.Policy{Ticket: ticket.DefaultPolicy(), Incident: incident.Policy{
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
	}}
}

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

// origin is a boundary of a cycle of any length that divides a minute.
var origin = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)

func instant(t int64) time.Time { return origin.Add(seconds(t)) }

// worldOf makes the database of a scenario.
func worldOf(t *testing.T, file scenarioFile, s scenario) *world {
	t.Helper()
	var p params
	for _, text := range []json.RawMessage{file.Params, s.Params} {
		if len(text) > 0 {
			if err := json.Unmarshal(text, &p); err != nil {
				t.Fatalf("params: %v", err)
			}
		}
	}
	var links []access
	for _, l := range s.Topology.Links {
		links = append(links, access{
			name: l.ID, operator: l.Operator, pop: l.POP, sites: slices.Compact(l.Sites), cpeOwner: cmp.Or(l.CPEOwner, s.CPEOwner),
		})
	}
	var planned []inventory.Maintenance
	for _, m := range s.Maintenance {
		for scope, subjects := range m.Scope {
			for _, subject := range subjects {
				if i := slices.IndexFunc(links, func(l access) bool { return l.name == subject }); scope == inventory.ScopeLink && i >= 0 {
					subject = refOf(i, subject)
				}
				planned = append(planned, inventory.Maintenance{
					Key: time.Now().Format(time.StampNano) + subject + string(scope), Scope: scope, Subject: subject,
					From: instant(m.From), To: instant(m.To), Announced: began, Source: "invented for a test",
				})
			}
		}
	}
	return newWorld(t, p.policy(), links, planned...)
}
