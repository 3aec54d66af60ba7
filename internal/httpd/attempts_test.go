package httpd_test

import (
	"net/http/httptest"
	"testing"

	"vigie/internal/httpd"
)

func TestARequestComesFromTheProxysLastWordOnlyBehindAProxy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proxy     bool
		forwarded []string
		want      string
	}{
		"no proxy, a visitor's own header":       {false, []string{"203.0.113.9"}, "192.0.2.1"},
		"a proxy, one address":                   {true, []string{"203.0.113.9"}, "203.0.113.9"},
		"a proxy after what the visitor claimed": {true, []string{"10.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		"a proxy that adds a header of its own":  {true, []string{"10.0.0.1", "203.0.113.9"}, "203.0.113.9"},
		"a subscriber of IPv6 is a /64":          {true, []string{"2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::/64"},
		"a proxy that says no address":           {true, []string{"unknown"}, "192.0.2.1"},
		"a proxy that says nothing":              {true, nil, "192.0.2.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "192.0.2.1:4711"
		for _, value := range c.forwarded {
			r.Header.Add("X-Forwarded-For", value)
		}
		if got := httpd.Address(c.proxy, r); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
