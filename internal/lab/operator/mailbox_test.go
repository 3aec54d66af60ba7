package operator_test

import (
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/wneessen/go-mail"
	"go.uber.org/goleak"

	"vigie/internal/lab/operator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const desk = "support@operator.example"

// open starts a mailbox for the time of the test.
func open(t *testing.T, options operator.Options) *operator.Mailbox {
	t.Helper()
	options.Address = "127.0.0.1:0"
	options.Domains = []string{"operator.example"}
	if options.Folder == "" {
		options.Folder = t.TempDir()
	}
	if options.MaxBytes == 0 {
		options.MaxBytes = 100_000
	}
	mailbox, err := operator.New(options)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	if err := mailbox.Start(); err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() {
		if err := mailbox.Stop(); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return mailbox
}

// message is a message as a sender would write it.
func message(id string) []byte {
	return fmt.Appendf(nil, "From: <vigie@region.example>\r\nTo: <%s>\r\nSubject: Link down\r\nMessage-ID: %s\r\n\r\n.\r\nbody\r\n", desk, id)
}

// send sends a message from vigie@region.example and returns the answer.
func send(mailbox *operator.Mailbox, to string, message []byte) error {
	return smtp.SendMail(mailbox.Addr(), nil, "vigie@region.example", []string{to}, message)
}

// code returns the SMTP code of an answer: 250 for none, 0 for an error that
// is no answer.
func code(err error) int {
	var answer *textproto.Error
	switch {
	case err == nil:
		return 250
	case errors.As(err, &answer):
		return answer.Code
	}
	return 0
}

func TestAMailIsKeptListedAndReported(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var mu sync.Mutex
	var reported []operator.Mail
	mailbox := open(t, operator.Options{Folder: folder, Received: func(m operator.Mail) {
		mu.Lock()
		defer mu.Unlock()
		reported = append(reported, m)
	}})
	host, port := splitPort(t, mailbox.Addr())
	client, err := mail.NewClient(host, mail.WithPort(port), mail.WithTLSPolicy(mail.NoTLS))
	if err != nil {
		t.Fatal(err)
	}
	letter := mail.NewMsg()
	if err := errors.Join(letter.From("vigie@region.example"), letter.To(desk), letter.Cc("noc@OPERATOR.example")); err != nil {
		t.Fatal(err)
	}
	letter.Subject("Coupure de l'accès 67-0123 : lycée fictif")
	letter.SetMessageIDWithValue("incident-7.2@region.example")
	letter.SetGenHeader(mail.HeaderInReplyTo, "<incident-7.1@region.example>")
	letter.SetBodyString(mail.TypeTextPlain, "Depuis 08:05.\n.\nMerci.\n")
	before := time.Now().Add(-time.Second)
	if err := client.DialAndSend(letter); err != nil {
		t.Fatalf("send: %v", err)
	}

	want := []operator.Mail{{
		Number: 1, From: "vigie@region.example", To: []string{desk, "noc@OPERATOR.example"},
		Subject:   "Coupure de l'accès 67-0123 : lycée fictif",
		MessageID: "<incident-7.2@region.example>", InReplyTo: "<incident-7.1@region.example>",
		File: filepath.Join(folder, "00000001.eml"),
	}}
	got := mailbox.Mails()
	if diff := gocmp.Diff(want, got, cmpopts.IgnoreFields(operator.Mail{}, "At")); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	if at := got[0].At; at.Before(before) || at.After(time.Now()) || at.Location() != time.UTC {
		t.Errorf("arrived at %v, want now", at)
	}
	mu.Lock()
	defer mu.Unlock()
	if diff := gocmp.Diff(got, reported); diff != "" {
		t.Errorf("reported (-kept +reported):\n%s", diff)
	}
	read, err := operator.ReadFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(got, read); diff != "" {
		t.Errorf("read from the folder (-kept +read):\n%s", diff)
	}
	content, err := os.ReadFile(got[0].File)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), "Depuis 08:05.\r\n.\r\nMerci.") {
		t.Errorf("the file has lost part of the body:\n%s", content)
	}
}

func splitPort(t *testing.T, addr string) (host string, port int) {
	t.Helper()
	resolved, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return resolved.IP.String(), resolved.Port
}

func TestTheMailboxAnswersAsItIsToldTo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		behaviour operator.Behaviour
		codes     []int // of messages sent in turn
		kept      []string
	}{
		"accepts":              {operator.Behaviour{}, []int{250, 250}, []string{"<0@a>", "<1@a>"}},
		"defers the next two":  {operator.Behaviour{Answer: operator.Defer, Next: 2}, []int{451, 451, 250}, []string{"<2@a>"}},
		"defers all":           {operator.Behaviour{Answer: operator.Defer}, []int{451, 451, 451}, nil},
		"rejects the next one": {operator.Behaviour{Answer: operator.Reject, Next: 1}, []int{550, 250}, []string{"<1@a>"}},
		"breaks after the first": {
			operator.Behaviour{Answer: operator.Drop, Next: 1}, []int{0, 250}, []string{"<0@a>", "<1@a>"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mailbox := open(t, operator.Options{})
			if err := mailbox.Behave(test.behaviour); err != nil {
				t.Fatal(err)
			}
			for i, want := range test.codes {
				err := send(mailbox, desk, message(fmt.Sprintf("<%d@a>", i)))
				if got := code(err); got != want {
					t.Errorf("message %d answered with %d (%v), want %d", i, got, err, want)
				}
			}
			var kept []string
			for _, m := range mailbox.Mails() {
				kept = append(kept, m.MessageID)
			}
			if diff := gocmp.Diff(test.kept, kept); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAMessageSentAgainAcrossARestartIsADuplicate(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	first := open(t, operator.Options{Folder: folder})
	if err := first.Behave(operator.Behaviour{Answer: operator.Drop, Next: 1}); err != nil {
		t.Fatal(err)
	}
	if err := send(first, desk, message("<7.1@a>")); err == nil {
		t.Fatal("the dropped message was acknowledged")
	}
	if err := first.Stop(); err != nil {
		t.Fatalf("Stop: %v", err)
	}
	if err := os.WriteFile(filepath.Join(folder, ".arriving-123"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}

	second := open(t, operator.Options{Folder: folder})
	for _, id := range []string{"<7.1@a>", "<7.2@a>", "", ""} {
		if err := send(second, desk, message(id)); err != nil {
			t.Fatalf("send %s: %v", id, err)
		}
	}
	var got []string
	for _, m := range second.Mails() {
		got = append(got, fmt.Sprintf("%d %s %v", m.Number, m.MessageID, m.Duplicate))
	}
	want := []string{"1 <7.1@a> false", "2 <7.1@a> true", "3 <7.2@a> false", "4  false", "5  false"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	if second.Duplicates() != 1 {
		t.Errorf("%d duplicates counted, want 1", second.Duplicates())
	}
	read, err := operator.ReadFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(second.Mails(), read); diff != "" {
		t.Errorf("read from the folder (-kept +read):\n%s", diff)
	}
	if leftovers, _ := filepath.Glob(filepath.Join(folder, ".arriving-*")); len(leftovers) != 0 {
		t.Errorf("half a message is still there: %v", leftovers)
	}
}

func TestASlowMailboxAnswersLate(t *testing.T) {
	t.Parallel()
	mailbox := open(t, operator.Options{})
	const slow = 150 * time.Millisecond
	if err := mailbox.Behave(operator.Behaviour{Delay: slow}); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := send(mailbox, desk, message("<1@a>")); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < slow {
		t.Errorf("answered after %v, want %v at least", took, slow)
	}
}

func TestStopInterruptsASlowAnswerAndAnIdleConnection(t *testing.T) {
	t.Parallel()
	mailbox := open(t, operator.Options{})
	if err := mailbox.Behave(operator.Behaviour{Delay: time.Hour}); err != nil {
		t.Fatal(err)
	}
	idle, err := net.Dial("tcp", mailbox.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	answer := make(chan error, 1)
	go func() { answer <- send(mailbox, desk, message("<1@a>")) }()
	began := time.Now()
	if err := mailbox.Stop(); err != nil {
		t.Fatalf("Stop: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Stop took %v", took)
	}
	if err := <-answer; err == nil {
		t.Error("a message was acknowledged by a mailbox that stopped")
	}
	if kept := mailbox.Mails(); len(kept) != 0 {
		t.Errorf("kept %v", kept)
	}
	if err := mailbox.Start(); err == nil {
		t.Error("a mailbox started twice")
	}
}

func TestWhatIsNotForTheMailboxIsRefused(t *testing.T) {
	t.Parallel()
	mailbox := open(t, operator.Options{MaxBytes: 1_000})
	if err := send(mailbox, "someone@elsewhere.example", message("<1@a>")); code(err) != 550 {
		t.Errorf("an address of another domain got %v, want 550", err)
	}
	large := append(message("<2@a>"), strings.Repeat("x\r\n", 1_000)...)
	if err := send(mailbox, desk, large); code(err) != 552 {
		t.Errorf("a message of %d bytes got %v, want 552", len(large), err)
	}
	if err := send(mailbox, desk, message("<3@a>")); err != nil {
		t.Errorf("the next message: %v", err)
	}
	if kept := mailbox.Mails(); len(kept) != 1 {
		t.Errorf("kept %d mails, want 1", len(kept))
	}
}

func TestAMailThatCannotBeReadIsKeptAllTheSame(t *testing.T) {
	t.Parallel()
	mailbox := open(t, operator.Options{})
	if err := send(mailbox, desk, []byte("no header at all\r\n")); err != nil {
		t.Fatal(err)
	}
	kept := mailbox.Mails()
	if len(kept) != 1 || kept[0].Subject != "" || kept[0].From != "vigie@region.example" {
		t.Errorf("kept %+v, want one mail without subject", kept)
	}
}

func TestSendersAtTheSameTimeGetNumbersOfTheirOwn(t *testing.T) {
	t.Parallel()
	mailbox := open(t, operator.Options{})
	var senders sync.WaitGroup
	for i := range 8 {
		senders.Go(func() {
			if err := send(mailbox, desk, message(fmt.Sprintf("<%d@a>", i))); err != nil {
				t.Error(err)
			}
		})
	}
	senders.Wait()
	for i, m := range mailbox.Mails() {
		if m.Number != uint64(i+1) {
			t.Errorf("mail %d has number %d", i+1, m.Number)
		}
	}
	if got := len(mailbox.Mails()); got != 8 {
		t.Errorf("kept %d mails, want 8", got)
	}
}

func TestImpossibleOptionsAndBehavioursAreRefused(t *testing.T) {
	t.Parallel()
	for _, options := range []operator.Options{
		{Folder: "x", MaxBytes: 1},
		{Domains: []string{"a"}, MaxBytes: 1},
		{Domains: []string{"a"}, Folder: "x"},
	} {
		if _, err := operator.New(options); err == nil {
			t.Errorf("New accepted %+v", options)
		}
	}
	mailbox, err := operator.New(operator.Options{Domains: []string{"a"}, Folder: "x", MaxBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, behaviour := range []operator.Behaviour{{Answer: "shout"}, {Next: -1}, {Delay: -1}} {
		if err := mailbox.Behave(behaviour); err == nil {
			t.Errorf("Behave accepted %+v", behaviour)
		}
	}
	if err := mailbox.Stop(); err != nil {
		t.Errorf("Stop without Start: %v", err)
	}
}

func TestReadFolderNamesAFileThatIsNoMail(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"00000001.eml": "hello\r\n",
		"00000002.eml": "Return-Path: <a@b>\r\nSubject: x\r\n",
		"first.eml":    "Return-Path: <a@b>\r\nReceived: by lab (simulated operator); Mon, 02 Mar 2026 08:00:00 +0000\r\n\r\n",
	} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := operator.ReadFolder(folder); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("ReadFolder said %v, want an error that names %s", err, name)
		}
	}
}
