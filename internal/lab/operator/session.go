package operator

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/emersion/go-smtp"
)

// Answer is what a mailbox does with a message that it has read whole.
type Answer string

// The answers.
const (
	Accept Answer = ""       // keep it and say so
	Defer  Answer = "defer"  // 451: try again later; not kept
	Reject Answer = "reject" // 550: never; not kept
	Drop   Answer = "drop"   // keep it, and break the connection instead of saying so
)

// Behaviour is how a mailbox answers. The zero value accepts at once.
type Behaviour struct {
	Answer Answer
	Next   int           // messages it applies to, then the mailbox accepts at once; 0: all
	Delay  time.Duration // before the answer, 0 or more
}

func (b Behaviour) validate() error {
	switch b.Answer {
	case Accept, Defer, Reject, Drop:
	default:
		return fmt.Errorf("operator mailbox: unknown answer %q, want one of %q, %q, %q, %q",
			b.Answer, Accept, Defer, Reject, Drop)
	}
	if b.Next < 0 || b.Delay < 0 {
		return fmt.Errorf("operator mailbox: the next %d after %v, want 0 or more of both", b.Next, b.Delay)
	}
	return nil
}

// next returns the behaviour for the message at hand and uses it up.
func (m *Mailbox) next() Behaviour {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.behaviour
	if now.Next == 1 {
		m.behaviour = Behaviour{}
	} else if now.Next > 1 {
		m.behaviour.Next--
	}
	return now
}

// The answers that a sender gets; the enhanced codes are those of RFC 3463.
var (
	errDeferred = &smtp.SMTPError{
		Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "simulated fault, try again later",
	}
	errRejected = &smtp.SMTPError{
		Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "simulated fault, message refused",
	}
	errNotOurs = &smtp.SMTPError{
		Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 2}, Message: "no mailbox of this domain here",
	}
	errFull = &smtp.SMTPError{
		Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full",
	}
	errNotKept = &smtp.SMTPError{
		Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "the message could not be kept",
	}
	errStopping = &smtp.SMTPError{
		Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "the mailbox is closing",
	}
)

// session implements smtp.Session for one connection.
type session struct {
	mailbox  *Mailbox
	conn     *smtp.Conn
	envelope envelope
}

// Reset forgets the message at hand.
func (s *session) Reset() { s.envelope = envelope{} }

// Logout has nothing to free.
func (s *session) Logout() error { return nil }

// Mail takes any sender.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.envelope.from = from
	return nil
}

// Rcpt takes recipients in the mailbox's domains.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if !s.mailbox.takes(to) {
		return errNotOurs
	}
	s.envelope.to = append(s.envelope.to, to)
	return nil
}

// Data reads the message and answers it as the mailbox behaves.
func (s *session) Data(r io.Reader) error {
	message, err := io.ReadAll(r) // the server bounds it to MaxBytes
	if err != nil {
		return err
	}
	behaviour := s.mailbox.next()
	select {
	case <-time.After(behaviour.Delay):
	case <-s.mailbox.stop:
		return errStopping
	}
	switch behaviour.Answer {
	case Defer:
		return errDeferred
	case Reject:
		return errRejected
	}
	s.envelope.at = time.Now().UTC().Truncate(time.Second)
	mail, err := s.mailbox.keep(s.envelope, message)
	if errors.Is(err, errFull) {
		return err
	}
	if err != nil {
		s.mailbox.options.Log.Error("a mail was not kept", "error", err)
		return errNotKept
	}
	if s.mailbox.options.Received != nil {
		s.mailbox.options.Received(mail)
	}
	if behaviour.Answer == Drop {
		return s.conn.Conn().Close()
	}
	return nil
}
