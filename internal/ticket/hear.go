package ticket

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vigie/internal/sla"
)

const (
	// lookAfterwards bounds the looks at a ticket that we resolved and the operator
	// did not.
	lookAfterwards = 24 * time.Hour
	// maxRemarks, maxGels and maxRemark bound what an operator's system can have us
	// keep: of one ticket, and characters of one text.
	maxRemarks = 500
	maxGels    = 100
	maxRemark  = 4000
)

// ContestedBeyond is the difference between the operator's time of restoration and
// the measured one that is worth a dispute.
const ContestedBeyond = 5 * time.Minute

// Looks reports whether the operator's system is still asked for that period: while
// it lasts, and after our resolution until the operator has done with the ticket as
// well, a day at most.
func (t Ticket) Looks(l Look, now time.Time) bool {
	switch {
	case l.Period != len(t.Periods)-1:
		return false
	case t.Status == Open:
		return true
	}
	return !t.Heard.Status.over() && now.Before(t.ResolvedAt.Add(lookAfterwards))
}

// Question is what the operator's system is asked.
func (t Ticket) Question() Question {
	return Question{Operator: t.Operator, Key: t.Number, Messages: len(t.Messages)}
}

// Unheard records that the operator's system could not be read, and why.
func Unheard(t Ticket, problem string, now time.Time) Decision {
	d := Decision{Ticket: t.clone(), Reason: Looked}
	h := &d.Ticket.Heard
	if h.FailingSince.IsZero() {
		h.FailingSince = now
	}
	h.Problem = clean(problem)
	return d
}

// Hear records what the operator's system told. Its acknowledgement counts as one;
// a wait for us is a candidate for a suspension, which a person accepts or refuses;
// a resolution is kept as a claim, beside our own measure. Nothing that is told
// closes our ticket. The operator's times are believed within our own two readings
// only: a clock that is wrong, or lies, moves nothing beyond them.
func Hear(t Ticket, told Told, now time.Time) Decision {
	d := Decision{Ticket: t.clone(), Reason: Looked}
	h := hearing{d: &d, before: t.Heard, told: told.stored(), now: now}
	h.from = t.Current().DeliveredAt
	if t.Heard.ReadAt.After(h.from) {
		h.from = t.Heard.ReadAt
	}
	h.conversation()
	h.acknowledgement()
	h.suspension()
	h.claim()
	d.Ticket.Heard = Heard{
		Reference: told.Reference, Status: told.Status, Raw: h.told.Raw, Reason: h.told.Reason, ExpectedAt: h.told.ExpectedAt, ReadAt: now,
	}
	return d
}

// resolution is that of the times that are stored: what is finer would be new at
// each reading.
const resolution = time.Microsecond

// stored is what was told as it will be kept.
func (t Told) stored() Told {
	t.Raw, t.Reason = clean(t.Raw), clean(t.Reason)
	for _, at := range []*time.Time{&t.ChangedAt, &t.AcknowledgedAt, &t.ResolvedAt, &t.ExpectedAt} {
		*at = at.Truncate(resolution)
	}
	return t
}

// hearing is one reading being compared with the one before.
type hearing struct {
	d      *Decision
	before Heard
	told   Told
	from   time.Time // the reading before, or the delivery
	now    time.Time
}

// within is the operator's time as far as our readings bear it out; one that was
// not said is the time of this reading.
func (h *hearing) within(at time.Time) time.Time {
	if at.IsZero() || at.After(h.now) {
		return h.now
	}
	if at.Before(h.from) && !h.from.After(h.now) {
		return h.from
	}
	return at
}

// moved reports whether the status is another than at the reading before.
func (h *hearing) moved() bool {
	return h.told.Reference != h.before.Reference || h.told.Status != h.before.Status || h.told.Raw != h.before.Raw
}

func (h *hearing) conversation() {
	if h.moved() && h.told.Raw != "" || h.told.Reason != h.before.Reason && h.told.Reason != "" {
		h.remark(Remark{Kind: StatusRemark, SaidAt: h.told.ChangedAt, Status: h.told.Status, Text: joined(h.told.Raw, h.told.Reason)})
	}
	if !h.told.ExpectedAt.Equal(h.before.ExpectedAt) && !h.told.ExpectedAt.IsZero() {
		h.remark(Remark{Kind: PromiseRemark, SaidAt: h.told.ExpectedAt})
	}
	ours := "[" + h.d.Ticket.Number + "."
	for _, n := range h.told.Notes {
		r := Remark{Kind: NoteRemark, SaidAt: n.At.Truncate(resolution), Author: clean(n.Author), Text: clean(n.Text)}
		if !strings.HasPrefix(r.Text, ours) && r.Text != "" && !h.known(r) {
			h.remark(r)
		}
	}
}

// joined puts a reason behind a word.
func joined(word, reason string) string {
	if reason == "" {
		return word
	}
	return strings.TrimPrefix(word+" : "+reason, " : ")
}

func (h *hearing) known(note Remark) bool {
	return slices.ContainsFunc(h.d.Ticket.Remarks, func(r Remark) bool {
		return r.Kind == NoteRemark && r.Author == note.Author && r.Text == note.Text && r.SaidAt.Equal(note.SaidAt)
	})
}

func (h *hearing) remark(r Remark) {
	all := &h.d.Ticket.Remarks
	if len(*all) == maxRemarks {
		return
	}
	r.Number, r.At = len(*all)+1, h.now
	*all = append(*all, r)
	h.d.Said = append(h.d.Said, r)
	h.d.Reason = OperatorSaid
}

// acknowledgement takes the operator's as its answer, unless there is one. Of a
// re-opening in the same ticket of the operator's only what is said afterwards is
// an answer.
func (h *hearing) acknowledgement() {
	t := &h.d.Ticket
	again := len(t.Periods) > 1 && h.told.Reference == h.before.Reference
	answered := !again || len(h.d.Said) > 0 && !h.before.ReadAt.Before(t.Current().DeliveredAt)
	if !h.told.Acknowledged || !answered || t.Current().Ack.Reference != "" {
		return
	}
	acknowledged, err := Acknowledge(*t, Ack{Reference: h.told.Reference, At: h.within(h.told.AcknowledgedAt)}, h.now)
	if err != nil {
		return // our clock went back behind the outage: the next reading says it again
	}
	h.d.Ticket, h.d.Reason = acknowledged.Ticket, OperatorAck
}

// suspension begins a candidate when the operator begins to wait for us, and ends
// it with the wait. The candidate of a ticket that is resolved has ended with it.
func (h *hearing) suspension() {
	t := &h.d.Ticket
	waiting := h.told.Status == ToldPending && t.Status == Open
	i := slices.IndexFunc(t.Gels, func(g Gel) bool { return g.DeclaredBy == ByOperator && g.To.IsZero() })
	switch {
	case waiting && i < 0 && len(t.Gels) < maxGels:
		t.Gels = append(t.Gels, Gel{Reason: h.told.Reason, Gel: sla.Gel{From: h.within(h.told.ChangedAt), Cause: sla.AwaitingAnswer, DeclaredBy: ByOperator}})
	case !waiting && i >= 0:
		t.Gels[i].end(h.within(h.told.ChangedAt))
	default:
		return
	}
	if h.d.Reason == Looked {
		h.d.Reason = OperatorSaid
	}
}

// claim keeps when the operator says that the service was back. The time that we
// told ourselves is no claim, nor is one left over from the absence before. Without a
// time the claim is as old as the word: the readings that find it again do not move it.
func (h *hearing) claim() {
	p := h.d.Ticket.Current()
	claimed := p.ClaimedAt
	switch at := h.told.ResolvedAt; {
	case !h.told.Resolved:
		if p.RestoredAt.IsZero() {
			claimed = time.Time{} // taken back
		}
	case !at.IsZero():
		claimed = h.claimable(at)
	case h.moved():
		claimed = h.claimable(h.within(h.told.ChangedAt))
	}
	if claimed.Equal(p.ClaimedAt) {
		return
	}
	p.ClaimedAt = claimed
	if h.d.Reason == Looked {
		h.d.Reason = OperatorSaid
	}
}

// claimable is a time that counts as a claim for this absence, or the claim there is.
func (h *hearing) claimable(at time.Time) time.Time {
	periods := h.d.Ticket.Periods
	p := h.d.Ticket.Current()
	ours := !p.RestoredAt.IsZero() && at.Sub(p.RestoredAt).Abs() < time.Second
	former := len(periods) > 1 && at.Equal(periods[len(periods)-2].ClaimedAt)
	if ours || former {
		return p.ClaimedAt
	}
	return at
}

// Dispute is how much later we measured the restoration than the operator claims
// it, or at the least how much later it will have been; negative when earlier. It is
// false while they agree within ContestedBeyond.
func (p Period) Dispute(now time.Time) (time.Duration, bool) {
	if p.ClaimedAt.IsZero() {
		return 0, false
	}
	measured := p.RestoredAt
	if measured.IsZero() {
		measured = now
	}
	by := measured.Sub(p.ClaimedAt)
	if p.RestoredAt.IsZero() {
		by = max(by, 0)
	}
	return by, by.Abs() > ContestedBeyond
}

// clean makes a text that another system wrote fit to be kept: valid, of bounded
// length, without invisible characters but line breaks.
func clean(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "")
	s = strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > maxRemark {
		s = string([]rune(s)[:maxRemark]) + "…"
	}
	return s
}
