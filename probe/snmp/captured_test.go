package snmp_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
	"vigie/probe/snmp"
)

// careful asks for health too.
func careful(t *testing.T) *snmp.Poller {
	t.Helper()
	p, err := snmp.New(snmp.Options{Timeout: 2 * time.Second, Retries: 1, InFlight: 8, Profiles: shipped(t)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// How the captured devices were. One that is not here told nothing of it.
var captureHealth = map[string]probe.Health{
	"adva_fsp150_ge112":        {Profile: "Adva FSP 150", Temperature: probe.Tell(330)},
	"aos6_aos6":                {Profile: "ALE OmniSwitch AOS 6"},
	"arubaos-cx_nac":           {Profile: "ArubaOS-CX"},
	"fortigate_100e":           {Profile: "Fortinet FortiGate", CPU: probe.Tell(6), Memory: probe.Tell(22)},
	"ios_nac":                  {Profile: "Cisco IOS"},
	"iosxe_c1100tgx":           {Profile: "Cisco IOS", CPU: probe.Tell(28), Memory: probe.Tell(26), Temperature: probe.Tell(330), FailedSupplies: probe.Tell(0)},
	"iosxe_isr4321":            {Profile: "Cisco IOS", Temperature: probe.Tell(390), FailedSupplies: probe.Tell(0)},
	"junos_rpm":                {Profile: "Juniper Junos", CPU: probe.Tell(38), Memory: probe.Tell(70), Temperature: probe.Tell(450), FailedSupplies: probe.Tell(0)},
	"oneaccess_lbb350":         {Profile: "OneAccess OneOS", CPU: probe.Tell(71), Memory: probe.Tell(42)},
	"oneaccess_oneaccess-sdsl": {Profile: "OneAccess OneOS", CPU: probe.Tell(9), Memory: probe.Tell(71)},
	"procurve_e2910":           {Profile: "HP ProCurve", CPU: probe.Tell(37), Memory: probe.Tell(27), Temperature: probe.Tell(310), FailedSupplies: probe.Tell(0)},
	"routeros_rb750gr3":        {Profile: "MikroTik RouterOS", CPU: probe.Tell(6), Memory: probe.Tell(24), Temperature: probe.Tell(380)},
	"routeros_wifi":            {Profile: "MikroTik RouterOS", CPU: probe.Tell(1), Memory: probe.Tell(21)},
	"teldat":                   {Profile: "Teldat"},
	"vrp_ar169sfp":             {Profile: "Huawei VRP", CPU: probe.Tell(24), Memory: probe.Tell(58), Temperature: probe.Tell(440)},
}

func TestEveryCapturedDeviceTellsHowItIs(t *testing.T) {
	t.Parallel()
	_, names := devices(t)
	p := careful(t)
	for _, name := range names {
		want, known := captureHealth[name]
		if !known {
			t.Errorf("%s: nobody said how it was", name)
		}
		for _, when := range []string{"met", "remembered"} {
			got := p.Poll(t.Context(), device(t, name))
			if diff := cmp.Diff(want, got.Health); diff != "" || got.Problem != "" {
				t.Errorf("%s, %s: problem %q, health (-want +got):\n%s", name, when, got.Problem, diff)
			}
		}
	}
}

// expected is what another program read from a capture.
type expected struct {
	Processors struct {
		Discovery struct {
			List []struct {
				Name  string  `json:"processor_oid"`
				Usage float64 `json:"processor_usage"`
			} `json:"processors"`
		} `json:"discovery"`
	} `json:"processors"`
	Mempools struct {
		Discovery struct {
			List []struct {
				Kind    string  `json:"mempool_type"`
				Percent float64 `json:"mempool_perc"`
			} `json:"mempools"`
		} `json:"discovery"`
	} `json:"mempools"`
	Sensors struct {
		Discovery struct {
			List []struct {
				Class   string  `json:"sensor_class"`
				Name    string  `json:"sensor_oid"`
				Current float64 `json:"sensor_current"`
			} `json:"sensors"`
		} `json:"discovery"`
	} `json:"sensors"`
}

// ours are the objects that both programs read, as far as their names begin alike.
var ours = []string{
	".1.3.6.1.4.1.12356.101.4.1.3.", ".1.3.6.1.4.1.2636.3.1.13.1.", ".1.3.6.1.4.1.13191.10.3.3.1.2.3.1.3.", ".1.3.6.1.4.1.11.2.14.11.5.1.9.6.1.",
	".1.3.6.1.4.1.2011.5.25.31.1.1.1.1.", ".1.3.6.1.4.1.2544.1.12.3.1.25.1.6.", ".1.3.6.1.4.1.9.9.91.1.1.1.1.4.", ".1.3.6.1.2.1.99.1.1.1.4.",
	".1.3.6.1.4.1.14988.1.1.3.100.1.3.",
}

func both(name string) bool {
	for _, prefix := range ours {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// TestAnotherProgramReadTheSame compares the highest processor, the first memory and
// the highest temperature, where both programs read the same objects.
func TestAnotherProgramReadTheSame(t *testing.T) {
	t.Parallel()
	_, names := devices(t)
	p, compared := careful(t), 0
	agree := func(name, what string, f probe.Figure, value float64, parts float64) {
		compared++
		if apart := float64(f.Value)/parts - value; !f.Told || apart < -0.5 || apart > 0.5 {
			t.Errorf("%s: %s %+v, another program read %v", name, what, f, value)
		}
	}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(captures, name+".expected.json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var other expected
		if err == nil {
			err = json.Unmarshal(content, &other)
		}
		if err != nil {
			t.Fatal(err)
		}
		got := p.Poll(t.Context(), device(t, name)).Health
		cpu, temperature := -1.0, -1.0
		for _, processor := range other.Processors.Discovery.List {
			if both(processor.Name) {
				cpu = max(cpu, processor.Usage)
			}
		}
		for _, sensor := range other.Sensors.Discovery.List {
			if sensor.Class == "temperature" && both(sensor.Name) {
				temperature = max(temperature, sensor.Current)
			}
		}
		if cpu >= 0 {
			agree(name, "processor", got.CPU, cpu, 1)
		}
		if temperature >= 0 {
			agree(name, "temperature", got.Temperature, temperature, 10)
		}
		if pools := other.Mempools.Discovery.List; len(pools) > 0 && pools[0].Kind != "cemp" { // another pool of Cisco's
			agree(name, "memory", got.Memory, pools[0].Percent, 1)
		}
	}
	if compared < 20 {
		t.Errorf("%d figures compared, want 20 or more", compared)
	}
}

// column reads a column of a capture with one number as index.
func column(t *testing.T, name, oid string) map[int]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(captures, name+".snmprec"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[int]string{}
	for line := range strings.Lines(string(content)) {
		parts := strings.SplitN(strings.TrimSpace(line), "|", 3)
		suffix, inside := strings.CutPrefix(parts[0], oid+".")
		if index, err := strconv.Atoi(suffix); inside && err == nil && len(parts) == 3 {
			out[index] = parts[2]
		}
	}
	return out
}

func TestEveryCapturedDeviceTellsOfTheInterfacesThatAreNamed(t *testing.T) {
	t.Parallel()
	_, names := devices(t)
	p := careful(t)
	for _, name := range names {
		interfaces, octets := column(t, name, "1.3.6.1.2.1.31.1.1.1.1"), column(t, name, "1.3.6.1.2.1.31.1.1.1.6")
		states := column(t, name, "1.3.6.1.2.1.2.2.1.8")
		byName := map[string]int{}
		for index, text := range interfaces {
			if lowest, twice := byName[text]; text != "" && (!twice || index < lowest) {
				byName[text] = index
			}
		}
		r := device(t, name)
		var wanted []string
		for text := range byName {
			if strings.TrimSpace(text) == text {
				wanted = append(wanted, text)
			}
		}
		if len(wanted) < 3 {
			t.Logf("%s names %d interfaces", name, len(wanted))
			continue
		}
		r.Interface, r.Further = wanted[0], [probe.MaxFurther]string{wanted[1], wanted[2]}
		got := p.Poll(t.Context(), r)
		told := append([]probe.Interface{got.Access}, got.Further...)
		if len(told) != 3 {
			t.Errorf("%s: told of %d interfaces, asked for %q: %+v", name, len(told), wanted[:3], got)
			continue
		}
		for i, one := range told {
			index := byName[one.Name]
			if one.Name != wanted[i] || one.Index != index || one.Up != (states[index] == "1") {
				t.Errorf("%s: %+v, want %s at %d in state %s", name, one, wanted[i], index, states[index])
			}
			if one.Counted && strconv.FormatUint(one.InOctets, 10) != octets[index] {
				t.Errorf("%s: %s counted %d octets, want %s", name, one.Name, one.InOctets, octets[index])
			}
			if one.SpeedBits < 0 || one.SpeedBits > 1e12 {
				t.Errorf("%s: %s has a speed of %d bit/s", name, one.Name, one.SpeedBits)
			}
		}
	}
}
