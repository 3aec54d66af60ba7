package probe

import (
	"net/netip"
	"strconv"
	"time"
)

// Kind says what a target stands for.
type Kind uint8

const (
	// Link is an access under contract: its loss may accuse an operator.
	Link Kind = 1
	// Canary is a target that only tells whether the prober itself is connected.
	Canary Kind = 2
	// Demarcation is the operator's own equipment in front of a link's router. Its
	// target carries the link's ID: it answers while the line works, whatever became
	// of the router.
	Demarcation Kind = 3
	// Router is the router of a link on an address that another path reaches. Its
	// target carries the link's ID.
	Router Kind = 4
)

// String returns the name of the kind in lower case; another value shows its
// number.
func (k Kind) String() string {
	switch k {
	case Link:
		return "link"
	case Canary:
		return "canary"
	case Demarcation:
		return "demarcation"
	case Router:
		return "router"
	}
	return "kind " + strconv.Itoa(int(k))
}

// Target is an address to probe. Links and canaries are numbered apart: a
// target is identified by Kind and ID together.
type Target struct {
	ID   int64
	Kind Kind
	Addr netip.Addr
}

// Lost stands in RTTMicros for an echo that no valid reply answered in time.
const Lost int32 = -1

// Observation is one round of echoes to one target.
type Observation struct {
	Target int64
	Kind   Kind
	// At is when the first echo left: UTC, to the microsecond.
	At time.Time
	// RTTMicros holds one round-trip time (RFC 2681) per echo sent, in send
	// order, in microseconds; Lost for an echo without answer (RFC 6673).
	RTTMicros []int32
	// Duplicates counts the further valid replies to echoes of the round that came
	// until its end (RFC 5560).
	Duplicates int
	// Reordered counts the replies that came after one to a later echo of the round
	// (RFC 4737).
	Reordered int
	// Loaded says that a test of our own filled the link meanwhile: how long the
	// answers took, and what part of them was lost, is our doing.
	Loaded bool
}

// Sent returns how many echoes of the round left and had a known outcome.
func (o Observation) Sent() int { return len(o.RTTMicros) }

// Received returns how many of them were answered in time.
func (o Observation) Received() int {
	received := 0
	for _, rttMicros := range o.RTTMicros {
		if rttMicros != Lost {
			received++
		}
	}
	return received
}

// Batch is what a prober delivers in one piece: the observations of a cycle,
// or a part of them.
type Batch struct {
	Prober string
	// Seq rises by one with each batch the prober makes, and one number never
	// names two contents. A missing number is a batch given up (Quality.Gap).
	Seq uint64
	// Cycle is the start of the cycle in which these rounds were planned, a
	// multiple of CycleLength since the Unix epoch, in UTC.
	Cycle       time.Time
	CycleLength time.Duration
	// Last says that the prober has now delivered its whole part of the cycle, Continues
	// that an earlier batch holds a piece of it.
	Last, Continues bool
	// Planned is the number of targets planned in this batch. It exceeds the
	// number of observations by the targets to which no echo could be sent.
	Planned      int
	Quality      Quality
	Observations []Observation
	// Polls are the looks at routers that ended in this cycle.
	Polls []Poll
	// Reports are what else the prober found out in this cycle.
	Reports []Report
}

// Quality says how well the prober worked while it measured a cycle. All of it
// is the prober's own doing, none of it is loss of a line. It is that of the
// whole cycle and stands on the batch marked Last, except Gap.
type Quality struct {
	// Unsent counts echoes planned and not sent: they were late by more than
	// the gap between two echoes, or the prober's own host refused them.
	Unsent int
	// Void counts echoes sent whose outcome cannot be known, because the
	// receive buffer overflowed or the clock was set while they were out.
	Void int
	// Dropped counts messages the kernel dropped before the prober read them.
	Dropped int
	// Unstamped counts echoes whose round trips are longer than they were, by as much as
	// the prober took to send: the kernel did not say when their requests left.
	Unstamped int
	// Malformed, Forged, Duplicate and Late count the replies that answered none of
	// our echoes in time: of another form than ours; without our mark for the address
	// they come from; second to one accepted; after the timeout.
	Malformed, Forged, Duplicate, Late int
	// Overrun counts the rounds that were due in the cycle and left out, because the cycle
	// had no room for them.
	Overrun int
	// Errands counts what is done beside the echoes and was left out by bounds of its own:
	// polls, traces, checks and the like. It makes no round less true.
	Errands int
	// WorstLag is the longest delay between the planned time of an echo and its
	// sending or giving up.
	WorstLag time.Duration
	// Lag95 is the 95th percentile, by nearest rank, of the longest delays of the
	// rounds.
	Lag95 time.Duration
	// Gap counts the batches given up since the batch published before this
	// one, because the way to the core was closed for too long.
	Gap int
	// Clock is how right the prober's clock was.
	Clock Clock
}

// Clock says how right a clock is, as far as its host knows.
type Clock struct {
	// Source is who told: a name such as that of a service or a server; empty when
	// nothing is known of the clock, and then the rest is zero.
	Source string
	// Synchronised is false when the host follows no time of others.
	Synchronised bool
	// Offset is how much the clock is estimated to be ahead of the right time.
	Offset time.Duration
	// MaxError bounds the distance to the right time, 0 when not known.
	MaxError time.Duration
}
