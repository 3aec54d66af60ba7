package pipe

import (
	"errors"
	"testing"

	"vigie/internal/fault"
)

func TestDecisionsDoNotWaitForAStreamThatIsHeldUpOrNeverEnds(t *testing.T) {
	t.Parallel()
	q := newQueues()
	away := errors.New("the database is away")
	want := func(when, stream string, want uint64) {
		t.Helper()
		if got := q.awaited(stream, 7); got != want {
			t.Errorf("%s: %d of 7 batches are waited for, want %d", when, got, want)
		}
	}
	for range 2 * heldAfter {
		q.settled("a", away)
		q.settled("b", away)
	}
	want("while the database is away", "a", 7)
	q.settled("b", nil)
	want("when only the other goes on", "a", 0)
	want("when only the other goes on", "b", 7)
	q.settled("a", fault.Errorf(fault.Invalid, "never"))
	want("after its first batch was dropped", "a", 7)
	for range longest + 1 {
		q.settled("b", nil)
	}
	want("after thousands", "b", 0)
	q.awaited("b", 0)
	want("after it was empty", "b", 7)
}
