package app

import (
	"fmt"

	"vigie/internal/ticket"
	"vigie/internal/ticket/email"
	"vigie/internal/ticket/tmf621"
)

// channels opens every way to the operators; nothing is dialled yet.
func (c Configuration) channels() (ticket.Channels, error) {
	mail, err := c.Mail.channel("mail")
	if err != nil {
		return ticket.Channels{}, err
	}
	out := ticket.Channels{Mail: mail, APIs: map[string]ticket.API{}}
	for operator, way := range c.TMF621 {
		token, err := secret("tmf621."+operator+".token_file", way.TokenFile)
		if err != nil {
			return ticket.Channels{}, err
		}
		client, err := tmf621.New(way.options(token))
		if err != nil {
			return ticket.Channels{}, fmt.Errorf("tmf621.%s: %w", operator, err)
		}
		out.APIs[operator] = tmf621.NewChannel(client)
	}
	return out, nil
}

func (c TMF621Configuration) options(token string) tmf621.Options {
	return tmf621.Options{
		BaseURL: c.BaseURL, Token: token, Severity: c.Severity, TicketType: c.TicketType,
		Customer: tmf621.Customer{ID: c.CustomerID, Name: c.CustomerName},
	}
}

// channel is the way by mail; errors name its key.
func (m MailConfiguration) channel(key string) (*email.Channel, error) {
	password, err := secret(key+".password_file", m.PasswordFile)
	if err != nil {
		return nil, err
	}
	return email.New(email.Options{
		Host: m.Host, Port: m.Port, From: m.From, RequireTLS: m.RequireTLS, Username: m.Username, Password: password,
	}), nil
}
