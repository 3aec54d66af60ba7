package watch_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/org"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/watch"
	"vigie/probe"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// access is a link as a test names it.
type access struct {
	name, operator, pop string
	sites               []string
	cpeOwner            string
}

// world is a database with an inventory, and the live chain over it.
type world struct {
	db      *store.DB
	policy  watch.Policy
	service *watch.Service
	index   *inventory.Index
	links   []int64 // in the order given
	seqs    map[string]uint64
}

const (
	echoes = 2
	// A round trip of fast is within the limit of the clause, slow is over it.
	fastMicros, limitMicros, slowMicros = 10_000, 50_000, 90_000
)

// newWorld makes the inventory from links; the operators are spoken to without
// asking, so that every message is a job.
func newWorld(t testing.TB, policy watch.Policy, links []access, maintenances ...inventory.Maintenance) *world {
	t.Helper()
	db := storetest.New(t)
	rows := inventoryOf(links)
	rows.Maintenances = maintenances
	saving := func(intake.Current) (intake.Saving, error) { return intake.Saving{Rows: rows}, nil }
	if err := store.NewIntake(db).ChangeInventory(context.Background(), saving); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool().Exec(context.Background(), `UPDATE operator SET sending_mode = 'automatic'`); err != nil {
		t.Fatal(err)
	}
	snapshot, err := store.NewInventory(db).Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	policy.Echoes = echoes
	w := &world{db: db, policy: policy, index: inventory.NewIndex(snapshot), seqs: map[string]uint64{}}
	for i, l := range links {
		link, _ := w.index.Link(refOf(i, l.name))
		w.links = append(w.links, link.ID)
	}
	w.restart(t)
	return w
}

// refOf keeps the order of the links in the order of their references, which is
// that of the topology.
func refOf(i int, name string) string { return fmt.Sprintf("%05d-%s", i, name) }

var began = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func inventoryOf(links []access) inventory.Snapshot {
	const src, payer, market, item = "invented for a test", "payer", "market", "access"
	s := inventory.Snapshot{
		Organisations: []org.Organisation{{Key: payer, Name: payer, Kind: org.Region, Source: src}},
		Communes:      []inventory.Commune{{INSEE: "67482", Name: "Ville", Departement: "67", Source: src}},
		Markets:       []contract.Market{{Key: market, Name: market, Coordinator: payer, Starts: began, Source: src}},
		Canaries: []inventory.Canary{
			{Key: "c1", Name: "c1", Address: netip.MustParseAddr("192.0.2.1"), Path: "north", Source: src},
			{Key: "c2", Name: "c2", Address: netip.MustParseAddr("192.0.2.2"), Path: "south", Source: src},
		},
	}
	seen := map[string]bool{}
	first := func(kind, key string) bool {
		was := seen[kind+key]
		seen[kind+key] = true
		return !was
	}
	addr := netip.MustParseAddr("198.18.0.0")
	for i, l := range links {
		addr = addr.Next()
		if first("operator", l.operator) {
			s.Operators = append(s.Operators, inventory.Operator{Key: l.operator, Name: l.operator, TicketEmail: "desk@" + l.operator + ".example", Source: src})
			s.Lots = append(s.Lots, contract.Lot{Key: "lot-" + l.operator, Market: market, Operator: l.operator, Name: "lot", Source: src})
			s.Clauses = append(s.Clauses, contract.Clause{
				Lot: "lot-" + l.operator, From: began, Service: calendar.Service{Always: true}, GTR: 4 * time.Hour, ClockStart: contract.StartSent,
				PercentHour: "1", CapPercent: "100", VATPercent: "20", Proration: "actual", MaxRTTMicros: limitMicros, Source: src,
			})
		}
		if first("pop", l.pop) {
			s.POPs = append(s.POPs, inventory.POP{Key: l.pop, Operator: l.operator, Name: l.pop, Source: src})
		}
		for _, site := range l.sites {
			if first("site", site) {
				s.Sites = append(s.Sites, inventory.Site{Key: site, Name: site, Kind: inventory.Lycee, Commune: "67482", Organisation: payer, Source: src})
			}
		}
		owner := inventory.OperatorCPE
		if l.cpeOwner == "customer" {
			owner = inventory.CustomerCPE
		}
		s.Links = append(s.Links, inventory.Link{
			Ref: refOf(i, l.name), Operator: l.operator, Lot: "lot-" + l.operator, POP: l.pop, Sites: l.sites, PriceItem: item,
			DownKbps: 1, UpKbps: 1, ProbeAddress: addr, CPEOwner: owner, Starts: began, Source: src,
		})
	}
	return s
}

// restart throws the service and its store away, as the death of the process does.
func (w *world) restart(t testing.TB) {
	t.Helper()
	s, err := store.NewWatch(w.db)
	if err != nil {
		t.Fatal(err)
	}
	w.service = watch.New(s, w.policy)
}

func (w *world) cycle() time.Duration { return w.policy.Incident.Link.Cycle }

// result is what a prober sees of a link: "ok", "slow", "fail" or "none".
type result string

// batch is the whole part of a prober, with the next number.
func (w *world) batch(prober string, cycle time.Time, isolated bool, see func(link int) result) probe.Batch {
	w.seqs[prober]++
	b := probe.Batch{Prober: prober, Seq: w.seqs[prober], Cycle: cycle, CycleLength: w.cycle(), Last: true}
	add := func(kind probe.Kind, id int64, r result) {
		b.Planned++
		o := probe.Observation{Target: id, Kind: kind, At: cycle}
		for range echoes {
			switch r {
			case "ok":
				o.RTTMicros = append(o.RTTMicros, fastMicros)
			case "slow":
				o.RTTMicros = append(o.RTTMicros, slowMicros)
			case "fail":
				o.RTTMicros = append(o.RTTMicros, probe.Lost)
			}
		}
		if len(o.RTTMicros) > 0 {
			b.Observations = append(b.Observations, o)
		}
	}
	for _, c := range w.index.Canaries {
		if isolated {
			add(probe.Canary, c.ID, "fail")
		} else {
			add(probe.Canary, c.ID, "ok")
		}
	}
	for i, id := range w.links {
		add(probe.Link, id, see(i))
	}
	return b
}

func (w *world) apply(t testing.TB, b probe.Batch, now time.Time) {
	t.Helper()
	if err := w.service.Apply(context.Background(), b, now); err != nil {
		t.Fatal(err)
	}
}

func (w *world) decide(t testing.TB, cycle time.Time, backlog bool, now time.Time) {
	t.Helper()
	if _, err := w.service.Decide(context.Background(), cycle, backlog, now); err != nil {
		t.Fatal(err)
	}
	w.summarise(t, now)
}

// summarise writes every minute that is due at a time.
func (w *world) summarise(t testing.TB, now time.Time) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = w.service.Summarise(context.Background(), now); err != nil {
			t.Fatal(err)
		}
	}
}

// ask returns the rows of a query, each as one text with spaces between columns.
func (w *world) ask(t testing.TB, sql string, args ...any) []string {
	t.Helper()
	rows, err := w.db.Pool().Query(context.Background(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := []string{}
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintln(values...)
		out = append(out, line[:len(line)-1])
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
