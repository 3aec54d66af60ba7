package lab_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"vigie/internal/lab"
)

// shown is what a router tells of itself and of wan0.
type shown struct {
	uptime time.Duration
	boots  int
	index  int // of wan0
	up     bool
	octets lab.Octets
}

// show asks a router for everything at an instant.
func show(t *testing.T, agents *lab.Agents, addr netip.Addr, now time.Time) shown {
	t.Helper()
	told := walked(t, agents, addr, now)
	text := func(name string) string { b, _ := told[name].Value.([]byte); return string(b) }
	got := shown{boots: told[".1.3.6.1.6.3.10.2.1.2.0"].Value.(int), index: 1}
	suffix := ".1"
	if text(".1.3.6.1.2.1.31.1.1.1.1.2") == "wan0" {
		suffix, got.index = ".2", 2
	}
	if name := text(".1.3.6.1.2.1.31.1.1.1.1" + suffix); name != "wan0" {
		t.Fatalf("interface %d is %q, want wan0", got.index, name)
	}
	if text(".1.3.6.1.2.1.31.1.1.1.18"+suffix) != text(".1.3.6.1.2.1.1.5.0") {
		t.Errorf("alias %q, want the reference of the link", text(".1.3.6.1.2.1.31.1.1.1.18"+suffix))
	}
	for name, most := range map[string]int{".1.3.6.1.2.1.25.3.3.1.2.1": 100, ".1.3.6.1.2.1.25.2.3.1.6.1": 131_072, ".1.3.6.1.2.1.99.1.1.1.4.1": 600} {
		if value, _ := told[name].Value.(int); value < 1 || value > most {
			t.Errorf("%s is %v, want 1 to %d", name, told[name].Value, most)
		}
	}
	got.uptime = time.Duration(told[".1.3.6.1.2.1.1.3.0"].Value.(uint32)) * 10 * time.Millisecond
	got.up = told[".1.3.6.1.2.1.2.2.1.8"+suffix].Value == 1
	got.octets.Down = told[".1.3.6.1.2.1.31.1.1.1.6"+suffix].Value.(uint64)
	got.octets.Up = told[".1.3.6.1.2.1.31.1.1.1.10"+suffix].Value.(uint64)
	return got
}

// walked asks a router for all that it tells at an instant.
func walked(t *testing.T, agents *lab.Agents, addr netip.Addr, now time.Time) map[string]gosnmp.SnmpPDU {
	t.Helper()
	library := &gosnmp.GoSNMP{Version: gosnmp.Version2c, Community: lab.Community}
	told := make(map[string]gosnmp.SnmpPDU)
	for from := ".1.0"; ; {
		packet := library.MkSnmpPacket(gosnmp.GetBulkRequest, []gosnmp.SnmpPDU{{Name: from, Type: gosnmp.Null}}, 0, 50)
		request, err := packet.MarshalMsg()
		if err != nil {
			t.Fatal(err)
		}
		answer, err := agents.Answer(addr, request, now)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := library.SnmpDecodePacket(answer)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range decoded.Variables {
			if v.Type == gosnmp.EndOfMibView {
				return told
			}
			told[v.Name], from = v, v.Name
		}
	}
}

// wired is equipped(n) with the rates of rated(n).
func wired(n int) lab.Topology {
	region := equipped(n)
	for i := range region.Links {
		region.Links[i].DownKbps, region.Links[i].UpKbps = 100_000, 20_000
	}
	return region
}

func less(a, b lab.Octets) lab.Octets { return lab.Octets{Down: a.Down - b.Down, Up: a.Up - b.Up} }

func TestARouterCountsWhatItsLinkCarries(t *testing.T) {
	t.Parallel()
	region := wired(3)
	link := region.Links[1]
	agents, lazy := lab.NewAgents(region, seed, paris(), monday), lab.NewAgents(region, seed, paris(), monday)
	first := show(t, agents, link.Addr, monday)
	end := monday.Add(13 * time.Hour)
	for at := monday; at.Before(end); at = at.Add(7*time.Minute + 13*time.Microsecond) {
		show(t, agents, link.Router, at)
	}
	last := show(t, agents, link.Router, end)
	if got, want := less(last.octets, first.octets), lab.NewTraffic(seed, link, paris()).Carried(monday, end); got != want {
		t.Errorf("counted %+v in 13 hours, want %+v", got, want)
	}
	if once := show(t, lazy, link.Addr, end); once != last {
		t.Errorf("asked once %+v, asked often %+v, want the same", once, last)
	}
	if later := lab.NewAgents(region, seed, paris(), end); show(t, later, link.Addr, end) != last {
		t.Errorf("a lab that started later shows %+v, want %+v", show(t, later, link.Addr, end), last)
	}
	if !last.up || last.uptime < 24*time.Hour || last.boots < 1 {
		t.Errorf("%+v, want a router that has been up for long", last)
	}
}

func TestARouterWithoutPowerIsSilentAndRestarts(t *testing.T) {
	t.Parallel()
	region := wired(3)
	link := region.Links[2]
	agents := lab.NewAgents(region, seed, paris(), monday)
	before := show(t, agents, link.Addr, monday)
	agents.Befall(link.Ref, lab.Condition{Off: true}, monday.Add(time.Hour))
	if answer, err := agents.Answer(link.Addr, nil, monday.Add(70*time.Minute)); err == nil {
		t.Errorf("a router without power answers % x", answer)
	}
	back := monday.Add(2 * time.Hour)
	agents.Befall(link.Ref, lab.Condition{}, back)
	after := show(t, agents, link.Addr, back.Add(10*time.Minute))
	want := shown{
		uptime: 10 * time.Minute, boots: before.boots + 1, index: 3 - before.index, up: true,
		octets: lab.NewTraffic(seed, link, paris()).Carried(back, back.Add(10*time.Minute)),
	}
	if after != want {
		t.Errorf("after the power is back %+v, want %+v", after, want)
	}
}

func TestACutLineIsDownAndCountsNothingWhileTheRouterRuns(t *testing.T) {
	t.Parallel()
	region := wired(3)
	link := region.Links[0]
	traffic := lab.NewTraffic(seed, link, paris())
	agents := lab.NewAgents(region, seed, paris(), monday)
	before := show(t, agents, link.Router, monday)
	cut, mended := monday.Add(9*time.Hour), monday.Add(11*time.Hour)
	agents.Befall(link.Ref, lab.Condition{Cut: true}, cut)
	during := show(t, agents, link.Router, cut.Add(time.Hour))
	if want := traffic.Carried(monday, cut); during.up || less(during.octets, before.octets) != want {
		t.Errorf("while cut %+v, want down and %+v more than before", during, want)
	}
	agents.Befall(link.Ref, lab.Condition{}, mended)
	after := show(t, agents, link.Router, mended.Add(time.Hour))
	if want := traffic.Carried(mended, mended.Add(time.Hour)); !after.up || less(after.octets, during.octets) != want {
		t.Errorf("after the repair %+v, want up and %+v more than while cut", after, want)
	}
	if after.boots != before.boots || after.uptime != before.uptime+12*time.Hour {
		t.Errorf("%+v, want a router that ran all the time since %+v", after, before)
	}
}
