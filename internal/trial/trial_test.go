package trial_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"vigie/internal/fault"
	"vigie/internal/inventory"
	"vigie/internal/journal"
	"vigie/internal/org"
	"vigie/internal/trial"
	"vigie/probe"
)

// book is a store that remembers the last request and its entry.
type book struct {
	saved *trial.Request
	entry journal.Entry
}

func (b *book) Inventory(context.Context) (*inventory.Index, error) {
	return inventory.NewIndex(inventory.Snapshot{
		Sites: []inventory.Site{{Key: "s", Organisation: "cea"}},
		Links: []inventory.Link{{ID: 1, Ref: "L-1", Sites: []string{"s"}}, {ID: 2, Ref: "L-2"}},
	}), nil
}

func (b *book) Request(context.Context, int64, time.Time) (*trial.Request, error) {
	return b.saved, nil
}

func (b *book) Save(_ context.Context, r trial.Request, e journal.Entry) error {
	b.saved, b.entry = &r, e
	return nil
}

var (
	now     = time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	network = org.User{ID: 7, Role: org.Network, Territory: org.Territory{Organisations: []string{"cea"}}}
	good    = trial.Plan{Closed: probe.OutsideWindow, Up: true, LoadPerMille: 400}
)

func service(b *book, p trial.Plan) *trial.Service {
	return trial.New(trial.Options{Store: b, Plan: func(context.Context, inventory.Link, time.Time) (trial.Plan, error) { return p, nil }})
}

func TestATestIsForTheNetworkTeamOfTheTerritory(t *testing.T) {
	t.Parallel()
	s := service(&book{}, good)
	everywhere := org.Territory{All: true}
	for _, test := range []struct {
		name string
		who  org.User
		link int64
		want fault.Kind
	}{
		{"the network team", network, 1, fault.Internal},
		{"of a link of nobody", network, 2, fault.NotFound},
		{"of a link of nobody, everywhere", org.User{Role: org.Network, Territory: everywhere}, 2, fault.Internal},
		{"of no link", network, 3, fault.NotFound},
		{"another member's team", org.User{Role: org.Network, Territory: org.Territory{Organisations: []string{"meuse"}}}, 1, fault.NotFound},
		{"the auditor", org.User{Role: org.Auditor, Territory: everywhere}, 1, fault.Forbidden},
	} {
		_, err := s.Offer(t.Context(), test.who, test.link, now)
		if err == nil != (test.want == fault.Internal) || err != nil && fault.KindOf(err) != test.want {
			t.Errorf("%s: error %v, want of kind %v", test.name, err, test.want)
		}
	}
	if _, err := trial.New(trial.Options{Store: &book{}}).Offer(t.Context(), network, 1, now); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("where no link is tested: %v", err)
	}
}

func TestARequestIsKeptWithItsEntry(t *testing.T) {
	t.Parallel()
	b := &book{}
	s := service(b, good)
	if err := s.Ask(t.Context(), network, 1, trial.Ask{}, now); err != nil || b.saved.Insists || !b.saved.Until.Equal(now.Add(trial.WaitsFor)) {
		t.Errorf("one that waits: %+v, error %v", b.saved, err)
	}
	if err := s.Ask(t.Context(), network, 1, trial.Ask{Insists: true, Reason: " contestation "}, now); err != nil || !b.saved.Until.Equal(now.Add(trial.InsistsFor)) {
		t.Errorf("one that insists: %+v, error %v", b.saved, err)
	}
	var body struct {
		Link, Reason string
		Insists      bool
		Closed       probe.NotRun
	}
	if err := json.Unmarshal(b.entry.Body, &body); err != nil {
		t.Fatal(err)
	}
	if b.entry.Actor != "user:7" || body.Link != "L-1" || body.Reason != "contestation" || !body.Insists || body.Closed != probe.OutsideWindow {
		t.Errorf("entry %+v with %+v", b.entry, body)
	}
}

func TestNobodyInsistsWithoutAReasonOrAgainstTheGuards(t *testing.T) {
	t.Parallel()
	insist := trial.Ask{Insists: true, Reason: "contestation"}
	for _, test := range []struct {
		plan trial.Plan
		ask  trial.Ask
		want probe.NotRun // empty = the request itself is refused
	}{
		{good, trial.Ask{Insists: true, Reason: " "}, ""},
		{good, trial.Ask{Reason: strings.Repeat("é", 301)}, ""},
		{trial.Plan{Up: true, Closed: probe.InSchoolHours}, insist, probe.InSchoolHours},
		{trial.Plan{Up: true, Closed: probe.InExams}, insist, probe.InExams},
		{trial.Plan{Up: true, Closed: probe.CalendarUnknown}, insist, probe.CalendarUnknown},
		{trial.Plan{}, insist, probe.LinkNotUp},
	} {
		b := &book{}
		err := service(b, test.plan).Ask(t.Context(), network, 1, test.ask, now)
		var refused *trial.Refused
		switch {
		case b.saved != nil:
			t.Errorf("%+v of %+v is kept", test.ask, test.plan)
		case test.want == "" && fault.KindOf(err) != fault.Invalid:
			t.Errorf("%+v: error %v, want one of kind invalid", test.ask, err)
		case test.want != "" && (!errors.As(err, &refused) || refused.Reason != test.want):
			t.Errorf("%+v: error %v, want %s", test.plan, err, test.want)
		}
	}
}
