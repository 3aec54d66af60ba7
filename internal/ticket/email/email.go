package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
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
	// RequireTLS refuses a server without STARTTLS; otherwise it is used when
	// offered. The server has to prove its name when TLS is required or a password
	// would be told.
	RequireTLS bool
	Username   string
	Password   string // never logged
}

// Channel is the SMTP implementation of ticket.Channel.
type Channel struct{ opts Options }

// New returns a channel; nothing is dialled before the first letter.
func New(o Options) *Channel { return &Channel{opts: o} }

// Send hands the letter to the server, within 15 s and while ctx lasts. GiveUp is
// a 5xx answer to this letter or an address that cannot exist; a server that is
// away, that refuses us or answers 4xx means Retry, as does a sender or a server
// that is configured wrongly; a connection that breaks once the letter is on its
// way means Unsure.
func (c *Channel) Send(ctx context.Context, l ticket.Letter) ticket.Outcome {
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	msg, err := c.message(l)
	if err != nil {
		return ticket.Outcome{Kind: ticket.Retry, Problem: err.Error()}
	}
	if err := msg.To(l.To); err != nil {
		return ticket.Outcome{Kind: ticket.GiveUp, Problem: fmt.Sprintf("recipient %q: %v", l.To, err)}
	}
	client, err := mail.NewClient(c.opts.Host, append(c.options(), mail.WithDialContextFunc(dialFor(ctx)))...)
	if err != nil {
		return ticket.Outcome{Kind: ticket.Retry, Problem: fmt.Sprintf("mail server %s:%d: %v", c.opts.Host, c.opts.Port, err)}
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil && !msg.IsDelivered() {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w, broken off: %w", err, ctx.Err())
		}
		return ticket.Outcome{Kind: verdict(err), Problem: err.Error()}
	}
	return ticket.Outcome{Kind: ticket.Done, Proof: msg.ServerResponse()}
}

// dialFor returns a dialler whose connections end with ctx: the library bounds
// each of its steps, but not their sum, and leaves the connection open when the
// greeting fails.
func dialFor(ctx context.Context) mail.DialContextFunc {
	return func(dialling context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(dialling, network, address)
		if err == nil {
			// The peer may have closed it first: nothing is lost with it.
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}
}

func (c *Channel) options() []mail.Option {
	o := []mail.Option{mail.WithPort(c.opts.Port), mail.WithTimeout(sendWithin)}
	switch {
	case c.opts.RequireTLS:
		o = append(o, mail.WithTLSPolicy(mail.TLSMandatory))
	case c.opts.Username != "":
		o = append(o, mail.WithTLSPolicy(mail.TLSOpportunistic))
	default:
		// A relay's own certificate is better than none (RFC 7435, 3): refusing it
		// would only bring back plain text.
		unproven := &tls.Config{ServerName: c.opts.Host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}
		o = append(o, mail.WithTLSPolicy(mail.TLSOpportunistic), mail.WithTLSConfig(unproven))
	}
	if c.opts.Username != "" {
		o = append(o, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.opts.Username), mail.WithPassword(c.opts.Password))
	}
	return o
}

// message is the letter without its recipient.
func (c *Channel) message(l ticket.Letter) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(c.opts.From); err != nil {
		return nil, fmt.Errorf("sender %q: %w", c.opts.From, err)
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

// verdict reads why a letter was not delivered. Before its first byte, and after
// an answer to its last, it was certainly not taken.
func verdict(err error) ticket.OutcomeKind {
	var send *mail.SendError
	if !errors.As(err, &send) {
		return ticket.Retry // the conversation did not get as far as the letter
	}
	switch {
	case send.ErrorCode() == authenticationRequired:
		return ticket.Retry // refused is what we are, not what we say
	case send.ErrorCode() >= 500:
		return ticket.GiveUp
	case send.ErrorCode() == 0 && (send.Reason == mail.ErrWriteContent || send.Reason == mail.ErrSMTPDataClose):
		return ticket.Unsure
	}
	return ticket.Retry
}

// authenticationRequired is RFC 4954, 6.
const authenticationRequired = 530
