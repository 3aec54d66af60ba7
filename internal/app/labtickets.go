package app

import (
	"context"
	"crypto/rand"
	"maps"
	"os"
	"path/filepath"
	"time"

	"vigie/internal/i18n"
	"vigie/internal/inventory"
	"vigie/internal/lab/operator"
)

// labConversation is what the lab's operators do with each ticket: they take it,
// promise, ask for access, and go on. They leave the resolution to us.
func labConversation() []operator.TicketStep {
	return []operator.TicketStep{
		{After: 6 * time.Second, Status: "acknowledged", Note: "Votre signalement est pris en compte."},
		{After: 8 * time.Second, Status: "inProgress", Note: "Un technicien est affecté.", Promised: 2 * time.Minute},
		{After: 15 * time.Second, Status: "pending", Reason: "accès au local technique", Note: "Qui peut ouvrir le local technique ?"},
		{After: 25 * time.Second, Status: "inProgress", Reason: "accès obtenu"},
	}
}

// startTickets starts the ticket system of each operator of the demo that takes
// TMF621, and tells the configuration where they are.
func (s *Server) startTickets(operators []inventory.Operator) error {
	ways := map[string]TMF621Configuration{}
	maps.Copy(ways, s.opts.Configuration.TMF621)
	s.tickets = map[string]*operator.TicketServer{}
	p := i18n.For(i18n.English)
	for _, o := range operators {
		if o.Channel != inventory.ByTMF621 {
			continue
		}
		folder := filepath.Join(s.opts.Dir, "lab", "tickets", o.Key)
		token, tokenFile := rand.Text(), folder+".token"
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(tokenFile, []byte(token+"\n"), 0o600); err != nil {
			return err
		}
		server, err := operator.NewTicketServer(operator.TicketOptions{
			Address: "127.0.0.1:0", Folder: folder, Token: token, Log: s.opts.Log,
			Received: func(t operator.TroubleTicket) { s.opts.Say(p.T("lab.ticket", o.Name, t.ID, t.Name)) },
		})
		if err != nil {
			return err
		}
		server.Play(labConversation()...)
		if err := server.Start(); err != nil {
			return err
		}
		s.started.push("the ticket system of "+o.Key, func(context.Context) error { return server.Stop() })
		s.tickets[o.Key] = server
		ways[o.Key] = TMF621Configuration{
			BaseURL: server.URL(), TokenFile: tokenFile, Severity: "critical", TicketType: "lossOfService", CustomerID: "VIGIE-DEMO", CustomerName: "Région (démonstration)",
		}
	}
	s.opts.Configuration.TMF621 = ways
	return nil
}

// exchanges is what was asked of the lab's operators and answered, by operator.
func (s *Server) exchanges() (map[string][]operator.Exchange, error) {
	if s.tickets == nil {
		return nil, errNoLab
	}
	all := map[string][]operator.Exchange{}
	for key, server := range s.tickets {
		all[key] = server.Exchanges()
	}
	return all, nil
}
