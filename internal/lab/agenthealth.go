package lab

import (
	"time"

	"vigie/internal/lab/agent"
)

// How a router is, as any device may tell it: RFC 2790 and 3433.
var (
	oidProcessor  = agent.OID{1, 3, 6, 1, 2, 1, 25, 3, 3, 1, 2}
	oidStorage    = agent.OID{1, 3, 6, 1, 2, 1, 25, 2, 3, 1}
	oidStorageRAM = agent.OID{1, 3, 6, 1, 2, 1, 25, 2, 1, 2}
	oidSensor     = agent.OID{1, 3, 6, 1, 2, 1, 99, 1, 1, 1}
)

const memoryUnits = 131_072 // of 4 kB: half a gigabyte

// health is how the router is: its processor follows what it carries, and its
// temperature its processor. Each has a base of its own.
func (r *router) health(now time.Time) []agent.Object {
	draws := newDice(0, "health", r.link.Ref)
	base, memory, ambient := 3+draws.below(10), 35+draws.below(35), 28+draws.below(12)
	processor := base
	if rate := uint64(r.link.DownKbps) * 125; rate > 0 && r.condition == (Condition{}) { // octets per second
		processor += min(60*r.traffic.Rate(now).Down/rate, 60)
	}
	objects := []agent.Object{
		{Name: oidProcessor.With(1), Value: agent.Integer(int32(processor))},
		{Name: oidStorage.With(2, 1), Value: agent.Identifier(oidStorageRAM)},
		{Name: oidStorage.With(5, 1), Value: agent.Integer(memoryUnits)},
		{Name: oidStorage.With(6, 1), Value: agent.Integer(int32(memoryUnits * memory / 100))},
	}
	const celsius, units, tenths, fine = 8, 9, 1, 1
	for column, value := range []int32{celsius, units, tenths, int32(10*ambient + 2*processor), fine} {
		objects = append(objects, agent.Object{Name: oidSensor.With(uint32(column+1), 1), Value: agent.Integer(value)})
	}
	return objects
}
