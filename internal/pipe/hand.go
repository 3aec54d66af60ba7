package pipe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"vigie/probe"
)

// handOverTime bounds one attempt to hand a batch over.
const handOverTime = 10 * time.Second

// hand hands batches over in the name of one prober.
type hand struct {
	js     jetstream.JetStream
	prober string
	lost   func(error) // is told, at each attempt, why a batch is not taken
	log    *slog.Logger
}

// take hands one message over, however long that takes.
func (h hand) take(ctx context.Context, msg jetstream.Msg) {
	for !HandOver(ctx, msg, h.publish, h.unreached) {
		rest(ctx, retryAfter)
	}
}

// HandOver tries once to publish a message of a prober's own stream in that of its core,
// under the id that the core's filter of doubles knows it by, and lets go of it when the
// core has it. settled is false when it is to be tried again. An error is told to failed.
func HandOver(ctx context.Context, msg Message, publish func(ctx context.Context, body []byte, id string) error, failed func(err error, dropped bool)) (settled bool) {
	var b probe.Batch
	if err := b.UnmarshalBinary(msg.Data()); err != nil {
		failed(err, true)
		_ = msg.Term()
		return true
	}
	err := publish(ctx, msg.Data(), messageID(b, msg.Data()))
	switch {
	case err == nil:
		_ = msg.Ack() // one that is lost has the batch handed over again, which is harmless
		return true
	case ctx.Err() != nil:
		_ = msg.Nak()
		return true
	case errors.Is(err, nats.ErrMaxPayload):
		failed(fmt.Errorf("batch %d of %d octets is too large for the core: %w", b.Seq, len(msg.Data()), err), true)
		_ = msg.Term()
		return true
	}
	failed(err, false)
	_ = msg.InProgress() // the batch is not offered to anyone meanwhile
	return false
}

// unreached tells the log why a batch was not handed over.
func (h hand) unreached(err error, dropped bool) {
	if dropped {
		h.log.Error("batch dropped, it cannot be handed over", "error", err)
		return
	}
	h.lost(err)
}

func (h hand) publish(ctx context.Context, body []byte, id string) error {
	ctx, cancel := context.WithTimeout(ctx, handOverTime)
	defer cancel()
	if !h.js.Conn().IsConnected() {
		return errUnreached
	}
	_, err := h.js.PublishMsg(ctx, &nats.Msg{Subject: subjectBase + h.prober, Data: body}, jetstream.WithMsgID(id), jetstream.WithRetryAttempts(0))
	return err
}
