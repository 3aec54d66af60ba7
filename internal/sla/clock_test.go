package sla_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/sla"
)

var fourHours = contract.Clause{Lot: "lot-1", GTR: 4 * time.Hour, ClockStart: contract.StartDelivered}

const office = "1-5 08:00-18:00"

// outage is one row: when the request was delivered and the service restored
// ("" = still out), and what the clock must read at now, or at the restoration.
type outage struct {
	name, hours              string
	holidays                 calendar.Holidays
	delivered, restored, now string
	gels                     [][2]string // "" = open
	elapsed                  time.Duration
	deadline                 string // "" = none
	overrun                  time.Duration
	startedHours             int64
	state                    sla.State
}

func (o outage) timeline(t *testing.T) sla.Timeline {
	t.Helper()
	timeline := sla.Timeline{Delivered: local(t, o.delivered)}
	if o.restored != "" {
		timeline.Restored = local(t, o.restored)
	}
	for _, bounds := range o.gels {
		timeline.Gels = append(timeline.Gels, gel(t, bounds[0], bounds[1]))
	}
	return timeline
}

func TestClock(t *testing.T) {
	t.Parallel()
	const metropole, alsace, noFriday = calendar.Metropole, calendar.AlsaceMoselle, calendar.AlsaceMoselleNoGoodFriday
	tests := []outage{
		{
			name: "a night is not counted in office hours", hours: office, holidays: metropole,
			delivered: "2026-06-09T17:00", restored: "2026-06-10T09:30",
			elapsed: 150 * time.Minute, deadline: "2026-06-10T11:00", state: sla.Stopped,
		},
		{
			name: "a weekend is not counted in office hours", hours: office, holidays: metropole,
			delivered: "2026-06-05T15:00", restored: "2026-06-08T10:00",
			elapsed: 5 * time.Hour, deadline: "2026-06-08T09:00", overrun: time.Hour, startedHours: 1, state: sla.Stopped,
		},
		{
			name: "a Saturday is counted where it is served", hours: "1-6 08:00-18:00", holidays: metropole,
			delivered: "2026-06-05T17:00", restored: "2026-06-06T12:00",
			elapsed: 5 * time.Hour, deadline: "2026-06-06T11:00", overrun: time.Hour, startedHours: 1, state: sla.Stopped,
		},
		{
			name: "a holiday is not counted", hours: office, holidays: metropole,
			delivered: "2026-07-13T16:00", restored: "2026-07-15T09:00",
			elapsed: 3 * time.Hour, deadline: "2026-07-15T10:00", state: sla.Stopped,
		},
		{
			name: "a start on a holiday moves to the next opening", hours: office, holidays: metropole,
			delivered: "2026-05-14T10:00", restored: "2026-05-15T09:00",
			elapsed: time.Hour, deadline: "2026-05-15T12:00", state: sla.Stopped,
		},
		{
			name: "Good Friday is not counted with a temple", hours: office, holidays: alsace,
			delivered: "2026-04-02T17:00", restored: "2026-04-07T10:00",
			elapsed: 3 * time.Hour, deadline: "2026-04-07T11:00", state: sla.Stopped,
		},
		{
			name: "Good Friday is counted without one", hours: office, holidays: noFriday,
			delivered: "2026-04-02T17:00", restored: "2026-04-07T10:00",
			elapsed: 13 * time.Hour, deadline: "2026-04-03T11:00", overrun: 9 * time.Hour, startedHours: 9, state: sla.Stopped,
		},
		{
			name: "the spring night is an hour short", hours: "24x7",
			delivered: "2026-03-28T22:00", restored: "2026-03-29T06:00",
			elapsed: 7 * time.Hour, deadline: "2026-03-29T03:00", overrun: 3 * time.Hour, startedHours: 3, state: sla.Stopped,
		},
		{
			name: "the autumn night is an hour long", hours: "24x7",
			delivered: "2026-10-24T22:00", restored: "2026-10-25T06:00",
			elapsed: 9 * time.Hour, deadline: "2026-10-25T02:00", overrun: 5 * time.Hour, startedHours: 5, state: sla.Stopped,
		},
		{
			name: "gels that overlap count once", hours: "24x7",
			delivered: "2026-06-09T08:00", restored: "2026-06-09T14:00",
			gels:    [][2]string{{"2026-06-09T09:00", "2026-06-09T10:00"}, {"2026-06-09T09:30", "2026-06-09T10:30"}, {"2026-06-09T09:15", "2026-06-09T09:45"}},
			elapsed: 270 * time.Minute, deadline: "2026-06-09T13:30", overrun: 30 * time.Minute, startedHours: 1, state: sla.Stopped,
		},
		{
			name: "a gel wholly outside hours changes nothing", hours: office, holidays: metropole,
			delivered: "2026-06-09T17:00", restored: "2026-06-10T09:30",
			gels:    [][2]string{{"2026-06-09T18:00", "2026-06-10T08:00"}},
			elapsed: 150 * time.Minute, deadline: "2026-06-10T11:00", state: sla.Stopped,
		},
		{
			name: "a gel over the start delays only the deadline", hours: "24x7",
			delivered: "2026-06-09T08:00", now: "2026-06-09T09:30",
			gels:    [][2]string{{"2026-06-09T07:00", "2026-06-09T09:00"}},
			elapsed: 30 * time.Minute, deadline: "2026-06-09T13:00", state: sla.Running,
		},
		{
			name: "an open gel leaves no deadline", hours: "24x7",
			delivered: "2026-06-09T08:00", now: "2026-06-12T08:00",
			gels:    [][2]string{{"2026-06-09T09:00", ""}},
			elapsed: time.Hour, state: sla.Suspended,
		},
		{
			name: "a gel opened after the deadline keeps it, and stops the overrun", hours: "24x7",
			delivered: "2026-06-09T08:00", now: "2026-06-12T08:00",
			gels:    [][2]string{{"2026-06-09T13:00", ""}},
			elapsed: 5 * time.Hour, deadline: "2026-06-09T12:00", overrun: time.Hour, startedHours: 1, state: sla.Overrun,
		},
		{
			name: "the restoration ends an open gel", hours: "24x7",
			delivered: "2026-06-09T08:00", restored: "2026-06-09T18:00",
			gels:    [][2]string{{"2026-06-09T09:00", ""}},
			elapsed: time.Hour, deadline: "2026-06-09T21:00", state: sla.Stopped,
		},
		{
			name: "a planned gel that covers now suspends with a date", hours: "24x7",
			delivered: "2026-06-09T08:00", now: "2026-06-09T10:00",
			gels:    [][2]string{{"2026-06-09T09:00", "2026-06-09T20:00"}},
			elapsed: time.Hour, deadline: "2026-06-09T23:00", state: sla.Suspended,
		},
		{
			name: "restored before the contractual start costs nothing", hours: office, holidays: metropole,
			delivered: "2026-06-09T20:00", restored: "2026-06-10T06:00",
			deadline: "2026-06-10T12:00", state: sla.Stopped,
		},
		{
			name: "restored exactly at the deadline is in time", hours: "24x7",
			delivered: "2026-06-09T08:00", restored: "2026-06-09T12:00",
			elapsed: 4 * time.Hour, deadline: "2026-06-09T12:00", state: sla.Stopped,
		},
		{
			name: "the GTR consumed at the closing is no overrun before the next opening", hours: office, holidays: metropole,
			delivered: "2026-06-09T14:00", now: "2026-06-09T23:00",
			elapsed: 4 * time.Hour, deadline: "2026-06-09T18:00", state: sla.Running,
		},
		{
			name: "a restoration later than now has not happened", hours: "24x7",
			delivered: "2026-06-09T08:00", restored: "2026-06-09T20:00", now: "2026-06-09T09:00",
			elapsed: time.Hour, deadline: "2026-06-09T12:00", state: sla.Running,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			check(t, tt)
		})
	}
}

func check(t *testing.T, tt outage) {
	t.Helper()
	now := tt.now
	if now == "" {
		now = tt.restored
	}
	got := sla.Clock(tt.timeline(t), fourHours, hours(t, tt.hours, tt.holidays), local(t, now))
	want := got // the events are tested apart
	want.State, want.Elapsed, want.Overrun = tt.state, tt.elapsed, tt.overrun
	want.Remaining = max(0, fourHours.GTR-tt.elapsed)
	want.Deadline = time.Time{}
	if tt.deadline != "" {
		want.Deadline = local(t, tt.deadline)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reading (-want +got):\n%s", diff)
	}
	if got.StartedHours() != tt.startedHours {
		t.Errorf("%d started hours, want %d", got.StartedHours(), tt.startedHours)
	}
}

func TestOverrunIsExactAndAnyBegunHourIsStarted(t *testing.T) {
	t.Parallel()
	delivered := local(t, "2026-06-09T08:00")
	always := calendar.Service{Always: true}
	for overrun, want := range map[time.Duration]int64{
		-time.Nanosecond: 0, 0: 0, time.Nanosecond: 1, 59*time.Minute + 59*time.Second: 1,
		time.Hour: 1, time.Hour + time.Nanosecond: 2, 30 * time.Hour: 30,
	} {
		restored := delivered.Add(fourHours.GTR + overrun)
		got := sla.Clock(sla.Timeline{Delivered: delivered, Restored: restored}, fourHours, always, restored)
		if got.StartedHours() != want || got.Overrun != max(0, overrun) {
			t.Errorf("restored %v after the deadline: overrun %v, %d started hours, want %d", overrun, got.Overrun, got.StartedHours(), want)
		}
	}
}

func TestTheClauseNamesTheEventThatStartsTheClock(t *testing.T) {
	t.Parallel()
	sent, delivered, acknowledged := local(t, "2026-06-09T08:00"), local(t, "2026-06-09T08:01"), local(t, "2026-06-09T08:30")
	all := sla.Timeline{Sent: sent, Delivered: delivered, Acknowledged: acknowledged}
	tests := []struct {
		name     string
		timeline sla.Timeline
		named    contract.ClockStart
		event    contract.ClockStart
		at       time.Time
		fallback bool
	}{
		{"sent", all, contract.StartSent, contract.StartSent, sent, false},
		{"delivered", all, contract.StartDelivered, contract.StartDelivered, delivered, false},
		{"acknowledged", all, contract.StartAcknowledged, contract.StartAcknowledged, acknowledged, false},
		{
			"without acknowledgement the proof of delivery stands",
			sla.Timeline{Sent: sent, Delivered: delivered},
			contract.StartAcknowledged, contract.StartDelivered, delivered, true,
		},
		{
			"an acknowledgement proves a delivery nobody noted",
			sla.Timeline{Sent: sent, Acknowledged: acknowledged},
			contract.StartDelivered, contract.StartAcknowledged, acknowledged, true,
		},
		{"a message merely sent starts nothing", sla.Timeline{Sent: sent}, contract.StartDelivered, "", time.Time{}, false},
		{"nothing happened", sla.Timeline{}, contract.StartSent, "", time.Time{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			clause := fourHours
			clause.ClockStart = tt.named
			got := sla.Clock(tt.timeline, clause, calendar.Service{Always: true}, acknowledged)
			if got.Event != tt.event || !got.EventAt.Equal(tt.at) || !got.Start.Equal(tt.at) || got.Fallback != tt.fallback {
				t.Errorf("started by %q at %s, start %s, fallback %t", got.Event, got.EventAt, got.Start, got.Fallback)
			}
			if pending := got.State == sla.Pending; pending != (tt.event == "") {
				t.Errorf("state %q", got.State)
			}
		})
	}
}

func TestTheEventKeepsItsTimeWhenTheStartMoves(t *testing.T) {
	t.Parallel()
	delivered := local(t, "2026-06-06T22:00")
	got := sla.Clock(sla.Timeline{Delivered: delivered}, fourHours, hours(t, office, calendar.Metropole), delivered)
	if want := local(t, "2026-06-08T08:00"); !got.Start.Equal(want) || !got.EventAt.Equal(delivered) {
		t.Errorf("event at %s, start %s, want start %s", got.EventAt, got.Start, want)
	}
}

func TestAContestedGelStopsNothingAndIsMeasured(t *testing.T) {
	t.Parallel()
	contested := gel(t, "2026-06-09T09:00", "2026-06-09T11:00")
	contested.Accepted = false
	timeline := sla.Timeline{
		Delivered: local(t, "2026-06-09T08:00"),
		Restored:  local(t, "2026-06-09T13:00"),
		Gels:      []sla.Gel{contested, gel(t, "2026-06-09T10:30", "2026-06-09T11:30")},
	}
	got := sla.Clock(timeline, fourHours, calendar.Service{Always: true}, timeline.Restored)
	if got.Elapsed != 4*time.Hour || got.Contested != 90*time.Minute {
		t.Errorf("elapsed %v, contested %v, want 4h and 1h30", got.Elapsed, got.Contested)
	}
	timeline.Gels[0].Accepted = true
	got = sla.Clock(timeline, fourHours, calendar.Service{Always: true}, timeline.Restored)
	if got.Elapsed != 150*time.Minute || got.Contested != 0 {
		t.Errorf("once accepted: elapsed %v, contested %v, want 2h30 and 0", got.Elapsed, got.Contested)
	}
}

func TestAnOpenContestedGelKeepsTheDeadline(t *testing.T) {
	t.Parallel()
	contested := gel(t, "2026-06-09T09:00", "")
	contested.Accepted = false
	timeline := sla.Timeline{Delivered: local(t, "2026-06-09T08:00"), Gels: []sla.Gel{contested}}
	got := sla.Clock(timeline, fourHours, calendar.Service{Always: true}, local(t, "2026-06-09T10:00"))
	if got.State != sla.Running || !got.Deadline.Equal(local(t, "2026-06-09T12:00")) || got.Contested != time.Hour {
		t.Errorf("state %q, deadline %s, contested %v", got.State, got.Deadline, got.Contested)
	}
}

func TestExclusionsAndRespitesAreNotCounted(t *testing.T) {
	t.Parallel()
	timeline := sla.Timeline{
		Delivered:  local(t, "2026-06-09T08:00"),
		Restored:   local(t, "2026-06-09T16:00"),
		Exclusions: []sla.Exclusion{{From: local(t, "2026-06-09T09:00"), To: local(t, "2026-06-09T10:00"), Reason: sla.AnnouncedWorks}},
		Respites:   []calendar.Interval{{From: local(t, "2026-06-09T12:00"), To: local(t, "2026-06-09T15:00")}},
	}
	got := sla.Clock(timeline, fourHours, calendar.Service{Always: true}, timeline.Restored)
	if got.Elapsed != 4*time.Hour || !got.Deadline.Equal(timeline.Restored) {
		t.Errorf("elapsed %v, deadline %s, want 4h and 16:00", got.Elapsed, got.Deadline)
	}
}

func TestAClauseWithoutGTRHasNoDeadlineAndNoOverrun(t *testing.T) {
	t.Parallel()
	timeline := sla.Timeline{Delivered: local(t, "2026-06-09T08:00")}
	clause := contract.Clause{ClockStart: contract.StartDelivered}
	got := sla.Clock(timeline, clause, calendar.Service{Always: true}, local(t, "2026-06-19T08:00"))
	if got.State != sla.Running || !got.Deadline.IsZero() || got.Overrun != 0 || got.Elapsed != 240*time.Hour {
		t.Errorf("got %+v", got)
	}
}

func TestReachIsTheInstantOfEachRungOfALadder(t *testing.T) {
	t.Parallel()
	service := hours(t, office, calendar.Metropole)
	timeline := sla.Timeline{Delivered: local(t, "2026-06-09T15:00"), Gels: []sla.Gel{gel(t, "2026-06-09T16:00", "2026-06-09T17:00")}}
	for consumed, want := range map[time.Duration]string{
		0: "2026-06-09T15:00", 2 * time.Hour: "2026-06-09T18:00", 3 * time.Hour: "2026-06-10T09:00", 8 * time.Hour: "2026-06-10T14:00",
	} {
		at, ok := sla.Reach(timeline, fourHours, service, consumed)
		if !ok || !at.Equal(local(t, want)) {
			t.Errorf("%v consumed at %s, %t, want %s", consumed, at, ok, want)
		}
	}
	timeline.Gels = []sla.Gel{gel(t, "2026-06-09T16:00", "")}
	if at, ok := sla.Reach(timeline, fourHours, service, 2*time.Hour); ok {
		t.Errorf("consumed at %s under an open gel", at)
	}
	if at, ok := sla.Reach(sla.Timeline{}, fourHours, service, 0); ok {
		t.Errorf("a pending clock reached 0 at %s", at)
	}
}

// The clock moves only forward, by no more than the time that passes, and its
// deadline is where the overrun begins.
func TestAClockReadLaterHasCountedNoLessAndNoMoreThanTheTimeBetween(t *testing.T) {
	t.Parallel()
	service := hours(t, office, calendar.AlsaceMoselle)
	start := local(t, "2026-04-02T16:20")
	minute := func(t *rapid.T, label string) time.Time {
		return start.Add(time.Duration(rapid.IntRange(0, 8*1440).Draw(t, label)) * time.Minute)
	}
	rapid.Check(t, func(t *rapid.T) {
		timeline := sla.Timeline{Delivered: start}
		for range rapid.IntRange(0, 3).Draw(t, "gels") {
			timeline.Gels = append(timeline.Gels, sla.Gel{From: minute(t, "from"), To: minute(t, "to"), Accepted: rapid.Bool().Draw(t, "accepted")})
		}
		now := minute(t, "now")
		then := now.Add(time.Duration(rapid.IntRange(0, 1440).Draw(t, "later")) * time.Minute)
		a, b := sla.Clock(timeline, fourHours, service, now), sla.Clock(timeline, fourHours, service, then)
		if grown := b.Elapsed - a.Elapsed; grown < 0 || grown > then.Sub(now) {
			t.Fatalf("elapsed %v at %s, %v at %s", a.Elapsed, now, b.Elapsed, then)
		}
		if !a.Deadline.Equal(b.Deadline) {
			t.Fatalf("the deadline moved from %s to %s by waiting", a.Deadline, b.Deadline)
		}
		if a.Overrun > 0 && !now.After(a.Deadline) || a.Remaining > 0 && !now.Before(a.Deadline) {
			t.Fatalf("deadline %s, at %s remaining %v, overrun %v", a.Deadline, now, a.Remaining, a.Overrun)
		}
	})
}
