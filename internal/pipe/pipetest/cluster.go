// Package pipetest runs NATS clusters for tests: real servers on the loopback, configured
// by files as README.md shows them.
package pipetest

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"vigie/internal/pipe"
)

// Cluster is some servers of NATS with JetStream and TLS.
type Cluster struct {
	// Servers are host:port for clients.
	Servers []string
	// MaxPayload is as the configuration says it.
	MaxPayload string

	dir     string
	roots   *x509.CertPool
	routes  []string // empty for a server that is alone
	running []*server.Server
}

// NewCluster prepares so many servers, which let in users; they do not run yet, and end
// with the test.
func NewCluster(t *testing.T, servers int, users string) *Cluster {
	t.Helper()
	c := &Cluster{dir: t.TempDir(), roots: x509.NewCertPool(), running: make([]*server.Server, servers), MaxPayload: "8MB"}
	cert, err := pipe.SelfMade(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c.roots.AddCert(cert.Leaf)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	c.write(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})))
	c.write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	c.write(t, "users.conf", users)
	for range servers {
		c.Servers = append(c.Servers, FreePort(t))
		if servers > 1 {
			c.routes = append(c.routes, FreePort(t))
		}
	}
	t.Cleanup(func() {
		for i := range c.running {
			c.Kill(i)
		}
	})
	return c
}

// FreePort gives host:port of a port that nobody uses now.
func FreePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (c *Cluster) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Roots sign the servers' certificates; CAFile holds them.
func (c *Cluster) Roots() *x509.CertPool { return c.roots }

// CAFile is the name of a file in PEM.
func (c *Cluster) CAFile() string { return filepath.Join(c.dir, "cert.pem") }

// Run starts one server, for the first time or again with what it held.
func (c *Cluster) Run(t *testing.T, i int) {
	t.Helper()
	name := fmt.Sprintf("server-%d.conf", i)
	routes := ""
	if len(c.routes) > 0 {
		routes = fmt.Sprintf(`cluster { name: vigie, listen: "%s", routes: ["nats://%s"] }`, c.routes[i], strings.Join(c.routes, `", "nats://`))
	}
	c.write(t, name, fmt.Sprintf(`
server_name: nats-%d
listen: "%s"
max_payload: %s
jetstream { store_dir: "%s/store-%d", sync_interval: always }
tls { cert_file: "%s/cert.pem", key_file: "%s/key.pem" }
%s
accounts { VIGIE { jetstream: enabled, include "users.conf" } }
`, i, c.Servers[i], c.MaxPayload, c.dir, i, c.dir, c.dir, routes))
	o, err := server.ProcessConfigFile(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	o.NoSigs, o.NoLog = true, true
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	c.running[i] = s
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("a server of NATS does not listen")
	}
}

// Kill ends one server, if it runs.
func (c *Cluster) Kill(i int) {
	if s := c.running[i]; s != nil {
		s.Shutdown()
		s.WaitForShutdown()
		c.running[i] = nil
	}
}

// Let has the servers that run let in other users.
func (c *Cluster) Let(t *testing.T, users string) {
	t.Helper()
	c.write(t, "users.conf", users)
	for _, s := range c.running {
		if s == nil {
			continue
		}
		if err := s.Reload(); err != nil {
			t.Fatal(err)
		}
	}
}

// Ready waits until the servers that run have a leader.
func (c *Cluster) Ready(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); c.Leader() < 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the NATS cluster has no leader")
		}
	}
}

// Leader is the server that leads JetStream, -1 without one.
func (c *Cluster) Leader() int {
	return slices.IndexFunc(c.running, func(s *server.Server) bool { return s != nil && s.JetStreamIsLeader() })
}
