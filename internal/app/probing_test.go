package app

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/internal/inventory"
	"vigie/internal/prober"
	"vigie/probe"
	"vigie/probe/snmp"
)

func TestWhatStandsBesideALinkIsProbedUnderItsNumber(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr
	today := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	x := inventory.NewIndex(inventory.Snapshot{
		Links: []inventory.Link{
			{ID: 4, Ref: "A", ProbeAddress: addr("198.18.0.1"), Demarcation: addr("198.18.200.1")},
			{ID: 5, Ref: "B", ProbeAddress: addr("198.18.0.2")},
			{ID: 6, Ref: "C", ProbeAddress: addr("198.18.0.3"), Demarcation: addr("198.18.200.3"), Ends: today},
			{ID: 7, Ref: "D", ProbeAddress: addr("2001:db8::1"), Demarcation: addr("198.18.200.4")},
		},
		Routers: []inventory.Router{
			{Key: "r-a", Link: "A", Address: addr("198.18.100.1")},
			{Key: "r-b", Link: "B", Address: addr("198.18.0.2")}, // no other path
			{Key: "r-c", Link: "C", Address: addr("198.18.100.3")},
		},
		Canaries: []inventory.Canary{{ID: 1, Key: "c", Address: addr("198.19.255.1")}, {ID: 2, Key: "d", Address: addr("198.19.255.2"), Ends: today}},
	})
	want := []probe.Target{
		{ID: 4, Kind: probe.Link, Addr: addr("198.18.0.1")},
		{ID: 4, Kind: probe.Demarcation, Addr: addr("198.18.200.1")},
		{ID: 4, Kind: probe.Router, Addr: addr("198.18.100.1")},
		{ID: 5, Kind: probe.Link, Addr: addr("198.18.0.2")},
		{ID: 7, Kind: probe.Link, Addr: addr("2001:db8::1")},
		{ID: 7, Kind: probe.Demarcation, Addr: addr("198.18.200.4")},
		{ID: 1, Kind: probe.Canary, Addr: addr("198.19.255.1")},
	}
	if diff := cmp.Diff(want, targets(x, today), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}

func TestARouterIsAskedWithItsCredentialOrWithNone(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr
	today := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	x := inventory.NewIndex(inventory.Snapshot{
		Links: []inventory.Link{{ID: 4, Ref: "A"}, {ID: 5, Ref: "B"}, {ID: 6, Ref: "C"}, {ID: 7, Ref: "D", Ends: today}},
		Routers: []inventory.Router{
			{Key: "r-a", Link: "A", Address: addr("198.18.100.1"), SNMP: "access", Interface: "wan0; lan0;backup"},
			{Key: "r-b", Link: "B", Address: addr("2001:db8::2"), SNMP: "forgotten"},
			{Key: "r-c", Link: "C", Address: addr("198.18.100.3")},
			{Key: "r-d", Link: "D", Address: addr("198.18.100.4"), SNMP: "access"},
		},
	})
	secret := snmp.Credential{Version: snmp.V2c, Community: "word"}
	want := []snmp.Router{
		{Link: 4, Ref: "A", Addr: netip.MustParseAddrPort("198.18.100.1:161"), Credential: secret, Interface: "wan0", Further: [3]string{"lan0", "backup"}},
		{Link: 5, Ref: "B", Addr: netip.MustParseAddrPort("[2001:db8::2]:161")},
	}
	got := routers(x, map[string]snmp.Credential{"access": secret}, today)
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("routers (-want +got):\n%s", diff)
	}
}

func TestTheProberFollowsTheInventoryIntoEachNewDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 48*time.Hour) // from 1 January 2000, 01:00 in Paris
		defer cancel()
		var told []time.Time
		away := 2 // attempts that fail
		unchanged := func() (bool, error) { return false, nil }
		followDays(ctx, unchanged, func(context.Context) error {
			if len(told) == 1 && away > 0 {
				away--
				return errors.New("the database is away")
			}
			told = append(told, time.Now().UTC())
			return nil
		}, slog.New(slog.DiscardHandler))
		begin := time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
		midnight := begin.Add(23 * time.Hour)
		want := []time.Time{begin.Add(time.Minute), midnight.Add(2 * time.Minute), midnight.Add(24 * time.Hour)}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("told at (-want +got):\n%s", diff)
		}
	})
}

func TestASecretThatChangedIsInForceWithinAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute+time.Second)
		defer cancel()
		reads, plans := 0, []int{}
		reread := func() (bool, error) {
			reads++
			return reads == 4, map[bool]error{true: errors.New("half written")}[reads == 6]
		}
		followDays(ctx, reread, func(context.Context) error {
			plans = append(plans, reads)
			if reads == 4 {
				return errors.New("the database is away")
			}
			return nil
		}, slog.New(slog.DiscardHandler))
		if diff := cmp.Diff([]int{1, 4, 5}, plans); diff != "" {
			t.Errorf("planned after looks (-want +got):\n%s", diff)
		}
	})
}

func TestSecretsAreReadFromTheirFilesAgain(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "community")
	s := &Server{}
	s.opts.Configuration.Prober.SNMP.Credentials = []prober.SNMPCredential{{Name: "access", Version: snmp.V2c, CommunityFile: file}}
	for _, step := range []struct {
		content string
		changed bool
	}{{"first\n", true}, {"first\n", false}, {"second\n", true}} {
		if err := os.WriteFile(file, []byte(step.content), 0o600); err != nil {
			t.Fatal(err)
		}
		changed, err := s.readSecrets()
		if err != nil || changed != step.changed || s.secrets.get()["access"].Community+"\n" != step.content {
			t.Errorf("%q: changed %t, error %v, want %t", step.content, changed, err, step.changed)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := s.readSecrets(); err == nil || s.secrets.get()["access"].Community != "second" {
		t.Errorf("a file that is gone takes the secret away: %v", err)
	}
}
