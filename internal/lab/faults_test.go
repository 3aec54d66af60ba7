package lab_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/lab"
)

// told is what the network was told.
type told struct {
	addrs map[netip.Addr]lab.Impairment
	links map[string]lab.Condition
}

// newTold is a network that suffers its base line.
func newTold(baseline lab.Baseline) *told {
	n := &told{addrs: make(map[netip.Addr]lab.Impairment), links: make(map[string]lab.Condition)}
	for addr, line := range baseline {
		n.addrs[addr] = line
	}
	return n
}

func (n *told) Set(addr netip.Addr, impairment lab.Impairment) error {
	n.addrs[addr] = impairment
	return nil
}

func (n *told) SetLink(ref string, condition lab.Condition) { n.links[ref] = condition }

// equipped is topology(n) with a demarcation and a router on each link; every
// third site has a second access, the next link, which hangs on another POP.
func equipped(n int) lab.Topology {
	region := topology(n)
	for i := range region.Links {
		link := &region.Links[i]
		link.Demarcation = netip.AddrFrom4([4]byte{198, 19, byte(i / 250), byte(1 + i%250)})
		link.Router = netip.AddrFrom4([4]byte{198, 19, byte(100 + i/250), byte(1 + i%250)})
		if i%3 == 1 {
			link.Sites, link.POP = region.Links[i-1].Sites, "pop-second"
		}
	}
	return region
}

// faults draws faults that are possible in equipped(30).
func faults() *rapid.Generator[lab.Fault] {
	ref := rapid.SampledFrom(equipped(30).Links)
	return rapid.Custom(func(t *rapid.T) lab.Fault {
		kind := rapid.SampledFrom([]lab.Kind{
			lab.KindCut, lab.KindPOP, lab.KindUplink, lab.KindLoss, lab.KindDelay,
			lab.KindBrownout, lab.KindFlap, lab.KindRouter, lab.KindPower,
		}).Draw(t, "kind")
		fault := lab.Fault{Kind: kind, Target: ref.Draw(t, "link").Ref}
		loss := func() uint32 { return rapid.Uint32Range(1, 1_000_000).Draw(t, "loss") }
		delay := func() time.Duration { return time.Duration(rapid.Int64Range(1, int64(time.Second)).Draw(t, "delay")) }
		switch kind {
		case lab.KindPOP:
			fault.Target = ref.Draw(t, "pop").POP
		case lab.KindPower:
			fault.Target = ref.Draw(t, "site").Sites[0]
		case lab.KindUplink:
			fault.Target = ""
		case lab.KindLoss:
			fault.LossPerMillion = loss()
		case lab.KindDelay:
			fault.Delay, fault.Jitter = delay(), delay()
		case lab.KindBrownout:
			fault.LossPerMillion, fault.Delay = loss(), delay()
		case lab.KindFlap:
			fault.Period = time.Hour // cut until the test is over
		}
		return fault
	})
}

// fate is the oracle: what befell one link, told fault by fault.
type fate struct {
	line               lab.Impairment
	dead, dark, silent bool // its router, its site, the prober
}

func fateOf(link lab.Link, active []lab.Active) fate {
	var f fate
	for _, a := range active {
		fault := a.Fault
		one := fault.Target == link.Ref
		switch fault.Kind {
		case lab.KindUplink:
			f.silent = true
		case lab.KindPower:
			f.dark = f.dark || fault.Target == link.Sites[0]
		case lab.KindRouter:
			f.dead = f.dead || one
		case lab.KindPOP:
			f.line.Cut = f.line.Cut || fault.Target == link.POP
		case lab.KindCut, lab.KindFlap:
			f.line.Cut = f.line.Cut || one
		default:
			if one {
				f.line.LossPerMillion = max(f.line.LossPerMillion, fault.LossPerMillion)
				f.line.Delay, f.line.Jitter = max(f.line.Delay, fault.Delay), max(f.line.Jitter, fault.Jitter)
			}
		}
	}
	return f
}

// over is an impairment on top of a base line.
func over(base, more lab.Impairment, cut bool) lab.Impairment {
	more.Cut = more.Cut || cut
	return base.Worst(more)
}

// checkSuffering compares what a network was told with the oracle.
func checkSuffering(t *rapid.T, region lab.Topology, baseline lab.Baseline, network *told, list []lab.Active) {
	for i, link := range region.Links {
		f := fateOf(link, list)
		if want := (lab.Condition{Cut: f.line.Cut, Off: f.dead || f.dark}); network.links[link.Ref] != want {
			t.Fatalf("link %s lives %+v, want %+v under %+v", link.Ref, network.links[link.Ref], want, list)
		}
		way := f.line
		if beside := i + 1 - 2*(i%3); f.line.Cut && i%3 < 2 && beside < len(region.Links) {
			if other := fateOf(region.Links[beside], list); !other.line.Cut && !other.dead && !other.dark {
				way = other.line
			}
		}
		for _, part := range []struct {
			name string
			addr netip.Addr
			want lab.Impairment
		}{
			{"link", link.Addr, over(baseline[link.Addr], f.line, f.dead || f.dark || f.silent)},
			{"demarcation", link.Demarcation, over(baseline[link.Demarcation], f.line, f.dark || f.silent)},
			{"router", link.Router, over(baseline[link.Router], way, f.dead || f.dark || f.silent)},
		} {
			if network.addrs[part.addr] != part.want {
				t.Fatalf("%s of %s suffers %+v, want %+v under %+v", part.name, link.Ref, network.addrs[part.addr], part.want, list)
			}
		}
	}
	isolated := slices.ContainsFunc(list, func(a lab.Active) bool { return a.Fault.Kind == lab.KindUplink })
	for _, addr := range region.Canaries {
		if network.addrs[addr].Cut != isolated {
			t.Fatalf("canary %v cut: %v, want %v", addr, network.addrs[addr].Cut, isolated)
		}
	}
}

func TestEndingAFaultRestoresWhatTheOthersLeave(t *testing.T) {
	t.Parallel()
	region := equipped(30)
	baseline := lab.NewBaseline(region, seed)
	rapid.Check(t, func(t *rapid.T) {
		network := newTold(baseline)
		active := lab.NewFaults(region, baseline, network)
		t.Repeat(map[string]func(*rapid.T){
			"begin": func(t *rapid.T) {
				if _, err := active.Begin(faults().Draw(t, "fault")); err != nil {
					t.Fatal(err)
				}
			},
			"end": func(t *rapid.T) {
				list := active.List()
				if len(list) == 0 {
					t.Skip("nothing is broken")
				}
				if err := active.End(rapid.SampledFrom(list).Draw(t, "fault").ID); err != nil {
					t.Fatal(err)
				}
			},
			"": func(t *rapid.T) { checkSuffering(t, region, baseline, network, active.List()) },
		})
		for _, a := range active.List() {
			if err := active.End(a.ID); err != nil {
				t.Fatal(err)
			}
		}
		if diff := gocmp.Diff(map[netip.Addr]lab.Impairment(baseline), network.addrs, cmpAddr); diff != "" {
			t.Fatalf("after all repairs (-base line +got):\n%s", diff)
		}
	})
}

func TestTheOrderOfFaultsDoesNotMatter(t *testing.T) {
	t.Parallel()
	region := equipped(30)
	baseline := lab.NewBaseline(region, seed)
	rapid.Check(t, func(t *rapid.T) {
		drawn := rapid.SliceOfN(faults(), 0, 6).Draw(t, "faults")
		shuffled := rapid.Permutation(drawn).Draw(t, "shuffled")
		want, got := lab.Effective(region, baseline, drawn), lab.Effective(region, baseline, shuffled)
		if diff := gocmp.Diff(want, got, cmpAddr); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestBeginRefusesAnImpossibleFault(t *testing.T) {
	t.Parallel()
	region := topology(3)
	active := lab.NewFaults(region, nil, newTold(nil))
	for _, test := range []struct {
		fault lab.Fault
		want  string
	}{
		{lab.Fault{Kind: "fire"}, `lab: unknown fault "fire", want one of cut, pop, uplink, loss, delay, brownout, flap, router, power, firewall`},
		{lab.Fault{Kind: lab.KindCut, Target: "L-9"}, `lab: fault cut: no link has reference "L-9"`},
		{lab.Fault{Kind: lab.KindPOP}, `lab: fault pop: no link hangs on POP ""`},
		{lab.Fault{Kind: lab.KindUplink, Target: "L-0001"}, `lab: fault uplink has target "L-0001", want none`},
		{lab.Fault{Kind: lab.KindLoss, Target: "L-0001"}, `lab: fault loss on "L-0001" loses 0 per million, want at least 1`},
		{
			lab.Fault{Kind: lab.KindLoss, Target: "L-0001", LossPerMillion: 2_000_000},
			`lab: fault loss on "L-0001": loss of 2000000 per million, want 1000000 at most`,
		},
		{lab.Fault{Kind: lab.KindDelay, Target: "L-0001"}, `lab: fault delay on "L-0001" has no delay, want one above 0`},
		{
			lab.Fault{Kind: lab.KindDelay, Target: "L-0001", Delay: 1, Jitter: -1},
			`lab: fault delay on "L-0001": jitter -1ns, want 0 or more`,
		},
		{lab.Fault{Kind: lab.KindBrownout, Target: "L-0001", Delay: 1}, `lab: fault brownout on "L-0001" loses 0 per million, want at least 1`},
		{lab.Fault{Kind: lab.KindFlap, Target: "L-0001"}, `lab: fault flap on "L-0001" has a period of 0s, want at least 2s`},
		{lab.Fault{Kind: lab.KindPower, Target: "L-0001"}, `lab: fault power: no link ends at site "L-0001"`},
		{lab.Fault{Kind: lab.KindRouter, Target: "site-0001"}, `lab: fault router: no link has reference "site-0001"`},
		{lab.Fault{Kind: lab.KindUplink, For: -time.Second}, `lab: fault uplink lasts -1s, want 0 or more`},
	} {
		if _, err := active.Begin(test.fault); err == nil || err.Error() != test.want {
			t.Errorf("Begin(%+v)\n got %v\nwant %s", test.fault, err, test.want)
		}
	}
	if got := active.List(); len(got) != 0 {
		t.Errorf("refused faults are in force: %+v", got)
	}
	if err := active.End(1); !errors.Is(err, lab.ErrNoFault) {
		t.Errorf("End of a fault that never was: %v, want %v", err, lab.ErrNoFault)
	}
}

func TestAFaultEndsWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		region := topology(3)
		network := newTold(nil)
		active := lab.NewFaults(region, nil, network)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- active.Run(ctx) }()

		addr := region.Links[0].Addr
		for _, fault := range []lab.Fault{
			{Kind: lab.KindUplink, For: 30 * time.Second},
			{Kind: lab.KindCut, Target: "L-0000", For: 10 * time.Second},
			{Kind: lab.KindLoss, Target: "L-0000", LossPerMillion: 5},
		} {
			synctest.Wait() // Run may sleep until a later end
			if _, err := active.Begin(fault); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct {
			at    time.Duration
			kinds string
			want  lab.Impairment
		}{
			{9 * time.Second, "uplink cut loss", lab.Impairment{Cut: true, LossPerMillion: 5}},
			{11 * time.Second, "uplink loss", lab.Impairment{Cut: true, LossPerMillion: 5}},
			{31 * time.Second, "loss", lab.Impairment{LossPerMillion: 5}},
			{time.Hour, "loss", lab.Impairment{LossPerMillion: 5}},
		} {
			time.Sleep(step.at - time.Since(epoch(active)))
			synctest.Wait()
			var kinds []string
			for _, a := range active.List() {
				kinds = append(kinds, string(a.Fault.Kind))
			}
			if got := strings.Join(kinds, " "); got != step.kinds {
				t.Errorf("after %v in force: %s, want %s", step.at, got, step.kinds)
			}
			if network.addrs[addr] != step.want {
				t.Errorf("after %v the link suffers %+v, want %+v", step.at, network.addrs[addr], step.want)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// epoch is when the lasting fault began; all began together.
func epoch(active *lab.Faults) time.Time {
	list := active.List()
	return list[len(list)-1].Since
}

func TestALinkFlapsOnItsPeriodUntilItsTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		region := equipped(3)
		network := newTold(nil)
		active := lab.NewFaults(region, nil, network)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- active.Run(ctx) }()
		synctest.Wait()

		if _, err := active.Begin(lab.Fault{Kind: lab.KindFlap, Target: "L-0002", Period: 20 * time.Second, For: 45 * time.Second}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for _, step := range []struct {
			at  time.Duration
			cut bool
		}{
			{0, true},
			{9 * time.Second, true},
			{11 * time.Second, false},
			{19 * time.Second, false},
			{21 * time.Second, true},
			{31 * time.Second, false},
			{41 * time.Second, true},
			{46 * time.Second, false},
			{time.Hour, false},
		} {
			time.Sleep(step.at - time.Since(began))
			synctest.Wait()
			if got := network.addrs[region.Links[2].Addr].Cut; got != step.cut {
				t.Errorf("after %v cut: %v, want %v", step.at, got, step.cut)
			}
			if got := network.links["L-0002"]; got != (lab.Condition{Cut: step.cut}) {
				t.Errorf("after %v the link lives %+v, want cut: %v", step.at, got, step.cut)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}
