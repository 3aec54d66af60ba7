package snmp

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/gosnmp/gosnmp"
)

// Version is a version of SNMP.
type Version string

// The versions that are spoken; the first has no 64-bit counters and is not.
const (
	V2c Version = "2c" // RFC 1901
	V3  Version = "3"  // RFC 3410 to 3418
)

// Auth is how a version 3 message proves its origin (RFC 3414, RFC 7860); empty:
// not at all.
type Auth string

// Priv is how a version 3 message is encrypted (RFC 3414, RFC 3826); empty: not at
// all. The names that end in C extend the key as Cisco does.
type Priv string

var (
	auths = map[Auth]gosnmp.SnmpV3AuthProtocol{
		"": gosnmp.NoAuth, "MD5": gosnmp.MD5, "SHA": gosnmp.SHA, "SHA224": gosnmp.SHA224,
		"SHA256": gosnmp.SHA256, "SHA384": gosnmp.SHA384, "SHA512": gosnmp.SHA512,
	}
	privs = map[Priv]gosnmp.SnmpV3PrivProtocol{
		"": gosnmp.NoPriv, "DES": gosnmp.DES, "AES": gosnmp.AES, "AES192": gosnmp.AES192, "AES256": gosnmp.AES256,
		"AES192C": gosnmp.AES192C, "AES256C": gosnmp.AES256C,
	}
)

// Credential is what a router asks of who asks it. No form of printing shows its
// secrets.
type Credential struct {
	Version   Version
	Community string // of version 2c, at most 127 octets

	User         string // of version 3, at most 32 octets
	Auth         Auth
	AuthPassword string // at least 8 octets
	Priv         Priv   // needs Auth
	PrivPassword string // at least 8 octets
}

// Limits of the protocol: RFC 3414, 2.4 and 11.2; one octet of length for the
// community, as the library writes it.
const (
	maxCommunity = 127
	maxUser      = 32
	minPassword  = 8
)

// Validate names the field that is out of its range, never the value of a secret.
func (c Credential) Validate() error {
	switch c.Version {
	case V2c:
		return c.validateV2c()
	case V3:
		return c.validateV3()
	}
	return fmt.Errorf("snmp: version: %q, expected %s or %s", string(c.Version), V2c, V3)
}

func (c Credential) validateV2c() error {
	if n := len(c.Community); n < 1 || n > maxCommunity {
		return fmt.Errorf("snmp: community: %d octets, expected 1 to %d", n, maxCommunity)
	}
	if c.User+c.AuthPassword+c.PrivPassword+string(c.Auth)+string(c.Priv) != "" {
		return fmt.Errorf("snmp: user, auth or priv with version %s, expected a community alone", V2c)
	}
	return nil
}

func (c Credential) validateV3() error {
	if c.Community != "" {
		return fmt.Errorf("snmp: community with version %s, expected a user", V3)
	}
	if n := len(c.User); n < 1 || n > maxUser {
		return fmt.Errorf("snmp: user: %d octets, expected 1 to %d", n, maxUser)
	}
	if _, known := auths[c.Auth]; !known {
		return fmt.Errorf("snmp: auth: %q, expected MD5, SHA, SHA224, SHA256, SHA384 or SHA512", string(c.Auth))
	}
	if _, known := privs[c.Priv]; !known {
		return fmt.Errorf("snmp: priv: %q, expected DES, AES, AES192, AES256, AES192C or AES256C", string(c.Priv))
	}
	if c.Priv != "" && c.Auth == "" {
		return fmt.Errorf("snmp: priv: %s without auth, expected both", c.Priv)
	}
	for _, p := range []struct {
		name, password string
		used           bool
	}{{"auth", c.AuthPassword, c.Auth != ""}, {"priv", c.PrivPassword, c.Priv != ""}} {
		switch n := len(p.password); {
		case p.used && n < minPassword:
			return fmt.Errorf("snmp: %s password: %d octets, expected at least %d", p.name, n, minPassword)
		case !p.used && n > 0:
			return fmt.Errorf("snmp: %s password without %s, expected both or none", p.name, p.name)
		}
	}
	return nil
}

// String names the version, the user and the protocols; no secret.
func (c Credential) String() string {
	if c.Version != V3 {
		return "v" + string(c.Version)
	}
	words := []string{"v3", c.User}
	if c.Auth != "" {
		words = append(words, string(c.Auth))
	}
	if c.Priv != "" {
		words = append(words, string(c.Priv))
	}
	return strings.Join(words, " ")
}

// GoString is String: %#v shows no secret either.
func (c Credential) GoString() string { return c.String() }

// LogValue is String.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText is String, so that a credential in JSON shows no secret.
func (c Credential) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// session returns a connection of the library's that is not connected yet.
func (c Credential) session() *gosnmp.GoSNMP {
	s := &gosnmp.GoSNMP{Version: gosnmp.Version2c, Community: c.Community}
	if c.Version != V3 {
		return s
	}
	s.Version, s.SecurityModel, s.MsgFlags = gosnmp.Version3, gosnmp.UserSecurityModel, gosnmp.NoAuthNoPriv
	switch {
	case c.Priv != "":
		s.MsgFlags = gosnmp.AuthPriv
	case c.Auth != "":
		s.MsgFlags = gosnmp.AuthNoPriv
	}
	s.SecurityParameters = &gosnmp.UsmSecurityParameters{
		UserName:               c.User,
		AuthenticationProtocol: auths[c.Auth], AuthenticationPassphrase: c.AuthPassword,
		PrivacyProtocol: privs[c.Priv], PrivacyPassphrase: c.PrivPassword,
	}
	return s
}
