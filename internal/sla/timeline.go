package sla

import (
	"time"

	"vigie/internal/calendar"
	"vigie/internal/contract"
)

// Cause says why a clock is suspended at the customer's expense.
type Cause string

// The causes of a gel.
const (
	SiteClosed        Cause = "site_ferme"
	ContactAbsent     Cause = "contact_absent"
	AccessRefused     Cause = "acces_refuse"
	SitePower         Cause = "coupure_energie_site"
	CustomerEquipment Cause = "equipement_client"
	AwaitingAnswer    Cause = "attente_info_client"
	CustomerWorks     Cause = "travaux_client"
	ForceMajeure      Cause = "force_majeure"
	OtherCause        Cause = "autre"
)

// Causes are all of them, in the order in which they are offered.
var Causes = []Cause{
	AwaitingAnswer, SiteClosed, ContactAbsent, AccessRefused, SitePower, CustomerEquipment, CustomerWorks, ForceMajeure, OtherCause,
}

// Gel is a suspension that one side declared. Only an accepted one stops the clock;
// a contested one is measured beside it.
type Gel struct {
	From       time.Time
	To         time.Time // zero = still open
	Cause      Cause
	DeclaredBy string // who, as the journal names them
	Accepted   bool   // by us
}

// Reason says why time is outside the contract without a gel.
type Reason string

// The reasons of an exclusion.
const (
	AnnouncedWorks Reason = "announced-works" // preventive works within their notice (CCAG-TIC 2009, 14.2.1)
	PowerCut       Reason = "power-cut"       // shown by the evidence, whoever declared it
)

// Exclusion is time that no clock counts.
type Exclusion struct {
	From   time.Time
	To     time.Time // zero = still open
	Reason Reason
}

// Timeline is what is known of one ticket, as events; a zero time has not happened.
type Timeline struct {
	Sent         time.Time // handed to the channel
	Delivered    time.Time // proof of delivery: SMTP 250, HTTP 201
	Acknowledged time.Time // the operator's reference time
	Gels         []Gel
	Exclusions   []Exclusion
	// Respites are the times the service was back before a re-opening of the same
	// ticket: the clock goes on where it stood.
	Respites []calendar.Interval
	Restored time.Time
}

// started gives the event that starts the clock. Without the one that the clause
// names the proof of delivery stands, else the acknowledgement, which proves that
// the request had arrived by then. A message merely sent proves nothing.
func (t Timeline) started(named contract.ClockStart) (contract.ClockStart, time.Time) {
	times := map[contract.ClockStart]time.Time{
		contract.StartSent:         t.Sent,
		contract.StartDelivered:    t.Delivered,
		contract.StartAcknowledged: t.Acknowledged,
	}
	for _, event := range []contract.ClockStart{named, contract.StartDelivered, contract.StartAcknowledged} {
		if at := times[event]; !at.IsZero() {
			return event, at
		}
	}
	return "", time.Time{}
}

// suspensions is the time the clock does not count: accepted gels, exclusions and
// respites, overlapping as they come.
func (t Timeline) suspensions() []calendar.Interval {
	suspended := t.gels(true)
	for _, exclusion := range t.Exclusions {
		suspended = append(suspended, t.span(exclusion.From, exclusion.To))
	}
	return append(suspended, t.Respites...)
}

func (t Timeline) gels(accepted bool) []calendar.Interval {
	var gels []calendar.Interval
	for _, gel := range t.Gels {
		if gel.Accepted == accepted {
			gels = append(gels, t.span(gel.From, gel.To))
		}
	}
	return gels
}

// span gives an open suspension its end: the restoration closes it, else none is
// in sight.
func (t Timeline) span(from, to time.Time) calendar.Interval {
	switch {
	case !to.IsZero():
		return calendar.Interval{From: from, To: to}
	case !t.Restored.IsZero():
		return calendar.Interval{From: from, To: t.Restored}
	}
	return calendar.Interval{From: from, To: calendar.Forever}
}
