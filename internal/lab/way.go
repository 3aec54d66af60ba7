package lab

import "time"

const (
	// queueTime is how long a packet waits for its link at most: what a router of this
	// size usually buffers. More makes a full link slower and no fuller.
	queueTime = 50 * time.Millisecond
	// The IANA numbers of protocols.
	protocolICMP, protocolTCP = 1, 6
)

// way is one direction of an address, with the rate of its link.
type way struct {
	free   time.Duration // when the packets before have left, on the emulator's clock
	latest time.Duration // when the last one of TCP arrives
}

// carry sends a packet of some octets at a rate in bits per second, and returns how long
// it takes to leave, behind those before it; false when the queue is too long. Without a
// rate it leaves at once.
func (w *way) carry(now time.Duration, octets int, rate int64) (wait time.Duration, fits bool) {
	if rate == 0 {
		return 0, true
	}
	begins := max(now, w.free)
	if begins-now > queueTime {
		return 0, false
	}
	w.free = begins + time.Duration(int64(octets)*8*int64(time.Second)/rate)
	return w.free - now, true
}

// inOrder lengthens a delay until the packet is not before the one ahead of it: a line
// does not reorder, and TCP would take it for loss.
func (w *way) inOrder(now, delay time.Duration) time.Duration {
	w.latest = max(w.latest, now+delay)
	return w.latest - now
}
