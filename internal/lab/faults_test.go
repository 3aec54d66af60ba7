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

// told is what each address suffers, as the network was told.
type told map[netip.Addr]lab.Impairment

func (n told) set(addr netip.Addr, impairment lab.Impairment) error {
	n[addr] = impairment
	return nil
}

// faults draws faults that are possible in topology(30).
func faults() *rapid.Generator[lab.Fault] {
	region := topology(30)
	ref := rapid.SampledFrom(region.Links)
	return rapid.Custom(func(t *rapid.T) lab.Fault {
		kind := rapid.SampledFrom([]lab.Kind{
			lab.KindCut, lab.KindPOP, lab.KindUplink, lab.KindLoss, lab.KindDelay,
		}).Draw(t, "kind")
		fault := lab.Fault{Kind: kind, Target: ref.Draw(t, "link").Ref}
		switch kind {
		case lab.KindPOP:
			fault.Target = ref.Draw(t, "pop").POP
		case lab.KindUplink:
			fault.Target = ""
		case lab.KindLoss:
			fault.LossPerMillion = rapid.Uint32Range(1, 1_000_000).Draw(t, "loss")
		case lab.KindDelay:
			fault.Delay = time.Duration(rapid.Int64Range(1, int64(time.Second)).Draw(t, "delay"))
			fault.Jitter = time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "jitter"))
		}
		return fault
	})
}

// suffered is the oracle: what one link suffers, told figure by figure.
func suffered(link lab.Link, base lab.Impairment, active []lab.Active) lab.Impairment {
	for _, a := range active {
		fault := a.Fault
		one := fault.Target == link.Ref
		switch {
		case fault.Kind == lab.KindUplink,
			fault.Kind == lab.KindPOP && fault.Target == link.POP,
			fault.Kind == lab.KindCut && one:
			base.Cut = true
		case fault.Kind == lab.KindLoss && one && fault.LossPerMillion > base.LossPerMillion:
			base.LossPerMillion = fault.LossPerMillion
		case fault.Kind == lab.KindDelay && one:
			base.Delay, base.Jitter = max(base.Delay, fault.Delay), max(base.Jitter, fault.Jitter)
		}
	}
	return base
}

func TestEndingAFaultRestoresWhatTheOthersLeave(t *testing.T) {
	t.Parallel()
	region := topology(30)
	baseline := lab.NewBaseline(region, seed)
	rapid.Check(t, func(t *rapid.T) {
		network := make(told)
		for addr, line := range baseline {
			network[addr] = line
		}
		active := lab.NewFaults(region, baseline, network.set)
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
			"": func(t *rapid.T) {
				list := active.List()
				for _, link := range region.Links {
					if want := suffered(link, baseline[link.Addr], list); network[link.Addr] != want {
						t.Fatalf("link %s suffers %+v, want %+v under %+v", link.Ref, network[link.Addr], want, list)
					}
				}
				isolated := slices.ContainsFunc(list, func(a lab.Active) bool { return a.Fault.Kind == lab.KindUplink })
				for _, addr := range region.Canaries {
					if network[addr].Cut != isolated {
						t.Fatalf("canary %v cut: %v, want %v", addr, network[addr].Cut, isolated)
					}
				}
			},
		})
		for _, a := range active.List() {
			if err := active.End(a.ID); err != nil {
				t.Fatal(err)
			}
		}
		if diff := gocmp.Diff(told(baseline), network, cmpAddr); diff != "" {
			t.Fatalf("after all repairs (-base line +got):\n%s", diff)
		}
	})
}

func TestTheOrderOfFaultsDoesNotMatter(t *testing.T) {
	t.Parallel()
	region := topology(30)
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
	active := lab.NewFaults(region, nil, make(told).set)
	for _, test := range []struct {
		fault lab.Fault
		want  string
	}{
		{lab.Fault{Kind: "fire"}, `lab: unknown fault "fire", want one of cut, pop, uplink, loss, delay`},
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
		network := make(told)
		active := lab.NewFaults(region, nil, network.set)
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
			if network[addr] != step.want {
				t.Errorf("after %v the link suffers %+v, want %+v", step.at, network[addr], step.want)
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
