package lab

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"vigie/internal/lab/agent"
)

// Community is what the routers of the lab ask of who asks them (SNMP, version
// 2c). It protects nothing: nobody else reaches them.
const Community = "vigie-lab"

// Agents are the routers of the links, as SNMP shows them: how long each has been
// running, how it is, the state and counters of its two interfaces, wan0 towards the
// operator, whose alias is the reference of the link, and lan0 towards the site; and
// what each carries.
// Its methods may be called from several goroutines.
type Agents struct {
	mu     sync.Mutex
	byAddr map[netip.Addr]*router
	byRef  map[string]*router
}

// router is what one agent tells of.
type router struct {
	link      Link
	traffic   *Traffic
	booted    time.Time
	boots     int32
	condition Condition

	// carried is what wan0 counted since booted, up to counted.
	carried Octets
	counted time.Time

	// constant is what the router tells alike since it restarted for the
	// constantFor-th time.
	constant    []agent.Object
	constantFor int32
}

// NewAgents returns the routers of a topology as they are when nothing was ever
// broken. The same seed gives routers that restarted, and counted, the same
// whenever the lab starts.
func NewAgents(topology Topology, seed uint64, calendar Calendar, now time.Time) *Agents {
	a := &Agents{byAddr: make(map[netip.Addr]*router), byRef: make(map[string]*router)}
	for _, link := range topology.Links {
		booted, boots := lastRestart(link, seed, now)
		r := &router{
			link: link, traffic: NewTraffic(seed, link, calendar),
			booted: booted, boots: boots, counted: booted,
		}
		a.byRef[link.Ref], a.byAddr[link.Addr] = r, r
		if link.Router.IsValid() {
			a.byAddr[link.Router] = r
		}
	}
	return a
}

// lastRestart returns when a router restarted last before an instant, and how
// often it has since 2020: each does on a rhythm of its own of 40 to 300 days.
func lastRestart(link Link, seed uint64, now time.Time) (booted time.Time, boots int32) {
	const day = 24 * time.Hour
	draws := newDice(seed, "restart", link.Ref)
	rhythm := 40*day + draws.duration(260*day)
	first := time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC).Add(-draws.duration(rhythm))
	restarts := now.Sub(first) / rhythm
	return first.Add(restarts * rhythm), 1 + int32(restarts)
}

// set changes what befell a link. A router whose power is back has restarted.
func (a *Agents) set(ref string, condition Condition, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.byRef[ref]
	if r == nil {
		return
	}
	r.count(now)
	if r.condition.Off && !condition.Off {
		r.booted, r.carried = now, Octets{}
		r.boots++
	}
	r.condition = condition
}

// count adds what was carried since the last time: nothing over a dead line or
// through a dead router.
func (r *router) count(now time.Time) {
	if now.Before(r.counted) {
		return
	}
	if r.condition == (Condition{}) {
		more := r.traffic.Carried(r.counted, now)
		r.carried.Down += more.Down
		r.carried.Up += more.Up
	}
	r.counted = now
}

// Answer returns what the router at an address answers to a request. The error
// says why there is no answer.
func (a *Agents) Answer(addr netip.Addr, request []byte, now time.Time) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.byAddr[addr]
	if r == nil || r.condition.Off {
		return nil, fmt.Errorf("lab: no router runs at %v", addr)
	}
	r.count(now)
	return agent.Answer(request, Community, r.objects(now))
}

// The names of what a router tells: RFC 3418, 2863 and 3411.
var (
	oidSystem  = agent.OID{1, 3, 6, 1, 2, 1, 1}
	oidIfTable = agent.OID{1, 3, 6, 1, 2, 1, 2, 2, 1}
	oidIfX     = agent.OID{1, 3, 6, 1, 2, 1, 31, 1, 1, 1}
	oidEngine  = agent.OID{1, 3, 6, 1, 6, 3, 10, 2, 1}
)

// objects returns what the router tells now, in order.
func (r *router) objects(now time.Time) []agent.Object {
	up := now.Sub(r.booted)
	objects := []agent.Object{
		{Name: oidSystem.With(1, 0), Value: agent.Text("Routeur simulé")},
		// It wraps after 497 days, as it does everywhere.
		{Name: oidSystem.With(3, 0), Value: agent.Ticks(uint32(up / (10 * time.Millisecond)))},
		{Name: oidSystem.With(5, 0), Value: agent.Text(r.link.Ref)},
		{Name: oidEngine.With(2, 0), Value: agent.Integer(r.boots)},
		{Name: oidEngine.With(3, 0), Value: agent.Integer(int32(up / time.Second))},
	}
	objects = append(objects, r.health(now)...)
	faces := r.interfaces()
	for _, i := range faces {
		objects = append(objects, i.objects()...)
	}
	if r.constantFor != r.boots {
		r.constant, r.constantFor = r.carries(faces[0].index, faces[1].index), r.boots
	}
	objects = append(objects, r.constant...)
	slices.SortFunc(objects, func(a, b agent.Object) int { return slices.Compare(a.Name, b.Name) })
	return objects
}

// face is one interface of a router.
type face struct {
	index       uint32
	name, alias string
	up          bool
	megabits    uint32
	in, out     uint64
}

// interfaces returns wan0 and lan0. Their indexes change places at each restart,
// as those of some routers do.
func (r *router) interfaces() []face {
	wan, lan := uint32(2), uint32(1)
	if r.boots%2 == 0 {
		wan, lan = lan, wan
	}
	rate := max(r.link.DownKbps, r.link.UpKbps) / 1000
	return []face{
		{wan, "wan0", r.link.Ref, !r.condition.Cut, uint32(rate), r.carried.Down, r.carried.Up},
		{lan, "lan0", "Réseau de l'établissement", true, 1000, r.carried.Up, r.carried.Down},
	}
}

func (f face) objects() []agent.Object {
	state := int32(stateDown)
	if f.up {
		state = stateUp
	}
	return []agent.Object{
		{Name: oidIfTable.With(1, f.index), Value: agent.Integer(int32(f.index))},
		{Name: oidIfTable.With(2, f.index), Value: agent.Text(f.name)},
		{Name: oidIfTable.With(8, f.index), Value: agent.Integer(state)},
		{Name: oidIfX.With(1, f.index), Value: agent.Text(f.name)},
		{Name: oidIfX.With(6, f.index), Value: agent.Counter64(f.in)},
		{Name: oidIfX.With(10, f.index), Value: agent.Counter64(f.out)},
		{Name: oidIfX.With(15, f.index), Value: agent.Gauge(f.megabits)},
		{Name: oidIfX.With(18, f.index), Value: agent.Text(f.alias)},
		{Name: oidIfX.With(19, f.index), Value: agent.Ticks(0)},
	}
}
