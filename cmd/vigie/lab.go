package main

import (
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"vigie/internal/lab"
)

type labCommand struct {
	Fault  faultCommand  `cmd:"" help:"Break something."`
	Repair repairCommand `cmd:"" help:"End a fault by its number."`
	Faults faultsCommand `cmd:"" help:"List what is broken."`
	Mails  mailsCommand  `cmd:"" help:"Print what the fictitious operators received."`

	Exchange exchangeCommand `cmd:"" help:"Print what was asked of the fictitious operators' ticket systems, and answered."`
}

// Help gives examples.
func (labCommand) Help() string {
	return `Examples:
  vigie lab fault cut BRE-1001 --for 2m
  vigie lab fault pop bre-obernai
  vigie lab fault loss BRE-1003 --loss 40 --for 30s
  vigie lab fault brownout BRE-1003 --loss 30 --delay 150ms --for 4m
  vigie lab fault flap BRE-1004 --period 50s --for 4m
  vigie lab fault router BRE-1002 --for 2m
  vigie lab fault power barr-college-de-barr --for 2m
  vigie lab fault firewall BRE-1001 --for 2m
  vigie lab faults
  vigie lab repair 3
  vigie lab mails --full
  vigie lab exchange
  vigie lab exchange VIGIE-2026-000001 --full`
}

type faultCommand struct {
	Kind   string        `arg:"" enum:"cut,pop,uplink,loss,delay,brownout,flap,router,power,firewall" help:"cut: one link; pop: every link of a POP; uplink: our own side; loss, delay, brownout: one bad link; flap: a link that comes and goes; router: it is dead, its line is not; power: a site without; firewall: what stands behind a router that answers."`
	Target string        `arg:"" optional:"" help:"Service reference of the link; key of the POP for pop, of the site for power; none for uplink."`
	For    time.Duration `help:"How long, e.g. 90s or 2m; 0 = until it is repaired." default:"0"`
	Loss   uint32        `help:"Loss in percent, for loss and brownout." default:"30"`
	Delay  time.Duration `help:"Round trip, for delay and brownout." default:"200ms"`
	Period time.Duration `help:"From one cut to the next, for flap; half of it is cut." default:"50s"`
}

// Help gives examples.
func (faultCommand) Help() string {
	return `Examples:
  vigie lab fault cut BRE-1001 --for 2m
  vigie lab fault uplink --for 1m
  vigie lab fault brownout BRE-1003 --loss 30 --delay 150ms --for 4m`
}

// fault is what the lab is asked to break.
func (c faultCommand) fault() lab.Fault {
	f := lab.Fault{Kind: lab.Kind(c.Kind), Target: c.Target, For: c.For}
	switch f.Kind {
	case lab.KindLoss:
		f.LossPerMillion = c.Loss * 10_000
	case lab.KindDelay:
		f.Delay = c.Delay
	case lab.KindBrownout:
		f.LossPerMillion, f.Delay = c.Loss*10_000, c.Delay
	case lab.KindFlap:
		f.Period = c.Period
	}
	return f
}

// Run begins a fault in the running demo.
func (c faultCommand) Run(s surroundings) error {
	remote, err := s.running()
	if err != nil {
		return err
	}
	defer s.leave(remote)
	a, err := remote.BeginFault(s.ctx, c.fault())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "fault %d began: %s %s\n", a.ID, c.Kind, c.Target)
	return err
}

type repairCommand struct {
	ID uint64 `arg:"" help:"Number of the fault, as vigie lab faults lists it."`
}

// Help gives examples.
func (repairCommand) Help() string {
	return `Examples:
  vigie lab repair 3`
}

// Run ends a fault.
func (c repairCommand) Run(s surroundings) error {
	remote, err := s.running()
	if err != nil {
		return err
	}
	defer s.leave(remote)
	return remote.EndFault(s.ctx, c.ID)
}

type faultsCommand struct{}

// Help gives examples.
func (faultsCommand) Help() string {
	return `Examples:
  vigie lab faults`
}

// Run lists the faults in force.
func (faultsCommand) Run(s surroundings) error {
	remote, err := s.running()
	if err != nil {
		return err
	}
	defer s.leave(remote)
	faults, err := remote.Faults(s.ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "number\tkind\ttarget\tsince")
	for _, f := range faults {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\n", f.ID, f.Fault.Kind, f.Fault.Target, f.Since.Format(time.RFC3339))
	}
	return table.Flush()
}

type mailsCommand struct {
	Full bool `help:"The whole messages, not only who, what and when."`
}

// Help gives examples.
func (mailsCommand) Help() string {
	return `Examples:
  vigie lab mails
  vigie lab mails --full`
}

// Run prints the mails, the oldest first.
func (c mailsCommand) Run(s surroundings) error {
	remote, err := s.running()
	if err != nil {
		return err
	}
	defer s.leave(remote)
	mails, err := remote.Mails(s.ctx)
	if err != nil {
		return err
	}
	for _, m := range mails {
		fmt.Fprintf(s.out, "%d  %s  %v  %s  %s\n", m.Number, m.At.Format(time.RFC3339), m.To, m.Subject, m.MessageID)
		if !c.Full {
			continue
		}
		text, err := os.ReadFile(m.File)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "\n%s\n", text)
	}
	return nil
}
