//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"time"

	"vigie/internal/app"
	"vigie/internal/audit"
	"vigie/internal/desk"
	"vigie/internal/figure"
	"vigie/internal/httpd"
	"vigie/internal/intake"
	"vigie/internal/org"
	"vigie/internal/store"
	"vigie/internal/ticket"
	"vigie/internal/trial"
	"vigie/internal/view"
)

// Goals of what a page asks, in milliseconds.
const (
	linkGoal  = 20
	fleetGoal = 200
	siteGoal  = 50
)

// looked is how many links or sites each figure is taken from, far from each other.
const looked = 25

// pages measures what the pages ask of thirteen months of 1,500 links, and the pages as
// a browser gets them. Warm, what is asked was asked once before; cold, neither
// PostgreSQL nor the kernel has any of it in memory.
func pages(ctx context.Context, o options) error {
	return withPast(ctx, o, func(p *past) error {
		if err := p.cold(ctx); err != nil {
			return err
		}
		ids, err := p.sample(ctx)
		if err != nil {
			return err
		}
		if err := p.queries(ctx, ids, true); err != nil {
			return err
		}
		if err := p.queries(ctx, ids, false); err != nil {
			return err
		}
		return p.served(ctx, ids)
	})
}

// ids are links and sites that are looked at.
type ids struct{ links, sites []int64 }

func (p *past) sample(ctx context.Context) (ids, error) {
	x, err := store.NewView(p.db).Inventory(ctx)
	if err != nil {
		return ids{}, err
	}
	var some ids
	for i := range looked {
		at := i * len(x.Links) / looked
		some.links = append(some.links, x.Links[at].ID)
		site, _ := x.Site(x.Links[at].Sites[0])
		some.sites = append(some.sites, site.ID)
	}
	return some, nil
}

// everyone sees everything.
var everyone = org.User{Role: org.Admin, Territory: org.Territory{All: true}}

// queries measures the read models. Cold, each link is asked once; else a second time.
func (p *past) queries(ctx context.Context, some ids, cold bool) error {
	vacations, err := app.SchoolCalendar()
	if err != nil {
		return err
	}
	facts := store.NewView(p.db)
	models := view.New(facts, 3*loadCycle, vacations)
	window := view.Window{From: p.now.AddDate(0, -13, 0), To: p.now}
	for _, asked := range []struct {
		name string
		goal float64
		ids  []int64
		ask  func(id int64) error
	}{
		{"page_link_13_months", linkGoal, some.links, func(id int64) error {
			_, err := models.Link(ctx, everyone, id, view.Compared, p.now)
			return err
		}},
		{"page_link_13_months_delays", 0, some.links, func(id int64) error { _, err := facts.Hours(ctx, id, window); return err }},
		{"page_link_13_months_load", 0, some.links, func(id int64) error { _, err := facts.Carried(ctx, id, window); return err }},
		{"page_fleet_day", fleetGoal, make([]int64, 5), func(int64) error { return p.fleetDay(ctx) }},
	} {
		if cold {
			if asked.goal == 0 {
				continue
			}
			first, err := each(asked.ids, asked.ask)
			if err != nil {
				return fmt.Errorf("%s: %w", asked.name, err)
			}
			lines.Tell(asked.name+"_cold_p50", figure.Median(first.took), "ms")
			continue
		}
		again, err := twice(asked.ids, asked.ask)
		if err != nil {
			return fmt.Errorf("%s: %w", asked.name, err)
		}
		again.tell(asked.name, asked.goal)
	}
	return nil
}

// tell prints how long each took, and what it cost of all processors, the server's work
// included: that is what remains comparable where others use the machine.
func (a answers) tell(name string, goal float64) {
	if goal == 0 {
		lines.Tell(name+"_p50", figure.Median(a.took), "ms")
	} else {
		lines.AtMost(name+"_p50", figure.Median(a.took), "ms", goal)
	}
	lines.Tell(name+"_cpu", a.cpu, "ms")
}

// fleetDay is what every link carried on one day that is over, as the audit of a day
// shows it; nothing of it is remembered from a time before.
func (p *past) fleetDay(ctx context.Context) error {
	day := time.Date(2026, 10, 13, 0, 0, 0, 0, time.UTC)
	r, err := p.audit(ctx, audit.Period{From: day, To: day.AddDate(0, 0, 1)})
	if err == nil && len(r.Lines) != historyLinks {
		err = fmt.Errorf("%d links, expected %d", len(r.Lines), historyLinks)
	}
	return err
}

// served measures pages as a browser that is signed in gets them.
func (p *past) served(ctx context.Context, some ids) (err error) {
	b, err := p.browse(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close(ctx)) }()
	for _, page := range []struct {
		name, address string
		goal          float64
		ids           []int64
	}{
		{"page_site_served", "/sites/%d", siteGoal, some.sites},
		{"page_site_13_months_served", "/sites/%d?range=13m", 0, some.sites},
		{"page_link_13_months_served", "/links/%d?range=13m", 0, some.links},
		{"page_board_served", "/?state=down&q=%d", 0, some.links},
	} {
		got, err := twice(page.ids, func(id int64) error { return b.get(fmt.Sprintf(page.address, id)) })
		if err != nil {
			return fmt.Errorf("%s: %w", page.name, err)
		}
		got.tell(page.name, page.goal)
	}
	return nil
}

// answers are how long each took, and what they cost on average, in milliseconds.
type answers struct {
	took []float64
	cpu  float64
}

// each asks for each.
func each(ids []int64, ask func(int64) error) (a answers, err error) {
	before, _, err := cpuOf(os.Getpid())
	if err != nil {
		return a, err
	}
	for _, id := range ids {
		began := time.Now()
		if err := ask(id); err != nil {
			return a, err
		}
		a.took = append(a.took, float64(time.Since(began).Microseconds())/1000)
	}
	after, _, err := cpuOf(os.Getpid())
	a.cpu = float64((after - before).Milliseconds()) / float64(len(ids))
	return a, err
}

// twice asks for each, and then again: the second time nothing has to come from the disk.
func twice(ids []int64, ask func(int64) error) (answers, error) {
	if a, err := each(ids, ask); err != nil {
		return a, err
	}
	return each(ids, ask)
}

// browser is somebody signed in, and the server of the pages.
type browser struct {
	client http.Client
	server *http.Server
	base   string
	done   chan error
}

// browse serves the pages over the history, at the time at which it ends, and signs in.
func (p *past) browse(ctx context.Context) (*browser, error) {
	conversation, err := store.NewDesk(p.db)
	if err != nil {
		return nil, err
	}
	handler, err := app.Pages(p.db, loadCycle, httpd.Options{
		Inventory: &intake.Service{Store: store.NewIntake(p.db), Changed: func(context.Context) error { return nil }},
		Desk:      desk.New(conversation, ticket.Channels{}, ticket.DefaultPolicy()),
		Trials:    trial.New(trial.Options{Store: store.NewTrials(p.db)}),
		Changes:   still{}, Health: still{},
		Metrics: func(io.Writer) {}, Links: func(io.Writer, org.User) error { return nil },
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return p.now },
	})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &browser{server: handler.HTTP(), base: "http://" + l.Addr().String(), done: make(chan error, 1)}
	go func() { b.done <- b.server.Serve(l) }()
	if b.client.Jar, err = cookiejar.New(nil); err == nil {
		err = b.signIn()
	}
	if err != nil {
		return nil, errors.Join(err, b.close(ctx))
	}
	return b, nil
}

func (b *browser) signIn() error {
	answer, err := b.client.PostForm(b.base+"/signin", url.Values{"login": {historyLogin}, "password": {historyPassword}})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.Request.URL.Path != "/" {
		return fmt.Errorf("sign in: at %s with status %s, expected the board", answer.Request.URL, answer.Status)
	}
	return nil
}

// get reads a page whole.
func (b *browser) get(address string) error {
	answer, err := b.client.Get(b.base + address)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "</html>")) {
		err = fmt.Errorf("%s: status %s and %d octets, expected a whole page", address, answer.Status, len(body))
	}
	return err
}

func (b *browser) close(ctx context.Context) error {
	b.client.CloseIdleConnections()
	err := b.server.Shutdown(ctx)
	if served := <-b.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// still is a chain that stands still.
type still struct{}

// Subscribe tells nothing.
func (still) Subscribe() (<-chan struct{}, func()) { return nil, func() {} }

// Parts names none.
func (still) Parts(context.Context) []httpd.Part { return nil }
