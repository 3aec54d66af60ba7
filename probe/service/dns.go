package service

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	maxDatagram  = 1232 // said by EDNS: passes everywhere unfragmented
	maxQuestions = 3    // sent by UDP, which may lose some
	maxForeign   = 1000 // datagrams read that answer nothing
)

// errForeign is a message that answers none of our questions.
var errForeign = errors.New("no answer to the question")

// response is what a name server says.
type response struct {
	code      dnsmessage.RCode
	truncated bool
	addresses []netip.Addr
}

// readResponse reads the answer to a question; errForeign when it is none.
func readResponse(message []byte, id uint16, q dnsmessage.Question) (response, error) {
	var p dnsmessage.Parser
	header, err := p.Start(message)
	if err != nil || header.ID != id || !header.Response {
		return response{}, errForeign
	}
	r := response{code: header.RCode, truncated: header.Truncated}
	questions, err := p.AllQuestions()
	if err != nil {
		return r, failed(BadAnswer, "the question of the answer: %s", clean(err.Error()))
	}
	// A server that could not read the question need not repeat it (RFC 1035, 4.1.1).
	if len(questions) == 0 && header.RCode != dnsmessage.RCodeSuccess {
		return r, nil
	}
	if len(questions) != 1 || questions[0].Type != q.Type || questions[0].Class != q.Class || !sameName(questions[0].Name, q.Name) {
		return r, errForeign
	}
	if r.truncated {
		return r, nil // what is left of it is asked for again
	}
	answers, err := p.AllAnswers()
	if err != nil {
		return r, failed(BadAnswer, "the answer: %s", clean(err.Error()))
	}
	r.addresses, err = follow(answers, q)
	return r, err
}

// follow gives the addresses of the name asked for, by its aliases (CNAME).
func follow(answers []dnsmessage.Resource, q dnsmessage.Question) ([]netip.Addr, error) {
	name := q.Name
	for range len(answers) + 1 {
		var found []netip.Addr
		var alias *dnsmessage.CNAMEResource
		for _, a := range answers {
			if a.Header.Class != dnsmessage.ClassINET || !sameName(a.Header.Name, name) {
				continue
			}
			switch body := a.Body.(type) {
			case *dnsmessage.AResource:
				if q.Type == dnsmessage.TypeA {
					found = append(found, netip.AddrFrom4(body.A))
				}
			case *dnsmessage.AAAAResource:
				if q.Type == dnsmessage.TypeAAAA {
					found = append(found, netip.AddrFrom16(body.AAAA))
				}
			case *dnsmessage.CNAMEResource:
				alias = body
			}
		}
		if len(found) > 0 || alias == nil {
			return found, nil
		}
		name = alias.CNAME
	}
	return nil, failed(BadAnswer, "the aliases of %s go round in a circle", clean(q.Name.String()))
}

func sameName(a, b dnsmessage.Name) bool { return strings.EqualFold(a.String(), b.String()) }

// judgeResponse tells whether a name server's answer is the one expected.
func judgeResponse(c Check, r response) error {
	switch {
	case r.code == dnsmessage.RCodeNameError:
		return failed(NoSuchName, "%s does not exist", c.Name)
	case r.code != dnsmessage.RCodeSuccess:
		return failed(ServerFailed, "the server says %s", strings.TrimPrefix(r.code.String(), "RCode"))
	case len(r.addresses) == 0:
		return failed(NoAddress, "%s has no %s record", c.Name, c.Type)
	case !c.Expect.Answer.IsValid():
		return nil
	}
	var all []string
	for _, a := range r.addresses {
		if a == c.Expect.Answer {
			return nil
		}
		all = append(all, a.String())
	}
	return failed(WrongAnswer, "%s, expected %s", clean(strings.Join(all, ", ")), c.Expect.Answer)
}

// dns asks a name server by UDP and, when the answer is too long for it, by TCP.
func (r *run) dns(ctx context.Context) error {
	conn, err := r.connect(ctx, "udp", hostPort{r.Host, r.Port})
	if err != nil {
		return err
	}
	r.result.Timings.Connect = 0 // nothing was sent yet
	begun := time.Now()
	answer, err := r.byUDP(ctx, conn)
	_ = conn.Close() // nothing more is read
	if err == nil && answer.truncated {
		r.result.Timings = Timings{Resolve: r.result.Timings.Resolve, Moved: time.Since(begun)}
		answer, err = r.byTCP(ctx)
	}
	if err != nil {
		return err
	}
	r.result.Addresses = answer.addresses
	return judgeResponse(r.Check, answer)
}

// byUDP asks until an answer comes, each time with another number.
func (r *run) byUDP(ctx context.Context, conn net.Conn) (response, error) {
	defer interruptible(ctx, conn)()
	type question struct {
		id   uint16
		at   time.Time
		text dnsmessage.Question
	}
	var sent []question
	buffer := make([]byte, 64<<10)
	for ctx.Err() == nil && len(sent) < maxQuestions {
		id, err := number()
		if err != nil {
			return response{}, err
		}
		message, text, err := r.question(id)
		if err != nil {
			return response{}, err
		}
		wait := share(ctx, maxQuestions-len(sent))
		now := time.Now()
		if _, err := conn.Write(message); err != nil {
			return response{}, err
		}
		sent, r.result.Asked = append(sent, question{id, now, text}), len(sent)+1
		// The deadline of the context, when it is nearer, ends the check by itself.
		if err := conn.SetReadDeadline(now.Add(wait)); err != nil {
			return response{}, err
		}
		for r.result.Foreign < maxForeign && ctx.Err() == nil {
			n, err := conn.Read(buffer)
			if err != nil && ctx.Err() == nil && errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				return response{}, err
			}
			for _, q := range sent {
				answer, err := readResponse(buffer[:n], q.id, q.text)
				if errors.Is(err, errForeign) {
					continue
				}
				r.result.Timings.FirstByte = time.Since(q.at)
				return answer, err
			}
			r.result.Foreign++
		}
	}
	return response{}, failed(Timeout, "no answer to %d questions", len(sent))
}

// byTCP asks once more (RFC 7766); a message stands behind its length.
func (r *run) byTCP(ctx context.Context) (response, error) {
	r.result.ByTCP = true
	conn, err := r.connect(ctx, "tcp", hostPort{r.result.Peer.Addr().String(), r.Port})
	if err != nil {
		return response{}, err
	}
	defer func() { _ = conn.Close() }() // all that matters was read
	defer interruptible(ctx, conn)()
	id, err := number()
	if err != nil {
		return response{}, err
	}
	message, text, err := r.question(id)
	if err != nil {
		return response{}, err
	}
	begun := time.Now()
	if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...)); err != nil {
		return response{}, err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return response{}, err
	}
	r.result.Timings.FirstByte = time.Since(begun)
	message = make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, message); err != nil {
		return response{}, err
	}
	r.result.Timings.Rest = time.Since(begun) - r.result.Timings.FirstByte
	answer, err := readResponse(message, id, text)
	switch {
	case errors.Is(err, errForeign):
		return answer, failed(BadAnswer, "an answer to another question, by TCP")
	case err == nil && answer.truncated:
		return answer, failed(BadAnswer, "an answer that is truncated by TCP too")
	}
	return answer, err
}

// number is one that nobody can guess.
func number() (uint16, error) {
	var id [2]byte
	_, err := rand.Read(id[:])
	return binary.BigEndian.Uint16(id[:]), err
}
