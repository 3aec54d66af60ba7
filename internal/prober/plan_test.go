package prober_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/internal/prober"
	"vigie/probe"
	"vigie/probe/service"
	"vigie/probe/snmp"
)

func somePlan() prober.Plan {
	addr := netip.MustParseAddr
	access := snmp.Credential{Version: snmp.V2c, Community: "s3cret"}
	v3 := snmp.Credential{Version: snmp.V3, User: "vigie", Auth: "SHA256", AuthPassword: "authsecret", Priv: "AES", PrivPassword: "privsecret"}
	page := service.Check{
		Kind: service.HTTP, URL: "https://ent.example/", Timeout: 10 * time.Second, Redirects: 5,
		Expect: service.Expect{Status: service.Statuses{{From: 200, To: 299}}, Text: "élève"},
	}
	return prober.Plan{
		Configuration: prober.DefaultConfiguration(),
		Targets: []probe.Target{
			{ID: 4, Kind: probe.Link, Addr: addr("198.18.0.1")},
			{ID: 4, Kind: probe.Router, Addr: addr("2001:db8::1")},
			{ID: 1, Kind: probe.Canary, Addr: addr("198.19.255.1")},
		},
		Routers: []snmp.Router{
			{Link: 4, Ref: "A", Addr: netip.MustParseAddrPort("198.18.100.1:161"), Credential: access, Interface: "wan0"},
			{Link: 5, Ref: "B", Addr: netip.MustParseAddrPort("198.18.100.2:161"), Credential: v3},
			{Link: 6, Ref: "C", Addr: netip.MustParseAddrPort("198.18.100.3:161"), Credential: access},
			{Link: 7, Ref: "D", Addr: netip.MustParseAddrPort("198.18.100.4:161")}, // its credential is not configured
		},
		Questions: []prober.Question{{ID: 9, Link: 4, Every: time.Minute, Check: page}},
	}
}

var addresses = cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})

func TestAPlanArrivesWhole(t *testing.T) {
	t.Parallel()
	want := somePlan()
	packed, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := prober.DecodePlan(packed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, addresses); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	again, err := got.Encode()
	if err != nil || !bytes.Equal(packed, again) {
		t.Errorf("the same plan has other octets: %v", err)
	}
}

func TestAPlanTellsNotWhereTheCoreKeepsItsSecretsAndNoErrorTellsOne(t *testing.T) {
	t.Parallel()
	p := somePlan()
	p.Configuration.SNMP.Credentials = []prober.SNMPCredential{{Name: "access", CommunityFile: "/etc/vigie/snmp-access"}}
	p.Routers[1].Credential.PrivPassword = "short"
	packed, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil || strings.Contains(string(text), "/etc/vigie") {
		t.Errorf("%v, or the plan names the core's files: %s", err, text)
	}
	_, err = prober.DecodePlan(packed)
	if err == nil || strings.Contains(err.Error(), "short") || !strings.Contains(err.Error(), "router of link 5") {
		t.Errorf("a wrong credential: %v", err)
	}
	if shown := fmt.Sprintf("%+v", somePlan().Routers); strings.Contains(shown, "secret") || strings.Contains(shown, "s3cret") {
		t.Errorf("printing a plan shows a secret: %s", shown)
	}
}

func FuzzDecodePlan(f *testing.F) {
	pack := func(text []byte) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, _ = w.Write(text) // into memory
		_ = w.Close()
		return out.Bytes()
	}
	packed, err := somePlan().Encode()
	if err != nil {
		f.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		f.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"Routers":[{"Credential":1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := prober.DecodePlan(pack(text))
		if err != nil {
			return
		}
		packed, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := prober.DecodePlan(packed)
		if err != nil {
			t.Fatalf("what was read is not read again: %v", err)
		}
		if diff := cmp.Diff(p, again, addresses, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("written and read again (-want +got):\n%s", diff)
		}
	})
}
