package journal_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/journal"
)

var link = journal.Chain{Kind: "link", ID: "42"}

func entry(action string) journal.Entry {
	return journal.Entry{
		Chain: link, At: time.Date(2026, time.March, 29, 1, 0, 0, 123456789, time.UTC),
		Actor: "vigie", Action: action, Body: []byte(`{"loss":"5/5"}`),
	}
}

// chained returns n records of one chain.
func chained(n int) []journal.Record {
	head := journal.Head{Chain: link}
	var records []journal.Record
	for range n {
		var r journal.Record
		r, head = journal.Append(head, entry("link.down"))
		records = append(records, r)
	}
	return records
}

// A change of this hash is a change of the encoding: give it a new version instead.
func TestTheEncodingIsFixed(t *testing.T) {
	t.Parallel()
	second := chained(2)[1]
	if got, want := second.Hash.String(), goldenHash; got != want {
		t.Errorf("hash of the second record is %s, want %s", got, want)
	}
	seal := journal.NewSeal(second.Hash, second.At, second.At, []journal.Head{{Chain: link, Seq: 2, Hash: second.Hash}})
	if got, want := seal.Hash.String(), goldenSeal; got != want {
		t.Errorf("hash of the seal is %s, want %s", got, want)
	}
}

const (
	goldenHash = "42f72152f16f984cbf703ad9a1bd8ddfe50b53efac485e0f0bee8dd72291765f"
	goldenSeal = "e400c39536c588bde1724cc212dd4f7d4066827ed8c34224beb427a074d1fff2"
)

func TestAppendGivesAnEntryItsPlace(t *testing.T) {
	t.Parallel()
	head := journal.Head{Chain: link, Seq: 6, Hash: journal.Hash{1}}
	local := entry("ticket.open")
	local.At = local.At.In(time.FixedZone("UTC+2", 7200))
	local.Chain = journal.Chain{Kind: "ticket", ID: "1"}
	got, next := journal.Append(head, local)
	want := entry("ticket.open")
	want.At = time.Date(2026, time.March, 29, 1, 0, 0, 123456000, time.UTC)
	if diff := cmp.Diff(journal.Record{Entry: want, Version: 1, Seq: 7, Prev: journal.Hash{1}, Hash: got.Hash}, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if want := (journal.Head{Chain: link, Seq: 7, Hash: got.Hash}); next != want {
		t.Errorf("head is %v, want %v", next, want)
	}
}

func TestVerifyNamesTheFirstBreak(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tamper func(r []journal.Record) []journal.Record
		want   *journal.Break
	}{
		"an untouched chain holds": {
			func(r []journal.Record) []journal.Record { return r }, nil,
		},
		"a removed record leaves a gap": {
			func(r []journal.Record) []journal.Record { return append(r[:2], r[3:]...) },
			&journal.Break{Chain: link, Seq: 3, Reason: journal.Gap},
		},
		"the first record removed is a gap too": {
			func(r []journal.Record) []journal.Record { return r[1:] },
			&journal.Break{Chain: link, Seq: 1, Reason: journal.Gap},
		},
		"two records exchanged": {
			func(r []journal.Record) []journal.Record { r[1], r[2] = r[2], r[1]; return r },
			&journal.Break{Chain: link, Seq: 2, Reason: journal.Gap},
		},
		"another body": {
			func(r []journal.Record) []journal.Record { r[3].Body = []byte("{}"); return r },
			&journal.Break{Chain: link, Seq: 4, Reason: journal.Altered},
		},
		"a record of another chain put in": {
			func(r []journal.Record) []journal.Record { r[3].Chain.ID = "43"; return r },
			&journal.Break{Chain: link, Seq: 4, Reason: journal.OtherChain},
		},
		"a record rewritten with its hash breaks at the next one": {
			func(r []journal.Record) []journal.Record {
				before, _ := journal.Verify(r[:2])
				r[2], _ = journal.Append(before, entry("link.up"))
				return r
			},
			&journal.Break{Chain: link, Seq: 4, Reason: journal.Unlinked},
		},
		"an encoding of the future": {
			func(r []journal.Record) []journal.Record { r[0].Version = 9; return r },
			&journal.Break{Chain: link, Seq: 1, Reason: journal.UnknownVersion},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := journal.Verify(test.tamper(chained(5)))
			var got *journal.Break
			errors.As(err, &got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("break (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerifyReturnsTheHead(t *testing.T) {
	t.Parallel()
	records := chained(3)
	head, err := journal.Verify(records)
	if err != nil {
		t.Fatal(err)
	}
	if want := (journal.Head{Chain: link, Seq: 3, Hash: records[2].Hash}); head != want {
		t.Errorf("head is %v, want %v", head, want)
	}
	if head, err := journal.Verify(nil); err != nil || head != (journal.Head{}) {
		t.Errorf("no records give %v, %v, want the zero head", head, err)
	}
}

func TestABreakIsToldInOneSentence(t *testing.T) {
	t.Parallel()
	records := chained(2)
	records[1].Actor = "user:9"
	_, err := journal.Verify(records)
	if want := "journal link/42: entry 2: content does not match its hash"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

// drawEntry draws an entry with fields of any content.
func drawEntry(t *rapid.T) journal.Entry {
	return journal.Entry{
		Chain: link, At: time.UnixMicro(rapid.Int64Range(-1<<50, 1<<50).Draw(t, "micros")).UTC(),
		Actor: rapid.String().Draw(t, "actor"), Action: rapid.String().Draw(t, "action"),
		Body: rapid.SliceOf(rapid.Byte()).Draw(t, "body"),
	}
}

func TestTwoDifferentEntriesNeverShareAHash(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first, second := drawEntry(t), drawEntry(t)
		one, _ := journal.Append(journal.Head{Chain: link}, first)
		other, _ := journal.Append(journal.Head{Chain: link}, second)
		same := first.At.Equal(second.At) && first.Actor == second.Actor &&
			first.Action == second.Action && bytes.Equal(first.Body, second.Body)
		if (one.Hash == other.Hash) != same {
			t.Fatalf("equal entries: %v, equal hashes: %v", same, one.Hash == other.Hash)
		}
	})
}

// FuzzAnyChangeIsDetected changes one byte of one field of one record.
func FuzzAnyChangeIsDetected(f *testing.F) {
	f.Add(uint8(0), uint8(0), uint8(0), uint8(1))
	f.Add(uint8(2), uint8(5), uint8(31), uint8(128))
	f.Fuzz(func(t *testing.T, which, field, at, flip uint8) {
		if flip == 0 {
			return
		}
		records := chained(3)
		change(&records[int(which)%3], field, int(at), flip)
		if _, err := journal.Verify(records); err == nil {
			t.Errorf("record %d, field %d, byte %d: the change is not detected", which%3, field%8, at)
		}
	})
}

func change(r *journal.Record, field uint8, at int, flip uint8) {
	alter := func(s string) string {
		b := []byte(s)
		b[at%len(b)] ^= flip
		return string(b)
	}
	switch field % 8 {
	case 0:
		r.Chain.Kind = alter(r.Chain.Kind)
	case 1:
		r.Chain.ID = alter(r.Chain.ID)
	case 2:
		r.Seq ^= int64(flip) << (at % 56)
	case 3:
		r.At = time.UnixMicro(r.At.UnixMicro() ^ int64(flip)<<(at%40))
	case 4:
		r.Actor = alter(r.Actor)
	case 5:
		r.Body = []byte(alter(string(r.Body)))
	case 6:
		r.Prev[at%len(r.Prev)] ^= flip
	case 7:
		r.Hash[at%len(r.Hash)] ^= flip
	}
}
