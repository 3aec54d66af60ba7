package app

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vigie/internal/fault"
	"vigie/internal/pipe"
	"vigie/internal/vantage"
)

// PipeConfiguration says where probers and core meet: in the core's own process, or in a
// NATS cluster.
type PipeConfiguration struct {
	// Servers are host:port of the cluster's servers; empty = in the core's own process.
	Servers []string `yaml:"servers"`
	// KeyFile holds the seed of the core's key, as vigie nats key makes it.
	KeyFile string `yaml:"key_file"`
	// CAFile holds the certificates that sign those of the servers, in PEM; empty = those
	// that the system trusts.
	CAFile string `yaml:"ca_file"`
	// Replicas is how many servers hold each batch: 1, 3 or 5.
	Replicas int `yaml:"replicas"`
}

func (c PipeConfiguration) validate(whole Configuration) error {
	if c.Replicas != 1 && c.Replicas != 3 && c.Replicas != 5 {
		return fmt.Errorf("replicas: %d, expected 1, 3 or 5", c.Replicas)
	}
	if len(c.Servers) == 0 {
		if c.KeyFile != "" || c.CAFile != "" {
			return errors.New("servers: empty, expected the servers of the cluster to which key_file and ca_file belong")
		}
		return nil
	}
	for _, server := range c.Servers {
		if err := vantage.CheckAddress(server); err != nil {
			return fmt.Errorf("servers: %.80q, expected host:port, such as nats-1.example:4222; the connection is always encrypted", server)
		}
	}
	switch {
	case c.KeyFile == "":
		return errors.New("key_file: empty, expected the file that vigie nats key wrote")
	case whole.Probers.Listen != "":
		return fmt.Errorf("servers: probers come in by the cluster or by probers.listen, %q: expected one of them", whole.Probers.Listen)
	case vantage.CheckName(whole.Prober.Name) != nil:
		return fmt.Errorf("servers: prober.name %.40q names a stream there, expected 1 to 31 small letters, digits and hyphens", whole.Prober.Name)
	}
	return nil
}

// cluster reads the files; it is nil where no cluster is configured.
func (c PipeConfiguration) cluster() (*pipe.Cluster, error) {
	if len(c.Servers) == 0 {
		return nil, nil
	}
	seed, err := secret("pipe.key_file", c.KeyFile)
	if err != nil {
		return nil, err
	}
	if _, err := pipe.PublicKey(seed); err != nil {
		return nil, fmt.Errorf("pipe.key_file: %s: %w, expected the file that vigie nats key wrote", c.KeyFile, err)
	}
	out := &pipe.Cluster{Servers: c.Servers, Seed: seed, Replicas: c.Replicas}
	text, err := c.authorities()
	if err != nil || text == "" {
		return out, err
	}
	out.Roots = x509.NewCertPool()
	if !out.Roots.AppendCertsFromPEM([]byte(text)) {
		return nil, fmt.Errorf("pipe.ca_file: %s: no certificate in it, expected PEM", c.CAFile)
	}
	return out, nil
}

// authorities are the certificates that sign those of the servers; empty for those of
// the system.
func (c PipeConfiguration) authorities() (string, error) {
	if c.CAFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(c.CAFile)
	if err != nil {
		return "", fmt.Errorf("pipe.ca_file: %w, expected a file that can be read", err)
	}
	return string(text), nil
}

func (s *Server) startPipe(ctx context.Context) error {
	o := pipe.Options{Dir: filepath.Join(s.opts.Dir, "stream"), Age: pipe.CoreAge, Log: s.opts.Log}
	cluster, err := s.opts.Configuration.Pipe.cluster()
	if err != nil {
		return err
	}
	if cluster != nil {
		if cluster.Names, err = s.members(ctx); err != nil {
			return err
		}
		cluster.Prober = s.opts.Configuration.Prober.Name
		s.expect()
		// What the core's own prober measures waits in a stream of its own while the cluster
		// is away.
		s.spool = pipe.New(o)
		if err := s.spool.Start(ctx); err != nil {
			return err
		}
		s.started.push("the prober's stream", func(context.Context) error { s.spool.Stop(); return nil })
		o = pipe.Options{Cluster: cluster, Log: s.opts.Log}
	} else if o.Port, err = s.openPort(ctx); err != nil {
		return err
	}
	s.pipe = pipe.New(o)
	if err := s.pipe.Start(ctx); err != nil {
		return err
	}
	s.started.push("the message stream", func(context.Context) error { s.pipe.Stop(); return nil })
	if cluster == nil {
		return nil
	}
	return s.pipe.Admit(ctx, cluster.Names, s.vantages.barred())
}

// own is the stream into which the core's own prober puts what it measures.
func (s *Server) own() *pipe.Pipe {
	if s.spool != nil {
		return s.spool
	}
	return s.pipe
}

// lastOwn is the highest number that the core's own prober gave to a batch.
func (s *Server) lastOwn(ctx context.Context) (uint64, error) {
	name := s.opts.Configuration.Prober.Name
	applied, err := s.watched.LastSeq(ctx, name)
	if err != nil {
		return 0, err
	}
	published, err := s.own().LastSeq(ctx, name)
	if err != nil || s.spool == nil || published > 0 {
		return max(applied, published), err
	}
	// A spool that is new, or was lost: what it had handed over may still wait there.
	there, err := s.pipe.LastSeq(ctx, name)
	if err != nil {
		return 0, fmt.Errorf("the stream of the core's own prober holds nothing, so its last number must be asked from the NATS cluster: %w", err)
	}
	return max(applied, there), nil
}

// natsUsers gives the part of the cluster's configuration that lets in the core and the
// probers that are not revoked.
func (s *Server) natsUsers(ctx context.Context, _ struct{}) (string, error) {
	cluster, err := s.opts.Configuration.Pipe.cluster()
	if err != nil {
		return "", err
	}
	if cluster == nil {
		return "", fault.Errorf(fault.Conflict, "no NATS cluster is configured: set pipe.servers in the configuration and start Vigie again")
	}
	core, err := pipe.PublicKey(cluster.Seed)
	if err != nil {
		return "", err
	}
	names, err := s.members(ctx)
	if err != nil {
		return "", err
	}
	return pipe.Users(core, names), nil
}

const opNATSUsers operation[struct{}, string] = "nats-users"

// NATSUsers asks the running instance for what its cluster's configuration must hold.
func (r *Remote) NATSUsers(ctx context.Context) (string, error) {
	return opNATSUsers.call(ctx, r, struct{}{})
}

// certifyCluster writes into a credential where the servers of the cluster are, and how
// they are known.
func (s *Server) certifyCluster(c *vantage.Credential) (err error) {
	c.Cluster = true
	c.Roots, err = s.opts.Configuration.Pipe.authorities()
	if c.Core == "" {
		c.Core = strings.Join(s.opts.Configuration.Pipe.Servers, ",")
	}
	return err
}
