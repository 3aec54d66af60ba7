package email

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"time"

	"github.com/wneessen/go-mail"

	"vigie/internal/ticket"
)

// sendWithin bounds one conversation with the server.
const sendWithin = 15 * time.Second

// Options is the way to the mail server.
type Options struct {
	Host string
	Port int
	From string // address that operators see and answer
	// RequireTLS refuses a server without STARTTLS; otherwise it is used when offered.
	RequireTLS bool
	Username   string
	Password   string // never logged
}

// Channel is the SMTP implementation of ticket.Channel.
type Channel struct{ opts Options }

// New returns a channel; nothing is dialled before the first letter.
func New(o Options) *Channel { return &Channel{opts: o} }

// Send hands the letter to the server. A 4xx answer or a server that is away
// means Retry, a 5xx answer or an address that cannot exist means GiveUp.
func (c *Channel) Send(ctx context.Context, l ticket.Letter) ticket.Outcome {
	msg, err := c.message(l)
	if err != nil {
		return ticket.Outcome{Kind: ticket.GiveUp, Problem: err.Error()}
	}
	client, err := mail.NewClient(c.opts.Host, c.options()...)
	if err != nil {
		return ticket.Outcome{Kind: ticket.GiveUp, Problem: fmt.Sprintf("mail server %s:%d: %v", c.opts.Host, c.opts.Port, err)}
	}
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	if err := client.DialAndSendWithContext(ctx, msg); err != nil && !msg.IsDelivered() {
		return ticket.Outcome{Kind: verdict(err), Problem: err.Error()}
	}
	return ticket.Outcome{Kind: ticket.Done, Proof: msg.ServerResponse()}
}

func (c *Channel) options() []mail.Option {
	policy := mail.TLSOpportunistic
	if c.opts.RequireTLS {
		policy = mail.TLSMandatory
	}
	o := []mail.Option{mail.WithPort(c.opts.Port), mail.WithTLSPolicy(policy), mail.WithTimeout(sendWithin)}
	if c.opts.Username != "" {
		o = append(o, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.opts.Username), mail.WithPassword(c.opts.Password))
	}
	return o
}

func (c *Channel) message(l ticket.Letter) (*mail.Msg, error) {
	msg := mail.NewMsg()
	if err := msg.From(c.opts.From); err != nil {
		return nil, fmt.Errorf("sender %q: %w", c.opts.From, err)
	}
	if err := msg.To(l.To); err != nil {
		return nil, fmt.Errorf("recipient %q: %w", l.To, err)
	}
	msg.Subject(l.Subject)
	msg.SetDateWithValue(l.Date)
	// go-mail adds the angle brackets of RFC 5322 itself.
	msg.SetMessageIDWithValue(bare(l.MessageID))
	if l.References != "" {
		msg.SetGenHeader(mail.HeaderInReplyTo, l.References)
		msg.SetGenHeader(mail.HeaderReferences, l.References)
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, l.Body)
	return msg, nil
}

func bare(id string) string {
	if len(id) > 2 && id[0] == '<' && id[len(id)-1] == '>' {
		return id[1 : len(id)-1]
	}
	return id
}

// verdict tells a refusal for good (5xx) from one that may pass.
func verdict(err error) ticket.OutcomeKind {
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code >= 500 {
		return ticket.GiveUp
	}
	var send *mail.SendError
	if errors.As(err, &send) && send.ErrorCode() >= 500 {
		return ticket.GiveUp
	}
	return ticket.Retry
}
