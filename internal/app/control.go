package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"vigie/internal/audit"
	"vigie/internal/fault"
	"vigie/internal/intake"
	"vigie/internal/invoicing"
	"vigie/internal/lab"
	"vigie/internal/lab/operator"
)

// A command meets the running instance through a unix socket in its data
// directory: whoever may use the socket may administer Vigie, nobody else can.

const (
	socketName = "vigie.sock"
	// maxRequest bounds what a command sends: inventory files of a country.
	maxRequest = 256 << 20
	dialWithin = 2 * time.Second
)

func socketPath(dir string) string { return filepath.Join(dir, socketName) }

// Running reports whether an instance answers in the data directory.
func Running(dir string) bool {
	conn, err := net.DialTimeout("unix", socketPath(dir), dialWithin)
	if err != nil {
		return false
	}
	_ = conn.Close() // it was only a knock
	return true
}

// operation is one thing that a command can ask over the socket.
type operation[In, Out any] string

const (
	opImport  operation[ImportRequest, ImportAnswer] = "import"
	opReview  operation[ReviewRequest, ImportAnswer] = "import-review"
	opPending operation[struct{}, []intake.Waiting]  = "import-pending"
	opBill    operation[BillRequest, invoicing.Bill] = "bill"
	opAudit   operation[audit.Period, audit.Report]  = "audit"
	opJournal operation[struct{}, JournalAnswer]     = "check-journal"
	opFault   operation[lab.Fault, lab.Active]       = "lab-fault"
	opEnd     operation[EndRequest, struct{}]        = "lab-end"
	opFaults  operation[struct{}, []lab.Active]      = "lab-faults"
	opMails   operation[struct{}, []operator.Mail]   = "lab-mails"

	opExchanges operation[struct{}, map[string][]operator.Exchange] = "lab-exchanges"

	opTestPlan operation[struct{}, []TestChoice] = "test-plan"

	opPlanImport operation[PlanImport, ImportAnswer] = "plan-import"
	opPlanShow   operation[PlanQuestion, PlanAnswer] = "plan-show"
	opPlanFree   operation[FreeQuestion, FreeAnswer] = "plan-free"
)

// BillRequest names a month; Now is the asker's clock.
type BillRequest struct {
	Month time.Time `json:"month"`
}

// EndRequest names a fault of the lab.
type EndRequest struct {
	ID uint64 `json:"id"`
}

// refusal is an error as it crosses the socket.
type refusal struct {
	Kind  fault.Kind `json:"kind"`
	Error string     `json:"error"`
}

func (o operation[In, Out]) serve(mux *http.ServeMux, do func(context.Context, In) (Out, error)) {
	mux.HandleFunc("POST /"+string(o), func(w http.ResponseWriter, r *http.Request) {
		var in In
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil {
			answer(w, http.StatusBadRequest, refusal{fault.Invalid, "request: " + err.Error()})
			return
		}
		out, err := do(r.Context(), in)
		if err != nil {
			answer(w, http.StatusUnprocessableEntity, refusal{fault.KindOf(err), err.Error()})
			return
		}
		answer(w, http.StatusOK, out)
	})
}

// answer writes JSON; a command that hung up reads nothing, which is its affair.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// Remote calls a running instance.
type Remote struct{ http *http.Client }

// Connect returns the running instance of a data directory.
func Connect(dir string) *Remote {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: dialWithin}).DialContext(ctx, "unix", socketPath(dir))
	}
	return &Remote{http: &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

func (o operation[In, Out]) call(ctx context.Context, r *Remote, in In) (Out, error) {
	var out Out
	body, err := json.Marshal(in)
	if err != nil {
		return out, fmt.Errorf("%s: %w", string(o), err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://vigie/"+string(o), bytes.NewReader(body))
	if err != nil {
		return out, err
	}
	resp, err := r.http.Do(req)
	if err != nil {
		return out, fmt.Errorf("ask the running instance: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var said refusal
		if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&said); err != nil {
			return out, fmt.Errorf("ask the running instance: answer %s", resp.Status)
		}
		return out, &fault.Error{Kind: said.Kind, Err: errors.New(said.Error)}
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return out, fmt.Errorf("read the running instance's answer: %w", err)
	}
	return out, nil
}

// Import asks the running instance to take inventory files.
func (r *Remote) Import(ctx context.Context, in ImportRequest) (ImportAnswer, error) {
	return opImport.call(ctx, r, in)
}

// Review asks to take a review that a person filled in.
func (r *Remote) Review(ctx context.Context, in ReviewRequest) (ImportAnswer, error) {
	return opReview.call(ctx, r, in)
}

// Pending asks for the questions that wait for a person.
func (r *Remote) Pending(ctx context.Context) ([]intake.Waiting, error) {
	return opPending.call(ctx, r, struct{}{})
}

// Bill asks for the bill of a month.
func (r *Remote) Bill(ctx context.Context, month, _ time.Time) (invoicing.Bill, error) {
	return opBill.call(ctx, r, BillRequest{Month: month})
}

// CheckJournal asks to verify every chain.
func (r *Remote) CheckJournal(ctx context.Context, _ func(done, total int)) (JournalAnswer, error) {
	return opJournal.call(ctx, r, struct{}{})
}

// BeginFault breaks something in the lab.
func (r *Remote) BeginFault(ctx context.Context, f lab.Fault) (lab.Active, error) {
	return opFault.call(ctx, r, f)
}

// EndFault repairs it.
func (r *Remote) EndFault(ctx context.Context, id uint64) error {
	_, err := opEnd.call(ctx, r, EndRequest{ID: id})
	return err
}

// Faults lists what is broken in the lab.
func (r *Remote) Faults(ctx context.Context) ([]lab.Active, error) {
	return opFaults.call(ctx, r, struct{}{})
}

// Exchanges lists what was asked of the ticket systems of the lab's operators and
// answered, by operator, the oldest first.
func (r *Remote) Exchanges(ctx context.Context) (map[string][]operator.Exchange, error) {
	return opExchanges.call(ctx, r, struct{}{})
}

// Mails lists what the lab's operators received.
func (r *Remote) Mails(ctx context.Context) ([]operator.Mail, error) {
	return opMails.call(ctx, r, struct{}{})
}

// Close hangs up.
func (r *Remote) Close(context.Context) error {
	r.http.CloseIdleConnections()
	return nil
}

// listenControl opens the socket. One left by a killed instance is removed: the
// lock of the database directory has shown that no other instance lives.
func listenControl(dir string) (net.Listener, error) {
	path := socketPath(dir)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.Close())
	}
	return l, nil
}
