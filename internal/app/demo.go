package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigie/configs"
	"vigie/internal/desk"
	"vigie/internal/i18n"
	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/lab"
	"vigie/internal/lab/operator"
	"vigie/internal/org"
	"vigie/internal/store"
	"vigie/internal/ticket"
	"vigie/probe/service"
)

const (
	// demoSeed makes every demo the same.
	demoSeed = 67
	// maxLetter bounds a message that the lab's operators take.
	maxLetter = 1 << 20
)

// Account is a fictitious person of the demo.
type Account struct {
	Login, Password string
	user            org.User
}

// Role is what the account may do.
func (a Account) Role() org.Role { return a.user.Role }

// DemoConstants says how the demo's times differ from a real installation's.
func DemoConstants() string {
	return fmt.Sprintf("Demo constants: cycle %s, ticket after %s (mass %s, degraded %s), resolved after %s, reminder after %s, GTR 1 minute; throughput is tested in the last %d of each %d minutes.",
		demoCycle, demoOpen, demoOpenMass, demoOpenDegraded, demoResolve, demoRemind, demoTestDay-demoTestDusk, demoTestDay)
}

// DemoAccounts are shown in the terminal; the demo listens on this machine only.
func DemoAccounts() []Account {
	everything := org.Territory{All: true}
	member := func(key string) org.Territory { return org.Territory{Organisations: []string{key}} }
	make := func(login, name string, role org.Role, organisation string, t org.Territory) Account {
		u := org.User{Login: login, Name: name, Role: role, Organisation: organisation, Territory: t}
		return Account{Login: login, Password: "demo-" + login, user: u}
	}
	return []Account{
		make("admin", "Administration (fictive)", org.Admin, "region-grand-est", everything),
		make("reseau", "Équipe réseau (fictive)", org.Network, "region-grand-est", everything),
		make("finances", "Finances de la CeA (fictives)", org.Finance, "cea", member("cea")),
		make("finances55", "Finances de la Meuse (fictives)", org.Finance, "meuse", member("meuse")),
		make("audit", "Audit (fictif)", org.Auditor, "region-grand-est", everything),
	}
}

// importDemo loads the demo inventory through the same import as anybody's, once:
// what somebody changes afterwards stays.
func importDemo(ctx context.Context, i *Instance) error {
	known, err := store.NewView(i.db).Inventory(ctx)
	if err != nil || len(known.Sites) > 0 {
		return err
	}
	folder, err := configs.Demo()
	if err != nil {
		return fmt.Errorf("demo inventory: %w", err)
	}
	files, err := intake.Folder(folder)
	if err != nil {
		return fmt.Errorf("demo inventory: %w", err)
	}
	a, err := i.Import(ctx, ImportRequest{Files: files})
	if err != nil {
		return err
	}
	if a.Problems != nil {
		return fmt.Errorf("demo inventory: %s", a.Problems)
	}
	return nil
}

// demoModes gives each operator of the demo another sending mode, once: what a
// person changes later stays.
func demoModes(ctx context.Context, s desk.Store, d *desk.Service, operators []inventory.Operator, now time.Time) error {
	var modes ticket.Modes
	err := s.InTx(ctx, func(ctx context.Context, tx desk.Tx) error {
		var err error
		modes, err = tx.Modes(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range modes.Operators {
		if m != ticket.Observe {
			return nil
		}
	}
	system := org.User{Role: org.Admin, Territory: org.Territory{All: true}}
	for n, o := range operators {
		mode := []ticket.Mode{ticket.Automatic, ticket.Automatic, ticket.Ask}[n%3]
		if err := d.SetMode(ctx, system, o.Key, mode, now); err != nil {
			return err
		}
	}
	return nil
}

// labTopology is the inventory as the simulated network takes it: the links that
// are probed inside the lab's own addresses.
func labTopology(x *inventory.Index, day time.Time) lab.Topology {
	var t lab.Topology
	for _, l := range x.Links {
		if inventory.InForce(l.Starts, l.Ends, day) && lab.OperatorNetwork.Contains(l.ProbeAddress) {
			terms := x.TermsAt(l, day)
			link := lab.Link{
				Ref: l.Ref, Addr: l.ProbeAddress, POP: l.POP, Sites: l.Sites, Operator: l.Operator,
				DownKbps: terms.DownKbps, UpKbps: terms.UpKbps,
			}
			if lab.OperatorNetwork.Contains(l.Demarcation) {
				link.Demarcation = l.Demarcation
			}
			if r, ok := x.RouterOfLink(l.Ref, day); ok && lab.OperatorNetwork.Contains(r.Address) {
				link.Router = r.Address
			}
			link.Firewall = firewallOf(x, l, day)
			t.Links = append(t.Links, link)
		}
	}
	for _, c := range x.Canaries {
		if inventory.InForce(time.Time{}, c.Ends, day) && lab.OperatorNetwork.Contains(c.Address) {
			t.Canaries = append(t.Canaries, c.Address)
		}
	}
	return t
}

// firewallOf is the address inside the lab's network that the checks of a link ask; none
// without such a check.
func firewallOf(x *inventory.Index, l inventory.Link, day time.Time) netip.Addr {
	for _, c := range x.ChecksOfLink(l, day) {
		check, err := service.Parse(c.Service)
		if err != nil || c.From != inventory.FromCore {
			continue
		}
		host := check.Host
		if u, err := url.Parse(check.URL); err == nil && check.Kind == service.HTTP {
			host = u.Hostname()
		}
		if at, err := netip.ParseAddr(host); err == nil && lab.OperatorNetwork.Contains(at) && at != l.ProbeAddress {
			return at
		}
	}
	return netip.Addr{}
}

// laboratory is the running lab of a demo.
type laboratory struct {
	topology lab.Topology
	network  *lab.Network
	schools  *lab.Schools
	faults   *lab.Faults
}

func newLaboratory(t lab.Topology, now time.Time) (*laboratory, error) {
	school, err := labCalendar()
	if err != nil {
		return nil, err
	}
	base := lab.NewBaseline(t, demoSeed)
	network, err := lab.New(t, base, demoSeed, lab.NewAgents(t, demoSeed, school, now))
	if err != nil {
		return nil, err
	}
	return &laboratory{topology: t, network: network, faults: lab.NewFaults(t, base, network)}, nil
}

// play runs the script once and keeps ending faults whose time is over.
func (l *laboratory) play(ctx context.Context, steps []lab.Step, say func(string)) error {
	done := make(chan error, 1)
	go func() { done <- l.faults.Run(ctx) }()
	p := i18n.For(i18n.English)
	err := l.faults.Play(ctx, steps, func(s lab.Step) {
		say(p.T(s.Message, s.Fault.Target))
	})
	if runErr := <-done; runErr != nil {
		return runErr
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// newMailbox is the simulated operators' mail server: one for all of their
// domains.
func newMailbox(dir string, operators []inventory.Operator, say func(string), log *slog.Logger) (*operator.Mailbox, error) {
	var domains []string
	for _, o := range operators {
		for _, address := range []string{o.TicketEmail, o.EscalationEmail} {
			if _, domain, ok := strings.Cut(address, "@"); ok && !slices.Contains(domains, domain) {
				domains = append(domains, domain)
			}
		}
	}
	p := i18n.For(i18n.English)
	return operator.New(operator.Options{
		Address: "127.0.0.1:0", Domains: domains, Folder: mailFolder(dir), MaxBytes: maxLetter, Log: log,
		Received: func(m operator.Mail) { say(p.T("lab.mail", strings.Join(m.To, ", "), m.Subject)) },
	})
}

func mailFolder(dir string) string { return filepath.Join(dir, "lab", "mail") }

func hostPort(address string) (string, int, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.Atoi(port)
	return host, n, err
}
