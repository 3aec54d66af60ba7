package agent_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gosnmp/gosnmp"
	"pgregory.net/rapid"

	"vigie/internal/lab/agent"
)

const community = "secret"

var column = agent.OID{1, 3, 6, 1, 2, 1, 31, 1, 1, 1}

// objects are of every kind, in order.
func objects() []agent.Object {
	return []agent.Object{
		{Name: agent.OID{1, 3, 6, 1, 2, 1, 1, 3, 0}, Value: agent.Ticks(4_294_967_295)},
		{Name: agent.OID{1, 3, 6, 1, 2, 1, 2, 2, 1, 8, 300}, Value: agent.Integer(-2)},
		{Name: column.With(1, 1), Value: agent.Text("lan0")},
		{Name: column.With(1, 2), Value: agent.Text(strings.Repeat("w", 200))},
		{Name: column.With(6, 1), Value: agent.Counter64(0)},
		{Name: column.With(6, 2), Value: agent.Counter64(18_446_744_073_709_551_615)},
		{Name: column.With(15, 4_294_967_295), Value: agent.Gauge(4_000_000_000)},
		{Name: column.With(16, 1), Value: agent.Identifier(agent.OID{1, 3, 6, 1, 4, 1, 4_294_967_295})},
		{Name: column.With(16, 2), Value: agent.Address(netip.MustParseAddr("192.0.2.255"))},
		{Name: column.With(16, 3), Value: agent.Counter32(4_294_967_295)},
	}
}

// ask encodes a request and decodes the answer with another implementation.
func ask(t *testing.T, kind gosnmp.PDUType, once uint8, repeat uint32, names ...string) *gosnmp.SnmpPacket {
	t.Helper()
	library := &gosnmp.GoSNMP{Version: gosnmp.Version2c, Community: community}
	var variables []gosnmp.SnmpPDU
	for _, name := range names {
		variables = append(variables, gosnmp.SnmpPDU{Name: name, Type: gosnmp.Null})
	}
	packet := library.MkSnmpPacket(kind, variables, once, repeat)
	packet.RequestID = 77
	message, err := packet.MarshalMsg()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := agent.Answer(message, community, objects())
	if err != nil {
		t.Fatal(err)
	}
	got, err := library.SnmpDecodePacket(answer)
	if err != nil {
		t.Fatalf("answer % x: %v", answer, err)
	}
	if got.RequestID != 77 || got.PDUType != gosnmp.GetResponse {
		t.Errorf("answer %d of type %v, want the response 77", got.RequestID, got.PDUType)
	}
	return got
}

func names(packet *gosnmp.SnmpPacket) []string {
	var all []string
	for _, v := range packet.Variables {
		all = append(all, v.Name)
	}
	return all
}

func TestAGetTellsEveryKindOfValue(t *testing.T) {
	t.Parallel()
	got := ask(t, gosnmp.GetRequest, 0, 0,
		".1.3.6.1.2.1.1.3.0", ".1.3.6.1.2.1.2.2.1.8.300", ".1.3.6.1.2.1.31.1.1.1.1.1",
		".1.3.6.1.2.1.31.1.1.1.6.2", ".1.3.6.1.2.1.31.1.1.1.15.4294967295",
		".1.3.6.1.2.1.31.1.1.1.16.1", ".1.3.6.1.2.1.31.1.1.1.16.2", ".1.3.6.1.2.1.31.1.1.1.16.3",
		".1.3.6.1.2.1.31.1.1.1.6.3", ".1.3.6.1.2.1.99.1")
	want := []gosnmp.SnmpPDU{
		{Name: ".1.3.6.1.2.1.1.3.0", Type: gosnmp.TimeTicks, Value: uint32(4_294_967_295)},
		{Name: ".1.3.6.1.2.1.2.2.1.8.300", Type: gosnmp.Integer, Value: -2},
		{Name: ".1.3.6.1.2.1.31.1.1.1.1.1", Type: gosnmp.OctetString, Value: []byte("lan0")},
		{Name: ".1.3.6.1.2.1.31.1.1.1.6.2", Type: gosnmp.Counter64, Value: uint64(18_446_744_073_709_551_615)},
		{Name: ".1.3.6.1.2.1.31.1.1.1.15.4294967295", Type: gosnmp.Gauge32, Value: uint(4_000_000_000)},
		{Name: ".1.3.6.1.2.1.31.1.1.1.16.1", Type: gosnmp.ObjectIdentifier, Value: ".1.3.6.1.4.1.4294967295"},
		{Name: ".1.3.6.1.2.1.31.1.1.1.16.2", Type: gosnmp.IPAddress, Value: "192.0.2.255"},
		{Name: ".1.3.6.1.2.1.31.1.1.1.16.3", Type: gosnmp.Counter32, Value: uint(4_294_967_295)},
		{Name: ".1.3.6.1.2.1.31.1.1.1.6.3", Type: gosnmp.NoSuchInstance},
		{Name: ".1.3.6.1.2.1.99.1", Type: gosnmp.NoSuchObject},
	}
	if diff := cmp.Diff(want, got.Variables); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestAWalkSeesEveryObjectInOrderAndTheEnd(t *testing.T) {
	t.Parallel()
	var walked []string
	for from := ".1.3"; ; {
		got := ask(t, gosnmp.GetNextRequest, 0, 0, from)
		if got.Variables[0].Type == gosnmp.EndOfMibView {
			break
		}
		from = got.Variables[0].Name
		walked = append(walked, from)
	}
	bulk := names(ask(t, gosnmp.GetBulkRequest, 0, 50, ".1.3"))
	if len(walked) != len(objects()) {
		t.Fatalf("walked %v", walked)
	}
	if diff := cmp.Diff(append(slices.Clone(walked), walked[len(walked)-1]), bulk); diff != "" {
		t.Errorf("a bulk ends with the last name again, as the end (-want +got):\n%s", diff)
	}
	got := names(ask(t, gosnmp.GetBulkRequest, 1, 2, ".1.3.6.1.2.1.1", ".1.3.6.1.2.1.31.1.1.1.1", ".1.3.6.1.2.1.31.1.1.1.6"))
	want := []string{
		".1.3.6.1.2.1.1.3.0",
		".1.3.6.1.2.1.31.1.1.1.1.1", ".1.3.6.1.2.1.31.1.1.1.6.1",
		".1.3.6.1.2.1.31.1.1.1.1.2", ".1.3.6.1.2.1.31.1.1.1.6.2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("bulk of one name once and two twice (-want +got):\n%s", diff)
	}
}

func TestAnAnswerStaysInOnePacket(t *testing.T) {
	t.Parallel()
	var many []string
	for range 10 {
		many = append(many, ".1.3.6.1.2.1.31.1.1.1.1.2")
	}
	if got := ask(t, gosnmp.GetRequest, 0, 0, many...); got.Error != gosnmp.TooBig || len(got.Variables) != 0 {
		t.Errorf("a get beyond one packet: state %v with %d objects, want too big with none", got.Error, len(got.Variables))
	}
	for i := range many {
		many[i] = ".1.3.6.1.2.1.31.1.1.1.1.1"
	}
	if got := ask(t, gosnmp.GetBulkRequest, 0, 50, many...); got.Error != gosnmp.NoError || len(got.Variables) != 6 {
		t.Errorf("a bulk beyond one packet: state %v with %d objects, want the 6 that fit", got.Error, len(got.Variables))
	}
}

func TestNothingCanBeSet(t *testing.T) {
	t.Parallel()
	got := ask(t, gosnmp.SetRequest, 0, 0, ".1.3.6.1.2.1.1.3.0")
	if got.Error != gosnmp.NotWritable || got.ErrorIndex != 1 {
		t.Errorf("state %v at %d, want not writable at 1", got.Error, got.ErrorIndex)
	}
}

func TestAnAgentIsSilentToWhatIsNotForIt(t *testing.T) {
	t.Parallel()
	for name, packet := range map[string]*gosnmp.SnmpPacket{
		"another community": {Version: gosnmp.Version2c, Community: "public", PDUType: gosnmp.GetRequest},
		"version 1":         {Version: gosnmp.Version1, Community: community, PDUType: gosnmp.GetRequest},
		"an answer":         {Version: gosnmp.Version2c, Community: community, PDUType: gosnmp.GetResponse},
	} {
		message, err := packet.MarshalMsg()
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := agent.Answer(message, community, objects()); err == nil {
			t.Errorf("%s: answered % x", name, answer)
		}
	}
}

func TestNumbersSurviveTheirEncoding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		counter, gauge := rapid.Uint64().Draw(t, "counter"), rapid.Uint32().Draw(t, "gauge")
		number := rapid.Int32().Draw(t, "number")
		name := agent.OID{1, 3}.With(rapid.SliceOfN(rapid.Uint32(), 1, 20).Draw(t, "name")...)
		told := []agent.Object{
			{Name: name.With(1), Value: agent.Counter64(counter)},
			{Name: name.With(2), Value: agent.Gauge(gauge)},
			{Name: name.With(3), Value: agent.Integer(number)},
		}
		library := &gosnmp.GoSNMP{Version: gosnmp.Version2c, Community: community}
		packet := library.MkSnmpPacket(gosnmp.GetBulkRequest, []gosnmp.SnmpPDU{{Name: ".1.3", Type: gosnmp.Null}}, 0, 3)
		message, err := packet.MarshalMsg()
		if err != nil {
			t.Fatal(err)
		}
		answer, err := agent.Answer(message, community, told)
		if err != nil {
			t.Fatal(err)
		}
		got, err := library.SnmpDecodePacket(answer)
		if err != nil {
			t.Fatal(err)
		}
		if v := got.Variables; v[0].Value != counter || v[1].Value != uint(gauge) || v[2].Value != int(number) {
			t.Fatalf("told %d %d %d, want %d %d %d", v[0].Value, v[1].Value, v[2].Value, counter, gauge, number)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	library := &gosnmp.GoSNMP{Version: gosnmp.Version2c, Community: community}
	for _, kind := range []gosnmp.PDUType{gosnmp.GetRequest, gosnmp.GetNextRequest, gosnmp.GetBulkRequest, gosnmp.SetRequest} {
		packet := library.MkSnmpPacket(kind, []gosnmp.SnmpPDU{{Name: ".1.3.6.1.2.1.31.1.1.1.1.2", Type: gosnmp.Null}}, 0, 10)
		message, err := packet.MarshalMsg()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(message)
	}
	f.Add([]byte{0x30, 0x82})
	f.Fuzz(func(t *testing.T, message []byte) {
		answer, err := agent.Answer(message, community, objects())
		if err != nil {
			return
		}
		if len(answer) > 1500 && len(message) < 1400 {
			t.Errorf("answer of %d octets, want one packet", len(answer))
		}
		if _, err := library.SnmpDecodePacket(answer); err != nil && len(answer) < 1500 {
			t.Errorf("% x is answered with % x, which no other understands: %v", message, answer, err)
		}
	})
}
