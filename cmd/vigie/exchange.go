package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"vigie/internal/lab/operator"
)

type exchangeCommand struct {
	Ticket string `arg:"" optional:"" help:"Number of our ticket, e.g. VIGIE-2026-000001; without one, all of them."`
	Full   bool   `help:"Headers and bodies as well. Tokens stay hidden."`
}

// Help gives examples.
func (exchangeCommand) Help() string {
	return `Requests and answers of the Trouble Ticket API (TMF621), in order. A question that
was asked again with the same answer is printed once, with its count.
Examples:
  vigie lab exchange
  vigie lab exchange VIGIE-2026-000001 --full`
}

// Run prints the exchanges of each operator, the oldest first.
func (c exchangeCommand) Run(s surroundings) error {
	remote, err := s.running()
	if err != nil {
		return err
	}
	defer s.leave(remote)
	all, err := remote.Exchanges(s.ctx)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		for _, e := range all[key] {
			if strings.Contains(e.Target+e.Body+e.Answer, c.Ticket) {
				writeExchange(s.out, key, e, c.Full)
			}
		}
	}
	return nil
}

func writeExchange(w io.Writer, operator string, e operator.Exchange, full bool) {
	status := "connection broken off"
	if e.Status != 0 {
		status = fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	}
	times := ""
	if e.Times > 1 {
		times = fmt.Sprintf("  (%d times)", e.Times)
	}
	if !full {
		fmt.Fprintf(w, "%s  %s  %s %s  %s%s\n", e.At.Format(time.RFC3339), operator, e.Method, e.Target, status, times)
		return
	}
	fmt.Fprintf(w, "%s  %s%s\n> %s %s\n", e.At.Format(time.RFC3339), operator, times, e.Method, e.Target)
	for _, header := range e.Headers {
		fmt.Fprintf(w, "> %s\n", header)
	}
	writeBody(w, e.Body)
	fmt.Fprintf(w, "< %s\n", status)
	writeBody(w, e.Answer)
	fmt.Fprintln(w)
}

// writeBody indents JSON, and leaves anything else as it is.
func writeBody(w io.Writer, body string) {
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(body), "", "  "); err == nil {
		body = indented.String()
	}
	if body != "" {
		fmt.Fprintln(w, strings.TrimRight(body, "\n"))
	}
}
