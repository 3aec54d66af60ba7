package probe_test

import (
	"strings"
	"testing"

	"vigie/probe"
)

func TestAHealthThatNoDeviceHasIsRefused(t *testing.T) {
	t.Parallel()
	for want, h := range map[string]probe.Health{
		"cpu: 101, expected 0 to 100":               {CPU: probe.Tell(101)},
		"memory: -1, expected 0 to 100":             {Memory: probe.Tell(-1)},
		"temperature: 2001, expected -1000 to 2000": {Temperature: probe.Tell(2001)},
		"battery: 5 and not told, expected 0":       {Battery: probe.Figure{Value: 5}},
		"on battery: 3, expected 0 to 2":            {OnBattery: 3},
		"a text of 256 octets, expected at most":    {RestartCause: strings.Repeat("x", 256)},
	} {
		b := probe.Batch{Polls: []probe.Poll{{Link: 7, Health: h}}}
		if _, err := b.MarshalBinary(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
	crowd := probe.Batch{Polls: []probe.Poll{{Link: 7, Further: make([]probe.Interface, 4)}}}
	if _, err := crowd.MarshalBinary(); err == nil || !strings.Contains(err.Error(), "4 further interfaces, at most 3") {
		t.Errorf("got error %v", err)
	}
}

func TestATrapThatNoDeviceSentIsRefused(t *testing.T) {
	t.Parallel()
	for want, trap := range map[string]probe.Trap{
		"the numbers of an object": {Name: "coldStart", Means: probe.MeansColdStart},
		`means: "dead"`:            {Name: "1.3", Means: "dead"},
		"that can be shown":        {Name: "1.3", Means: probe.MeansOther, Interface: "a\x07"},
		"repeated: -1":             {Name: "1.3", Means: probe.MeansOther, Repeated: -1},
	} {
		_, err := probe.Batch{Reports: []probe.Report{{Link: 7, Finding: &trap}}}.MarshalBinary()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
}
