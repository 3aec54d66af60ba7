package snmp_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/lab/agent"
	"vigie/probe"
	"vigie/probe/snmp"
)

var (
	hrProcessorLoad = agent.OID{1, 3, 6, 1, 2, 1, 25, 3, 3, 1, 2}
	hrStorage       = agent.OID{1, 3, 6, 1, 2, 1, 25, 2, 3, 1}
	hrStorageRAM    = agent.OID{1, 3, 6, 1, 2, 1, 25, 2, 1, 2}
	hrStorageDisk   = agent.OID{1, 3, 6, 1, 2, 1, 25, 2, 1, 4}
	sensor          = agent.OID{1, 3, 6, 1, 2, 1, 99, 1, 1, 1}
	ups             = agent.OID{1, 3, 6, 1, 2, 1, 33, 1}
	cisco           = agent.OID{1, 3, 6, 1, 4, 1, 9}
)

// healthy is a device with two processors, memory beside a disk, sensors of which one
// is broken and one tells volts, and a UPS on battery.
func healthy() []agent.Object {
	objects := append(uptime(),
		agent.Object{Name: system.With(2, 0), Value: agent.Identifier(agent.OID{1, 3, 6, 1, 4, 1, 4242, 1})},
		agent.Object{Name: hrProcessorLoad.With(1), Value: agent.Integer(20)},
		agent.Object{Name: hrProcessorLoad.With(7), Value: agent.Integer(40)},
		agent.Object{Name: ups.With(4, 1, 0), Value: agent.Integer(5)},
		agent.Object{Name: ups.With(2, 3, 0), Value: agent.Integer(42)},
	)
	for row, storage := range []struct {
		kind       agent.OID
		size, used int32
	}{{hrStorageDisk, 100, 90}, {hrStorageRAM, 8, 3}} {
		index := uint32(row + 1)
		objects = append(objects,
			agent.Object{Name: hrStorage.With(2, index), Value: agent.Identifier(storage.kind)},
			agent.Object{Name: hrStorage.With(5, index), Value: agent.Integer(storage.size)},
			agent.Object{Name: hrStorage.With(6, index), Value: agent.Integer(storage.used)})
	}
	for row, s := range [][5]int32{ // type, scale, precision, value, state
		{8, 9, 1, 385, 1}, {8, 9, 0, 99, 3}, {4, 9, 0, 230, 1}, {8, 8, 0, 40_000, 1}, {8, 9, 0, 12, 1},
	} {
		for column, value := range s {
			objects = append(objects, agent.Object{Name: sensor.With(uint32(column+1), uint32(row+1)), Value: agent.Integer(value)})
		}
	}
	return objects
}

func healthOf(t *testing.T, objects []agent.Object) probe.Health {
	t.Helper()
	table := &table{}
	table.tell(objects)
	got := careful(t).Poll(t.Context(), asked(serve(t, table.answer)))
	if got.Problem != "" {
		t.Errorf("problem %q", got.Problem)
	}
	return got.Health
}

func TestAnyDeviceTellsWhatTheStandardsHaveItTell(t *testing.T) {
	t.Parallel()
	want := probe.Health{
		Profile: "RFC 2790, 3433, 1628", CPU: probe.Tell(30), Memory: probe.Tell(38), Temperature: probe.Tell(400),
		OnBattery: probe.Yes, Battery: probe.Tell(42),
	}
	if diff := cmp.Diff(want, healthOf(t, healthy())); diff != "" {
		t.Errorf("health (-want +got):\n%s", diff)
	}
}

// put replaces or adds an object.
func put(objects []agent.Object, name agent.OID, value agent.Value) []agent.Object {
	out := slices.DeleteFunc(slices.Clone(objects), func(o agent.Object) bool { return slices.Equal(o.Name, name) })
	return append(out, agent.Object{Name: name, Value: value})
}

func TestAValueOutOfItsRangeIsNotTold(t *testing.T) {
	t.Parallel()
	objects := put(healthy(), hrProcessorLoad.With(1), agent.Integer(250))
	objects = put(objects, hrProcessorLoad.With(7), agent.Integer(250))
	objects = put(objects, hrStorage.With(6, 2), agent.Integer(-3))
	objects = put(objects, ups.With(2, 3, 0), agent.Integer(-1))
	objects = put(objects, ups.With(4, 1, 0), agent.Integer(3))
	got := healthOf(t, objects)
	want := probe.Health{Profile: "RFC 2790, 3433, 1628", Temperature: probe.Tell(400), OnBattery: probe.No}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("health (-want +got):\n%s", diff)
	}
}

func TestAVendorsObjectsGoBeforeThoseOfAnyDevice(t *testing.T) {
	t.Parallel()
	objects := put(healthy(), system.With(2, 0), agent.Identifier(cisco.With(1, 2973)))
	objects = append(objects,
		agent.Object{Name: cisco.With(9, 109, 1, 1, 1, 1, 7, 1), Value: agent.Gauge(77)},
		agent.Object{Name: cisco.With(2, 1, 2, 0), Value: agent.Text("power-on\x00")},
	)
	want := probe.Health{
		Profile: "Cisco IOS", CPU: probe.Tell(77), Memory: probe.Tell(38), Temperature: probe.Tell(400),
		OnBattery: probe.Yes, Battery: probe.Tell(42), RestartCause: "power-on",
	}
	if diff := cmp.Diff(want, healthOf(t, objects)); diff != "" {
		t.Errorf("health (-want +got):\n%s", diff)
	}
}

// interfaced adds interfaces to a device.
func TestPowerSuppliesThatFailedAreCounted(t *testing.T) {
	t.Parallel()
	state, class := agent.OID{1, 3, 6, 1, 2, 1, 131, 1, 1, 1, 3}, agent.OID{1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 5}
	supply, fru := cisco.With(9, 13, 1, 5, 1, 3), cisco.With(9, 117, 1, 1, 2, 1, 2)
	const fan, power = 7, 6
	number := func(column agent.OID, index uint32, value int32) agent.Object {
		return agent.Object{Name: column.With(index), Value: agent.Integer(value)}
	}
	for name, test := range map[string]struct {
		objects []agent.Object
		want    probe.Figure
	}{
		"no table of them": {nil, probe.Figure{}},
		"of ENTITY-STATE-MIB, a fan beside": {
			[]agent.Object{number(class, 1, power), number(class, 2, power), number(class, 3, fan), number(state, 1, 3), number(state, 2, 2), number(state, 3, 2)},
			probe.Tell(1),
		},
		"of which nobody knows": {[]agent.Object{number(class, 1, power), number(state, 1, 1)}, probe.Figure{}},
		"of Cisco, one empty bay": {
			[]agent.Object{number(supply, 1, 1), number(supply, 2, 5), number(supply, 3, 6), number(supply, 4, 3)}, probe.Tell(2),
		},
		"of Cisco, all well":           {[]agent.Object{number(supply, 1, 1), number(supply, 2, 2)}, probe.Tell(0)},
		"of Cisco, as exchanged units": {[]agent.Object{number(class, 3, power), number(class, 4, fan), number(fru, 3, 8), number(fru, 4, 8)}, probe.Tell(1)},
	} {
		objects := put(append(uptime(), test.objects...), system.With(2, 0), agent.Identifier(cisco.With(1, 42)))
		if got := healthOf(t, objects).FailedSupplies; got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}

func interfaced(objects []agent.Object, ports ...port) []agent.Object {
	for _, p := range ports {
		objects = append(objects, p.objects()...)
	}
	return objects
}

func TestHealthAndFourInterfacesTakeTwoRequests(t *testing.T) {
	t.Parallel()
	table := &table{}
	backup := port{3, "lte0", "secours", 7, 8}
	guest := port{4, "vlan9", "invites BRE-1001", 9, 10}
	table.tell(interfaced(healthy(), lan, wan, backup, guest))
	r, p := asked(serve(t, table.answer)), careful(t)
	r.Interface, r.Further = "wan0", [probe.MaxFurther]string{"lan0", "secours", "vlan9"}
	first := p.Poll(t.Context(), r)
	met := table.requests()
	again := p.Poll(t.Context(), r)
	if asked := table.requests() - met; asked > 2 {
		t.Errorf("a device that is known was asked %d times, want 2", asked)
	}
	if diff := cmp.Diff(first, again, exceptTime); diff != "" || first.Health.CPU != probe.Tell(30) {
		t.Errorf("met %+v, remembered (-met +remembered):\n%s", first, diff)
	}
	var names []string
	for _, i := range append([]probe.Interface{again.Access}, again.Further...) {
		names = append(names, i.Name)
	}
	if want := []string{"wan0", "lan0", "lte0", "vlan9"}; !slices.Equal(names, want) {
		t.Errorf("interfaces %q, want %q", names, want)
	}
}

func TestWithoutNamesTheOthersOfTheLinkAreLookedAt(t *testing.T) {
	t.Parallel()
	table := router(lan, wan, port{3, "lte0", "secours de BRE-1001", 7, 8})
	got := poller(t).Poll(t.Context(), asked(serve(t, table.answer)))
	if got.Access.Name != "wan0" || len(got.Further) != 1 || got.Further[0].Name != "lte0" {
		t.Errorf("interfaces %+v and %+v, want wan0 and lte0", got.Access, got.Further)
	}
}

func TestADeviceThatWasReplacedOrRestartedIsLearnedAnew(t *testing.T) {
	t.Parallel()
	table := &table{}
	table.tell(healthy())
	r, p := asked(serve(t, table.answer)), careful(t)
	p.Poll(t.Context(), r)
	replaced := put(healthy(), system.With(2, 0), agent.Identifier(cisco.With(1, 1)))
	replaced = append(replaced, agent.Object{Name: cisco.With(9, 109, 1, 1, 1, 1, 7, 1), Value: agent.Gauge(77)})
	table.tell(replaced)
	if got := p.Poll(t.Context(), r).Health; got.Profile != "Cisco IOS" || got.CPU != probe.Tell(77) {
		t.Errorf("after it was replaced: %+v, want a Cisco at 77 %%", got)
	}
	// The processors of its next life have other indexes.
	restarted := put(replaced, framing.With(2, 0), agent.Integer(8))
	restarted = slices.DeleteFunc(restarted, func(o agent.Object) bool { return slices.Equal(o.Name, cisco.With(9, 109, 1, 1, 1, 1, 7, 1)) })
	table.tell(append(restarted, agent.Object{Name: cisco.With(9, 109, 1, 1, 1, 1, 7, 5), Value: agent.Gauge(11)}))
	if got := p.Poll(t.Context(), r).Health; got.CPU != probe.Tell(11) {
		t.Errorf("after its restart: %+v, want 11 %%", got)
	}
}

func TestADeviceThatFallsSilentOverItsHealthIsStillPolled(t *testing.T) {
	t.Parallel()
	table := &table{}
	table.tell(interfaced(healthy(), lan, wan))
	r := asked(serve(t, func(request []byte) [][]byte {
		for _, v := range decoded(t, request).Variables {
			if len(v.Name) > 19 && v.Name[:19] == ".1.3.6.1.2.1.25.3.3" {
				return nil
			}
		}
		return table.answer(request)
	}))
	p, err := snmp.New(snmp.Options{Timeout: 100 * time.Millisecond, InFlight: 1, Profiles: shipped(t)})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got := p.Poll(t.Context(), r)
		if got.Problem != "" || got.Access.Name != "wan0" || got.Boots != 7 || got.Health.CPU.Told {
			t.Errorf("poll %+v, want its interface and its uptime", got)
		}
	}
}

func TestManySensorsAreAskedForWithinBounds(t *testing.T) {
	t.Parallel()
	objects := healthy()
	for row := range uint32(100) {
		for column, value := range [5]int32{8, 9, 0, int32(row), 1} {
			objects = append(objects, agent.Object{Name: sensor.With(uint32(column+1), 100+row), Value: agent.Integer(value)})
		}
	}
	table := &table{}
	table.tell(objects)
	r, p := asked(serve(t, table.answer)), careful(t)
	p.Poll(t.Context(), r)
	met := table.requests()
	if got := p.Poll(t.Context(), r).Health.Temperature; got != probe.Tell(990) {
		t.Errorf("the hottest is %+v, want 99 degrees", got)
	}
	if asked := table.requests() - met; asked > 1 {
		t.Errorf("%d requests, want 1", asked)
	}
}
