package snmp

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"

	"github.com/gosnmp/gosnmp"
)

// The problems of a poll that have a name; any other is told in the words of the
// system or the library.
const (
	ProblemSilent     = "no answer"                // a wrong community or encryption password too: agents do not tell
	ProblemRefused    = "nothing listens there"    // port unreachable
	ProblemStopped    = "not asked: stopped first" // the context ended
	ProblemCredential = "wrong user, password, protocol or security level"
	ProblemCommunity  = "an answer under another community"
	ProblemClock      = "the agent's clock moved" // RFC 3414, 2.2.3
	// ProblemUnset is for who asks: a router whose credential is not configured.
	ProblemUnset = "its credential is not configured"
)

// silent reports whether an error says that nobody answered at all.
func silent(err error) bool {
	return errors.Is(err, gosnmp.ErrMaxRetriesExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// problem says in a few words why there is no answer.
func problem(err error) string {
	for _, known := range []struct {
		err     error
		problem string
	}{
		{context.Canceled, ProblemStopped},
		{context.DeadlineExceeded, ProblemStopped},
		{syscall.ECONNREFUSED, ProblemRefused},
		{gosnmp.ErrUnknownUsername, ProblemCredential},
		{gosnmp.ErrWrongDigest, ProblemCredential},
		{gosnmp.ErrDecryption, ProblemCredential},
		{gosnmp.ErrUnknownSecurityLevel, ProblemCredential},
		{gosnmp.ErrNotInTimeWindow, ProblemClock},
		{gosnmp.ErrMaxRetriesExceeded, ProblemSilent},
		{os.ErrDeadlineExceeded, ProblemSilent},
	} {
		if errors.Is(err, known.err) {
			return known.problem
		}
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	if strings.Contains(text, "not authentic") { // a report that refuses cannot prove its origin
		return ProblemCredential
	}
	text, _, _ = strings.Cut(text, " Stack:") // the library adds the one of a panic
	text = strings.ToValidUTF8(text, "")
	const longest = 200
	return text[:min(len(text), longest)]
}
