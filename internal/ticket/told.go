package ticket

import "time"

// Word is where a ticket stands in the operator's system, in the words of TMF621.
type Word string

// The words, and ToldOpen for any other or none.
const (
	ToldOpen         Word = "open"
	ToldAcknowledged Word = "acknowledged"
	ToldRejected     Word = "rejected"
	ToldPending      Word = "pending" // the operator waits for us
	ToldHeld         Word = "held"    // the operator waits for another: the clock runs
	ToldInProgress   Word = "inProgress"
	ToldCancelled    Word = "cancelled"
	ToldClosed       Word = "closed"
	ToldResolved     Word = "resolved"
)

// over reports whether the operator has done with the ticket.
func (w Word) over() bool {
	return w == ToldResolved || w == ToldClosed || w == ToldCancelled || w == ToldRejected
}

// Told is a ticket as the operator's system tells it: claims by a clock that is
// not ours. What was not said is zero.
type Told struct {
	Reference      string // the operator's own number
	Status         Word
	Raw            string    // the operator's word for the status
	Reason         string    // of the last change of status
	ChangedAt      time.Time // of the status
	Acknowledged   bool
	AcknowledgedAt time.Time
	Resolved       bool
	ResolvedAt     time.Time // when the service is said to have been back
	ExpectedAt     time.Time // when it is promised
	Notes          []Note
}

// Note is one entry of the journal of the operator's ticket, ours or the operator's.
type Note struct {
	Author string
	At     time.Time
	Text   string
}

// Heard is the operator's ticket as it was last read.
type Heard struct {
	Reference  string
	Status     Word
	Raw        string
	Reason     string
	ExpectedAt time.Time
	ReadAt     time.Time // by our clock; zero = never yet
	// FailingSince is set while the ticket cannot be read, with the last Problem.
	FailingSince time.Time
	Problem      string
}

// RemarkKind is what an operator's system told.
type RemarkKind string

// The kinds of remark.
const (
	StatusRemark  RemarkKind = "status"
	NoteRemark    RemarkKind = "note"
	PromiseRemark RemarkKind = "promise" // SaidAt is when the service shall be back
)

// Remark is one thing that the operator's system told.
type Remark struct {
	Number int // 1, 2, 3 within the ticket
	Kind   RemarkKind
	At     time.Time // when it was read, by our clock
	SaidAt time.Time // the operator's time; zero when not said
	Author string
	Status Word   // of a status
	Text   string // of a note; of a status the operator's word and reason
}
