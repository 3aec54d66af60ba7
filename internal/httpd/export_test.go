package httpd

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// Addresses gives every method and pattern that the router answers.
func (s *Server) Addresses() ([]string, error) {
	var all []string
	err := chi.Walk(s.handler.(chi.Router), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		all = append(all, method+" "+pattern)
		return nil
	})
	return all, err
}

// What the address, the query and the forms are read with.
var (
	ReadMonth     = month
	ReadWallClock = wallClock
	ReadText      = text
	ReadLocal     = local
)

// Attempts counts sign-in attempts.
type Attempts = attempts

// NewAttempts returns a counter without attempts, Kept how many keys it remembers.
var NewAttempts = newAttempts

// AllowAttempt counts one.
var AllowAttempt = (*attempts).allow

// Remembered is the number of keys a counter holds.
func Remembered(a *Attempts) int { return len(a.byKey) }

// The limits of a counter.
const (
	AttemptsKept     = attemptsKept
	AttemptsPerLogin = attemptsPerLogin
	AttemptsWindow   = attemptsWindow
)

// The budgets of the API.
var (
	NewBudgets = newBudgets
	Spend      = (*budgets).spend
)

// RememberedBudgets is the number of askers whose budget is held.
func RememberedBudgets(b *budgets) int { return len(b.byKey) }

// The limits of the budgets.
const (
	RequestsPerMinute = requestsPerMinute
	BudgetsKept       = budgetsKept
)

// What the headers of programs are read with.
var (
	MatchesTag = matches
	Bearer     = bearer
)

// Address is where a server takes a request to come from.
func Address(tlsProxy bool, r *http.Request) string {
	return (&Server{Options: Options{TLSProxy: tlsProxy}}).address(r)
}

// LimitTime bounds how long a request may take.
var LimitTime = limitTime
