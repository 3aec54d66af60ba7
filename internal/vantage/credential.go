package vantage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"

	"vigie/internal/fault"
)

// Credential is the file with which a prober reaches its core. It is told once: the
// core keeps the public half of the seed only. No form of printing shows the seed.
type Credential struct {
	Name string // of the prober
	// Core is host:port of the core's port for probers; of a cluster those of its servers,
	// with commas between.
	Core string
	// Cluster says that a NATS cluster stands between the prober and its core.
	Cluster bool
	Seed    string // of its key
	// Fingerprint is the SHA-256 of the core's public key in hexadecimal digits; empty
	// where Roots or the system tell whether a certificate is right.
	Fingerprint string
	// Roots are certificates in PEM that sign the core's; empty for those of the system.
	Roots string
}

// credentialFile is a credential as it is written.
type credentialFile struct {
	About       string `json:"about"`
	Version     int    `json:"version"`
	Name        string `json:"name"`
	Core        string `json:"core"`
	Cluster     bool   `json:"cluster,omitempty"`
	Seed        string `json:"seed"`
	Fingerprint string `json:"fingerprint,omitempty"`
	Roots       string `json:"roots,omitempty"`
}

const (
	credentialAbout   = "Credential of a Vigie prober. Whoever has it may deliver measurements in its name: keep it secret."
	credentialVersion = 1
	// MaxCredential bounds the file, in octets.
	MaxCredential = 1 << 16
)

// String names the prober and its core; no secret.
func (c Credential) String() string { return c.Name + " of " + c.Core }

// GoString is String: %#v shows no secret either.
func (c Credential) GoString() string { return c.String() }

// Encode gives the file.
func (c Credential) Encode() ([]byte, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(credentialFile{
		About: credentialAbout, Version: credentialVersion,
		Name: c.Name, Core: c.Core, Cluster: c.Cluster, Seed: c.Seed, Fingerprint: c.Fingerprint, Roots: c.Roots,
	}, "", "  ")
	return append(text, '\n'), err
}

// ParseCredential reads the file. An error names the field and never tells the seed.
func ParseCredential(content []byte) (Credential, error) {
	if len(content) > MaxCredential {
		return Credential{}, fmt.Errorf("credential: %d octets, expected at most %d", len(content), MaxCredential)
	}
	var f credentialFile
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return Credential{}, fmt.Errorf("credential: %w; expected the file that vigie prober add wrote", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Credential{}, errors.New("credential: something stands behind it; expected the file that vigie prober add wrote")
	}
	if f.Version != credentialVersion {
		return Credential{}, fmt.Errorf("credential: version: %d, expected %d", f.Version, credentialVersion)
	}
	c := Credential{Name: f.Name, Core: f.Core, Cluster: f.Cluster, Seed: f.Seed, Fingerprint: f.Fingerprint, Roots: f.Roots}
	return c, c.validate()
}

// Pin is the fingerprint as octets, nil without one.
func (c Credential) Pin() []byte {
	pin, err := hex.DecodeString(c.Fingerprint)
	if err != nil || len(pin) == 0 {
		return nil
	}
	return pin
}

func (c Credential) validate() error {
	if err := CheckName(c.Name); err != nil {
		return fmt.Errorf("credential: %w", err)
	}
	if err := c.CheckCore(); err != nil {
		return fmt.Errorf("credential: core: %w", err)
	}
	if c.Seed == "" {
		return errors.New("credential: seed: empty, expected the prober's secret")
	}
	if pin, err := hex.DecodeString(c.Fingerprint); err != nil || len(pin) != sha256.Size && len(pin) != 0 {
		return fmt.Errorf("credential: fingerprint: %.80q, expected %d hexadecimal digits", c.Fingerprint, 2*sha256.Size)
	}
	return nil
}

// CheckCore refuses what is no address of a core, or of the servers of a cluster.
func (c Credential) CheckCore() error {
	if !c.Cluster {
		return CheckAddress(c.Core)
	}
	for _, address := range strings.Split(c.Core, ",") {
		if err := CheckAddress(address); err != nil {
			return err
		}
	}
	return nil
}

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`)

// CheckName refuses what cannot name a prober elsewhere: the name is a word in the
// subjects of messages, in file names and on pages.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fault.Errorf(fault.Invalid, "name: %.40q, expected 1 to 31 small letters, digits and hyphens", name)
	}
	return nil
}

// CheckAddress refuses what is no address to connect with.
func CheckAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	n, errPort := strconv.ParseUint(port, 10, 16)
	if err != nil || errPort != nil || host == "" || n == 0 {
		return fault.Errorf(fault.Invalid, "%.80q, expected host:port, such as vigie.example:4433", address)
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return fault.Errorf(fault.Invalid, "%.80q stands for every address of a machine, expected the one that probers reach", address)
	}
	return nil
}
