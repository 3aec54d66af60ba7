package vantage_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/vantage"
)

func owners(parts map[string]vantage.Part) (first, second map[int64]string) {
	first, second = map[int64]string{}, map[int64]string{}
	for name, p := range parts {
		for _, link := range p.First {
			first[link] += name
		}
		for _, link := range p.Second {
			second[link] += name
		}
	}
	return first, second
}

func TestEachLinkHasOneFirstProberAndAnotherSecondOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		links := rapid.SliceOfDistinct(rapid.Int64(), rapid.ID[int64]).Draw(t, "links")
		probers := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,3}`), 0, 6, rapid.ID[string]).Draw(t, "probers")
		percent := rapid.IntRange(0, 100).Draw(t, "percent")
		parts := vantage.Split(links, probers, percent)
		first, second := owners(parts)
		for _, link := range links {
			if slices.Contains(probers, first[link]) != (len(probers) > 0) {
				t.Fatalf("link %d belongs to %q of %q", link, first[link], probers)
			}
			other := second[link]
			if other != "" && (other == first[link] || !slices.Contains(probers, other)) {
				t.Fatalf("link %d of %s has the second vantage point %q", link, first[link], other)
			}
			if percent == 100 && len(probers) > 1 && other == "" {
				t.Fatalf("link %d has no second vantage point", link)
			}
		}
		slices.Reverse(probers)
		slices.Reverse(links)
		if diff := cmp.Diff(parts, vantage.Split(links, probers, percent)); diff != "" {
			t.Fatalf("in another order (-want +got):\n%s", diff)
		}
	})
}

func TestAProberThatGoesMovesItsOwnLinksAndNoOthers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		links := rapid.SliceOfNDistinct(rapid.Int64(), 1, 60, rapid.ID[int64]).Draw(t, "links")
		probers := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,3}`), 2, 6, rapid.ID[string]).Draw(t, "probers")
		gone := rapid.SampledFrom(probers).Draw(t, "gone")
		before, beforeSecond := owners(vantage.Split(links, probers, 100))
		left := slices.DeleteFunc(slices.Clone(probers), func(name string) bool { return name == gone })
		after, _ := owners(vantage.Split(links, left, 100))
		for _, link := range links {
			switch {
			case before[link] != gone && after[link] != before[link]:
				t.Fatalf("link %d moved from %s to %s, though %s went", link, before[link], after[link], gone)
			case before[link] == gone && after[link] != beforeSecond[link]:
				t.Fatalf("link %d of the prober that went is now with %s, expected its second, %s", link, after[link], beforeSecond[link])
			}
		}
	})
}

func TestLinksAreSpreadEvenly(t *testing.T) {
	t.Parallel()
	const links, percent = 12000, 25
	var all []int64
	for i := range int64(links) {
		all = append(all, i+1)
	}
	for probers := 1; probers <= 8; probers++ {
		var names []string
		for i := range probers {
			names = append(names, fmt.Sprintf("prober-%d", i+1))
		}
		seconds := 0
		for name, p := range vantage.Split(all, names, percent) {
			if share := links / probers; len(p.First) < share*9/10 || len(p.First) > share*11/10 {
				t.Errorf("of %d probers %s has %d links, expected about %d", probers, name, len(p.First), share)
			}
			seconds += len(p.Second)
		}
		if want := links * percent / 100; probers > 1 && (seconds < want*9/10 || seconds > want*11/10) || probers == 1 && seconds > 0 {
			t.Errorf("%d links have a second of %d probers, expected about %d", seconds, probers, want)
		}
	}
}
