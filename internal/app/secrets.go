package app

import (
	"maps"
	"sync"

	"vigie/internal/lab"
	"vigie/probe/snmp"
)

// secrets are the credentials of routers by name, as their files were read last. A map is
// never changed once it is set.
type secrets struct {
	mu   sync.Mutex
	read map[string]snmp.Credential
}

func (s *secrets) get() map[string]snmp.Credential {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read
}

// set reports whether these are others than before.
func (s *secrets) set(read map[string]snmp.Credential) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := !maps.Equal(s.read, read)
	s.read = read
	return changed
}

// readSecrets reads the files, and reports whether a credential is another than before.
func (s *Server) readSecrets() (changed bool, err error) {
	read, err := s.opts.Configuration.Prober.SNMP.Read()
	if err != nil {
		return false, err
	}
	if s.opts.Demo {
		read[demoCredential] = snmp.Credential{Version: snmp.V2c, Community: lab.Community}
	}
	return s.secrets.set(read), nil
}
