package app

import (
	"fmt"
	"net/netip"
	"time"

	"vigie/internal/inventory"
	"vigie/internal/prober"
	"vigie/probe/service"
	"vigie/probe/stamp"
)

// questions are the services that a prober asks on a day: one of the core, which stands at
// no site, those seen from there; one at a site those seen from that site. What the import
// took and no longer can be asked is an error that names it.
func questions(x *inventory.Index, site string, day time.Time) ([]prober.Question, error) {
	var list []prober.Question
	for _, c := range x.ChecksFrom(site, day) {
		check, err := service.Parse(c.Service)
		if err == nil && c.Status != "" {
			check.Expect.Status, err = service.ParseStatuses(c.Status)
		}
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", c.Key, err)
		}
		check.Expect.Text, check.Expect.Certificate = c.Text, c.CertificateSHA256
		list = append(list, prober.Question{ID: c.ID, Link: x.LinksOfCheck(c, day)[0].ID, Every: c.Every, Check: check})
	}
	return list, nil
}

// standing is the site of the configuration's prober, "" for one of the core.
func standing(x *inventory.Index, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	site, ok := x.SiteNamed(name)
	if !ok {
		return "", fmt.Errorf("prober.site: %q is neither the key of a site of the inventory nor the UAI of one of its schools", name)
	}
	return site.Key, nil
}

// reflectors are those of the links in force on a day.
func reflectors(x *inventory.Index, day time.Time) []prober.Reflector {
	var list []prober.Reflector
	for _, l := range x.Links {
		if !l.ReflectorAddress.IsValid() || !inventory.InForce(l.Starts, l.Ends, day) {
			continue
		}
		port := uint16(stamp.Port)
		if l.ReflectorPort != 0 {
			port = uint16(l.ReflectorPort)
		}
		list = append(list, prober.Reflector{Link: l.ID, Addr: netip.AddrPortFrom(l.ReflectorAddress, port)})
	}
	return list
}
