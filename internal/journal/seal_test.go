package journal_test

import (
	"errors"
	"testing"
	"time"

	"vigie/internal/journal"
)

func TestASealCoversExactlyItsHeads(t *testing.T) {
	t.Parallel()
	first := journal.Head{Chain: journal.Chain{Kind: "link", ID: "1"}, Seq: 3, Hash: journal.Hash{1}}
	second := journal.Head{Chain: journal.Chain{Kind: "ticket", ID: "1"}, Seq: 1, Hash: journal.Hash{2}}
	moved := first
	moved.Seq++
	now := time.Date(2026, time.March, 30, 1, 0, 0, 0, time.UTC)
	before := journal.Hash{9}
	seal := journal.NewSeal(before, now.AddDate(0, 0, -1), now, []journal.Head{first, second})

	tests := map[string]struct {
		prev   journal.Hash
		heads  []journal.Head
		change func(*journal.Seal)
		want   journal.Reason
	}{
		"its own heads":            {before, []journal.Head{first, second}, nil, ""},
		"the order does not count": {before, []journal.Head{second, first}, nil, ""},
		"a head is missing":        {before, []journal.Head{first}, nil, journal.Altered},
		"a head has moved":         {before, []journal.Head{moved, second}, nil, journal.Altered},
		"a head was added":         {before, []journal.Head{first, second, moved}, nil, journal.Altered},
		"another seal before it":   {journal.Hash{8}, []journal.Head{first, second}, nil, journal.Unlinked},
		"another day": {
			before,
			[]journal.Head{first, second},
			func(s *journal.Seal) { s.Day = s.Day.AddDate(0, 0, 1) }, journal.Altered,
		},
		"another time": {
			before,
			[]journal.Head{first, second},
			func(s *journal.Seal) { s.At = s.At.Add(time.Microsecond) }, journal.Altered,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checked := seal
			if test.change != nil {
				test.change(&checked)
			}
			err := checked.Check(test.prev, test.heads)
			var broken *journal.SealBreak
			errors.As(err, &broken)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && (broken == nil || broken.Reason != test.want):
				t.Errorf("error is %v, want the reason %q", err, test.want)
			}
		})
	}
}

func TestASealIsNamedAfterTheCalendarDayOfItsPlace(t *testing.T) {
	t.Parallel()
	paris := time.FixedZone("UTC+2", 7200)
	local := time.Date(2026, time.June, 2, 0, 30, 0, 0, paris) // still the first of June in UTC
	seal := journal.NewSeal(journal.Hash{}, local, local, nil)
	if want := time.Date(2026, time.June, 2, 0, 0, 0, 0, time.UTC); !seal.Day.Equal(want) {
		t.Errorf("day is %v, want %v", seal.Day, want)
	}
	if err := seal.Check(journal.Hash{}, nil); err != nil {
		t.Errorf("a seal over no heads: %v", err)
	}
}
