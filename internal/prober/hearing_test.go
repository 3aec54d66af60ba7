package prober

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
	"vigie/probe/snmp"
)

// heardAt is what came of notifications: who was asked, and what was kept.
type heardAt struct {
	hearing
	mu    sync.Mutex
	asked []int64
	kept  []probe.Report
	left  int
	moved []int64 // whose interfaces came or went
}

func newHeardAt(takes time.Duration, routers ...snmp.Router) *heardAt {
	h := &heardAt{}
	h.hearing = hearing{
		routers: func() []snmp.Router { return routers },
		poll: func(ctx context.Context, r snmp.Router) probe.Poll {
			pause(ctx, takes)
			return probe.Poll{Link: r.Link, At: time.Now()}
		},
		done:   func(p probe.Poll) { h.mu.Lock(); defer h.mu.Unlock(); h.asked = append(h.asked, p.Link) },
		report: func(r probe.Report) { h.kept = append(h.kept, r) },
		left:   func() { h.left++ },

		changed: func(link int64, _ time.Time) { h.moved = append(h.moved, link) },
		slots:   make(chan struct{}, hastenedTogether), hastened: map[int64]time.Time{}, kept: map[said]*repeated{},
	}
	return h
}

func notified(addr, means string) snmp.Heard {
	return snmp.Heard{From: netip.MustParseAddr(addr), At: time.Now().UTC(), Trap: probe.Trap{Name: "1.3.6.1.6.3.1.1.5.1", Means: means}}
}

func routerAt(link int64, addr string) snmp.Router {
	return snmp.Router{Link: link, Addr: netip.AddrPortFrom(netip.MustParseAddr(addr), snmp.Port), Credential: snmp.Credential{Version: snmp.V2c, Community: "word"}}
}

func TestARouterThatNotifiesIsAskedAtOnceAndNotTwiceInTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHeardAt(time.Second, routerAt(1, "198.18.0.1"), routerAt(2, "198.18.0.2"), routerAt(3, "198.18.0.1"))
		for range 5 {
			h.hear(t.Context(), notified("198.18.0.1", probe.MeansLinkDown))
		}
		time.Sleep(9 * time.Second)
		h.hear(t.Context(), notified("198.18.0.1", probe.MeansLinkUp))
		synctest.Wait()
		if diff := cmp.Diff(2, len(h.asked)); diff != "" {
			t.Errorf("asked %v, want both links of the router once", h.asked)
		}
		time.Sleep(time.Second)
		h.hear(t.Context(), notified("198.18.0.1", probe.MeansOther))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(h.asked) != 4 {
			t.Errorf("asked %v, want both links twice", h.asked)
		}
		if diff := cmp.Diff(slices.Repeat([]int64{1, 3}, 6), h.moved); diff != "" {
			t.Errorf("interfaces came or went on (-want +got):\n%s", diff)
		}
		if len(h.kept)+h.left != 0 {
			t.Errorf("kept %v, left out %d; want nothing kept of interfaces", h.kept, h.left)
		}
		h.asking.Wait()
	})
}

func TestManyRoutersThatNotifyAtOnceFindBoundedRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var routers []snmp.Router
		for i := range 100 {
			routers = append(routers, routerAt(int64(i+1), netip.AddrFrom4([4]byte{198, 18, 1, byte(i)}).String()))
		}
		h := newHeardAt(time.Second, routers...)
		for _, r := range routers {
			h.hear(t.Context(), notified(r.Addr.Addr().String(), probe.MeansLastGasp))
		}
		h.asking.Wait()
		if len(h.asked) != hastenedTogether || h.left != 100-hastenedTogether || len(h.kept) != 100 {
			t.Errorf("asked %d, left out %d, kept %d; want %d, %d, 100", len(h.asked), h.left, len(h.kept), hastenedTogether, 100-hastenedTogether)
		}
	})
}

func TestWhatARouterSaysOfItsPowerIsKeptOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHeardAt(0, routerAt(1, "198.18.0.1"))
		first := notified("198.18.0.1", probe.MeansOnBattery)
		for range 4 {
			h.hear(t.Context(), notified("198.18.0.1", probe.MeansOnBattery))
			time.Sleep(time.Second)
		}
		h.hear(t.Context(), notified("198.18.0.1", probe.MeansPowerRestored))
		time.Sleep(time.Minute)
		last := notified("198.18.0.1", probe.MeansOnBattery)
		h.hear(t.Context(), last)
		h.asking.Wait()
		again := last.Trap
		again.Repeated = 3
		restored := first.Trap
		restored.Means = probe.MeansPowerRestored
		want := []probe.Report{
			{Link: 1, At: first.At, Finding: &first.Trap},
			{Link: 1, At: first.At.Add(4 * time.Second), Finding: &restored},
			{Link: 1, At: last.At, Finding: &again},
		}
		if diff := cmp.Diff(want, h.kept); diff != "" {
			t.Errorf("kept (-want +got):\n%s", diff)
		}
	})
}

func TestOnlyRoutersOfTheListAreKnown(t *testing.T) {
	t.Parallel()
	list := []snmp.Router{routerAt(1, "198.18.0.1"), {Link: 2, Addr: netip.MustParseAddrPort("198.18.0.2:161")}}
	h := hearing{routers: func() []snmp.Router { return list }}
	count := func(addr string) int { return len(h.credentials(netip.MustParseAddr(addr))) }
	if a, b, c := count("198.18.0.1"), count("198.18.0.2"), count("198.18.0.3"); a != 1 || b != 0 || c != 0 {
		t.Errorf("credentials of a router, of one without, of a stranger: %d, %d, %d; want 1, 0, 0", a, b, c)
	}
	list = []snmp.Router{routerAt(3, "198.18.0.3")}
	if a, c := count("198.18.0.1"), count("198.18.0.3"); a != 0 || c != 1 {
		t.Errorf("after the list changed: %d, %d; want 0, 1", a, c)
	}
	list = nil
	if c := count("198.18.0.3"); c != 0 {
		t.Errorf("without a list: %d", c)
	}
}

// trapOfVersion2c is a coldStart under the community word.
var trapOfVersion2c = []byte("\x30\x3e\x02\x01\x01\x04\x04\x77\x6f\x72\x64\xa7\x33\x02\x01\x09\x02\x01\x00\x02\x01\x00\x30\x28" +
	"\x30\x0d\x06\x08\x2b\x06\x01\x02\x01\x01\x03\x00\x43\x01\x05\x30\x17\x06\x0a\x2b\x06\x01\x06\x03\x01\x01\x04\x01\x00\x06\x09\x2b\x06\x01\x06\x03\x01\x01\x05\x01")

func TestANotificationOfTheNetworkHastensAPoll(t *testing.T) {
	t.Parallel()
	traps, err := snmp.ListenTraps(snmp.TrapOptions{Listen: netip.MustParseAddrPort("127.0.0.1:0"), Name: "metz", PerSecond: 10})
	if err != nil {
		t.Fatal(err)
	}
	polled := make(chan probe.Poll, 1)
	h := newHeardAt(0, routerAt(7, "127.0.0.1"))
	h.done = func(p probe.Poll) { polled <- p }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- h.run(ctx, traps) }()
	conn, err := net.Dial("udp", traps.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(trapOfVersion2c); err != nil {
		t.Fatal(err)
	}
	select {
	case p := <-polled:
		if p.Link != 7 {
			t.Errorf("asked the router of link %d, want 7", p.Link)
		}
	case <-time.After(10 * time.Second):
		t.Errorf("no poll: %+v", traps.Counters())
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := conn.Write(trapOfVersion2c); err == nil {
		_, err = conn.Write(trapOfVersion2c) // the first one meets the closed port
		if err == nil {
			t.Error("the socket is still open")
		}
	}
}

func TestWhereNotificationsAreHeardIsChecked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", ":162": "[::]:162", "0.0.0.0:1162": "0.0.0.0:1162", "[::1]:9": "[::1]:9", "host:162": "refused", "162": "refused"} {
		c := DefaultConfiguration()
		c.SNMP.Traps = text
		err := c.Validate()
		if refused := err != nil && strings.Contains(err.Error(), `snmp.traps: "`+text+`", expected an address and a port`); refused != (want == "refused") {
			t.Errorf("%q: got error %v", text, err)
		}
		if addr, on := c.SNMP.listen(); on && addr.String() != want {
			t.Errorf("%q is heard on %s, want %s", text, addr, want)
		}
	}
}

func TestAProberThatCannotHearDoesNotStart(t *testing.T) {
	t.Parallel()
	taken, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	o := Options{Name: "metz", Configuration: DefaultConfiguration(), Poll: func(context.Context, snmp.Router) probe.Poll { return probe.Poll{} }}
	o.SNMP.Traps = taken.LocalAddr().String()
	p := Prober{opts: o}
	if _, err := p.listen(); err == nil || !strings.Contains(err.Error(), "snmp traps: ") || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got error %v", err)
	}
	p.opts.SNMP.Traps = ""
	if traps, err := p.listen(); traps != nil || err != nil {
		t.Errorf("without an address: got %v, error %v", traps, err)
	}
}
