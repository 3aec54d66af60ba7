package ticket_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/ticket"
)

// told is a ticket open since at(0) with the operator's system, delivered at(1).
func told() ticket.Ticket {
	k := opened(ticket.Automatic).Ticket
	k.Channel = "tmf621"
	k.Current().SentAt, k.Current().DeliveredAt = at(1), at(1)
	return k
}

// taken is what an operator tells that has read the ticket.
func taken(word ticket.Word, changed time.Time) ticket.Told {
	return ticket.Told{
		Reference: "TT-1", Status: word, Raw: string(word), ChangedAt: changed, Acknowledged: true, AcknowledgedAt: changed,
		Resolved: word == ticket.ToldResolved || word == ticket.ToldClosed,
	}
}

func TestAnOperatorsClockMovesNothingBeyondOurReadings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ theirs, want time.Time }{
		"right":            {at(2), at(2)},
		"a day behind":     {at(2).AddDate(0, 0, -1), at(1)},
		"a day ahead":      {at(2).AddDate(0, 0, 1), at(3)},
		"not told":         {time.Time{}, at(3)},
		"finer than kept":  {at(2).Add(7 * time.Nanosecond), at(2)},
		"before our birth": {time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), at(1)},
	} {
		k := ticket.Hear(told(), taken(ticket.ToldPending, c.theirs), at(3)).Ticket
		if got := k.Current().Ack.At; !got.Equal(c.want) {
			t.Errorf("%s: acknowledged at %s, want %s", name, got, c.want)
		}
		if got := k.Gels[0].From; !got.Equal(c.want) {
			t.Errorf("%s: suspended from %s, want %s", name, got, c.want)
		}
		k = ticket.Hear(k, taken(ticket.ToldInProgress, at(3).AddDate(0, 0, -1)), at(5)).Ticket
		if got := k.Gels[0].To; !got.Equal(at(3)) {
			t.Errorf("%s: suspended until %s, want the reading before, %s", name, got, at(3))
		}
	}
}

func TestOurClockGoingBackLosesNothing(t *testing.T) {
	t.Parallel()
	k := ticket.Hear(told(), taken(ticket.ToldPending, at(9)), at(10)).Ticket
	k = ticket.Hear(k, taken(ticket.ToldInProgress, at(4)), at(4)).Ticket
	if g := k.Gels[0]; g.To.Before(g.From) {
		t.Errorf("a suspension from %s to %s", g.From, g.To)
	}
	before := told()
	early := ticket.Hear(before, taken(ticket.ToldAcknowledged, at(1)), before.Current().Since.Add(-time.Hour)).Ticket
	if early.Current().Ack.Reference != "" {
		t.Error("acknowledged before the outage")
	}
	if later := ticket.Hear(early, taken(ticket.ToldAcknowledged, at(1)), at(6)).Ticket; later.Current().Ack.Reference != "TT-1" {
		t.Error("the acknowledgement was lost")
	}
}

func TestAnAnswerThatAPersonTypedStays(t *testing.T) {
	t.Parallel()
	k := told()
	k.Current().Ack = ticket.Ack{Reference: "BY-PHONE", At: at(2), By: 7}
	if got := ticket.Hear(k, taken(ticket.ToldAcknowledged, at(2)), at(3)).Ticket.Periods[0].Ack; got.Reference != "BY-PHONE" {
		t.Errorf("acknowledgement %+v, want the one that a person typed", got)
	}
}

func TestAWordThatTheInterfaceDoesNotKnowIsKept(t *testing.T) {
	t.Parallel()
	d := ticket.Hear(told(), ticket.Told{Reference: "TT-1", Status: ticket.ToldOpen, Raw: "waitingForSpare", Reason: "a\x00b\u202e\r\nc"}, at(3))
	want := []ticket.Remark{{Number: 1, Kind: ticket.StatusRemark, At: at(3), Status: ticket.ToldOpen, Text: "waitingForSpare : a b \nc"}}
	if diff := cmp.Diff(want, d.Ticket.Remarks); diff != "" {
		t.Errorf("remarks (-want +got):\n%s", diff)
	}
	if d.Ticket.Periods[0].Ack.Reference != "" || len(d.Ticket.Gels) != 0 {
		t.Errorf("a word that is not known did something: %+v", d.Ticket)
	}
}

func TestOnlyTheOperatorsNotesJoinTheConversation(t *testing.T) {
	t.Parallel()
	k := told()
	say := ticket.Told{Reference: "TT-1", Status: ticket.ToldOpen, Notes: []ticket.Note{
		{Author: "Vigie", At: at(1), Text: "[" + k.Number + ".1] Coupure"},
		{Author: "Guichet", At: at(2).Add(time.Nanosecond), Text: "Re: [" + k.Number + ".1] vu"},
		{Text: "  "},
		{Author: "Guichet", At: at(2), Text: strings.Repeat("é", 5000)},
	}}
	first := ticket.Hear(k, say, at(3))
	if len(first.Said) != 2 || !strings.HasPrefix(first.Said[0].Text, "Re: ") || utf8.RuneCountInString(first.Said[1].Text) != 4001 {
		t.Fatalf("said %d remarks: %.200v", len(first.Said), first.Said)
	}
	if second := ticket.Hear(first.Ticket, say, at(4)); second.Reason != ticket.Looked || len(second.Ticket.Remarks) != 2 {
		t.Errorf("the same again is %s with %d remarks", second.Reason, len(second.Ticket.Remarks))
	}
	for i := range 600 {
		say.Notes = append(say.Notes, ticket.Note{Text: strings.Repeat("x", i+1)})
	}
	if n := len(ticket.Hear(k, say, at(3)).Ticket.Remarks); n != 500 {
		t.Errorf("%d remarks are kept, want 500 at most", n)
	}
}

func TestAfterAReopeningOnlyALaterWordAcknowledges(t *testing.T) {
	t.Parallel()
	k := ticket.Hear(told(), taken(ticket.ToldResolved, at(3)), at(4)).Ticket
	claimed := k.Periods[0].ClaimedAt
	k = ticket.Resolve(k, facts(ticket.Automatic), at(5), policy(), at(6)).Ticket
	f := facts(ticket.Automatic)
	f.Since = at(7)
	k = ticket.Reopen(k, f, policy(), at(8)).Ticket
	k.Current().DeliveredAt = at(9)
	again := taken(ticket.ToldResolved, at(3))
	again.ResolvedAt = claimed
	k = ticket.Hear(k, again, at(10)).Ticket
	if k.Current().Ack.Reference != "" || !k.Current().ClaimedAt.IsZero() {
		t.Errorf("what was told of the absence before counts for this one: %+v", k.Current())
	}
	k = ticket.Hear(k, taken(ticket.ToldInProgress, at(11)), at(12)).Ticket
	if got := k.Current().Ack; got.Reference != "TT-1" || got.At.Before(at(9)) {
		t.Errorf("acknowledgement %+v, want that of the re-opening", got)
	}
}

func TestAClaimThatIsTakenBackIsNoClaim(t *testing.T) {
	t.Parallel()
	k := ticket.Hear(told(), taken(ticket.ToldResolved, at(3)), at(4)).Ticket
	if by, contested := k.Current().Dispute(at(60)); !contested || by != at(60).Sub(at(3)) {
		t.Errorf("an hour later the dispute is about %s (%v)", by, contested)
	}
	if _, contested := k.Current().Dispute(at(4)); contested {
		t.Error("a claim of a minute ago is contested already")
	}
	k = ticket.Hear(k, taken(ticket.ToldInProgress, at(5)), at(6)).Ticket
	if !k.Current().ClaimedAt.IsZero() {
		t.Errorf("still claimed: %s", k.Current().ClaimedAt)
	}
}

func TestAnOperatorCannotMakeSuspensionsWithoutEnd(t *testing.T) {
	t.Parallel()
	k := told()
	for minute := 2; minute < 302; minute++ {
		word := []ticket.Word{ticket.ToldPending, ticket.ToldInProgress}[minute%2]
		k = ticket.Hear(k, taken(word, at(minute)), at(minute)).Ticket
	}
	if n := len(k.Gels); n != 100 {
		t.Errorf("%d suspensions are kept, want 100 at most", n)
	}
}

func TestAClaimWithoutATimeIsAsOldAsTheWord(t *testing.T) {
	t.Parallel()
	for name, changed := range map[string]time.Time{"no time at all": {}, "a clock that is behind": at(-600)} {
		k := told()
		for minute := 3; minute <= 20; minute++ {
			k = ticket.Hear(k, taken(ticket.ToldClosed, changed), at(minute)).Ticket
		}
		if got := k.Current().ClaimedAt; got.After(at(3)) {
			t.Errorf("%s: claimed at %s, want the first reading of the word, %s, at the latest", name, got, at(3))
		}
		if _, contested := k.Current().Dispute(at(20)); !contested {
			t.Errorf("%s: closed by the operator for 17 minutes of the outage, and not contested", name)
		}
	}
}

func TestAClaimThatChangesStandsInTheJournal(t *testing.T) {
	t.Parallel()
	say := taken(ticket.ToldResolved, at(3))
	say.ResolvedAt = at(2)
	k := ticket.Hear(told(), say, at(4)).Ticket
	if d := ticket.Hear(k, say, at(5)); d.Reason != ticket.Looked {
		t.Errorf("the same claim again is %s", d.Reason)
	}
	say.ResolvedAt = at(1)
	if d := ticket.Hear(k, say, at(5)); d.Reason != ticket.OperatorSaid || !d.Ticket.Current().ClaimedAt.Equal(at(1)) {
		t.Errorf("another time of restoration is %s, claimed at %s", d.Reason, d.Ticket.Current().ClaimedAt)
	}
}

func TestTheLooksEnd(t *testing.T) {
	t.Parallel()
	k := told()
	resolved := k
	resolved.Status, resolved.ResolvedAt = ticket.Resolved, at(10)
	both := resolved
	both.Heard.Status = ticket.ToldClosed
	for name, c := range map[string]struct {
		ticket ticket.Ticket
		period int
		at     time.Time
		want   bool
	}{
		"while it is open":               {k, 0, at(5), true},
		"for a period that is over":      {k, 1, at(5), false},
		"after our resolution":           {resolved, 0, at(11), true},
		"a day after it":                 {resolved, 0, at(10).AddDate(0, 0, 1), false},
		"once both have done with it":    {both, 0, at(11), false},
		"our clock gone back afterwards": {resolved, 0, at(2), true},
	} {
		if got := c.ticket.Looks(ticket.Look{Ticket: k.ID, Period: c.period}, c.at); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestWhateverAnOperatorTellsItDecidesNothing(t *testing.T) {
	t.Parallel()
	words := []ticket.Word{
		ticket.ToldOpen, ticket.ToldAcknowledged, ticket.ToldRejected, ticket.ToldPending, ticket.ToldHeld, ticket.ToldInProgress,
		ticket.ToldCancelled, ticket.ToldClosed, ticket.ToldResolved,
	}
	rapid.Check(t, func(r *rapid.T) {
		k := told()
		for i := range rapid.IntRange(1, 12).Draw(r, "readings") {
			theirs := func(name string) time.Time { return at(rapid.IntRange(-500, 500).Draw(r, name)) }
			say := taken(rapid.SampledFrom(words).Draw(r, "word"), theirs("changed"))
			say.Raw, say.Reason = rapid.String().Draw(r, "raw"), rapid.String().Draw(r, "reason")
			say.ResolvedAt = theirs("resolved")
			say.Notes = []ticket.Note{{Author: rapid.String().Draw(r, "author"), At: theirs("said"), Text: rapid.String().Draw(r, "text")}}
			now := at(i + 2)
			before := k
			k = ticket.Hear(k, say, now).Ticket
			current := k.Current()
			if k.Status != before.Status || !current.RestoredAt.IsZero() || len(k.Messages) != len(before.Messages) {
				r.Fatalf("the operator moved our ticket: %+v", k)
			}
			if ack := current.Ack; ack.Reference != "" && (ack.At.Before(current.DeliveredAt) || ack.At.After(now)) {
				r.Fatalf("acknowledged at %s, outside %s to %s", ack.At, current.DeliveredAt, now)
			}
			running := 0
			for _, g := range k.Gels {
				if g.Accepted || g.From.Before(current.DeliveredAt) || g.From.After(now) || !g.To.IsZero() && g.To.Before(g.From) {
					r.Fatalf("a suspension %+v", g)
				}
				if g.To.IsZero() {
					running++
				}
			}
			if want := say.Status == ticket.ToldPending; (running == 1) != want || running > 1 {
				r.Fatalf("%d suspensions run under %s", running, say.Status)
			}
			for _, m := range k.Remarks {
				if !utf8.ValidString(m.Author+m.Text) || strings.ContainsRune(m.Author+m.Text, 0) {
					r.Fatalf("a remark that cannot be kept: %+v", m)
				}
			}
		}
	})
}
