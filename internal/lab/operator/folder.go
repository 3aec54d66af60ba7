package operator

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Mail is a message kept. The headers are as the sender wrote them, encoded
// words decoded; one that is absent or unreadable is "".
type Mail struct {
	Number    uint64    // of arrival, from 1
	At        time.Time // UTC, whole seconds
	From      string    // sender of the envelope
	To        []string  // recipients of the envelope
	Subject   string
	MessageID string // with its angle brackets, as is InReplyTo
	InReplyTo string
	Duplicate bool   // an earlier message has the same Message-ID
	File      string // path
}

// messageIDs are those seen so far.
type messageIDs map[string]bool

// add reports whether the Message-ID was there before. A message without one
// is like no other.
func (m messageIDs) add(id string) (again bool) {
	again = id != "" && m[id]
	m[id] = true
	return again
}

// envelope is what SMTP says of a message.
type envelope struct {
	from string
	to   []string
	at   time.Time
}

const (
	extension  = ".eml"
	unfinished = ".arriving-*" // a name that the mailbox never keeps
)

// prepareFolder makes the folder and removes what a crash left half written.
func prepareFolder(folder string) error {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return fmt.Errorf("operator mailbox: make the folder: %w", err)
	}
	leftovers, err := filepath.Glob(filepath.Join(folder, unfinished))
	if err != nil {
		return fmt.Errorf("operator mailbox: look into folder %s: %w", folder, err)
	}
	for _, leftover := range leftovers {
		if err := os.Remove(leftover); err != nil {
			return fmt.Errorf("operator mailbox: clean the folder: %w", err)
		}
	}
	return nil
}

// ReadFolder returns the messages that a mailbox kept in a folder, in order of
// arrival. The mailbox may be running or not. An error names the file that is
// not a message of a mailbox's.
func ReadFolder(folder string) ([]Mail, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("operator mailbox: read the folder: %w", err)
	}
	var mails []Mail
	known := make(messageIDs)
	for _, entry := range entries { // sorted by name, hence by arrival
		if !strings.HasSuffix(entry.Name(), extension) {
			continue
		}
		path := filepath.Join(folder, entry.Name())
		kept, err := readMail(path)
		if err != nil {
			return nil, err
		}
		kept.Duplicate = known.add(kept.MessageID)
		mails = append(mails, kept)
	}
	return mails, nil
}

func readMail(path string) (Mail, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Mail{}, fmt.Errorf("operator mailbox: read a message: %w", err)
	}
	read, err := parseMail(content)
	if err != nil {
		return Mail{}, fmt.Errorf("operator mailbox: %s: %w", path, err)
	}
	read.Number, err = strconv.ParseUint(strings.TrimSuffix(filepath.Base(path), extension), 10, 64)
	if err != nil {
		return Mail{}, fmt.Errorf("operator mailbox: %s: want a number for a name: %w", path, err)
	}
	read.File = path
	return read, nil
}

// writeMail keeps a message so that either the whole file is there, even after
// a power cut, or none.
func writeMail(folder string, number uint64, envelope envelope, message []byte) (Mail, error) {
	content := append(envelope.trace(), message...)
	kept, err := parseMail(content)
	if err != nil {
		return Mail{}, fmt.Errorf("operator mailbox: message %d: %w", number, err)
	}
	kept.Number = number
	kept.File = filepath.Join(folder, fmt.Sprintf("%08d%s", number, extension))
	if err := writeWhole(kept.File, content); err != nil {
		return Mail{}, fmt.Errorf("operator mailbox: keep message %d: %w", number, err)
	}
	return kept, nil
}

func writeWhole(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), unfinished)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// The lines that a delivery puts in front of a message, in this order.
const (
	returnPath  = "Return-Path: <"
	deliveredTo = "Delivered-To: "
	received    = "Received: by lab (simulated operator); "
)

// trace returns the lines in front of the message.
func (e envelope) trace() []byte {
	var lines bytes.Buffer
	fmt.Fprintf(&lines, "%s%s>\r\n", returnPath, e.from)
	for _, to := range e.to {
		fmt.Fprintf(&lines, "%s%s\r\n", deliveredTo, to)
	}
	fmt.Fprintf(&lines, "%s%s\r\n", received, e.at.Format(time.RFC1123Z))
	return lines.Bytes()
}

// parseMail reads a file of the mailbox: its trace, then the headers of a
// message from anybody.
func parseMail(content []byte) (Mail, error) {
	line, rest, _ := bytes.Cut(content, []byte("\r\n"))
	from, opened := strings.CutPrefix(string(line), returnPath)
	from, closed := strings.CutSuffix(from, ">")
	if !opened || !closed {
		return Mail{}, fmt.Errorf("first line is %.80q, want %s...>", line, returnPath)
	}
	parsed := Mail{From: from}
	for {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		if to, found := strings.CutPrefix(string(line), deliveredTo); found {
			parsed.To = append(parsed.To, to)
			continue
		}
		break
	}
	date, found := strings.CutPrefix(string(line), received)
	at, err := time.Parse(time.RFC1123Z, date)
	if !found || err != nil {
		return Mail{}, fmt.Errorf("last line of the trace is %.80q, want %s and a date", line, received)
	}
	parsed.At = at.UTC()
	message, err := mail.ReadMessage(bytes.NewReader(rest))
	if err != nil {
		return parsed, nil // a mailbox keeps what it cannot read, too
	}
	parsed.Subject = message.Header.Get("Subject")
	if decoded, err := new(mime.WordDecoder).DecodeHeader(parsed.Subject); err == nil {
		parsed.Subject = decoded
	}
	parsed.MessageID = strings.TrimSpace(message.Header.Get("Message-ID"))
	parsed.InReplyTo = strings.TrimSpace(message.Header.Get("In-Reply-To"))
	return parsed, nil
}
