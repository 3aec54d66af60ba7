package lab_test

import (
	"fmt"
	"net/netip"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"vigie/internal/lab"
)

const seed = 20_260_301

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// topology is a region of n links on POPs of ten, with two canaries.
func topology(n int) lab.Topology {
	region := lab.Topology{Canaries: []netip.Addr{
		netip.MustParseAddr("198.18.255.1"), netip.MustParseAddr("198.19.255.254"),
	}}
	for i := range n {
		region.Links = append(region.Links, lab.Link{
			Ref:      fmt.Sprintf("L-%04d", i),
			Addr:     netip.AddrFrom4([4]byte{198, 18, byte(i / 250), byte(1 + i%250)}),
			POP:      fmt.Sprintf("pop-%02d", i/10),
			Sites:    []string{fmt.Sprintf("site-%04d", i)},
			Operator: "op-a",
		})
	}
	return region
}

// routers are those of a region.
func routers(region lab.Topology) *lab.Agents { return lab.NewAgents(region, seed, paris(), monday) }

var cmpAddr = gocmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestANetworkThatWasNotStartedStops(t *testing.T) {
	t.Parallel()
	network, err := lab.New(topology(1), nil, seed, routers(topology(1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := network.Stop(); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func TestNewRefusesAnImpossibleNetwork(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr("198.18.0.1")
	for name, test := range map[string]struct {
		region   lab.Topology
		baseline lab.Baseline
		want     string
	}{
		"an address of the POPs": {
			region: lab.Topology{Links: []lab.Link{{Ref: "A", Addr: netip.MustParseAddr("198.19.248.1")}}},
			want:   "lab: link A has address 198.19.248.1, want one outside 198.19.248.0/22, which is that of the POPs",
		},
		"an address outside the operator's network": {
			region: lab.Topology{Links: []lab.Link{{Ref: "A", Addr: netip.MustParseAddr("10.0.0.1")}}},
			want:   "lab: link A has address 10.0.0.1, want one inside 198.18.0.0/15",
		},
		"no address": {
			region: lab.Topology{Links: []lab.Link{{Ref: "A"}}},
			want:   "lab: link A has address invalid IP, want one inside 198.18.0.0/15",
		},
		"a reference used twice": {
			region: lab.Topology{Links: []lab.Link{{Ref: "A", Addr: addr}, {Ref: "A", Addr: addr.Next()}}},
			want:   `lab: link reference "A" at 198.18.0.2, want a reference used once`,
		},
		"a canary on a link": {
			region: lab.Topology{Links: []lab.Link{{Ref: "A", Addr: addr}}, Canaries: []netip.Addr{addr}},
			want:   "lab: link A and canary 1 share address 198.18.0.1",
		},
		"a demarcation outside the operator's network": {
			region: lab.Topology{Links: []lab.Link{{Ref: "A", Addr: addr, Demarcation: netip.MustParseAddr("10.0.0.1")}}},
			want:   "lab: demarcation of link A has address 10.0.0.1, want one inside 198.18.0.0/15",
		},
		"a router on its own link's address": {
			region: lab.Topology{Links: []lab.Link{{Ref: "A", Addr: addr, Router: addr}}},
			want:   "lab: link A and router of link A share address 198.18.0.1",
		},
		"a loss above everything": {
			region:   lab.Topology{Links: []lab.Link{{Ref: "A", Addr: addr}}},
			baseline: lab.Baseline{addr: {LossPerMillion: 1_000_001}},
			want:     "lab: impair 198.18.0.1: loss of 1000001 per million, want 1000000 at most",
		},
		"a base line for nobody": {
			baseline: lab.Baseline{addr: {}},
			want:     "lab: impair 198.18.0.1: nothing in the lab has this address",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := lab.New(test.region, test.baseline, seed, routers(test.region))
			if err == nil || err.Error() != test.want {
				t.Errorf("got error %v, want %s", err, test.want)
			}
		})
	}
}
