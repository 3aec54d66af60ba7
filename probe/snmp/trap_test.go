package snmp_test

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/probe"
	"vigie/probe/snmp"
)

// ear hears notifications in a test.
type ear struct {
	*snmp.Traps
	addr  netip.AddrPort
	heard chan snmp.Heard
}

// hearing starts a receiver that knows 127.0.0.1 by some credentials.
func hearing(t *testing.T, perSecond int, known ...snmp.Credential) *ear {
	t.Helper()
	traps, err := snmp.ListenTraps(snmp.TrapOptions{
		Listen: netip.MustParseAddrPort("127.0.0.1:0"), Name: "metz", PerSecond: perSecond, Profiles: shipped(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	e := &ear{traps, traps.Addr(), make(chan snmp.Heard, 1000)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- traps.Run(ctx, func(from netip.Addr) []snmp.Credential {
			if from == netip.MustParseAddr("127.0.0.1") {
				return known
			}
			return nil
		}, func(h snmp.Heard) { e.heard <- h })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return e
}

// next waits for a notification.
func (e *ear) next(t *testing.T) snmp.Heard {
	t.Helper()
	select {
	case h := <-e.heard:
		return h
	case <-time.After(10 * time.Second):
		t.Fatalf("nothing was heard: %+v", e.Counters())
	}
	return snmp.Heard{}
}

// counted waits until the counters are as they should be.
func (e *ear) counted(t *testing.T, want snmp.TrapCounters) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); e.Counters() != want && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	if diff := cmp.Diff(want, e.Counters()); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

// sending runs snmptrap or snmpinform of net-snmp and returns what it said.
func sending(t *testing.T, program string, arguments ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("no %s on this machine: the package snmp has it", program)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, path, arguments...)
	c.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+t.TempDir(), "SNMPCONFPATH="+t.TempDir(), "MIBS=")
	out, err := c.CombinedOutput()
	return string(out), err
}

var v3SHA256 = snmp.Credential{
	Version: snmp.V3, User: "sha256", Auth: "SHA256", AuthPassword: "authentic-2", Priv: "AES", PrivPassword: "encrypted-2",
}

// as are the arguments of net-snmp for a credential.
func as(c snmp.Credential) []string {
	if c.Version == snmp.V2c {
		return []string{"-v2c", "-c", c.Community}
	}
	return []string{"-v3", "-u", c.User, "-l", "authPriv", "-a", "SHA-256", "-A", c.AuthPassword, "-x", "AES", "-X", c.PrivPassword}
}

var exceptWhen = cmp.Options{cmpopts.IgnoreFields(snmp.Heard{}, "At"), cmpopts.EquateComparable(netip.Addr{})}

func TestNotificationsOfNetSNMPAreHeard(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]snmp.Credential{"version 2c": v2c(), "version 3 with SHA-256 and AES": v3SHA256} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := hearing(t, 100, snmp.Credential{Version: snmp.V2c, Community: "another"}, c)
			for _, test := range []struct {
				program string
				objects []string
				want    probe.Trap
			}{
				{"snmptrap", []string{"", "1.3.6.1.6.3.1.1.5.1"}, probe.Trap{Name: "1.3.6.1.6.3.1.1.5.1", Means: probe.MeansColdStart}},
				{
					"snmptrap",
					[]string{"", "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.1.7", "i", "7", "1.3.6.1.2.1.31.1.1.1.1.7", "s", "Gi0/7"},
					probe.Trap{Name: "1.3.6.1.6.3.1.1.5.3", Means: probe.MeansLinkDown, Interface: "Gi0/7"},
				},
				{
					"snmpinform",
					[]string{"", "1.3.6.1.6.3.1.1.5.4", "1.3.6.1.2.1.2.2.1.1.7", "i", "7"},
					probe.Trap{Name: "1.3.6.1.6.3.1.1.5.4", Means: probe.MeansLinkUp, Interface: "7", Confirmed: true},
				},
				{
					"snmptrap",
					[]string{"", "1.3.6.1.2.1.33.2.1", "1.3.6.1.2.1.33.1.2.3.0", "i", "12"},
					probe.Trap{Name: "1.3.6.1.2.1.33.2.1", Means: probe.MeansOnBattery},
				},
				{
					"snmptrap",
					[]string{"", "1.3.6.1.2.1.158.0.2", "1.3.6.1.2.1.158.1.6.1.4.1.1", "u", "257"},
					probe.Trap{Name: "1.3.6.1.2.1.158.0.2", Means: probe.MeansLastGasp},
				},
				{
					"snmptrap",
					[]string{"", "1.3.6.1.2.1.158.0.2", "1.3.6.1.2.1.158.1.6.1.4.1.1", "u", "256"},
					probe.Trap{Name: "1.3.6.1.2.1.158.0.2", Means: probe.MeansOther},
				},
				{
					"snmpinform",
					[]string{"", "1.3.6.1.4.1.2544.1.12.2.2.5"},
					probe.Trap{Name: "1.3.6.1.4.1.2544.1.12.2.2.5", Means: probe.MeansLastGasp, Confirmed: true},
				},
			} {
				out, err := sending(t, test.program, append(append(as(c), e.addr.String()), test.objects...)...)
				if err != nil {
					t.Fatalf("%s %v: %v\n%s", test.program, test.objects, err, out)
				}
				test.want.Authenticated = c.Version == snmp.V3
				got := e.next(t)
				if diff := cmp.Diff(snmp.Heard{From: e.addr.Addr(), Trap: test.want}, got, exceptWhen); diff != "" {
					t.Errorf("%s %v (-want +got):\n%s", test.program, test.objects, diff)
				}
				if apart := time.Since(got.At); apart < 0 || apart > time.Minute || got.At.Location() != time.UTC {
					t.Errorf("heard at %v", got.At)
				}
			}
		})
	}
}

func TestAnInformOfVersion3IsAnsweredByOurClockOnceItIsKnown(t *testing.T) {
	t.Parallel()
	e := hearing(t, 100, v3SHA256)
	out, err := sending(t, "snmpinform", append(as(v3SHA256), "-r", "2", e.addr.String(), "", "1.3.6.1.6.3.1.1.5.1")...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := e.next(t); !got.Trap.Confirmed || !got.Trap.Authenticated {
		t.Errorf("heard %+v", got)
	}
	// The first message had another time: it was told ours, and not heard.
	if c := e.Counters(); c.Heard != 1 || c.Malformed != 0 {
		t.Errorf("counted %+v", c)
	}
}

func TestANotificationUnderAnotherSecretIsCountedApart(t *testing.T) {
	t.Parallel()
	e := hearing(t, 100, v2c(), v3SHA256)
	wrong := v3SHA256
	wrong.AuthPassword = "authentic-9"
	stranger := v3SHA256
	stranger.User = "stranger"
	garbled := v3SHA256
	garbled.PrivPassword = "encrypted-9"
	for _, c := range []snmp.Credential{{Version: snmp.V2c, Community: "public"}, wrong, stranger, garbled} {
		if out, err := sending(t, "snmptrap", append(as(c), e.addr.String(), "", "1.3.6.1.6.3.1.1.5.1")...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	plain := []string{"-v3", "-u", "sha256", "-l", "noAuthNoPriv", e.addr.String(), "", "1.3.6.1.6.3.1.1.5.1"}
	authOnly := []string{"-v3", "-u", "sha256", "-l", "authNoPriv", "-a", "SHA-256", "-A", "authentic-2", e.addr.String(), "", "1.3.6.1.6.3.1.1.5.1"}
	for _, arguments := range [][]string{plain, authOnly} {
		if out, err := sending(t, "snmptrap", arguments...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	e.counted(t, snmp.TrapCounters{Refused: 6})
	if len(e.heard) > 0 {
		t.Errorf("heard %+v", <-e.heard)
	}
}

// send sends datagrams from 127.0.0.1, or from another address of the loopback.
func send(t *testing.T, from string, to netip.AddrPort, messages ...[]byte) {
	t.Helper()
	conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(from)}, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, message := range messages {
		if _, err := conn.Write(message); err != nil {
			t.Fatal(err)
		}
	}
}

// coldStart is a trap of version 2c.
func coldStart(community string) []byte {
	objects := []byte("\x30\x0d\x06\x08\x2b\x06\x01\x02\x01\x01\x03\x00\x43\x01\x05" +
		"\x30\x17\x06\x0a\x2b\x06\x01\x06\x03\x01\x01\x04\x01\x00\x06\x09\x2b\x06\x01\x06\x03\x01\x01\x05\x01")
	list := append([]byte{0x30, byte(len(objects))}, objects...)
	body := append([]byte("\x02\x01\x09\x02\x01\x00\x02\x01\x00"), list...)
	pdu := append([]byte{0xa7, byte(len(body))}, body...)
	content := append([]byte("\x02\x01\x01\x04"+string(rune(len(community)))+community), pdu...)
	return append([]byte{0x30, byte(len(content))}, content...)
}

func TestWhatCannotBeANotificationIsCounted(t *testing.T) {
	t.Parallel()
	e := hearing(t, 1000, v2c())
	fine := coldStart(community)
	get := bytes.Replace(fine, []byte{0xa7}, []byte{0xa0}, 1)
	v1 := bytes.Replace(fine, []byte("\x02\x01\x01\x04"), []byte("\x02\x01\x00\x04"), 1)
	send(t, "127.0.0.1", e.addr, nil, []byte("GET / HTTP/1.0"), fine[:len(fine)/2], get, bytes.Repeat([]byte{0x30}, 9000))
	e.counted(t, snmp.TrapCounters{Malformed: 5})
	send(t, "127.0.0.1", e.addr, v1)
	e.counted(t, snmp.TrapCounters{Malformed: 5, Refused: 1})
	send(t, "127.0.0.1", e.addr, fine)
	if got := e.next(t); got.Trap.Means != probe.MeansColdStart || got.Trap.Authenticated {
		t.Errorf("heard %+v", got)
	}
}

func TestNothingOfAStrangerIsRead(t *testing.T) {
	t.Parallel()
	e := hearing(t, 1, v2c())
	flood := make([][]byte, 50)
	for i := range flood {
		flood[i] = coldStart(community)
	}
	send(t, "127.0.0.9", e.addr, flood...)
	e.counted(t, snmp.TrapCounters{Unknown: 50})
	send(t, "127.0.0.1", e.addr, coldStart(community)) // a flood of strangers takes nothing from those we know
	e.next(t)
}

func TestNoMoreIsReadThanAllowed(t *testing.T) {
	t.Parallel()
	e := hearing(t, 20, v2c())
	flood := make([][]byte, 60)
	for i := range flood {
		flood[i] = coldStart(community)
	}
	began := time.Now()
	send(t, "127.0.0.1", e.addr, flood...)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if c := e.Counters(); c.Heard+c.Limited == 60 {
			break
		}
	}
	c := e.Counters()
	if most := 20 + uint64(time.Since(began).Seconds()*20) + 1; c.Heard < 20 || c.Heard > most || c.Heard+c.Limited != 60 {
		t.Errorf("heard %d and dropped %d of 60, want 20 to %d heard", c.Heard, c.Limited, most)
	}
}

func TestAReplayedNotificationOfVersion3IsRefused(t *testing.T) {
	t.Parallel()
	e := hearing(t, 100, v3SHA256)
	// Two starts of one engine: the second message is of its earlier life.
	relayed := make(chan []byte, 2)
	relay, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	go func() {
		for range cap(relayed) {
			buffer := make([]byte, 2048)
			n, err := relay.Read(buffer)
			if err != nil {
				return
			}
			relayed <- buffer[:n]
		}
	}()
	for _, boots := range []string{"3,100", "4,5"} {
		arguments := append(as(v3SHA256), "-e", "0x8000000001020304", "-Z", boots, relay.LocalAddr().String(), "", "1.3.6.1.6.3.1.1.5.1")
		if out, err := sending(t, "snmptrap", arguments...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	older, newer := <-relayed, <-relayed
	send(t, "127.0.0.1", e.addr, older, older, newer)
	for range 3 { // the same second may come twice
		e.next(t)
	}
	send(t, "127.0.0.1", e.addr, older)
	e.counted(t, snmp.TrapCounters{Heard: 3, Refused: 1})
}

func TestAPortBelow1024NamesTheRightThatItNeeds(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("root may listen everywhere")
	}
	_, err := snmp.ListenTraps(snmp.TrapOptions{Listen: netip.MustParseAddrPort("127.0.0.1:162"), Name: "metz", PerSecond: 1})
	if err == nil || !strings.Contains(err.Error(), "CAP_NET_BIND_SERVICE") {
		t.Skipf("this machine lets everybody listen there: %v", err)
	}
}

// Whatever comes, a receiver does not fall, and what it tells can be stored.
func FuzzNotification(f *testing.F) {
	f.Add(coldStart(community))
	f.Add(bytes.Replace(coldStart(community), []byte{0xa7}, []byte{0xa6}, 1))
	f.Add([]byte("\x30\x3e\x02\x01\x03\x30\x11\x02\x04\x00\x00\x00\x01\x02\x03\x00\xff\xe3\x04\x01\x04\x02\x01\x03\x04\x10\x30\x0e\x04\x00\x02\x01\x00\x02\x01\x00\x04\x00\x04\x00\x04\x00\x30\x14\x04\x00\x04\x00\xa0\x0e\x02\x04\x00\x00\x00\x01\x02\x01\x00\x02\x01\x00\x30\x00"))
	profiles := shipped(f)
	f.Fuzz(func(t *testing.T, message []byte) {
		answer, heard := snmp.Receive(message, profiles, v2c(), v3SHA256, snmp.Credential{Version: snmp.V3, User: "u"})
		if heard != nil {
			if err := heard.Trap.Validate(); err != nil {
				t.Error(err)
			}
		}
		if len(answer) > len(message)+256 {
			t.Errorf("%d octets answer %d", len(answer), len(message))
		}
	})
}
