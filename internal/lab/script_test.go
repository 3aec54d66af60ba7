package lab_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/lab"
)

// region of POPs of 2, 4, 6 and 12 links; the first site of each has two.
func mixedRegion() lab.Topology {
	all := topology(24)
	sizes := []int{2, 4, 6, 12}
	next := 0
	for p, size := range sizes {
		for i := range size {
			all.Links[next].POP = fmt.Sprintf("pop-%c", 'a'+p)
			if i == 1 {
				all.Links[next].Sites = all.Links[next-1].Sites
			}
			next++
		}
	}
	return all
}

func TestTheScriptTellsAnOutageAPOPAndOurOwnUplink(t *testing.T) {
	t.Parallel()
	region := mixedRegion()
	all := lab.Script(region, seed)
	steps := slices.DeleteFunc(slices.Clone(all), func(s lab.Step) bool { return s.At >= 5*time.Minute })
	cut := steps[0].Fault
	pop := lab.Fault{Kind: lab.KindPOP, Target: "pop-c"}
	uplink := lab.Fault{Kind: lab.KindUplink}
	want := []lab.Step{
		{At: 20 * time.Second, Fault: cut, Message: lab.MessageCut},
		{At: time.Minute, Fault: pop, Message: lab.MessagePOP},
		{At: 2*time.Minute + 50*time.Second, Fault: cut, Ends: true, Message: lab.MessageCutEnded},
		{At: 3 * time.Minute, Fault: pop, Ends: true, Message: lab.MessagePOPEnded},
		{At: 3*time.Minute + 45*time.Second, Fault: uplink, Message: lab.MessageUplink},
		{At: 4*time.Minute + 10*time.Second, Fault: uplink, Ends: true, Message: lab.MessageUplinkEnded},
	}
	if diff := gocmp.Diff(want, steps); diff != "" {
		t.Errorf("script (-want +got):\n%s", diff)
	}
	i := slices.IndexFunc(region.Links, func(l lab.Link) bool { return l.Ref == cut.Target })
	if cut.Kind != lab.KindCut || i < 0 {
		t.Fatalf("first fault is %+v, want the cut of a link", cut)
	}
	if region.Links[i].POP == pop.Target {
		t.Errorf("the cut link hangs on the failing POP %s", pop.Target)
	}
	var others int
	for _, link := range region.Links {
		if slices.Equal(link.Sites, region.Links[i].Sites) {
			others++
		}
	}
	if others != 1 {
		t.Errorf("the site of the cut link has %d accesses, want one", others)
	}
}

// busyRegion is mixedRegion with equipment, and one site of two operators.
func busyRegion() lab.Topology {
	region := mixedRegion()
	for i, link := range equipped(24).Links {
		region.Links[i].Demarcation, region.Links[i].Router = link.Demarcation, link.Router
	}
	region.Links[13].Operator = "op-b" // the second access of the first site of pop-d
	return region
}

func TestTheScriptGoesOnWithFiveCausesOfOtherKinds(t *testing.T) {
	t.Parallel()
	region := busyRegion()
	steps := lab.Script(region, seed)
	links := make(map[string]lab.Link)
	for _, link := range region.Links {
		links[link.Ref] = link
	}
	works, planned := lab.Announced(steps)
	played := make(map[string]lab.Kind)
	began := make(map[string]time.Duration)
	for _, step := range steps {
		if step.Ends {
			continue
		}
		began[step.Message] = step.At
		target := step.Fault.Target
		if former, twice := played[target]; twice {
			t.Errorf("%s is hit by %s and by %s", target, former, step.Fault.Kind)
		}
		played[target] = step.Fault.Kind
		if link, one := links[target]; one && step.At > 5*time.Minute && (link.POP == "pop-c" || link.POP == works.POP) {
			t.Errorf("%s hits %s, whose POP %s has a part of its own", step.Message, target, link.POP)
		}
	}
	for message, kind := range map[string]lab.Kind{
		lab.MessageBrownout: lab.KindBrownout, lab.MessagePower: lab.KindPower, lab.MessageRouter: lab.KindRouter,
		lab.MessageFlap: lab.KindFlap, lab.MessageWorks: lab.KindPOP,
	} {
		at, found := began[message]
		if !found || at < 5*time.Minute {
			t.Errorf("%s (%s) begins at %v, want after the fifth minute", message, kind, at)
		}
	}
	if played["site-0012"] != lab.KindPower {
		t.Errorf("the power fails at %v, want at the site of two operators", played)
	}
	if !planned || works.POP != "pop-b" || works.From >= began[lab.MessageWorks] || works.To <= works.From {
		t.Errorf("announced %+v, want pop-b around %v", works, began[lab.MessageWorks])
	}
}

func TestARegionWithoutEquipmentHasNoWorksToAnnounce(t *testing.T) {
	t.Parallel()
	if works, planned := lab.Announced(lab.Script(topology(2), seed)); planned {
		t.Errorf("announced %+v in a region of one POP", works)
	}
}

func TestAScriptRepeatsAndCanBePlayed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		region := topology(rapid.IntRange(0, 60).Draw(t, "links"))
		for i := range region.Links {
			region.Links[i].POP = rapid.SampledFrom([]string{"", "a", "b", "c", "d"}).Draw(t, "pop")
		}
		drawn := rapid.Uint64().Draw(t, "seed")
		steps := lab.Script(region, drawn)
		if diff := gocmp.Diff(steps, lab.Script(region, drawn)); diff != "" {
			t.Fatalf("the same script differs:\n%s", diff)
		}
		active := lab.NewFaults(region, nil, newTold(nil))
		running := make(map[lab.Fault]uint64)
		var last time.Duration
		for _, step := range steps {
			if step.At < last || step.At >= 15*time.Minute {
				t.Fatalf("step at %v after one at %v", step.At, last)
			}
			last = step.At
			if step.Ends {
				if err := active.End(running[step.Fault]); err != nil {
					t.Fatal(err)
				}
				continue
			}
			begun, err := active.Begin(step.Fault)
			if err != nil {
				t.Fatal(err)
			}
			running[step.Fault] = begun.ID
		}
		if left := active.List(); len(left) != 0 {
			t.Fatalf("the script leaves %+v in force", left)
		}
	})
}

func TestPlayTakesEachStepInItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		region := mixedRegion()
		active := lab.NewFaults(region, nil, newTold(nil))
		steps := lab.Script(region, seed)
		began := time.Now()
		var reported []lab.Step
		err := active.Play(t.Context(), steps, func(step lab.Step) {
			if now := time.Since(began); now != step.At {
				t.Errorf("step %s reported after %v, want %v", step.Message, now, step.At)
			}
			reported = append(reported, step)
			if step.Message == lab.MessageCut { // somebody repairs the fibre by hand
				if err := active.End(active.List()[0].ID); err != nil {
					t.Error(err)
				}
			}
			if step.Message == lab.MessagePOP && len(active.List()) != 1 {
				t.Errorf("in force after %s: %+v, want the POP alone", step.Message, active.List())
			}
		})
		if err != nil {
			t.Fatalf("Play: %v", err)
		}
		if diff := gocmp.Diff(steps, reported); diff != "" {
			t.Errorf("steps reported (-want +got):\n%s", diff)
		}
		if left := active.List(); len(left) != 0 {
			t.Errorf("left in force: %+v", left)
		}
	})
}

func TestAnInterruptedPlayEndsWhatItBegan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		region := mixedRegion()
		network := newTold(nil)
		active := lab.NewFaults(region, nil, network)
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		var steps int
		err := active.Play(ctx, lab.Script(region, seed), func(lab.Step) { steps++ })
		if !errors.Is(err, context.DeadlineExceeded) || steps != 2 {
			t.Errorf("Play returned %v after %d steps, want %v after 2", err, steps, context.DeadlineExceeded)
		}
		if left := active.List(); len(left) != 0 {
			t.Errorf("left in force: %+v", left)
		}
		for addr, line := range network.addrs {
			if line.Cut {
				t.Errorf("%v is still cut", addr)
			}
		}
	})
}
