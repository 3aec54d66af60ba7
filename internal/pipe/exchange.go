package pipe

import (
	"context"
	"errors"
	"sync"

	"github.com/nats-io/nats.go"
)

// problemHeader carries the text of an error in place of an answer.
const problemHeader = "Vigie-Problem"

// Refusal is what the other side said in place of an answer.
type Refusal struct{ Text string }

func (r *Refusal) Error() string { return r.Text }

// request asks on a subject and waits for the answer.
func request(ctx context.Context, conn *nats.Conn, subject string, question []byte) ([]byte, error) {
	m, err := conn.RequestMsgWithContext(ctx, &nats.Msg{Subject: subject, Data: question})
	if err != nil {
		return nil, err
	}
	if problem := m.Header.Get(problemHeader); problem != "" {
		return nil, &Refusal{problem}
	}
	return m.Data, nil
}

// errBusy is the answer to a question more than may be answered together.
var errBusy = errors.New("busy: too many questions are being answered")

// serve answers the requests on a subject until ctx ends, at most a few together; it
// returns when none is under way any more.
func serve(ctx context.Context, conn *nats.Conn, subject string, most int, answer func(context.Context, *nats.Msg) ([]byte, error)) error {
	var answering sync.WaitGroup
	var starting sync.Mutex // none starts once the waiting has begun
	slots := make(chan struct{}, most)
	reply := func(m *nats.Msg, body []byte, err error) {
		out := &nats.Msg{Subject: m.Reply, Data: body}
		if err != nil {
			out.Data, out.Header = nil, nats.Header{problemHeader: []string{err.Error()}}
		}
		// Whoever asked and hears nothing asks again.
		_ = conn.PublishMsg(out)
	}
	sub, err := conn.Subscribe(subject, func(m *nats.Msg) {
		starting.Lock()
		defer starting.Unlock()
		if m.Reply == "" || ctx.Err() != nil {
			return
		}
		select {
		case slots <- struct{}{}:
		default:
			reply(m, nil, errBusy)
			return
		}
		answering.Go(func() {
			defer func() { <-slots }()
			body, err := answer(ctx, m)
			reply(m, body, err)
		})
	})
	if err != nil {
		return err
	}
	<-ctx.Done()
	err = sub.Unsubscribe()
	starting.Lock() // a message may still be in hand
	defer starting.Unlock()
	answering.Wait()
	if errors.Is(err, nats.ErrConnectionClosed) {
		return nil
	}
	return err
}
