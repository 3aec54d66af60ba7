package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	"time"

	"vigie/configs"
	"vigie/internal/app"
	"vigie/internal/prober"
	"vigie/internal/view"
	"vigie/probe/snmp"
)

type snmpCommand struct {
	Host string `arg:"" help:"Name or address, IPv4 or IPv6. A name with both is asked by IPv4."`

	CommunityFile    string `help:"File with the community of version 2c." placeholder:"FILE"`
	User             string `help:"User of version 3." placeholder:"NAME"`
	Auth             string `help:"How a user proves itself: MD5, SHA, SHA224, SHA256, SHA384, SHA512." placeholder:"NAME"`
	AuthPasswordFile string `help:"File with its password." placeholder:"FILE"`
	Priv             string `help:"How its messages are encrypted: DES, AES, AES192, AES256, AES192C, AES256C." placeholder:"NAME"`
	PrivPasswordFile string `help:"File with the password of the encryption." placeholder:"FILE"`
	Credential       string `help:"Name of a credential of the configuration, instead of all these." placeholder:"NAME"`
	Config           string `help:"The configuration that has it, and the profiles of the installation. Default: vigie.yaml, where there is one." placeholder:"FILE"`

	Port    uint16        `help:"Where the agent listens." default:"161"`
	Timeout time.Duration `help:"How long an answer is waited for, at most 1m." default:"2s"`
	Retries int           `help:"How often a request without answer is sent again, at most 10." default:"1"`
	Format  string        `help:"Form of the result." enum:"table,json,csv" default:"table"`
	Table   string        `help:"One table only: interfaces, addresses, vlans, hosts, neighbours. CSV needs one." enum:",interfaces,addresses,vlans,hosts,neighbours" default:"" placeholder:"NAME"`
}

// Help gives examples.
func (snmpCommand) Help() string {
	return `Asks a router, a switch or a firewall by SNMP for all that Vigie reads of it: what it
is, how it is, its interfaces, addresses, VLANs, the hosts it resolved and the neighbours that
announce themselves by LLDP. Nothing is written anywhere, and no database is needed.
A device answers one request at a time; a large one takes some seconds. How a device tells
its health is read by the profiles of the installation (prober.snmp.profiles), over ours.

Secrets are read from files, never from the command line. The status is 1 when there
is no answer, or when it ended midway.

Examples:
  vigie snmp 192.0.2.1 --community-file community.txt
  vigie snmp 192.0.2.1 --credential access --config /etc/vigie/vigie.yaml
  vigie snmp router.example --user vigie --auth SHA256 --auth-password-file auth.txt \
      --priv AES --priv-password-file priv.txt
  vigie snmp 192.0.2.1 --community-file community.txt --table vlans
  vigie snmp 192.0.2.1 --community-file community.txt --format csv --table interfaces
  vigie snmp 192.0.2.1 --community-file community.txt --format json`
}

// Run walks the device and shows it.
func (c snmpCommand) Run(s surroundings) error {
	if c.Format == "csv" && c.Table == "" {
		return &usageError{"--format csv: expected --table interfaces, addresses, vlans, hosts or neighbours"}
	}
	given, err := c.given()
	if err != nil {
		return err
	}
	configuration, err := c.configuration()
	if err != nil {
		return err
	}
	credential, err := c.credential(given, configuration)
	if err != nil {
		return err
	}
	shipped, err := configs.SNMPProfiles()
	if err != nil {
		return err
	}
	profiles, err := configuration.Prober.SNMP.ReadProfiles(shipped)
	if err != nil {
		return err
	}
	if c.Port == 0 {
		return &usageError{"--port: 0, expected 1 to 65535"}
	}
	poller, err := snmp.New(snmp.Options{Timeout: c.Timeout, Retries: c.Retries, InFlight: 1, Profiles: profiles})
	if err != nil {
		return &usageError{strings.TrimPrefix(err.Error(), "snmp: ")}
	}
	address, err := resolve(s.ctx, c.Host)
	if err != nil {
		return err
	}
	router := snmp.Router{Addr: netip.AddrPortFrom(address, c.Port), Credential: credential}
	found, err := poller.Walk(s.ctx, router)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Host, err)
	}
	device := view.NewDevice(found)
	sheet := deviceSheet{print: s.print, device: device}
	if c.Table == "" && device.Problem == "" {
		sheet.health = poller.Poll(s.ctx, router).Health // one that tells none is shown without
	}
	if err := sheet.write(s.out, c.Format, c.Table); err != nil {
		return err
	}
	if len(device.Cut) > 0 {
		fmt.Fprintln(s.talk, "vigie: "+s.print.T("device.cut", strings.Join(sheet.cut(), ", ")))
	}
	if device.Problem != "" {
		fmt.Fprintln(s.talk, "vigie: "+s.print.T("device.ended", device.Problem))
		return errSaid
	}
	return nil
}

// configurationName is read where it stands and no other is named.
const configurationName = "vigie.yaml"

// configuration is the one that is named, else that of the directory, else the defaults: a
// device may be asked without an installation.
func (c snmpCommand) configuration() (app.Configuration, error) {
	if c.Config != "" {
		return app.ReadConfiguration(c.Config)
	}
	configuration, err := app.ReadConfiguration(configurationName)
	if errors.Is(err, fs.ErrNotExist) && c.Credential == "" {
		return app.DefaultConfiguration(), nil
	}
	return configuration, err
}

// given is what the options say of the credential: a name, or all that it stands for.
func (c snmpCommand) given() (prober.SNMPCredential, error) {
	given := prober.SNMPCredential{
		Version: snmp.V3, CommunityFile: c.CommunityFile, User: c.User, Auth: snmp.Auth(c.Auth), AuthPasswordFile: c.AuthPasswordFile,
		Priv: snmp.Priv(c.Priv), PrivPasswordFile: c.PrivPasswordFile,
	}
	alone := given == (prober.SNMPCredential{Version: snmp.V3})
	switch {
	case c.Credential != "" && !alone:
		return given, &usageError{"--credential: expected it alone, or what it stands for"}
	case c.Credential == "" && alone:
		return given, &usageError{"expected --community-file FILE, --user NAME, or --credential NAME"}
	case c.CommunityFile != "":
		given.Version = snmp.V2c
	}
	return given, nil
}

// credential reads what the device asks of who asks it.
func (c snmpCommand) credential(given prober.SNMPCredential, configuration app.Configuration) (snmp.Credential, error) {
	if c.Credential != "" {
		return configuredCredential(configuration, cmp.Or(c.Config, configurationName), c.Credential)
	}
	return given.Read()
}

// configuredCredential reads the secrets of one credential of a configuration alone.
func configuredCredential(configuration app.Configuration, file, name string) (snmp.Credential, error) {
	var names []string
	for _, configured := range configuration.Prober.SNMP.Credentials {
		if configured.Name == name {
			return configured.Read()
		}
		names = append(names, configured.Name)
	}
	return snmp.Credential{}, fmt.Errorf("configuration %s: no credential %q under prober.snmp.credentials, expected one of: %s", file, name, strings.Join(names, ", "))
}
