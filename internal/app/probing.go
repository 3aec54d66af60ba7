package app

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/inventory"
	"vigie/internal/outpost"
	"vigie/internal/prober"
	"vigie/probe"
	"vigie/probe/snmp"
)

// demoCredential is what the demo's routers.csv calls that of the lab's routers.
const demoCredential = "demo"

func (s *Server) startProber(ctx context.Context) error {
	if s.opts.Demo && s.lab == nil {
		return nil
	}
	c := s.opts.Configuration.Prober
	x, err := s.index(ctx)
	if err != nil {
		return err
	}
	site, err := standing(x, c.Site)
	if err != nil {
		return err
	}
	if err := s.watched.Station(ctx, c.Name, site); err != nil {
		return err
	}
	last, err := s.lastOwn(ctx)
	if err != nil {
		return err
	}
	o := prober.Options{
		Name: c.Name, Configuration: c.Configuration, NextSeq: last + 1,
		Publish: s.own().Publish, Log: s.opts.Log,
	}
	if s.lab != nil {
		o.Open = s.lab.network.InProber
	}
	if _, err = s.readSecrets(); err != nil {
		return err
	}
	var roots *x509.CertPool
	if s.lab != nil {
		roots = s.lab.schools.Roots
	}
	if err := outpost.Equip(&o, roots); err != nil {
		return err
	}
	if o.Test, err = s.testing(o.Open); err != nil {
		return err
	}
	s.lookout = outpost.Lookout{Open: o.Open, Poll: o.Poll, Routers: s.ownRouters}
	if s.prober, err = prober.New(o); err != nil {
		return err
	}
	if err := s.retarget(ctx); err != nil {
		return err
	}
	if err := s.prober.Start(); err != nil {
		return err
	}
	s.started.push("the prober", func(context.Context) error { s.prober.Stop(); return nil })
	s.instance.changed = s.retarget
	return nil
}

// plan is what a prober has to do on a day. One that stands at a site tells what the
// school sees, and measures no line.
func (s *Server) plan(x *inventory.Index, site string, day time.Time) (prober.Plan, error) {
	asked, err := questions(x, site, day)
	if err != nil {
		return prober.Plan{}, err
	}
	p := prober.Plan{Configuration: s.opts.Configuration.Prober.Configuration, Questions: asked}
	if site != "" {
		p.Targets = canaries(x, day)
		return p, nil
	}
	p.Reflectors = reflectors(x, day)
	p.Routers, p.Targets = routers(x, s.secrets.get(), day), targets(x, day)
	return p, nil
}

// dayCheck is how long after midnight the prober follows the inventory at the latest.
const dayCheck = time.Minute

// followDays calls retarget on each new day and after secrets have changed, until ctx
// ends: links begin and end on days that were written down long before, and a secret is
// changed in its file. One that cannot be read leaves those before in force.
func followDays(ctx context.Context, reread func() (bool, error), retarget func(context.Context) error, log *slog.Logger) {
	var told time.Time
	changed, unread := false, false
	for pause(ctx, dayCheck) {
		again, err := reread()
		if err != nil && !unread {
			log.Error("the secrets of routers cannot be read again, those before remain", "error", err)
		}
		changed, unread = changed || again, err != nil
		today := calendar.Day(time.Now())
		if today.Equal(told) && !changed {
			continue
		}
		if err := retarget(ctx); err == nil {
			told, changed = today, false
		} else if ctx.Err() == nil {
			log.Error("the prober was not told of the new day, or of changed secrets, will be tried again", "error", err)
		}
	}
}

// targets are what is sent echoes on a day: the links in force with what stands
// beside them, and the canaries. A router is a target of its own only where
// another address than the link's reaches it.
func targets(x *inventory.Index, day time.Time) []probe.Target {
	var out []probe.Target
	add := func(kind probe.Kind, id int64, addr netip.Addr) {
		if addr.IsValid() {
			out = append(out, probe.Target{ID: id, Kind: kind, Addr: addr})
		}
	}
	for _, l := range x.Links {
		if !inventory.InForce(l.Starts, l.Ends, day) || !l.ProbeAddress.IsValid() {
			continue
		}
		add(probe.Link, l.ID, l.ProbeAddress)
		add(probe.Demarcation, l.ID, l.Demarcation)
		if r, ok := x.RouterOfLink(l.Ref, day); ok && r.Address != l.ProbeAddress {
			add(probe.Router, l.ID, r.Address)
		}
	}
	return append(out, canaries(x, day)...)
}

// canaries are those in force on a day.
func canaries(x *inventory.Index, day time.Time) []probe.Target {
	var out []probe.Target
	for _, c := range x.Canaries {
		if inventory.InForce(time.Time{}, c.Ends, day) && c.Address.IsValid() {
			out = append(out, probe.Target{ID: c.ID, Kind: probe.Canary, Addr: c.Address})
		}
	}
	return out
}

// routers are those that are asked by SNMP on a day, one a link. One whose credential
// is not configured is asked with none, so that its page says why nothing is known.
func routers(x *inventory.Index, secrets map[string]snmp.Credential, day time.Time) []snmp.Router {
	var out []snmp.Router
	for _, l := range x.Links {
		r, ok := x.RouterOfLink(l.Ref, day)
		if !ok || r.SNMP == "" || !inventory.InForce(l.Starts, l.Ends, day) {
			continue
		}
		asked := snmp.Router{Link: l.ID, Ref: l.Ref, Addr: netip.AddrPortFrom(r.Address, snmp.Port), Credential: secrets[r.SNMP]}
		asked.Interface, asked.Further = interfaces(r.Interface)
		out = append(out, asked)
	}
	return out
}

// interfaces reads the column interface of routers.csv: the one that carries the link,
// then further ones with a semicolon between.
func interfaces(column string) (access string, further [probe.MaxFurther]string) {
	names := strings.Split(column, ";")
	for i, name := range names[1:min(len(names), 1+probe.MaxFurther)] {
		further[i] = strings.TrimSpace(name)
	}
	return strings.TrimSpace(names[0]), further
}
