package view

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/inventory"
	"vigie/internal/org"
)

// A-1 of the Meuse is probed on the router of A-2, which the Meuse does not see, and G-1
// of both on a canary.
func TestDoubtsNameWhatTheAskerSeesOnly(t *testing.T) {
	t.Parallel()
	s := town().Snapshot
	shared, witness := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.9")
	for i := range s.Links {
		s.Links[i].ProbeAddress = map[string]netip.Addr{"A-1": shared, "G-1": witness}[s.Links[i].Ref]
	}
	s.Routers = []inventory.Router{{Key: "r", Link: "A-2", Address: shared}}
	s.Canaries = []inventory.Canary{{Key: "c", Address: witness}}
	type line struct{ link, kind, row, other string }
	for name, test := range map[string]struct {
		territory org.Territory
		want      []line
	}{
		"everything": {org.Territory{All: true}, []line{{"A-1", "other-router", "r", "A-2"}, {"G-1", "canary", "c", ""}}},
		"meuse":      {org.Territory{Organisations: []string{"meuse"}}, []line{{"A-1", "other-router", "", ""}, {"G-1", "canary", "c", ""}}},
		"cea":        {org.Territory{Organisations: []string{"cea"}}, []line{{"G-1", "canary", "c", ""}}},
		"nobody":     {org.Territory{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			who := org.User{ID: 1, Role: org.Network, Territory: test.territory}
			doubted, err := New(fixed{index: inventory.NewIndex(s)}, 0, nil).Doubted(t.Context(), who, noon)
			if err != nil {
				t.Fatal(err)
			}
			var got []line
			for _, l := range doubted {
				for _, d := range l.Doubts {
					got = append(got, line{l.Ref, string(d.Kind), d.Row, d.Other.Ref})
				}
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(line{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
