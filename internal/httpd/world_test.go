package httpd_test

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"vigie/configs"
	"vigie/dashboards"
	"vigie/internal/access"
	"vigie/internal/audit"
	"vigie/internal/calendar"
	"vigie/internal/desk"
	"vigie/internal/httpd"
	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/invoicing"
	"vigie/internal/org"
	"vigie/internal/series"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/ticket"
	"vigie/internal/trial"
	"vigie/internal/view"
	"vigie/internal/watch"
	"vigie/probe"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// now is when every test takes place: a Tuesday, 14:05:09 in Paris.
var now = time.Date(2026, 11, 24, 13, 5, 9, 0, time.UTC)

// world is the demo's inventory on a day on which a few things have gone wrong, and
// the pages over it.
type world struct {
	db      *store.DB
	server  *httpd.Server
	changes *bell
	health  *parts
	plan    trial.Plan // of every link's test
	people  map[string]org.User
}

const password = "vigie-essai-2026"

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{db: storetest.New(t), changes: &bell{}, health: &parts{}, people: map[string]org.User{}}
	w.importDemo(t)
	w.exec(t, events)
	w.addPeople(t)
	conversation, err := store.NewDesk(w.db)
	if err != nil {
		t.Fatal(err)
	}
	service := desk.New(conversation, ticket.Channels{}, ticket.DefaultPolicy())
	if err := service.SetMode(ctx, w.people["admin"], "cigogne", ticket.Ask, now); err != nil {
		t.Fatal(err)
	}
	if err := service.Acknowledge(ctx, w.people["reseau"], 2, "CIG-4711", now.Add(-time.Minute), now); err != nil {
		t.Fatal(err)
	}
	vacations, err := calendar.ReadVacations(configs.VacationsName, bytes.NewReader(configs.Vacations))
	if err != nil {
		t.Fatal(err)
	}
	bills := invoicing.New(store.NewInvoicing(w.db))
	w.server, err = httpd.New(httpd.Options{
		View: view.New(store.NewView(w.db), 90*time.Second, vacations), Inventory: &intake.Service{Store: store.NewIntake(w.db)}, Desk: service, Trials: w.trials(),
		Statements: bills, Audits: w.audits(bills, vacations), Vacations: vacations,
		People: store.NewPeople(w.db), Access: access.New(store.NewAccess(w.db)), Sessions: store.NewSessions(w.db), Changes: w.changes, Health: w.health,
		Metrics: func(out io.Writer) { _, _ = io.WriteString(out, "vigie_up 1\n") }, Links: w.series(t),
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }, Demo: &dashboards.Demo{Cycle: 5 * time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// trials takes requests for tests, of every link by the same plan.
func (w *world) trials() *trial.Service {
	w.plan = trial.Plan{
		Method: probe.ByIperf3, Server: "192.0.2.1:5201", Hours: "22:00-05:00", Duration: 10 * time.Second, SlowStart: 2 * time.Second,
		DownBits: 250_000_000, UpBits: 250_000_000, Octets: 2_000_000_000, Closed: probe.OutsideWindow, Reason: probe.OutsideWindow, Up: true, LoadPerMille: 42,
	}
	return trial.New(trial.Options{Store: store.NewTrials(w.db), Plan: func(context.Context, inventory.Link, time.Time) (trial.Plan, error) { return w.plan, nil }})
}

// series are the figures of the demo's links, after a first cycle.
func (w *world) series(t testing.TB) httpd.LinkMetrics {
	t.Helper()
	x, err := store.NewView(w.db).Inventory(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	figures := series.New(time.Minute)
	figures.Decided(watch.Report{Cycle: now, Index: x})
	return func(out io.Writer, who org.User) error { return figures.Write(out, who, now) }
}

// audits is the audit's service, with the costs of the bill.
func (w *world) audits(bills *invoicing.Service, vacations *calendar.Vacations) *audit.Service {
	return audit.New(audit.Options{
		Store: store.NewAudit(w.db), Vacations: vacations, Policy: audit.DefaultPolicy(),
		Accounts: func(ctx context.Context, from, to, now time.Time) (map[string]audit.Account, error) {
			accounts, err := bills.Accounts(ctx, from, to, now)
			byLink := map[string]audit.Account{}
			for _, a := range accounts {
				byLink[a.Link] = audit.Account{HT: a.Totals.HT, VAT: a.Totals.VAT, TTC: a.Totals.TTC, Penalties: a.Totals.Credits, Uptime: a.Uptime, Refused: a.Refused}
			}
			return byLink, err
		},
	})
}

func (w *world) importDemo(t testing.TB) {
	t.Helper()
	folder, err := configs.Demo()
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(folder, "*.csv")
	if err != nil {
		t.Fatal(err)
	}
	var files []intake.File
	for _, name := range names {
		content, err := fs.ReadFile(folder, name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, intake.File{Name: name, Content: content})
	}
	importer := intake.Service{Store: store.NewIntake(w.db)}
	if _, err := importer.Import(context.Background(), files, intake.Options{Actor: "vigie", Now: now}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := w.db.Pool().Exec(context.Background(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func (w *world) addPeople(t testing.TB) {
	t.Helper()
	hash, err := httpd.HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	everything := org.Territory{All: true}
	for _, u := range []org.User{
		{Login: "admin", Name: "Ada Admin", Role: org.Admin, Territory: everything},
		{Login: "reseau", Name: "Rémi Réseau", Role: org.Network, Territory: everything},
		{Login: "audit", Name: "Aude Audit", Role: org.Auditor, Territory: everything},
		{Login: "meuse", Name: "Max Meuse", Role: org.Finance, Organisation: "meuse", Territory: org.Territory{Organisations: []string{"meuse"}}},
		{Login: "reseau55", Name: "Rose Réseau", Role: org.Network, Organisation: "meuse", Territory: org.Territory{Organisations: []string{"meuse"}}},
		{Login: "nullepart", Name: "Nil Nulle-Part", Role: org.Admin, Territory: org.Territory{}},
		{Login: "parti", Name: "Paul Parti", Role: org.Admin, Territory: everything, Disabled: true},
	} {
		if u.ID, err = store.NewPeople(w.db).Upsert(context.Background(), u, hash); err != nil {
			t.Fatal(err)
		}
		w.people[u.Login] = u
	}
}

// siteOf is the site that carries a link's access.
func (w *world) siteOf(t testing.TB, link string) (id int64) {
	t.Helper()
	err := w.db.Pool().QueryRow(context.Background(), `SELECT s.id FROM site s JOIN link_site l ON l.site = s.key WHERE l.link = $1 AND l.ordinal = 1`, link).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// id gives the id of a link by its reference or of a site by its key.
func (w *world) id(t testing.TB, table, value string) int64 {
	t.Helper()
	var id int64
	statement := map[string]string{"link": `SELECT id FROM link WHERE ref = $1`, "site": `SELECT id FROM site WHERE key = $1`}[table]
	if err := w.db.Pool().QueryRow(context.Background(), statement, value).Scan(&id); err != nil {
		t.Fatalf("%s %q: %v", table, value, err)
	}
	return id
}

// bell is a source of changes that a test rings.
type bell struct {
	mu        sync.Mutex
	listeners []chan struct{}
}

func (b *bell) Subscribe() (<-chan struct{}, func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := make(chan struct{}, 1)
	b.listeners = append(b.listeners, c)
	return c, func() {}
}

func (b *bell) ring() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.listeners {
		select {
		case c <- struct{}{}:
		default:
		}
	}
	return len(b.listeners)
}

type parts struct{ list []httpd.Part }

func (p *parts) Parts(context.Context) []httpd.Part { return p.list }

// events: three cut links of the POP of Bar-le-Duc on one ticket, one cut link of
// cigogne whose letter waits for approval, one degraded, one unknown; the rest is
// up. Minutes exist for the last hour of two links, with a gap.
const events = `
INSERT INTO engine (id, decided, state) VALUES (true, '2026-11-24 13:05:00Z', '{}');
INSERT INTO prober (name, last_seq, last_seen) VALUES ('sonde-1', 12, '2026-11-24 13:05:03Z');
INSERT INTO gap (prober, from_at, to_at, reason) SELECT id, '2026-11-24 12:30:00Z', '2026-11-24 12:35:00Z', 'stopped' FROM prober;
SELECT minute_partition('2026-11-24');
INSERT INTO link_state (link_id, status, since, state) SELECT id, 'up', NULL, '{}' FROM link;
UPDATE link_state SET status = 'down', since = '2026-11-24 12:50:00Z' WHERE link_id IN (SELECT id FROM link WHERE operator = 'mirabelle' ORDER BY ref LIMIT 3);
UPDATE link_state SET status = 'down', since = '2026-11-24 13:01:00Z' WHERE link_id = (SELECT min(id) FROM link WHERE operator = 'cigogne');
UPDATE link_state SET status = 'degraded', since = '2026-11-24 11:00:00Z' WHERE link_id = (SELECT id FROM link WHERE ref = 'BRE-1002');
UPDATE link_state SET status = 'unknown', since = '2026-11-24 13:03:00Z' WHERE link_id = (SELECT id FROM link WHERE ref = 'BRE-1003');
INSERT INTO minute (link_id, at, prober, planned, sent, received, min_micros, median_micros, p95_micros, max_micros, jitter_micros, simulated)
	SELECT l.id, at, 1, 60, 60, CASE WHEN l.ref = 'BRE-1002' AND extract(minute FROM at)::int % 7 = 0 THEN 51 ELSE 60 END, 4000, 5200, 8900, 15000, 700, true
	FROM link l, generate_series('2026-11-24 12:00:00Z'::timestamptz, '2026-11-24 13:04:00Z', '1 minute') AS at
	WHERE l.ref IN ('BRE-1001', 'BRE-1002') AND (at < '2026-11-24 12:30:00Z' OR at >= '2026-11-24 12:35:00Z');
INSERT INTO incident (id, kind, since, opened_at, ticket_id, state) VALUES
	(1, 'mass', '2026-11-24 12:50:00Z', '2026-11-24 12:51:30Z', 1, '{}'), (2, 'link', '2026-11-24 13:01:00Z', '2026-11-24 13:02:30Z', 2, '{}');
INSERT INTO incident (id, kind, since, opened_at, closed_at, ended_at, state) VALUES
	(3, 'link', '2026-11-23 08:00:00Z', '2026-11-23 08:01:30Z', '2026-11-23 08:20:00Z', '2026-11-23 08:05:00Z', '{}');
INSERT INTO incident_link (incident_id, link_id) SELECT 1, id FROM link WHERE operator = 'mirabelle' ORDER BY ref LIMIT 3;
INSERT INTO incident_link (incident_id, link_id) SELECT 2, min(id) FROM link WHERE operator = 'cigogne';
INSERT INTO incident_link (incident_id, link_id) SELECT 3, id FROM link WHERE ref = 'BRE-1001';
INSERT INTO outage (link_id, from_at, to_at, incident_id) SELECT link_id, '2026-11-24 12:50:00Z', NULL, 1 FROM incident_link WHERE incident_id = 1;
INSERT INTO outage (link_id, from_at, to_at, incident_id) SELECT link_id, '2026-11-24 12:10:00Z', '2026-11-24 12:14:00Z', 3 FROM incident_link WHERE incident_id = 3;
INSERT INTO ticket (id, incident_id, number, kind, addressee, operator, mode, status, opened_at) VALUES
	(1, 1, 'VIGIE-2026-000001', 'mass', 'operator', 'mirabelle', 'automatic', 'open', '2026-11-24 12:53:00Z'),
	(2, 2, 'VIGIE-2026-000002', 'link', 'operator', 'cigogne', 'ask', 'open', '2026-11-24 13:03:00Z');
INSERT INTO ticket_link (ticket_id, link_id, ordinal) SELECT incident_id, link_id, row_number() OVER (PARTITION BY incident_id ORDER BY link_id) FROM incident_link WHERE incident_id < 3;
INSERT INTO ticket_period (ticket_id, ordinal, since, opened_at, sent_at, delivered_at) VALUES
	(1, 0, '2026-11-24 12:50:00Z', '2026-11-24 12:53:00Z', '2026-11-24 12:53:02Z', '2026-11-24 12:53:02Z'),
	(2, 0, '2026-11-24 13:01:00Z', '2026-11-24 13:03:00Z', NULL, NULL);
INSERT INTO gel (ticket_id, from_at, to_at, cause, declared_by, accepted) VALUES (1, '2026-11-24 12:55:00Z', '2026-11-24 12:58:00Z', 'acces_refuse', 'operator', false);
INSERT INTO message (ticket_id, number, kind, state, recipient, message_id, subject, body, created_at, sent_at, proof) VALUES
	(1, 1, 'open', 'sent', 'guichet@mirabelle.example', '<VIGIE-2026-000001.1@vigie.invalid>', '[VIGIE-2026-000001] Panne de 3 accès', 'Bonjour,' || chr(10) || 'Trois accès <b>coupés</b> & rien d''autre.', '2026-11-24 12:53:00Z', '2026-11-24 12:53:02Z', '250 2.0.0 OK: queued as 4F2A'),
	(2, 1, 'open', 'waiting', 'guichet@cigogne.example', '<VIGIE-2026-000002.1@vigie.invalid>', '[VIGIE-2026-000002] Coupure', 'Bonjour,', '2026-11-24 13:03:00Z', NULL, '');
`
