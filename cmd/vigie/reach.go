package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"vigie/internal/app"
	"vigie/internal/audit"
	"vigie/internal/httpd/api"
	"vigie/internal/intake"
	"vigie/internal/invoicing"
)

// commands is what an instance can be asked, running or opened for the command.
type commands interface {
	Import(ctx context.Context, in app.ImportRequest) (app.ImportAnswer, error)
	Review(ctx context.Context, in app.ReviewRequest) (app.ImportAnswer, error)
	Pending(ctx context.Context) ([]intake.Waiting, error)
	Bill(ctx context.Context, month, now time.Time) (invoicing.Bill, error)
	Audit(ctx context.Context, p audit.Period, now time.Time) (audit.Report, error)
	ImportPlan(ctx context.Context, in app.PlanImport) (app.ImportAnswer, error)
	ShowPlan(ctx context.Context, q app.PlanQuestion) (app.PlanAnswer, error)
	FreePlan(ctx context.Context, q app.FreeQuestion) (app.FreeAnswer, error)
	Links(ctx context.Context, q api.LinkQuery) (api.Live[api.Link], error)
	Link(ctx context.Context, q app.LinkQuestion) (api.LinkDetail, error)
	Sites(ctx context.Context, q api.SiteQuery) (api.Live[api.Site], error)
	Probers(ctx context.Context, q api.Pieces) (api.Live[api.Prober], error)
	Incidents(ctx context.Context, q api.PastQuery) (api.Live[api.Incident], error)
	Tickets(ctx context.Context, q api.TicketQuery) (api.Live[api.TicketBrief], error)
	Ticket(ctx context.Context, q app.TicketQuestion) (api.Ticket, error)
	Begin(ctx context.Context, b app.Beginning) (app.ImportAnswer, error)
	People(ctx context.Context) ([]app.Person, error)
	AddPerson(ctx context.Context, n app.NewPerson) (app.Person, error)
	SetPassword(ctx context.Context, c app.PasswordChange) error
	Disable(ctx context.Context, c app.DisableChange) error
	Tokens(ctx context.Context, q app.TokenQuestion) ([]app.TokenRow, error)
	MakeToken(ctx context.Context, r app.TokenRequest) (app.TokenAnswer, error)
	RevokeToken(ctx context.Context, r app.TokenRevocation) error
	Outposts(ctx context.Context) ([]app.ProberRow, error)
	RevokeProber(ctx context.Context, n app.ProberName) error
	CheckJournal(ctx context.Context, progress func(done, total int)) (app.JournalAnswer, error)
	Close(ctx context.Context) error
}

func (s surroundings) dir() (string, error) {
	if s.data != "" {
		return filepath.Abs(s.data)
	}
	return app.RunningDir()
}

// reach finds the running instance, or opens the private database for the time
// of the command.
func (s surroundings) reach() (commands, error) { return s.reachWith("") }

// reachWith finds the running instance, or opens a database of one's own, the private
// one when none is named.
func (s surroundings) reachWith(databaseURL string) (commands, error) {
	dir, err := s.dir()
	if err != nil {
		return nil, err
	}
	if app.Running(dir) {
		return app.Connect(dir), nil
	}
	fmt.Fprintf(s.talk, "no running instance: opening the data in %s\n", dir)
	return app.OpenInstance(s.ctx, app.OpenOptions{Dir: dir, DatabaseURL: databaseURL, Cycle: app.DefaultConfiguration().Prober.Cycle, Log: s.logger})
}

// running finds the running instance, and nothing else.
func (s surroundings) running() (*app.Remote, error) {
	dir, err := s.dir()
	if err != nil {
		return nil, err
	}
	if !app.Running(dir) {
		return nil, fmt.Errorf("no Vigie runs with data in %s: start it with vigie serve --demo, or name its --data", dir)
	}
	return app.Connect(dir), nil
}

func (s surroundings) leave(c interface{ Close(context.Context) error }) {
	if err := c.Close(context.WithoutCancel(s.ctx)); err != nil {
		fmt.Fprintln(s.talk, "vigie:", err)
	}
}
