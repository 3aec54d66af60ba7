package snmp_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gosnmp/gosnmp"

	"vigie/probe"
	"vigie/probe/snmp"
)

// decoded is a request or an answer as another implementation reads it.
func decoded(t *testing.T, message []byte) *gosnmp.SnmpPacket {
	t.Helper()
	library := &gosnmp.GoSNMP{Version: gosnmp.Version2c}
	packet, err := library.SnmpDecodePacket(message)
	if err != nil {
		t.Error(err)
	}
	return packet
}

// answering encodes an answer to a request with objects of the caller's choice.
func answering(t *testing.T, request []byte, objects ...gosnmp.SnmpPDU) []byte {
	t.Helper()
	packet := decoded(t, request)
	packet.PDUType, packet.Variables = gosnmp.GetResponse, objects
	packet.NonRepeaters, packet.MaxRepetitions = 0, 0
	message, err := packet.MarshalMsg()
	if err != nil {
		t.Error(err)
	}
	return message
}

// renumbered is an answer with another number of its request.
func renumbered(t *testing.T, answer []byte, id uint32) []byte {
	t.Helper()
	packet := decoded(t, answer)
	packet.RequestID = id
	for i, v := range packet.Variables { // what the library decodes it does not always encode
		if v.Type == gosnmp.OctetString {
			packet.Variables[i].Value = string(v.Value.([]byte))
		}
	}
	message, err := packet.MarshalMsg()
	if err != nil {
		t.Error(err)
	}
	return message
}

func TestAPollSurvivesWhatComesBesideTheAnswer(t *testing.T) {
	t.Parallel()
	table := router(lan, wan)
	forged := router(port{2, "wan0", "BRE-1001", 666, 666})
	for name, respond := range map[string]func(t *testing.T) func([]byte) [][]byte{
		"every answer twice": func(*testing.T) func([]byte) [][]byte {
			return func(request []byte) [][]byte {
				answer := table.answer(request)
				return append(answer, answer...)
			}
		},
		"an answer to another request first": func(t *testing.T) func([]byte) [][]byte {
			return func(request []byte) [][]byte {
				wrong := renumbered(t, forged.answer(request)[0], decoded(t, request).RequestID+77)
				return append([][]byte{wrong}, table.answer(request)...)
			}
		},
		"the answer to the request before first": func(*testing.T) func([]byte) [][]byte {
			var late [][]byte
			return func(request []byte) [][]byte {
				answer := table.answer(request)
				both := append(slices.Clone(late), answer...)
				late = answer
				return both
			}
		},
		"every other request lost": func(*testing.T) func([]byte) [][]byte {
			odd := false
			return func(request []byte) [][]byte {
				if odd = !odd; odd {
					return nil
				}
				return table.answer(request)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := poller(t).Poll(t.Context(), asked(serve(t, respond(t))))
			if diff := cmp.Diff(polled(), got, exceptTime); diff != "" {
				t.Errorf("poll (-want +got):\n%s", diff)
			}
		})
	}
}

// Whoever guesses the number of a request does not know the community.
func TestAnAnswerUnderAnotherCommunityIsNone(t *testing.T) {
	t.Parallel()
	table := router(lan, wan)
	forger := func(request []byte) [][]byte {
		var forged [][]byte
		for _, answer := range table.answer(request) {
			forged = append(forged, bytes.Replace(answer, []byte(community), []byte("secret-w0rd"), 1))
		}
		return forged
	}
	got := poller(t).Poll(t.Context(), asked(serve(t, forger)))
	if got.Problem != snmp.ProblemCommunity || got.Access.Name != "" {
		t.Errorf("polled %+v, want nothing but that the community is another", got)
	}
	if _, err := poller(t).Walk(t.Context(), asked(serve(t, forger))); err == nil || err.Error() != snmp.ProblemCommunity {
		t.Errorf("walked with error %v, want %q", err, snmp.ProblemCommunity)
	}
}

func TestGarbageIsNoAnswer(t *testing.T) {
	t.Parallel()
	table := router(lan, wan)
	for name, respond := range map[string]func(request []byte) [][]byte{
		"random octets":       func([]byte) [][]byte { return [][]byte{bytes.Repeat([]byte{0xa5, 0x30}, 40)} },
		"nothing":             func([]byte) [][]byte { return [][]byte{{}} },
		"the request itself":  func(request []byte) [][]byte { return [][]byte{request} },
		"half of the answer":  func(request []byte) [][]byte { a := table.answer(request)[0]; return [][]byte{a[:len(a)/2]} },
		"a length beyond all": func([]byte) [][]byte { return [][]byte{{0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 1, 1}} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := poller(t).Poll(t.Context(), asked(serve(t, respond)))
			if got.Problem == "" || strings.Contains(got.Problem, "goroutine") || len(got.Problem) > 200 {
				t.Errorf("problem %q, want a short one", got.Problem)
			}
			if diff := cmp.Diff(probe.Poll{Link: 17, Problem: got.Problem}, got, exceptTime); diff != "" {
				t.Errorf("poll (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAnswerWithoutTheNumberOfItsRequestIsRefused(t *testing.T) {
	t.Parallel()
	table := router(lan, wan)
	addr := serve(t, func(request []byte) [][]byte { return [][]byte{renumbered(t, table.answer(request)[0], 0)} })
	got := poller(t).Poll(t.Context(), asked(addr))
	if want := "snmp: answer without the number of its request"; got.Problem != want {
		t.Errorf("problem %q, want %q", got.Problem, want)
	}
}

func TestAnAnswerToOtherObjectsTellsNothing(t *testing.T) {
	t.Parallel()
	addr := serve(t, func(request []byte) [][]byte {
		return [][]byte{answering(t, request, gosnmp.SnmpPDU{Name: ".1.3.6.1.2.1.1.5.0", Type: gosnmp.OctetString, Value: "other"})}
	})
	got := poller(t).Poll(t.Context(), asked(addr))
	if want := "snmp: the agent tells nothing of itself"; got.Problem != want {
		t.Errorf("problem %q, want %q", got.Problem, want)
	}
}

func TestAnAgentThatRefusesManyObjectsIsAskedForFewer(t *testing.T) {
	t.Parallel()
	table := router(lan, wan)
	addr := serve(t, func(request []byte) [][]byte {
		packet := decoded(t, request)
		if len(packet.Variables) < 3 {
			return table.answer(request)
		}
		packet.PDUType, packet.Error = gosnmp.GetResponse, gosnmp.TooBig
		packet.Variables = nil
		message, err := packet.MarshalMsg()
		if err != nil {
			t.Error(err)
		}
		return [][]byte{message}
	})
	got := poller(t).Poll(t.Context(), asked(addr))
	if diff := cmp.Diff(polled(), got, exceptTime); diff != "" {
		t.Errorf("poll (-want +got):\n%s", diff)
	}
}

// walking answers single objects from the table, and walks of ifAlias by itself.
func walking(t *testing.T, table *table, walk func(request []byte) []byte) func([]byte) [][]byte {
	t.Helper()
	return func(request []byte) [][]byte {
		if decoded(t, request).PDUType != gosnmp.GetBulkRequest {
			return table.answer(request)
		}
		return [][]byte{walk(request)}
	}
}

func alias(index int, text string) gosnmp.SnmpPDU {
	return gosnmp.SnmpPDU{Name: fmt.Sprintf(".1.3.6.1.2.1.31.1.1.1.18.%d", index), Type: gosnmp.OctetString, Value: text}
}

func TestAWalkMayComeInAnyOrder(t *testing.T) {
	t.Parallel()
	addr := serve(t, walking(t, router(lan, wan), func(request []byte) []byte {
		if !strings.HasSuffix(decoded(t, request).Variables[0].Name, ".31.1.1.1.18") {
			return answering(t, request, gosnmp.SnmpPDU{Name: ".1.3.6.1.2.1.31.1.1.1.19.1", Type: gosnmp.TimeTicks, Value: uint32(0)})
		}
		return answering(t, request, alias(9, "x"), alias(3, "y"), alias(2, "BRE-1001"), alias(7, "z"))
	}))
	got := poller(t).Poll(t.Context(), asked(addr))
	if diff := cmp.Diff(polled(), got, exceptTime); diff != "" {
		t.Errorf("poll (-want +got):\n%s", diff)
	}
}

func TestAnAgentThatWalksInCirclesIsLeft(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	addr := serve(t, walking(t, router(lan, wan), func(request []byte) []byte {
		requests.Add(1)
		return answering(t, request, alias(1, "round"), alias(2, "and round"), alias(1, "round"))
	}))
	got := poller(t).Poll(t.Context(), asked(addr))
	if got.Problem != "" || got.Access.Name != "" || got.Boots != 7 {
		t.Errorf("poll %+v, want the router without an interface", got)
	}
	if n := requests.Load(); n > 3 {
		t.Errorf("%d requests in a circle, want 2", n)
	}
}

func TestAnAgentThatNeverEndsIsLeft(t *testing.T) {
	t.Parallel()
	next := 0
	addr := serve(t, walking(t, router(lan, wan), func(request []byte) []byte {
		rows := make([]gosnmp.SnmpPDU, 100)
		for i := range rows {
			next++
			rows[i] = alias(next, "more")
		}
		return answering(t, request, rows...)
	}))
	got := poller(t).Poll(t.Context(), asked(addr))
	if want := "snmp: more than 10000 interfaces"; got.Problem != want {
		t.Errorf("problem %q, want %q", got.Problem, want)
	}
}

func TestNamesCanBeShownAndStored(t *testing.T) {
	t.Parallel()
	for told, want := range map[string]string{
		"wan0\x00":                "wan0",
		"  Gi0/0 \r\n":            "Gi0/0",
		"caf\xe9":                 "caf",
		"café":                    "café",
		"\x1b[31mred":             "[31mred",
		strings.Repeat("a", 1000): strings.Repeat("a", 255),
	} {
		table := &table{}
		table.tell(append(uptime(), port{1, told, "BRE-1001", 1, 1}.objects()...))
		r := asked(serve(t, table.answer))
		if got := poller(t).Poll(t.Context(), r).Access.Name; got != want {
			t.Errorf("%q is shown as %q, want %q", told, got, want)
		}
	}
}

func TestAnAnswerToAnEarlierPollIsNotTaken(t *testing.T) {
	t.Parallel()
	old, table := router(port{2, "wan0", "BRE-1001", 1, 1}), router(lan, wan)
	p, err := snmp.New(snmp.Options{Timeout: 200 * time.Millisecond, InFlight: 1})
	if err != nil {
		t.Fatal(err)
	}
	var late []byte
	addr := serve(t, func(request []byte) [][]byte {
		if late == nil {
			late = slices.Clone(old.answer(request)[0])
			return nil
		}
		return append([][]byte{late}, table.answer(request)...)
	})
	if got := p.Poll(t.Context(), asked(addr)); got.Problem != snmp.ProblemSilent {
		t.Fatalf("first poll: %+v, want %s", got, snmp.ProblemSilent)
	}
	got := p.Poll(t.Context(), asked(addr))
	if diff := cmp.Diff(polled(), got, exceptTime); diff != "" {
		t.Errorf("poll (-want +got):\n%s", diff)
	}
}

// The library is asked for nothing that it does not decode, and what it decodes is
// never trusted: no answer makes a poll panic, or tell what cannot be stored.
func FuzzAnswerOfAnAgent(f *testing.F) {
	table := router(lan, wan)
	library := &gosnmp.GoSNMP{Version: gosnmp.Version2c, Community: community}
	packet := library.MkSnmpPacket(gosnmp.GetBulkRequest, []gosnmp.SnmpPDU{{Name: ".1.3", Type: gosnmp.Null}}, 0, 20)
	packet.RequestID = 5
	message, err := packet.MarshalMsg()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(table.answer(message)[0], 2)
	f.Add([]byte{0x30, 3, 2, 1, 1}, 0)
	f.Add(bytes.Repeat([]byte{0x30, 0x80}, 20), 1)
	f.Fuzz(func(t *testing.T, answer []byte, index int) {
		got, err := snmp.Decoded(answer, index)
		if err != nil {
			return
		}
		if got.Uptime < 0 || got.Boots < 0 || got.Access.SpeedBits < 0 {
			t.Errorf("told %+v, want nothing below 0", got)
		}
		for _, name := range []string{got.Access.Name, got.Access.Alias} {
			if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '\uFFFD' }) {
				t.Errorf("name %q cannot be shown", name)
			}
		}
		if !got.Access.Counted && got.Access.InOctets+got.Access.OutOctets != 0 {
			t.Errorf("not counted, and yet %+v", got.Access)
		}
	})
}
