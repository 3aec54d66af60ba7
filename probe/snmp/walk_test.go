package snmp_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/lab/agent"
	"vigie/probe"
	"vigie/probe/snmp"
)

var update = flag.Bool("update", false, "write the expected files anew")

// recorded reads a walk of a device: a name, a type and a value a line, in the form of
// snmpsim.
func recorded(t *testing.T, name string) []agent.Object {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name+".snmprec"))
	if err != nil {
		t.Fatal(err)
	}
	var objects []agent.Object
	for line := range strings.Lines(string(content)) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), "|", 3)
		if len(parts) != 3 {
			t.Fatalf("%s: line %q, expected three parts", name, line)
		}
		objects = append(objects, agent.Object{Name: oid(t, parts[0]), Value: value(t, parts[1], parts[2])})
	}
	return objects
}

func oid(t *testing.T, text string) agent.OID {
	t.Helper()
	var id agent.OID
	for part := range strings.SplitSeq(strings.TrimPrefix(text, "."), ".") {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		id = append(id, uint32(n))
	}
	return id
}

func value(t *testing.T, kind, text string) agent.Value {
	t.Helper()
	number := func() uint64 {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	switch kind {
	case "2":
		return agent.Integer(int32(number()))
	case "4":
		return agent.Text(text)
	case "4x":
		octets, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return agent.Text(string(octets))
	case "6":
		return agent.Identifier(oid(t, text))
	case "64":
		return agent.Address(netip.MustParseAddr(text))
	case "65":
		return agent.Counter32(uint32(number()))
	case "66":
		return agent.Gauge(uint32(number()))
	case "67":
		return agent.Ticks(uint32(number()))
	}
	t.Fatalf("type %q, expected one of a walk", kind)
	return agent.Value{}
}

// told serves a recorded device.
func told(t *testing.T, name string) *table {
	t.Helper()
	told := &table{}
	told.tell(recorded(t, name))
	return told
}

var sameAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// timeless is a device without what depends on when and how it was walked.
func timeless(d probe.Device) probe.Device {
	d.Requests = 0
	for i := range d.Ports {
		d.Ports[i].Changed = time.Time{}
	}
	return d
}

func TestADeviceIsReadFromWhateverTablesItHas(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"campus", "switch", "omniswitch"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := poller(t).Walk(t.Context(), asked(serve(t, told(t, name).answer)))
			if err != nil {
				t.Fatal(err)
			}
			if err := got.Validate(); err != nil {
				t.Error(err)
			}
			golden(t, name, timeless(got))
		})
	}
}

func golden(t *testing.T, name string, got probe.Device) {
	t.Helper()
	path := filepath.Join("testdata", name+".json")
	if *update {
		content, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(content, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want probe.Device
	if err := json.Unmarshal(content, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, sameAddr); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestAWalkTellsWhenAPortChangedLast(t *testing.T) {
	t.Parallel()
	table := router(lan, wan)
	objects := append(slices.Clone(table.objects),
		agent.Object{Name: ifEntry.With(2, 3), Value: agent.Text("tun0")},
		agent.Object{Name: ifEntry.With(2, 4), Value: agent.Text("tun1")},
		agent.Object{Name: ifEntry.With(9, 3), Value: agent.Ticks(40)}, // sysUpTime is 100
		agent.Object{Name: ifEntry.With(9, 4), Value: agent.Ticks(140)},
	)
	table.tell(objects)
	before := time.Now().Add(-600 * time.Millisecond).Truncate(time.Second)
	got, err := poller(t).Walk(t.Context(), asked(serve(t, table.answer)))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range got.Ports {
		known := p.Name == "tun0"
		if known != !p.Changed.IsZero() || known && (p.Changed.Before(before) || p.Changed.After(time.Now())) {
			t.Errorf("port %s changed at %v; want the last second for tun0 alone", p.Name, p.Changed)
		}
	}
}

func TestAWalkOfADeviceThatIsNotThereSaysWhy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		respond func([]byte) [][]byte
		want    string
	}{
		"silent":  {func([]byte) [][]byte { return nil }, snmp.ProblemSilent},
		"empty":   {(&table{}).answer, "snmp: the agent shows neither what it is nor an interface"},
		"garbage": {func([]byte) [][]byte { return [][]byte{{0x30, 3, 2, 1, 1}} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := poller(t).Walk(t.Context(), asked(serve(t, test.respond)))
			if err == nil || test.want != "" && err.Error() != test.want {
				t.Errorf("%+v, error %v; want %q", got, err, test.want)
			}
		})
	}
}
