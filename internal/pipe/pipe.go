package pipe

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"vigie/internal/fault"
	"vigie/probe"
)

const (
	streamName   = "BATCHES"
	consumerName = "core"
	// ownSubject is that of what this process measures itself, subjectBase that of what
	// comes from elsewhere.
	ownSubject  = "vigie.own."
	subjectBase = "vigie.batch."
	// DefaultBytes bounds the disk a long absence of the core may use; beyond it the
	// oldest batches go, and the core records the gap.
	DefaultBytes = 1 << 30
	// CoreAge is how long the core's stream keeps a batch, taken or not.
	CoreAge = 7 * 24 * time.Hour
	readyIn = 10 * time.Second
	// maxMessage bounds a message, in octets: a batch of 4,000 rounds of 255 echoes, the
	// plan of a prober of tens of thousands of targets.
	maxMessage = 8 << 20
	// retryAfter spaces the attempts to apply a batch while PostgreSQL is away.
	retryAfter = time.Second
	// refusedAfter ends the wait for an acknowledgement that was lost.
	refusedAfter = 30 * time.Second
)

// Options says where the stream lives.
type Options struct {
	Dir string // directory of the stream's files; created when missing
	// Bytes bounds each stream: what does not fit pushes the oldest out of our own, and is
	// refused by that of a prober elsewhere. 0 = DefaultBytes and LaneBytes.
	Bytes int64
	// Age is how long a batch is kept, taken or not; 0 = as long as it fits.
	Age time.Duration
	// Port is where probers elsewhere come in; nil = no port is open.
	Port *Port
	// Cluster is where they and this process meet instead of a server in this process;
	// nil = there is none. Dir, Bytes, Age and Port say nothing then.
	Cluster *Cluster
	Log     *slog.Logger
}

// Pipe is the in-process server with its streams, or the way to a cluster. Use New,
// Start, Stop.
type Pipe struct {
	opts   Options
	host   *host // the server; nil with a cluster
	conn   *nats.Conn
	js     jetstream.JetStream
	stream jetstream.Stream // of what this process measures; nil with a cluster
	door   *door            // nil without a port
	lanes  lanes
	queues queues
	turn   sync.Mutex // one batch is applied at a time

	revival *revival // of the server in this process
}

// New returns an inert pipe.
func New(o Options) *Pipe { return &Pipe{opts: o, lanes: newLanes(), queues: newQueues()} }

// Start opens the streams and returns when they are ready. An error names the
// directory that could not be used. A cluster that is away is no error, and waited for:
// one that refuses us, or cannot do what it should, is.
func (p *Pipe) Start(ctx context.Context) error {
	if p.opts.Cluster != nil {
		if err := p.join(ctx); err != nil {
			p.Stop()
			return err
		}
		return nil
	}
	if err := os.MkdirAll(p.opts.Dir, 0o700); err != nil {
		return fmt.Errorf("open the stream: %w", err)
	}
	opts := &server.Options{
		ServerName: "vigie",
		DontListen: true,
		JetStream:  true,
		StoreDir:   p.opts.Dir,
		// The bound of a stream is no claim: a disk with less room than it is no reason to stay
		// down, or to stay down once it is nearly full.
		JetStreamMaxStore: math.MaxInt64,
		SyncAlways:        true, // an acknowledged batch survives a power cut
		NoSigs:            true,
		NoLog:             true,
		MaxPayload:        maxMessage,
	}
	if p.opts.Port != nil {
		p.door = newDoor(p.opts.Log)
		if err := p.opts.Port.open(opts, p.door); err != nil {
			return err
		}
	}
	p.host = &host{options: opts}
	err := p.host.start()
	if err == nil {
		err = p.connect(ctx)
	}
	if err != nil {
		p.Stop()
		return fmt.Errorf("open the stream in %s: %w", p.opts.Dir, err)
	}
	p.revival = newRevival(p.host, p.opts.Log)
	return nil
}

func (p *Pipe) connect(ctx context.Context) error {
	options := []nats.Option{nats.InProcessServer(p.host), nats.MaxReconnects(-1), nats.ReconnectBufSize(-1), nats.ReconnectWait(hostAgain), nats.ReconnectJitter(0, 0)}
	if p.door != nil {
		options = append(options, nats.UserInfo(coreUser, p.door.own))
	}
	conn, err := nats.Connect("", options...)
	if err != nil {
		return err
	}
	p.conn = conn
	if p.js, err = jetstream.New(conn); err != nil {
		return err
	}
	p.stream, err = p.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:      streamName,
		Subjects:  []string{ownSubject + "*"}, // what it holds of others stays, from before they had lanes
		Storage:   jetstream.FileStorage,
		Retention: jetstream.LimitsPolicy,
		Discard:   jetstream.DiscardOld,
		MaxBytes:  cmp.Or(p.opts.Bytes, DefaultBytes),
		MaxAge:    p.opts.Age,
	})
	if err != nil || p.door == nil {
		return err
	}
	p.expect(p.opts.Port.Names)
	return p.refresh(ctx)
}

// Stop closes the stream; it is complete when it returns and may be called twice.
func (p *Pipe) Stop() {
	if p.conn != nil {
		p.conn.Close()
		p.conn = nil
	}
	if p.revival != nil {
		p.revival.end()
		p.revival = nil
	}
	if p.host != nil {
		p.host.stop()
		p.host = nil
	}
}

// Publish hands a batch to the stream and returns once it is on disk: from then
// on the batch is taken. The message id is a first filter against doubles.
func (p *Pipe) Publish(ctx context.Context, b probe.Batch) error {
	body, err := b.MarshalBinary()
	if err != nil {
		return fmt.Errorf("publish batch %d of prober %s: %w", b.Seq, b.Prober, err)
	}
	if _, err := p.js.Publish(ctx, ownSubject+b.Prober, body, jetstream.WithMsgID(messageID(b, body))); err != nil {
		return fmt.Errorf("publish batch %d of prober %s: %w", b.Seq, b.Prober, err)
	}
	return nil
}

// messageID names a batch by its content too: the filter is one for all probers, and
// none must be able to have another's batch taken for a double.
func messageID(b probe.Batch, body []byte) string {
	sum := sha256.Sum256(body)
	return fmt.Sprintf("%s-%d-%x", b.Prober, b.Seq, sum[:8])
}

// LastSeq returns the sequence of the newest batch of a prober that the streams
// hold, 0 when they hold none.
func (p *Pipe) LastSeq(ctx context.Context, prober string) (uint64, error) {
	var last uint64
	in := func(s jetstream.Stream, subject string) error {
		seq, err := lastSeq(ctx, s, subject)
		if err != nil {
			return fmt.Errorf("find the last batch of prober %s: %w", prober, err)
		}
		last = max(last, seq)
		return nil
	}
	if p.stream != nil {
		if err := errors.Join(in(p.stream, ownSubject+prober), in(p.stream, subjectBase+prober)); err != nil {
			return 0, err
		}
	}
	lane, err := p.lane(ctx, prober)
	if err != nil {
		return 0, fmt.Errorf("find the last batch of prober %s: %w", prober, err)
	}
	if lane == nil {
		return last, nil
	}
	return last, in(lane, subjectBase+prober)
}

func lastSeq(ctx context.Context, s jetstream.Stream, subject string) (uint64, error) {
	msg, err := s.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var b probe.Batch
	if err := b.UnmarshalBinary(msg.Data); err != nil {
		return 0, err
	}
	return b.Seq, nil
}

// Consume delivers every batch to apply, one at a time, those of a prober in order and
// the probers in turns, until ctx ends. A batch is acknowledged when apply returns nil
// and offered again after a second when it returns an error. One that cannot be decoded,
// or that apply calls fault.Invalid, is logged and dropped: no later attempt would take
// it, and it would hold up all that follow.
func (p *Pipe) Consume(ctx context.Context, apply func(context.Context, probe.Batch) error) error {
	settle := func(stream string, msg jetstream.Msg) {
		p.turn.Lock()
		defer p.turn.Unlock()
		if p.lanes.shut(msg) {
			p.opts.Log.Error("batch of a prober that was revoked before, dropped", "subject", msg.Subject())
			_ = msg.Term()
			return
		}
		p.Settle(ctx, msg, func(ctx context.Context, b probe.Batch) error {
			err := apply(ctx, b)
			p.queues.settled(stream, err)
			return err
		})
	}
	if !p.Open() {
		return p.each(ctx, p.stream, func(msg jetstream.Msg) { settle(streamName, msg) })
	}
	return p.eachLane(ctx, settle)
}

// each offers the messages of a stream to settle, one at a time and in order, until ctx
// ends.
func (p *Pipe) each(ctx context.Context, stream jetstream.Stream, settle func(jetstream.Msg)) error {
	if p.revival == nil {
		return p.offer(ctx, stream, settle)
	}
	return p.revival.offering(ctx, func(ctx context.Context) error { return p.offer(ctx, stream, settle) })
}

// offer is each, of the stream as it is open now.
func (p *Pipe) offer(ctx context.Context, stream jetstream.Stream, settle func(jetstream.Msg)) error {
	cons, err := reader(ctx, stream)
	if err != nil {
		return unlessEnded(ctx, fmt.Errorf("consume the batches: %w", err))
	}
	pull := []jetstream.PullMessagesOpt{jetstream.PullMaxMessages(1)}
	if p.opts.Cluster != nil {
		pull = append(pull, jetstream.PullExpiry(clusterPull), jetstream.PullHeartbeat(clusterPull/5))
	}
	msgs, err := cons.Messages(pull...)
	if err != nil {
		return fmt.Errorf("consume the batches: %w", err)
	}
	stop := context.AfterFunc(ctx, msgs.Stop)
	defer stop()
	for {
		msg, err := msgs.Next()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, jetstream.ErrNoHeartbeat) && p.opts.Cluster == nil { // a machine that slept; the iterator asks again
				p.opts.Log.Warn("batches held up", "error", err)
				continue
			}
			msgs.Stop()
			return fmt.Errorf("consume the batches: %w", err)
		}
		settle(msg)
	}
}

func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// reader is the one reader of a stream. A process that was killed may have left a message
// in hand: it would hold up all others until its acknowledgement is given up as lost, so
// the reader is made anew behind what was acknowledged. Killed in between there is none,
// and everything is offered again, which is harmless.
func reader(ctx context.Context, stream jetstream.Stream) (jetstream.Consumer, error) {
	config := jetstream.ConsumerConfig{
		Durable:       consumerName,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       refusedAfter,
		MaxAckPending: 1, // keeps the order when a batch has to be offered again
	}
	former, err := stream.Consumer(ctx, consumerName)
	if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil, err
	}
	if err == nil {
		info := former.CachedInfo()
		config.DeliverPolicy, config.OptStartSeq = info.Config.DeliverPolicy, info.Config.OptStartSeq
		if info.NumAckPending > 0 {
			if err := stream.DeleteConsumer(ctx, consumerName); err != nil {
				return nil, err
			}
			// A lane holds nothing that was acknowledged.
			if stream.CachedInfo().Config.Retention != jetstream.WorkQueuePolicy {
				config.DeliverPolicy, config.OptStartSeq = jetstream.DeliverByStartSequencePolicy, info.AckFloor.Stream+1
			}
		}
	}
	return stream.CreateOrUpdateConsumer(ctx, config)
}

// Message is one offer of a batch by a stream, to be settled once. One that is not
// settled is offered again.
type Message interface {
	Subject() string
	Data() []byte
	Ack() error
	// Nak has the message offered again, NakWithDelay not before the delay is over.
	Nak() error
	NakWithDelay(delay time.Duration) error
	// InProgress lengthens the time in which the message is offered to nobody else.
	InProgress() error
	Term() error // never offered again
}

// Settle applies one message, see Consume. An acknowledgement that fails to leave is not
// an error here: the batch is offered again and its sequence makes it harmless.
func (p *Pipe) Settle(ctx context.Context, msg Message, apply func(context.Context, probe.Batch) error) {
	var b probe.Batch
	if err := b.UnmarshalBinary(msg.Data()); err != nil {
		p.opts.Log.Error("batch unreadable, dropped", "subject", msg.Subject(), "error", err)
		_ = msg.Term()
		return
	}
	if msg.Subject() != subjectBase+b.Prober && msg.Subject() != ownSubject+b.Prober {
		p.opts.Log.Error("batch in another prober's name, dropped", "subject", msg.Subject(), "prober", b.Prober, "seq", b.Seq)
		_ = msg.Term()
		return
	}
	if ctx.Err() != nil { // it ended while the batch waited for its turn
		_ = msg.Nak()
		return
	}
	switch err := apply(ctx, b); {
	case err == nil:
		_ = msg.Ack()
	case ctx.Err() != nil:
		_ = msg.Nak()
	case fault.KindOf(err) == fault.Invalid:
		p.opts.Log.Error("batch refused, dropped", "prober", b.Prober, "seq", b.Seq, "error", err)
		_ = msg.Term()
	default:
		p.opts.Log.Warn("batch not applied, will be offered again", "prober", b.Prober, "seq", b.Seq, "error", err)
		_ = msg.NakWithDelay(retryAfter)
	}
}

// Pending returns how many batches are not yet acknowledged by the core.
func (p *Pipe) Pending(ctx context.Context) (uint64, error) {
	if p.opts.Cluster != nil && !p.conn.IsConnected() {
		return 0, ErrClusterAway
	}
	var sum uint64
	for _, s := range p.streams() {
		n, err := pending(ctx, s)
		if err != nil {
			return 0, fmt.Errorf("count the batches that wait: %w", err)
		}
		sum += n
	}
	return sum, nil
}

func pending(ctx context.Context, s jetstream.Stream) (uint64, error) {
	cons, err := s.Consumer(ctx, consumerName)
	if errors.Is(err, jetstream.ErrConsumerNotFound) { // all of them wait when the core never asked for any
		info, err := s.Info(ctx)
		if err != nil {
			return 0, err
		}
		return info.State.Msgs, nil
	}
	if err != nil {
		return 0, err
	}
	info, err := cons.Info(ctx)
	if err != nil {
		return 0, err
	}
	return info.NumPending + uint64(info.NumAckPending), nil
}
