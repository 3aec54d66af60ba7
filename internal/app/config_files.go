package app

import (
	"crypto/tls"
	"errors"
	"fmt"

	"vigie/configs"
	"vigie/internal/outpost"
)

// CheckConfiguration reads a configuration, and with it every file and folder that it
// names: what would keep an instance from starting is told before.
func CheckConfiguration(name string) (Configuration, error) {
	c, err := ReadConfiguration(name)
	if err != nil {
		return Configuration{}, err
	}
	if err := c.checkFiles(); err != nil {
		return Configuration{}, fmt.Errorf("configuration %s: %w", name, err)
	}
	return c, nil
}

// checkFiles tells what is missing or cannot be used, each with its key; of the ways to
// operators the first.
func (c Configuration) checkFiles() error {
	_, channels := c.channels()
	_, watchdog := newWatchdog(c.Watchdog)
	_, push := newPusher(c.Metrics.Push)
	_, credentials := c.Prober.SNMP.Read()
	_, stamp := outpost.StampKey(c.Prober.StampKeyFile)
	_, cluster := c.Pipe.cluster()
	return errors.Join(channels, watchdog, push, credentials, stamp, c.checkProfiles(), c.Probers.checkFiles(), cluster)
}

func (c Configuration) checkProfiles() error {
	shipped, err := configs.SNMPProfiles()
	if err != nil {
		return err
	}
	_, err = c.Prober.SNMP.ReadProfiles(shipped)
	return err
}

func (c ProbersConfiguration) checkFiles() error {
	if c.CertificateFile == "" {
		return nil
	}
	if _, err := tls.LoadX509KeyPair(c.CertificateFile, c.KeyFile); err != nil {
		return fmt.Errorf("probers.certificate_file, key_file: %w, expected a certificate and its key in PEM", err)
	}
	return nil
}
