package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"vigie/internal/app"
	"vigie/internal/fault"
	"vigie/internal/ipam"
)

type ipamCommand struct {
	Show   planShowCommand   `cmd:"" help:"Print what the plan says of a site, a prefix, or a whole VRF."`
	Free   planFreeCommand   `cmd:"" help:"Find free prefixes or addresses in a block; nothing is saved."`
	Import planImportCommand `cmd:"" help:"Take files of the addressing plan (CSV of NetBox), all or nothing."`
}

// Help gives examples.
func (ipamCommand) Help() string {
	return `Examples:
  vigie ipam import --dry-run netbox/           what these files would change
  vigie ipam show                               the tree of the global table, with what is free
  vigie ipam show college-de-barr               the VLANs, prefixes and addresses of a site
  vigie ipam free 10.64.0.0/16 /24 --count 3    three free /24
  vigie ipam free 10.64.10.0/24 host            one free address`
}

type planShowCommand struct {
	Name   string `arg:"" optional:"" help:"Key of a site, or a prefix such as 10.64.0.0/16. Without it the whole VRF."`
	VRF    string `name:"vrf" help:"VRF of the prefix; the global table without it." placeholder:"NAME"`
	Format string `help:"Form of the result." enum:"table,json" default:"table"`
}

// Help gives examples.
func (planShowCommand) Help() string {
	return `Examples:
  vigie ipam show college-de-barr
  vigie ipam show 10.64.0.0/16
  vigie ipam show --vrf pedagogique 10.64.12.0/24 --format json`
}

// Run prints what was asked for.
func (c planShowCommand) Run(s surroundings) error {
	question := app.PlanQuestion{VRF: c.VRF}
	if block, err := ipam.ParseCIDR(c.Name); err == nil {
		question.Block = block
	} else {
		question.Site = c.Name
	}
	if question.Site != "" && c.VRF != "" {
		return &usageError{fmt.Sprintf("--vrf goes with a prefix, and %q is none", c.Name)}
	}
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	a, err := commands.ShowPlan(s.ctx, question)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return writeJSON(s.out, a)
	}
	sheet := planSheet{bufio.NewWriter(s.out)}
	switch {
	case a.Site != nil:
		sheet.site(*a.Site)
	case a.Block != nil:
		sheet.block(*a.Block)
	default:
		sheet.tree(a.Tree)
	}
	return sheet.Flush()
}

type planFreeCommand struct {
	Block  string   `arg:"" help:"Where to look, e.g. 10.64.0.0/16; it need not be in the plan."`
	Wanted []string `arg:"" help:"Lengths of the prefixes wanted, e.g. /24 /26: all of them, or none. Or the word host."`
	Count  int      `help:"How many times over." default:"1"`
	VRF    string   `name:"vrf" help:"VRF to look in; the global table without it." placeholder:"NAME"`
	Format string   `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (planFreeCommand) Help() string {
	return `The first free place of each is given, at its lowest address. Nothing is reserved.

Examples:
  vigie ipam free 10.64.0.0/16 /24                one /24
  vigie ipam free 10.64.0.0/16 /24 --count 3      three of them
  vigie ipam free 10.64.0.0/16 /24 /26 /31        what one site needs, together
  vigie ipam free 10.64.10.0/24 host --count 5    five addresses, with their mask`
}

// Run prints where there is room.
func (c planFreeCommand) Run(s surroundings) error {
	block, err := ipam.ParseCIDR(c.Block)
	if err != nil {
		return &usageError{fmt.Sprintf("%q %v", c.Block, err)}
	}
	lengths, err := wanted(c.Wanted)
	if err != nil {
		return err
	}
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	a, err := commands.FreePlan(s.ctx, app.FreeQuestion{Block: block, VRF: c.VRF, Lengths: lengths, Count: c.Count})
	if fault.KindOf(err) == fault.Invalid {
		return &usageError{err.Error()}
	}
	if err != nil {
		return err
	}
	return c.show(s, a.Free)
}

// wanted reads lengths, or the word host, which has none.
func wanted(words []string) ([]int, error) {
	if len(words) == 1 && words[0] == "host" {
		return nil, nil
	}
	lengths := make([]int, len(words))
	for i, word := range words {
		length, err := strconv.Atoi(strings.TrimPrefix(word, "/"))
		if err != nil || !strings.HasPrefix(word, "/") {
			return nil, &usageError{fmt.Sprintf("%q is not a length such as /24, nor the only word host", word)}
		}
		lengths[i] = length
	}
	return lengths, nil
}

func (c planFreeCommand) show(s surroundings, free []netip.Prefix) error {
	switch c.Format {
	case "json":
		return writeJSON(s.out, free)
	case "csv":
		records := [][]string{{"prefix"}}
		for _, p := range free {
			records = append(records, []string{p.String()})
		}
		return csv.NewWriter(s.out).WriteAll(records)
	}
	for _, p := range free {
		if _, err := fmt.Fprintln(s.out, p); err != nil {
			return err
		}
	}
	return nil
}

type planImportCommand struct {
	Paths  []string `arg:"" name:"path" help:"CSV files, or folders of them. The base name says which table a file holds; configs/README.md names them."`
	DryRun bool     `help:"Print the difference and save nothing."`
	Format string   `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (planImportCommand) Help() string {
	return `Examples:
  vigie ipam import --dry-run netbox/
  vigie ipam import prefixes.csv vlans.csv ip_addresses.csv`
}

// Run imports, or shows what an import would change.
func (c planImportCommand) Run(s surroundings) error {
	files, err := readFiles(c.Paths)
	if err != nil {
		return err
	}
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	a, err := commands.ImportPlan(s.ctx, app.PlanImport{Files: files, DryRun: c.DryRun})
	if err != nil {
		return err
	}
	return imported(s, a, c.Format)
}
