package service_test

import (
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"vigie/probe/service"
)

const school = "www.school.example."

// always answers every question with the same records and code.
func always(code dnsmessage.RCode, records ...dnsmessage.Resource) func(dnsmessage.Message) [][]byte {
	return func(asked dnsmessage.Message) [][]byte {
		return [][]byte{answer(asked, func(m *dnsmessage.Message) { m.RCode = code }, records...)}
	}
}

func alias(to string) dnsmessage.ResourceBody {
	return &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(to)}
}

func TestTheAnswerOfANameServerIsJudged(t *testing.T) {
	t.Parallel()
	expecting := func(a string) func(*service.Check) {
		return func(c *service.Check) { c.Expect.Answer = netip.MustParseAddr(a) }
	}
	for name, c := range map[string]struct {
		server func(dnsmessage.Message) [][]byte
		change func(*service.Check)
		want   service.Reason
		detail string
		found  string
	}{
		"an address":                      {server: always(0, record(school, address("192.0.2.7"))), want: service.OK, found: "192.0.2.7"},
		"the letters of a name are one":   {server: always(0, record("WWW.School.example.", address("192.0.2.7"))), want: service.OK, found: "192.0.2.7"},
		"the address expected, among two": {server: always(0, record(school, address("192.0.2.7")), record(school, address("192.0.2.8"))), change: expecting("192.0.2.8"), want: service.OK, found: "192.0.2.7 192.0.2.8"},
		"another address":                 {server: always(0, record(school, address("192.0.2.7"))), change: expecting("192.0.2.8"), want: service.WrongAnswer, detail: "192.0.2.7, expected 192.0.2.8", found: "192.0.2.7"},
		"an IPv6 address":                 {server: always(0, record(school, address("2001:db8::7"))), change: func(c *service.Check) { c.Type = service.AAAA }, want: service.OK, found: "2001:db8::7"},
		"by an alias, in any order":       {server: always(0, record("a.example.", address("192.0.2.7")), record(school, alias("b.example.")), record("b.example.", alias("a.example."))), want: service.OK, found: "192.0.2.7"},
		"aliases in a circle":             {server: always(0, record(school, alias("b.example.")), record("b.example.", alias(school))), want: service.BadAnswer, detail: "circle"},
		"the address of another name":     {server: always(0, record("evil.example.", address("192.0.2.66"))), want: service.NoAddress},
		"a name without address":          {server: always(0), want: service.NoAddress, detail: "no A record"},
		"a name that does not exist":      {server: always(dnsmessage.RCodeNameError), want: service.NoSuchName, detail: "does not exist"},
		"a server that fails":             {server: always(dnsmessage.RCodeServerFailure), want: service.ServerFailed, detail: "ServerFailure"},
		"a server that will not":          {server: always(dnsmessage.RCodeRefused), want: service.ServerFailed, detail: "Refused"},
		"a refusal that leaves the rest out": {server: func(asked dnsmessage.Message) [][]byte {
			return [][]byte{answer(asked, func(m *dnsmessage.Message) { m.RCode, m.Questions = dnsmessage.RCodeFormatError, nil })}
		}, want: service.ServerFailed, detail: "FormatError"},
		"an answer that is cut off": {server: func(asked dnsmessage.Message) [][]byte {
			whole := answer(asked, nil, record(school, address("192.0.2.7")))
			return [][]byte{whole[:len(whole)-3]}
		}, want: service.BadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := check(t, service.Prober{}, "dns://"+nameServer(t, c.server, nil)+"/www.school.example", c.change)
			if r.Reason != c.want || !strings.Contains(r.Detail, c.detail) {
				t.Errorf("reason %q (%s), want %q (%s)", r.Reason, r.Detail, c.want, c.detail)
			}
			var found []string
			for _, a := range r.Addresses {
				found = append(found, a.String())
			}
			if got := strings.Join(found, " "); got != c.found {
				t.Errorf("addresses %q, want %q", got, c.found)
			}
			if r.Timings.FirstByte <= 0 || r.Asked != 1 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestAForgedAnswerIsNotTakenForTheAnswer(t *testing.T) {
	t.Parallel()
	at := nameServer(t, func(asked dnsmessage.Message) [][]byte {
		forged := record(school, address("192.0.2.66"))
		return [][]byte{
			answer(asked, func(m *dnsmessage.Message) { m.ID++ }, forged),
			answer(asked, func(m *dnsmessage.Message) { m.Response = false }, forged),
			answer(asked, func(m *dnsmessage.Message) {
				m.Questions = []dnsmessage.Question{{Name: dnsmessage.MustNewName("evil.example."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}
			}, forged),
			{0},
			{},
			answer(asked, nil, record(school, address("192.0.2.7"))),
		}
	}, nil)
	r := check(t, service.Prober{}, "dns://"+at+"/www.school.example", nil)
	if r.Reason != service.OK || len(r.Addresses) != 1 || r.Addresses[0].String() != "192.0.2.7" || r.Foreign != 5 {
		t.Errorf("result %+v", r)
	}
}

func TestAQuestionThatGetsLostIsAskedAgain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	at := nameServer(t, func(m dnsmessage.Message) [][]byte {
		if asked.Add(1) == 1 {
			return nil
		}
		return [][]byte{answer(m, nil, record(school, address("192.0.2.7")))}
	}, nil)
	r := check(t, service.Prober{}, "dns://"+at+"/www.school.example", func(c *service.Check) { c.Timeout = 1200 * time.Millisecond })
	if r.Reason != service.OK || r.Asked != 2 || r.Timings.FirstByte >= r.Timings.Whole || r.Timings.Whole < 390*time.Millisecond {
		t.Errorf("result %+v", r)
	}
}

func TestANameServerThatIsSilentOrNotThere(t *testing.T) {
	t.Parallel()
	at := nameServer(t, func(dnsmessage.Message) [][]byte { return nil }, nil)
	if r := check(t, service.Prober{}, "dns://"+at+"/www.school.example", soon); r.Reason != service.Timeout || r.Asked != 3 {
		t.Errorf("silent: %+v", r)
	}
	if r := check(t, service.Prober{}, "dns://"+nowhere(t)+"/www.school.example", nil); r.Reason != service.Refused {
		t.Errorf("not there: %+v", r)
	}
}

func TestAnAnswerTooLongForUDPIsAskedForByTCP(t *testing.T) {
	t.Parallel()
	short := func(asked dnsmessage.Message) [][]byte {
		return [][]byte{answer(asked, func(m *dnsmessage.Message) { m.Truncated = true })}
	}
	var many []dnsmessage.Resource
	var want []netip.Addr
	for i := range 200 {
		a := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		many, want = append(many, record(school, address(a.String()))), append(want, a)
	}
	r := check(t, service.Prober{}, "dns://"+nameServer(t, short, always(0, many...))+"/www.school.example", nil)
	if r.Reason != service.OK || !r.ByTCP || r.Timings.Moved <= 0 || r.Timings.Connect <= 0 {
		t.Errorf("result %+v", r)
	}
	if diff := cmp.Diff(want, r.Addresses, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	for name, c := range map[string]struct {
		byTCP func(dnsmessage.Message) [][]byte
		want  service.Reason
	}{
		"truncated again":  {short, service.BadAnswer},
		"closed instead":   {nil, service.Closed},
		"another question": {func(m dnsmessage.Message) [][]byte { m.ID++; return short(m) }, service.BadAnswer},
	} {
		if r := check(t, service.Prober{}, "dns://"+nameServer(t, short, c.byTCP)+"/www.school.example", nil); r.Reason != c.want {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
