package operator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Limits of the mailbox.
const (
	maxMails      = 10_000 // one more is answered with 452
	maxRecipients = 20     // of one message
	idleTimeout   = time.Minute
)

// Options say where a mailbox listens and what it takes.
type Options struct {
	Address  string       // to listen on, such as 127.0.0.1:0
	Domains  []string     // whose addresses it takes, at least one
	Folder   string       // where the messages are kept; made when missing
	MaxBytes int64        // of one message, above 0; a larger one is answered with 552
	Received func(Mail)   // called once for each message kept, before it is answered; may be nil
	Log      *slog.Logger // of broken connections; may be nil
}

func (o Options) validate() error {
	switch {
	case len(o.Domains) == 0:
		return errors.New("operator mailbox: no domain, want at least one")
	case o.Folder == "":
		return errors.New("operator mailbox: no folder, want one for the messages")
	case o.MaxBytes <= 0:
		return fmt.Errorf("operator mailbox: messages of %d bytes at most, want a limit above 0", o.MaxBytes)
	}
	return nil
}

// Mailbox is a simulated operator's mailbox. Its methods may be called from
// several goroutines.
type Mailbox struct {
	options Options
	server  *smtp.Server
	running sync.WaitGroup
	stop    chan struct{}

	mu         sync.Mutex
	listener   *closingListener // nil until Start
	stopped    bool
	behaviour  Behaviour
	mails      []Mail
	messageIDs messageIDs
	duplicates int
}

// New returns a mailbox that is not started yet and accepts what it will get.
func New(options Options) (*Mailbox, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	m := &Mailbox{options: options, stop: make(chan struct{}), messageIDs: make(messageIDs)}
	m.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{mailbox: m, conn: c}, nil
	}))
	m.server.Domain = options.Domains[0]
	m.server.MaxRecipients = maxRecipients
	m.server.MaxMessageBytes = options.MaxBytes
	m.server.ReadTimeout, m.server.WriteTimeout = idleTimeout, idleTimeout
	m.server.ErrorLog = slog.NewLogLogger(options.Log.Handler(), slog.LevelWarn)
	return m, nil
}

// Start reads the folder, listens, and returns when mail is taken. A mailbox
// starts once.
func (m *Mailbox) Start() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.listener != nil || m.stopped {
		return errors.New("operator mailbox: it was started or stopped before")
	}
	if err := prepareFolder(m.options.Folder); err != nil {
		return err
	}
	mails, err := ReadFolder(m.options.Folder)
	if err != nil {
		return err
	}
	for _, mail := range mails {
		m.remember(mail)
	}
	listener, err := net.Listen("tcp", m.options.Address)
	if err != nil {
		return fmt.Errorf("operator mailbox: listen on %s: %w", m.options.Address, err)
	}
	m.listener = newClosingListener(listener)
	m.running.Go(func() {
		if err := m.server.Serve(m.listener); err != nil && !errors.Is(err, net.ErrClosed) {
			m.options.Log.Error("the operator's mailbox takes no more mail", "error", err)
		}
	})
	return nil
}

// Stop breaks the open connections and returns when nothing is left running.
// It may be called twice, or without Start.
func (m *Mailbox) Stop() error {
	m.mu.Lock()
	listener, again := m.listener, m.stopped
	m.stopped = true
	m.mu.Unlock()
	if listener == nil || again {
		return nil
	}
	close(m.stop)
	err := listener.Close()
	m.running.Wait() // no connection is accepted after this
	// The listener is closed, and closing it once more is no error of ours.
	if down := m.server.Shutdown(context.Background()); !errors.Is(down, net.ErrClosed) {
		err = errors.Join(err, down)
	}
	return err
}

// Addr returns the host and port that the mailbox listens on, "" before Start.
func (m *Mailbox) Addr() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.listener == nil {
		return ""
	}
	return m.listener.Addr().String()
}

// Behave changes how the next messages are answered.
func (m *Mailbox) Behave(behaviour Behaviour) error {
	if err := behaviour.validate(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.behaviour = behaviour
	return nil
}

// Mails returns the messages kept, in order of arrival.
func (m *Mailbox) Mails() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mails)
}

// Duplicates returns how many of the messages kept carry the Message-ID of an
// earlier one.
func (m *Mailbox) Duplicates() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.duplicates
}

// takes reports whether the mailbox is the one of an address.
func (m *Mailbox) takes(address string) bool {
	domain := address[strings.LastIndexByte(address, '@')+1:]
	for _, own := range m.options.Domains {
		if strings.EqualFold(domain, own) {
			return true
		}
	}
	return false
}

// keep writes a message to the folder and remembers it.
func (m *Mailbox) keep(envelope envelope, message []byte) (Mail, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.mails) >= maxMails {
		return Mail{}, errFull
	}
	var last uint64
	if len(m.mails) > 0 {
		last = m.mails[len(m.mails)-1].Number
	}
	mail, err := writeMail(m.options.Folder, last+1, envelope, message)
	if err != nil {
		return Mail{}, err
	}
	return m.remember(mail), nil
}

// remember adds a message, marked when it is a duplicate. The caller holds the
// mutex.
func (m *Mailbox) remember(mail Mail) Mail {
	mail.Duplicate = m.messageIDs.add(mail.MessageID)
	if mail.Duplicate {
		m.duplicates++
	}
	m.mails = append(m.mails, mail)
	return mail
}
