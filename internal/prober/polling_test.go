package prober

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
	"vigie/probe/snmp"
)

// asking is a polling whose routers take a while to answer.
type asking struct {
	mu       sync.Mutex
	at       map[int64][]time.Time
	together int
	most     int
	left     int
	ended    waiting[probe.Poll]
}

func (a *asking) polling(routers int, takes func(r snmp.Router) time.Duration) *polling {
	a.at = map[int64][]time.Time{}
	var list []snmp.Router
	for i := range routers {
		list = append(list, snmp.Router{Link: int64(i + 1)})
	}
	return &polling{
		name: "metz", every: time.Minute, most: 8, routers: func() []snmp.Router { return list }, done: a.ended.add,
		left: func(n int) { a.left += n },
		poll: func(ctx context.Context, r snmp.Router) probe.Poll {
			a.mu.Lock()
			a.at[r.Link] = append(a.at[r.Link], time.Now())
			a.together++
			a.most = max(a.most, a.together)
			a.mu.Unlock()
			pause(ctx, takes(r))
			a.mu.Lock()
			a.together--
			a.mu.Unlock()
			return probe.Poll{Link: r.Link, At: time.Now()}
		},
	}
}

// runFor polls for a while, in the time of the test.
func (p *polling) runFor(d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	p.run(ctx)
}

func TestEachRouterIsAskedOnceAnIntervalAtItsOwnMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a asking
		a.polling(100, func(snmp.Router) time.Duration { return 50 * time.Millisecond }).runFor(10*time.Minute + 30*time.Second)
		moments := map[time.Duration]bool{}
		for link, times := range a.at {
			if n := len(times); n < 10 || n > 11 {
				t.Errorf("router %d was asked %d times in ten and a half minutes", link, n)
			}
			for i := 1; i < len(times); i++ {
				if apart := times[i].Sub(times[i-1]); apart != time.Minute {
					t.Errorf("router %d was asked after %s, want a minute", link, apart)
				}
			}
			moments[times[0].Sub(times[0].Truncate(time.Minute)).Truncate(6*time.Second)] = true
		}
		if a.left != 0 {
			t.Errorf("%d routers were left out, though there was time for all", a.left)
		}
		if len(moments) != 10 || a.most > 4 {
			t.Errorf("routers are asked in %d of ten parts of the minute, %d together", len(moments), a.most)
		}
	})
}

func TestRoutersThatAreAwayHoldUpNoMoreThanTheirSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a asking
		a.polling(300, func(r snmp.Router) time.Duration {
			if r.Link%10 == 0 {
				return time.Hour // given up by the context
			}
			return 10 * time.Millisecond
		}).runFor(5 * time.Minute)
		if a.most != 8 {
			t.Errorf("%d were asked together, want the limit of 8", a.most)
		}
		if n := len(a.ended.kept); n < 300 {
			t.Errorf("%d polls ended in five minutes", n)
		}
		if a.left == 0 {
			t.Error("no router was left out, though not all could be asked")
		}
		for link, times := range a.at {
			for i := 1; i < len(times); i++ {
				if apart := times[i].Sub(times[i-1]); apart < 30*time.Second {
					t.Errorf("router %d was asked again after %s, before it was given up", link, apart)
				}
			}
		}
	})
}

// Each poll holds its slot for half a minute: of a hundred routers some sixteen are asked
// in a minute. It is not the same ones each time.
func TestRoutersThatWereLeftOutComeFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a asking
		a.polling(100, func(snmp.Router) time.Duration { return time.Hour }).runFor(30 * time.Minute)
		if len(a.at) != 100 {
			t.Errorf("%d of 100 routers were asked in half an hour", len(a.at))
		}
		if a.left == 0 {
			t.Error("no router was left out, though not all could be asked")
		}
	})
}

func TestAPollUnderWayAtTheStopIsNotTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a asking
		p := a.polling(1, func(snmp.Router) time.Duration { return 10 * time.Second })
		ctx, cancel := context.WithCancel(context.Background())
		stopped := make(chan struct{})
		go func() { defer close(stopped); p.run(ctx) }()
		for {
			time.Sleep(time.Second)
			a.mu.Lock()
			under := a.together
			a.mu.Unlock()
			if under == 1 {
				break
			}
		}
		cancel()
		<-stopped
		if len(a.ended.kept) > 0 || a.together != 0 {
			t.Errorf("told of %d polls, %d still run", len(a.ended.kept), a.together)
		}
	})
}

func TestPollsRideOnceOnTheBatchOfTheCycleInWhichTheyEnded(t *testing.T) {
	t.Parallel()
	p := waiting[probe.Poll]{at: func(p probe.Poll) time.Time { return p.At }}
	for i, after := range []time.Duration{-time.Second, time.Second, 29 * time.Second, 30 * time.Second, 89 * time.Second, 91 * time.Second} {
		p.add(probe.Poll{Link: int64(i), At: cycle.Add(after)})
	}
	length := 30 * time.Second
	links := func(taken []probe.Poll) (out []int64) {
		for _, poll := range taken {
			out = append(out, poll.Link)
		}
		return out
	}
	// What ends 61 s after the end of the cycle has another clock.
	if diff := cmp.Diff([]int64{0, 1, 2, 5}, links(p.take(cycle.Add(length), length))); diff != "" {
		t.Errorf("first cycle (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int64{3}, links(p.take(cycle.Add(2*length), length))); diff != "" {
		t.Errorf("second cycle (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int64{4}, links(p.take(cycle.Add(3*length), length))); diff != "" {
		t.Errorf("third cycle (-want +got):\n%s", diff)
	}
}

func TestPollsThatNoBatchTakesAreBounded(t *testing.T) {
	t.Parallel()
	p := waiting[probe.Poll]{at: func(p probe.Poll) time.Time { return p.At }}
	for i := range maxWaiting + 3 {
		p.add(probe.Poll{Link: int64(i), At: cycle})
	}
	taken := p.take(cycle.Add(time.Second), time.Second)
	if len(taken) != maxWaiting-makeRoom+3 || taken[0].Link != makeRoom || taken[len(taken)-1].Link != maxWaiting+2 {
		t.Errorf("kept %d polls from number %d, want %d from %d", len(taken), taken[0].Link, maxWaiting-makeRoom+3, makeRoom)
	}
}

func TestManyPollsMakeBatchesOfTheirOwn(t *testing.T) {
	t.Parallel()
	batches := partOf(2, 0).batches("metz", 30*time.Second, make([]probe.Poll, 4001), nil)
	var got []string
	for _, b := range batches {
		got = append(got, fmt.Sprint(len(b.Observations), " ", len(b.Polls), " ", b.Last))
	}
	if diff := cmp.Diff([]string{"2 4000 false", "0 1 true"}, got); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

func TestCredentialsAreReadFromFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	c := SNMPConfiguration{Interval: time.Minute, Credentials: []SNMPCredential{
		{Name: "access", Version: "2c", CommunityFile: secret("community", "word\n")},
		{Name: "v3", Version: "3", User: "vigie", Auth: "SHA256", AuthPasswordFile: secret("auth", "12345678"), Priv: "AES", PrivPasswordFile: secret("priv", "87654321\n")},
	}}
	got, err := c.Read()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]snmp.Credential{
		"access": {Version: snmp.V2c, Community: "word"},
		"v3":     {Version: snmp.V3, User: "vigie", Auth: "SHA256", AuthPassword: "12345678", Priv: "AES", PrivPassword: "87654321"},
	}
	if len(got) != 2 || got["access"] != want["access"] || got["v3"] != want["v3"] {
		t.Errorf("got %#v", got) // shows no secret
	}
	for name, test := range map[string]struct {
		credential SNMPCredential
		want       string
	}{
		"a file that is missing": {SNMPCredential{Name: "a", Version: "2c", CommunityFile: dir + "/none"}, "prober.snmp.credentials: a: community_file: open"},
		"no secret":              {SNMPCredential{Name: "a", Version: "2c"}, "prober.snmp.credentials: a: snmp: community: 0 octets"},
		"an unknown version":     {SNMPCredential{Name: "a", Version: "1", CommunityFile: secret("one", "word")}, `prober.snmp.credentials: a: snmp: version: "1"`},
	} {
		_, err := SNMPConfiguration{Credentials: []SNMPCredential{test.credential}}.Read()
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "word") {
			t.Errorf("%s: got error %v, want %s...", name, err, test.want)
		}
	}
}

func TestProfilesOfAnInstallationAreReadFromItsFolder(t *testing.T) {
	t.Parallel()
	shipped := fstest.MapFS{"a.yaml": {Data: []byte("name: ours\nmatch: [1.3.6.1.4.1.9]\n")}}
	dir := t.TempDir()
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "own.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("name: theirs\nmatch: [1.3.6.1.4.1.9.1]\n")
	for folder, want := range map[string]string{"": "ours", dir: "theirs"} {
		profiles, err := SNMPConfiguration{Profiles: folder}.ReadProfiles(shipped)
		if err != nil || profiles.For("1.3.6.1.4.1.9.1.5").Name != want {
			t.Errorf("folder %q: got %v, error %v; want %s", folder, profiles, err, want)
		}
	}
	write("name: theirs\ncpus: 1\n")
	for folder, want := range map[string]string{
		dir: `own.yaml: line 2: unknown key "cpus"`, filepath.Join(dir, "none"): "expected a folder", filepath.Join(dir, "own.yaml"): "expected a folder",
	} {
		_, err := SNMPConfiguration{Profiles: folder}.ReadProfiles(shipped)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "prober.snmp.profiles: "+folder) {
			t.Errorf("folder %s: got error %v, want %s", folder, err, want)
		}
	}
}

func TestAnSNMPConfigurationNamesItsMistake(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		spoil func(c *SNMPConfiguration)
		want  string
	}{
		{func(c *SNMPConfiguration) { c.Interval = time.Second }, "snmp.interval: 1s, expected 5s to 1h0m0s"},
		{func(c *SNMPConfiguration) { c.Credentials = []SNMPCredential{{}} }, "snmp.credentials: number 1 has no name"},
		{func(c *SNMPConfiguration) {
			c.Credentials = []SNMPCredential{{Name: "a", Version: "2c", CommunityFile: "f"}, {Name: "a"}}
		}, `snmp.credentials: two are named "a"`},
	} {
		c := DefaultConfiguration()
		test.spoil(&c.SNMP)
		if err := c.Validate(); err == nil || err.Error() != test.want {
			t.Errorf("got error %v, want %s", err, test.want)
		}
	}
}

func TestALinkHasOneRouterToAsk(t *testing.T) {
	t.Parallel()
	var p Prober
	if err := p.SetRouters([]snmp.Router{{Link: 1}, {Link: 2}}); err != nil {
		t.Fatal(err)
	}
	if err := p.SetRouters([]snmp.Router{{Link: 3}, {Link: 3}}); err == nil || !strings.Contains(err.Error(), "two routers of link 3") {
		t.Errorf("got error %v", err)
	}
	if got := p.asked(); !slices.Equal(got, []snmp.Router{{Link: 1}, {Link: 2}}) {
		t.Errorf("after the error the routers are %v", got)
	}
}
