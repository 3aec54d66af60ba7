package outpost

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"vigie/probe"
	"vigie/probe/path"
	"vigie/probe/ping"
)

// Hello is what a prober asks its core when it begins, and from time to time.
type Hello struct {
	// Digest is that of the plan it follows; empty = it has none.
	Digest string `json:"digest"`
}

// Welcome is the core's answer.
type Welcome struct {
	// LastSeq is the highest number of a batch that the core has of this prober.
	LastSeq uint64 `json:"last_seq"`
	// Plan is what to do, as prober.Plan.Encode packs it; empty when the plan that the
	// prober named is still the right one.
	Plan []byte `json:"plan,omitempty"`
}

// Urgent is what the core tells after each cycle that changes it: the links, by ID, whose
// next rounds matter most.
type Urgent struct {
	Links []int64 `json:"links"`
}

// Digest names a packed plan.
func Digest(packed []byte) string {
	sum := sha256.Sum256(packed)
	return hex.EncodeToString(sum[:])
}

// Kind is what the core asks a prober to do.
type Kind string

// The kinds.
const (
	Ping  Kind = "ping"  // echoes to some hosts
	Trace Kind = "trace" // the way to one host
	Poll  Kind = "poll"  // one look at the router of a link that the prober polls
)

// Question is one thing that the core asks a prober to do now.
type Question struct {
	Kind Kind `json:"kind"`
	// Hosts are names, which the prober resolves where it stands, or addresses.
	Hosts    []string      `json:"hosts,omitempty"`
	Method   path.Method   `json:"method,omitempty"` // of a trace
	Count    int           `json:"count,omitempty"`  // echoes to each host, rounds of a trace
	Interval time.Duration `json:"interval,omitempty"`
	Timeout  time.Duration `json:"timeout,omitempty"`
	Link     int64         `json:"link,omitempty"` // of a poll
}

// Limits of a question: a prober has other work.
const (
	MaxHosts    = 16
	MaxCount    = 100
	MaxDuration = 2 * time.Minute
	pollTime    = 15 * time.Second
)

// Validate refuses what a prober does for nobody.
func (q Question) Validate() error {
	switch q.Kind {
	case Poll:
		return nil
	case Ping, Trace:
	default:
		return fmt.Errorf("question %q: expected ping, trace or poll", q.Kind)
	}
	most := MaxHosts
	if q.Kind == Trace {
		most = 1
	}
	switch {
	case len(q.Hosts) < 1 || len(q.Hosts) > most:
		return fmt.Errorf("hosts: %d, expected 1 to %d for a %s from a prober", len(q.Hosts), most, q.Kind)
	case q.Count < 1 || q.Count > MaxCount:
		return fmt.Errorf("count: %d, expected 1 to %d from a prober", q.Count, MaxCount)
	case q.Interval <= 0 || q.Interval > MaxDuration || q.Timeout <= 0 || q.Timeout > MaxDuration || q.Takes() > MaxDuration:
		return fmt.Errorf("interval %s, count %d: expected a measurement of at most %s from a prober", q.Interval, q.Count, MaxDuration)
	}
	return nil
}

// Takes is how long the measurement takes at most.
func (q Question) Takes() time.Duration {
	if q.Kind == Poll {
		return pollTime
	}
	// The hops of a trace are asked one after the other within a round.
	return time.Duration(q.Count)*q.Interval + q.Timeout + resolveTime
}

// Answer is what came of a question.
type Answer struct {
	// Addresses are those of Question.Hosts.
	Addresses []netip.Addr `json:"addresses,omitempty"`
	Echoes    []ping.Echo  `json:"echoes,omitempty"`
	// Rejects are those of each of the addresses, then those from elsewhere.
	Rejects []ping.Rejects `json:"rejects,omitempty"`
	Method  path.Method    `json:"method,omitempty"`
	Probes  []path.Probe   `json:"probes,omitempty"`
	Poll    *probe.Poll    `json:"poll,omitempty"`
}

// DecodeQuestion reads a question from its JSON and validates it.
func DecodeQuestion(text []byte) (Question, error) {
	var q Question
	if err := json.Unmarshal(text, &q); err != nil {
		return Question{}, fmt.Errorf("question: %w", err)
	}
	return q, q.Validate()
}

// decodeWelcome reads a core's answer.
func decodeWelcome(text []byte) (Welcome, error) {
	var w Welcome
	if err := json.Unmarshal(text, &w); err != nil {
		return Welcome{}, fmt.Errorf("answer of the core: %w", err)
	}
	return w, nil
}

// decodeUrgent reads what the core told.
func decodeUrgent(text []byte) (Urgent, error) {
	var u Urgent
	if err := json.Unmarshal(text, &u); err != nil {
		return Urgent{}, fmt.Errorf("notice of the core: %w", err)
	}
	return u, nil
}

// errNoRouter answers for a link whose router another prober polls, or nobody.
var errNoRouter = errors.New("this prober polls no router of that link")
