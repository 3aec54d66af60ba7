package snmp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"vigie/probe"
)

// Bounds of a walk of a whole device, far above any router.
const (
	maxWalk         = 2 * time.Minute
	maxWalkRequests = 2000
	// maxSilentColumns is how many columns an agent may leave unanswered while it
	// answers others.
	maxSilentColumns = 3
)

// repetitions are how many rows a request asks for: fewer when the agent finds the
// answer too big or says nothing, as when a large answer is lost on the way. One row
// is asked for by a request that every agent knows.
var repetitions = []uint32{rowsPerRequest, 5, 1}

// Walk reads what a device carries: what it is, its interfaces, addresses, VLANs,
// neighbours. It waits for its turn as Poll does, and between two of its requests a
// poll of the same router may have one. A device that ends to answer midway is told as
// far as it went, with its problem; the error says why there is nothing at all.
func (p *Poller) Walk(ctx context.Context, r Router) (probe.Device, error) {
	ctx, cancel := context.WithTimeout(ctx, maxWalk)
	defer cancel()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return probe.Device{}, errors.New(problem(ctx.Err()))
	}
	known := p.recall(r)
	var device probe.Device
	err := p.use(ctx, r, &known, func(s *session) error {
		w := walker{ask: s.exchange, turn: p.turns.take, give: p.turns.give, addr: r.Addr, ctx: ctx}
		var err error
		device, err = w.device()
		return err
	})
	if err != nil {
		known.engine = engine{} // learned anew, if it is why
	}
	p.remember(r, known)
	if err != nil {
		return probe.Device{}, errors.New(problem(err))
	}
	return device, nil
}

// walker reads the columns of one device. An error stays: what is asked afterwards is
// empty.
type walker struct {
	ctx  context.Context
	ask  func(kind gosnmp.PDUType, names []string, rows uint32) (*gosnmp.SnmpPacket, error)
	addr netip.AddrPort
	turn func(context.Context, netip.AddrPort) error
	give func(netip.AddrPort)

	step     int // of repetitions
	requests int
	silent   int // columns without an answer
	out      probe.Device
	err      error
}

// exchange sends one request and returns its answer. rows counts for a bulk alone.
func (s *session) exchange(kind gosnmp.PDUType, names []string, rows uint32) (packet *gosnmp.SnmpPacket, err error) {
	switch kind {
	case gosnmp.GetBulkRequest:
		packet, err = s.library.GetBulk(names, 0, rows)
	case gosnmp.GetNextRequest:
		packet, err = s.library.GetNext(names)
	default:
		packet, err = s.library.Get(names)
	}
	if err != nil {
		return nil, err
	}
	return packet, s.ours(packet)
}

// request asks once, in its turn.
func (w *walker) request(kind gosnmp.PDUType, names []string, rows uint32) (*gosnmp.SnmpPacket, error) {
	if w.requests++; w.requests > maxWalkRequests {
		return nil, fmt.Errorf("snmp: more than %d requests", maxWalkRequests)
	}
	if err := w.turn(w.ctx, w.addr); err != nil {
		return nil, err
	}
	defer w.give(w.addr)
	return w.ask(kind, names, rows)
}

// next asks for the rows that follow a name.
func (w *walker) next(from string) (*gosnmp.SnmpPacket, error) {
	for {
		rows, kind := repetitions[w.step], gosnmp.GetBulkRequest
		if rows == 1 {
			kind = gosnmp.GetNextRequest
		}
		packet, err := w.request(kind, []string{from}, rows)
		tooMuch := (err != nil && silent(err) && w.ctx.Err() == nil) || (err == nil && packet.Error != gosnmp.NoError)
		if !tooMuch || rows == 1 {
			return packet, err
		}
		w.step++
	}
}

// column is what a walk of one column found.
type column map[string]gosnmp.SnmpPDU

// column reads one column of a table, at most so many rows of it; when there are more
// the list is marked. Rows may come in any order and the end of everything in the
// middle of an answer; an agent that only repeats itself is left, and the list marked:
// what comes behind is not known.
func (w *walker) column(list, name string, most int) column {
	found := column{}
	if w.err != nil {
		return found
	}
	step := w.step
	for from := name; ; {
		packet, err := w.next(from)
		if err != nil {
			w.failed(err, list, step)
			return found
		}
		if packet.Error != gosnmp.NoError { // refused, and asked for one row only
			return found
		}
		next, repeats, beyond := found.take(packet.Variables, name)
		if len(found) > most {
			w.out.MarkCut(list)
			return found
		}
		if next == "" && repeats {
			w.out.MarkCut(list)
		}
		if next == "" || beyond {
			return found
		}
		from = next
	}
}

// take adds the rows of a column that are new, and returns the name of the last of
// them. repeats says that some were known before and the end was not reached; beyond that
// the column is certainly over: its rows came in order, and behind them another object.
func (c column) take(variables []gosnmp.SnmpPDU, name string) (next string, repeats, beyond bool) {
	var last index
	ordered, ends := true, false
	for _, v := range variables {
		row, inside := strings.CutPrefix(v.Name, name+".")
		key, valid := readIndex(row)
		switch {
		case v.Type == gosnmp.EndOfMibView, v.Type == gosnmp.NoSuchObject, v.Type == gosnmp.NoSuchInstance:
			ends = true
			continue
		case !inside:
			ends = true
			beyond = beyond || compareKeys(strings.TrimPrefix(v.Name, "."), strings.TrimPrefix(name, ".")) > 0
			continue
		case !valid:
			continue
		}
		if _, seen := c[row]; seen || beyond || slices.Compare(key, last) <= 0 {
			ordered = false
		}
		if _, seen := c[row]; seen {
			repeats = true
			continue
		}
		c[row], next, last = v, v.Name, key
	}
	return next, repeats && !ends, beyond && ordered
}

// failed decides what an error of one column means: some agents never answer for one
// table and well for the others.
func (w *walker) failed(err error, list string, step int) {
	if !silent(err) || w.ctx.Err() != nil || w.silent >= maxSilentColumns || w.requests <= 1 {
		w.err = err
		return
	}
	w.silent++
	if _, err := w.request(gosnmp.GetRequest, []string{sysObjectID}, 0); err != nil {
		w.err = err
		return
	}
	w.out.MarkCut(list)
	w.step = step
}

// scalars reads objects that stand alone.
func (w *walker) scalars(names ...string) values {
	found := values{}
	if w.err == nil {
		w.err = w.fewer(names, found)
	}
	return found
}

// fewer asks for objects; an agent that refuses the request as a whole is asked again
// for less.
func (w *walker) fewer(names []string, found values) error {
	packet, err := w.request(gosnmp.GetRequest, names, 0)
	switch {
	case err != nil:
		return err
	case packet.Error == gosnmp.NoError:
		for _, variable := range packet.Variables {
			found[variable.Name] = variable
		}
		return nil
	case len(names) == 1:
		return nil // this object is not there
	}
	half := len(names) / 2
	if err := w.fewer(names[:half], found); err != nil {
		return err
	}
	return w.fewer(names[half:], found)
}

// sorted are the keys of the rows, in the order of their numbers.
func (c column) sorted() []string {
	numbers := make(map[string]index, len(c))
	for key := range c {
		numbers[key], _ = readIndex(key)
	}
	keys := slices.Collect(maps.Keys(c))
	slices.SortFunc(keys, func(a, b string) int { return slices.Compare(numbers[a], numbers[b]) })
	return keys
}

func compareKeys(a, b string) int {
	one, _ := readIndex(a)
	other, _ := readIndex(b)
	return slices.Compare(one, other)
}
