package service

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Limits of what is read of a page. A server may send without end.
const (
	maxHeader  = 64 << 10
	maxBody    = 1 << 20
	maxInterim = 5 // answers 1xx before the final one
)

// http asks for a page and follows its redirects.
func (r *run) http(ctx context.Context) error {
	begun := time.Now()
	u, err := url.Parse(r.Check.URL)
	if err != nil {
		return err // Validate has read it already
	}
	for {
		r.result.URL, r.result.Status = u.String(), 0
		moved := r.result.Timings.Moved
		r.result.Timings, r.result.Certificate = Timings{Moved: moved}, nil
		next, err := r.page(ctx, u)
		if err != nil || next == nil {
			return err
		}
		if r.result.Redirects == r.Redirects {
			return failed(TooManyMoves, "redirected to %s after %d redirects", clean(next.Redacted()), r.Redirects)
		}
		r.result.Redirects++
		r.result.Timings.Moved = time.Since(begun)
		u = next
	}
}

// page asks for one page and judges it, or gives the address it has moved to.
func (r *run) page(ctx context.Context, u *url.URL) (*url.URL, error) {
	to, err := place(u)
	if err != nil {
		return nil, failed(BadAnswer, "redirected to an %s", clean(err.Error()))
	}
	conn, err := r.connect(ctx, "tcp", to)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // all that matters was read
	defer interruptible(ctx, conn)()
	if u.Scheme == "https" {
		encrypted, err := r.encrypt(ctx, conn, to.host)
		if err != nil {
			return nil, err
		}
		conn = encrypted
	}
	limited := &io.LimitedReader{R: conn, N: maxHeader}
	answer, asked, err := r.ask(ctx, conn, limited, u, to)
	if err != nil {
		if limited.N == 0 {
			return nil, failed(BadAnswer, "more than %d octets of header", maxHeader)
		}
		return nil, err
	}
	r.result.Status = answer.StatusCode
	if !r.Expect.Status.Include(answer.StatusCode) {
		if next, err := moved(answer, u); err != nil || next != nil {
			return next, err
		}
	}
	// What chunks cost beside their octets is bounded with them.
	limited.N = 2 * maxBody
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	r.result.Timings.Rest = time.Since(asked) - r.result.Timings.FirstByte
	cut := len(body) > maxBody
	if cut {
		body = body[:maxBody]
	}
	r.result.Octets = int64(len(body))
	if err != nil && limited.N == 0 {
		return nil, failed(BadAnswer, "more than %d octets for a page of %d", 2*maxBody, len(body))
	}
	if err != nil {
		return nil, err
	}
	if err := judgePage(r.Expect, answer.StatusCode, body, cut); err != nil {
		return nil, err
	}
	return nil, judgeEnd(r.Expect, r.result.Certificate, time.Now())
}

// ask sends the request and reads the head of its answer. It gives the instant of the
// request, from which the rest is timed.
func (r *run) ask(ctx context.Context, conn net.Conn, from io.Reader, u *url.URL, to hostPort) (*http.Response, time.Time, error) {
	asked := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, asked, failed(BadAnswer, "redirected to %s: %s", clean(u.Redacted()), clean(err.Error()))
	}
	request.Header.Set("User-Agent", "vigie")
	request.Header.Set("Accept", "*/*")
	request.Close = true
	if err := request.Write(conn); err != nil {
		// A server may answer and close before it has read all of the request.
		if reason, _ := classify(err, BadAnswer); reason != Reset {
			return nil, asked, err
		}
	}
	reader := bufio.NewReader(from)
	if _, err := reader.Peek(1); err != nil {
		return nil, asked, err
	}
	r.result.Timings.FirstByte = time.Since(asked)
	for range maxInterim + 1 {
		answer, err := http.ReadResponse(reader, request)
		if err != nil {
			return nil, asked, err
		}
		if answer.StatusCode >= 200 {
			return answer, asked, nil
		}
		if answer.StatusCode == http.StatusSwitchingProtocols {
			break
		}
	}
	return nil, asked, failed(BadAnswer, "%s has no answer but interim ones", to.host)
}

// moved is where an answer sends its reader, or nil.
func moved(answer *http.Response, from *url.URL) (*url.URL, error) {
	switch answer.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	to, err := answer.Location()
	if errors.Is(err, http.ErrNoLocation) {
		return nil, nil // judged by its status
	}
	if err != nil {
		return nil, failed(BadAnswer, "redirected from %s to nothing that can be read", clean(from.Redacted()))
	}
	to.User, to.Fragment, to.RawFragment = nil, "", ""
	return to, nil
}
