package app

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/journal"
	"vigie/internal/lab/agent"
	"vigie/internal/pipe"
	"vigie/internal/prober"
	"vigie/internal/store"
	"vigie/probe/snmp"
)

// router answers SNMP on an address of the loopback until the test ends.
func router(t *testing.T, address string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Skipf("no router can be played here: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	objects := []agent.Object{
		{Name: agent.OID{1, 3, 6, 1, 2, 1, 1, 2, 0}, Value: agent.Identifier(agent.OID{1, 3, 6, 1, 4, 1, 99999})},
		{Name: agent.OID{1, 3, 6, 1, 2, 1, 1, 3, 0}, Value: agent.Ticks(4200)},
	}
	go func() {
		message := make([]byte, 65536)
		for {
			n, from, err := conn.ReadFrom(message)
			if err != nil {
				return
			}
			if answer, err := agent.Answer(message[:n], "word", objects); err == nil && answer != nil {
				_, _ = conn.WriteTo(answer, from) // a request without an answer is asked again
			}
		}
	}()
}

func TestAProberElsewherePollsTheRouterThatTheCoreAsksFor(t *testing.T) {
	t.Parallel()
	community := filepath.Join(t.TempDir(), "community")
	if err := os.WriteFile(community, []byte("word"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startLoopback(t, 8, "127.0.0.1:0", func(c *Configuration) {
		c.Prober.SNMP.Credentials = []prober.SNMPCredential{{Name: "access", Version: snmp.V2c, CommunityFile: community}}
	})
	router(t, "127.0.1.1:161")
	saving := func(intake.Current) (intake.Saving, error) {
		rows := loopbackInventory(8)
		for _, l := range rows.Links {
			rows.Routers = append(rows.Routers, inventory.Router{Key: "r-" + l.Ref, Link: l.Ref, Address: rows.Links[0].ProbeAddress, SNMP: "access", Source: l.Source})
		}
		changed := journal.Entry{Chain: journal.Chain{Kind: "inventory", ID: "routers"}, At: time.Now(), Actor: "vigie", Action: "inventory.changed", Body: []byte("{}")}
		return intake.Saving{Rows: inventory.Snapshot{Routers: rows.Routers}, Entries: []journal.Entry{changed}}, nil
	}
	if err := store.NewIntake(s.instance.db).ChangeInventory(t.Context(), saving); err != nil {
		t.Fatal(err)
	}
	lyon := s.newAway(t, "lyon", "")
	lyon.start(t)
	soon(t, "both share the links", func() bool { return len(s.sharing()) == 2 })
	if err := s.retarget(t.Context()); err != nil {
		t.Fatal(err)
	}
	var there, elsewhere int
	last := ""
	defer func() {
		if t.Failed() {
			t.Log(last, there, elsewhere)
		}
	}()
	soon(t, "the prober polls its routers", func() bool {
		there, elsewhere = 0, 0
		for _, l := range loopbackInventory(8).Links {
			a, err := s.pollProber(t.Context(), ProberPollQuestion{"lyon", l.Ref})
			switch {
			case err == nil && a.Poll != nil && a.Poll.Problem == "" && a.Poll.Uptime == 42*time.Second:
				there++
			case err != nil && strings.Contains(err.Error(), "polls no router"):
				elsewhere++
			default:
				last = fmt.Sprintf("router of %s: %+v, %v", l.Ref, a.Poll, err)
			}
		}
		return there > 0 && there+elsewhere == 8
	})
	if elsewhere == 0 {
		t.Error("the prober polls every router, expected its share")
	}
}

func TestWhatIsUrgentReachesTheProbersElsewhere(t *testing.T) {
	t.Parallel()
	s := startLoopback(t, 1, "127.0.0.1:0")
	credential := s.newAway(t, "lyon", "").options.Credential
	core, err := pipe.Dial(pipe.Way{Address: credential.Core, Name: credential.Name, Seed: credential.Seed, Fingerprint: credential.Pin(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	told := make(chan string, 100)
	if err := core.Noticed(func(text []byte) { told <- string(text) }); err != nil {
		t.Fatal(err)
	}
	soon(t, "the prober hears what is urgent", func() bool {
		s.tellUrgent([]int64{7, 9})
		for len(told) > 0 {
			if <-told == `{"links":[7,9]}` {
				return true
			}
		}
		return false
	})
}
