package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"vigie/internal/audit"
	"vigie/internal/fault"
	"vigie/internal/intake"
	"vigie/internal/invoicing"
	"vigie/internal/lab"
	"vigie/internal/lab/operator"
	"vigie/internal/store"
	"vigie/internal/watch"
	"vigie/probe"
)

// mailbox is what commands and pages read of the lab's operators.
type mailbox interface{ Mails() []operator.Mail }

// startLoops sets the live chain going, and in a demo its script.
func (s *Server) startLoops(ctx context.Context) {
	s.run(ctx, "batches", func(ctx context.Context) error {
		return s.pipe.Consume(ctx, func(ctx context.Context, b probe.Batch) error {
			s.metrics.batch(b)
			s.links.Polled(b.Polls)
			s.vantages.delivered(b)
			return s.aside.Apply(ctx, b, time.Now())
		})
	})
	s.run(ctx, "cycle clock", func(ctx context.Context) error {
		s.watch.Run(ctx, watch.Loop{Pending: s.pipe.Awaited, Decided: s.decided, Log: s.opts.Log})
		return nil
	})
	if s.prober != nil {
		s.run(ctx, "days", func(ctx context.Context) error {
			followDays(ctx, s.readSecrets, s.retarget, s.opts.Log)
			return nil
		})
	}
	if s.spool != nil {
		s.run(ctx, "own batches", func(ctx context.Context) error {
			return s.spool.Feed(ctx, s.pipe, s.opts.Configuration.Prober.Name)
		})
	}
	if s.pipe.Open() {
		s.run(ctx, "probers", s.watchVantages)
	}
	if s.watchdog != nil {
		s.watchdog.parts, s.watchdog.warn = s.vitals, s.opts.Log.Warn
		s.run(ctx, "watchdog", s.watchdog.run)
	}
	if s.pusher != nil {
		s.pusher.write, s.pusher.warn = s.writeAll, s.opts.Log.Warn
		s.pusher.sent, s.pusher.failed = s.metrics.pushes()
		s.run(ctx, "push of figures", s.pusher.run)
	}
	if s.opts.Demo {
		s.run(ctx, "history", s.history)
	}
	if s.lab != nil {
		s.run(ctx, "script", s.script)
	}
}

// script plays the demo, once its works are announced.
func (s *Server) script(ctx context.Context) error {
	steps := lab.Script(s.lab.topology, demoSeed)
	if works, planned := lab.Announced(steps); planned {
		if err := announce(ctx, s.instance, works, time.Now()); err != nil {
			return err
		}
	}
	return s.lab.play(ctx, steps, s.opts.Say)
}

// decided is told of each decided cycle.
func (s *Server) decided(r watch.Report) {
	s.metrics.cycle(r)
	s.links.Decided(r)
	if s.prober != nil {
		s.prober.SetUrgent(r.Urgent)
	}
	if s.pipe.Open() {
		s.tellUrgent(r.Urgent)
	}
	s.changes.tell()
}

// pastRetry is how long the history waits for a database that is away.
const pastRetry = 2 * time.Second

// pause waits, and is false when the context ends first.
func pause(ctx context.Context, length time.Duration) bool {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// history fills the demo's past behind pages that already work.
func (s *Server) history(ctx context.Context) error {
	x, err := s.index(ctx)
	if err != nil {
		return err
	}
	began, missing := time.Now(), false
	past, err := NewPast(x, PastOptions{
		Store: store.NewPast(s.instance.db), Prober: s.opts.Configuration.Prober.Name, Now: began,
		Workers: 1, // the others are the living chain's
		Written: func(m store.PastMark) {
			s.metrics.past(m)
			if percent := m.Percent(); percent < 100 {
				missing = true
				s.opts.Progress(percent, fmt.Sprintf("%-15s simulated past: %d %%, back to %s", "history", percent, m.Written.Format(time.DateOnly)))
			}
		},
	})
	if err != nil {
		return err
	}
	mark, err := past.Fill(ctx)
	for fault.KindOf(err) == fault.Unavailable && pause(ctx, pastRetry) {
		mark, err = past.Fill(ctx) // what a lost database had not taken is written again
	}
	if err == nil && missing && mark.Percent() == 100 {
		s.opts.Say(fmt.Sprintf("%-15s simulated past written back to %s in %s", "history", mark.Since.Format(time.DateOnly), time.Since(began).Round(time.Second)))
	}
	return err
}

// controlHandler answers the commands.
func (s *Server) controlHandler() http.Handler {
	mux := http.NewServeMux()
	s.instance.serve(mux)
	opImport.serve(mux, s.instance.Import)
	opAudit.serve(mux, func(ctx context.Context, p audit.Period) (audit.Report, error) {
		return s.instance.Audit(ctx, p, time.Now())
	})
	opReview.serve(mux, s.instance.Review)
	opPending.serve(mux, func(ctx context.Context, _ struct{}) ([]intake.Waiting, error) { return s.instance.Pending(ctx) })
	opBill.serve(mux, func(ctx context.Context, r BillRequest) (invoicing.Bill, error) {
		return s.instance.Bill(ctx, r.Month, time.Now())
	})
	opJournal.serve(mux, func(ctx context.Context, _ struct{}) (JournalAnswer, error) {
		return s.instance.CheckJournal(ctx, func(int, int) {})
	})
	s.serveProbers(mux)
	opPlanImport.serve(mux, s.instance.ImportPlan)
	opPlanShow.serve(mux, s.instance.ShowPlan)
	opPlanFree.serve(mux, s.instance.FreePlan)
	opTestPlan.serve(mux, func(ctx context.Context, _ struct{}) ([]TestChoice, error) { return s.testPlan(ctx, time.Now()) })
	opFault.serve(mux, func(_ context.Context, f lab.Fault) (lab.Active, error) {
		if s.lab == nil {
			return lab.Active{}, errNoLab
		}
		active, err := s.lab.faults.Begin(f)
		if err != nil {
			return lab.Active{}, &fault.Error{Kind: fault.Invalid, Err: err}
		}
		return active, nil
	})
	opEnd.serve(mux, func(_ context.Context, r EndRequest) (struct{}, error) {
		if s.lab == nil {
			return struct{}{}, errNoLab
		}
		return struct{}{}, s.lab.faults.End(r.ID)
	})
	opFaults.serve(mux, func(context.Context, struct{}) ([]lab.Active, error) {
		if s.lab == nil {
			return nil, errNoLab
		}
		return s.lab.faults.List(), nil
	})
	opMails.serve(mux, func(context.Context, struct{}) ([]operator.Mail, error) {
		if s.mails == nil {
			return nil, errNoLab
		}
		return s.mails.Mails(), nil
	})
	opExchanges.serve(mux, func(context.Context, struct{}) (map[string][]operator.Exchange, error) { return s.exchanges() })
	return mux
}

var errNoLab = &fault.Error{Kind: fault.Unavailable, Err: errors.New("this instance has no lab: start it with vigie serve --demo, with the capabilities it asks for")}
