package prober

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"time"

	"vigie/probe/snmp"
)

// SNMPConfiguration says how often routers are asked, and with what.
type SNMPConfiguration struct {
	// Interval is the time between two polls of a router, 5s to 1h.
	Interval time.Duration `yaml:"interval"`
	// Walk is the time between two looks at all that a router carries, 1h to 720h.
	Walk        time.Duration    `yaml:"walk"`
	Credentials []SNMPCredential `yaml:"credentials"`
	// Profiles is a folder with profiles of devices that take the place of ours; empty =
	// none.
	Profiles string `yaml:"profiles"`
	// Traps is the address and port on which notifications of routers are heard; empty =
	// none are.
	Traps string `yaml:"traps"`
}

// SNMPCredential is a credential without its secrets: each stands alone in a file.
type SNMPCredential struct {
	// Name is what routers.csv calls it.
	Name             string       `yaml:"name"`
	Version          snmp.Version `yaml:"version"`
	CommunityFile    string       `yaml:"community_file"`
	User             string       `yaml:"user"`
	Auth             snmp.Auth    `yaml:"auth"`
	AuthPasswordFile string       `yaml:"auth_password_file"`
	Priv             snmp.Priv    `yaml:"priv"`
	PrivPasswordFile string       `yaml:"priv_password_file"`
}

const (
	shortestInterval, longestInterval = 5 * time.Second, time.Hour
	shortestWalk, longestWalk         = time.Hour, 720 * time.Hour
)

func (c SNMPConfiguration) validate() error {
	if c.Interval < shortestInterval || c.Interval > longestInterval {
		return fmt.Errorf("interval: %s, expected %s to %s", c.Interval, shortestInterval, longestInterval)
	}
	if c.Walk < shortestWalk || c.Walk > longestWalk {
		return fmt.Errorf("walk: %s, expected %s to %s", c.Walk, shortestWalk, longestWalk)
	}
	if _, on := c.listen(); c.Traps != "" && !on {
		return fmt.Errorf("traps: %q, expected an address and a port such as 0.0.0.0:162, or nothing", c.Traps)
	}
	seen := map[string]bool{}
	for i, cred := range c.Credentials {
		switch {
		case cred.Name == "":
			return fmt.Errorf("credentials: number %d has no name", i+1)
		case seen[cred.Name]:
			return fmt.Errorf("credentials: two are named %q", cred.Name)
		}
		seen[cred.Name] = true
		if err := cred.validate(); err != nil {
			return fmt.Errorf("credentials: %s: %w", cred.Name, err)
		}
	}
	return nil
}

// validate judges all but the secrets, for each of which a good one stands.
func (c SNMPCredential) validate() error {
	const secret = "12345678"
	good := snmp.Credential{Version: c.Version, User: c.User, Auth: c.Auth, Priv: c.Priv}
	for _, s := range []struct {
		key, file string
		wanted    bool
		into      *string
	}{
		{"community_file", c.CommunityFile, c.Version == snmp.V2c, &good.Community},
		{"auth_password_file", c.AuthPasswordFile, c.Version == snmp.V3 && c.Auth != "", &good.AuthPassword},
		{"priv_password_file", c.PrivPasswordFile, c.Version == snmp.V3 && c.Priv != "", &good.PrivPassword},
	} {
		if s.wanted && s.file == "" {
			return fmt.Errorf("%s: empty, expected a file that holds it alone", s.key)
		}
		if s.file != "" {
			*s.into = secret
		}
	}
	if err := good.Validate(); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "snmp: "))
	}
	return nil
}

// listen is where notifications are heard. No address before the port is every address.
func (c SNMPConfiguration) listen() (netip.AddrPort, bool) {
	text := c.Traps
	if strings.HasPrefix(text, ":") {
		text = "[::]" + text
	}
	addr, err := netip.ParseAddrPort(text)
	return addr, err == nil
}

// Read reads the secrets and returns the credentials by name. An error names the
// credential and the key, never a secret.
func (c SNMPConfiguration) Read() (map[string]snmp.Credential, error) {
	out := make(map[string]snmp.Credential, len(c.Credentials))
	for _, configured := range c.Credentials {
		cred, err := configured.Read()
		if err != nil {
			return nil, fmt.Errorf("prober.snmp.credentials: %s: %w", configured.Name, err)
		}
		out[configured.Name] = cred
	}
	return out, nil
}

// ReadProfiles puts the profiles of the installation over those that are shipped.
func (c SNMPConfiguration) ReadProfiles(shipped fs.FS) (*snmp.Profiles, error) {
	profiles, err := snmp.ReadProfiles(shipped)
	if err != nil || c.Profiles == "" {
		return profiles, err
	}
	if folder, err := os.Stat(c.Profiles); err != nil || !folder.IsDir() {
		return nil, fmt.Errorf("prober.snmp.profiles: %s: expected a folder", c.Profiles)
	}
	own, err := snmp.ReadProfiles(os.DirFS(c.Profiles))
	if err != nil {
		return nil, fmt.Errorf("prober.snmp.profiles: %s: %w", c.Profiles, err)
	}
	if profiles, err = profiles.Over(own); err != nil {
		return nil, fmt.Errorf("prober.snmp.profiles: %s: %w", c.Profiles, err)
	}
	return profiles, nil
}

// Read reads the secrets of one credential. An error names the key, never a secret.
func (c SNMPCredential) Read() (snmp.Credential, error) {
	out := snmp.Credential{Version: c.Version, User: c.User, Auth: c.Auth, Priv: c.Priv}
	var problems []error
	for _, secret := range []struct {
		key, file string
		into      *string
	}{
		{"community_file", c.CommunityFile, &out.Community},
		{"auth_password_file", c.AuthPasswordFile, &out.AuthPassword},
		{"priv_password_file", c.PrivPasswordFile, &out.PrivPassword},
	} {
		if secret.file == "" {
			continue
		}
		text, err := os.ReadFile(secret.file)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w, expected a file that can be read", secret.key, err))
		}
		*secret.into = strings.TrimSpace(string(text))
	}
	if err := errors.Join(problems...); err != nil {
		return snmp.Credential{}, err
	}
	return out, out.Validate()
}
