package snmp_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"vigie/configs"
	"vigie/probe/snmp"
)

// shipped are the profiles that Vigie ships.
func shipped(t testing.TB) *snmp.Profiles {
	t.Helper()
	folder, err := configs.SNMPProfiles()
	if err != nil {
		t.Fatal(err)
	}
	profiles, err := snmp.ReadProfiles(folder)
	if err != nil {
		t.Fatal(err)
	}
	return profiles
}

func TestADeviceHasTheProfileOfTheLongestPrefix(t *testing.T) {
	t.Parallel()
	profiles := shipped(t)
	for object, want := range map[snmp.OID]string{
		"1.3.6.1.4.1.9.1.2973":            "Cisco IOS",
		"1.3.6.1.4.1.6486.800.1.1.2.1.12": "ALE OmniSwitch AOS 6",
		"1.3.6.1.4.1.6486.801.1.1":        "ALE OmniSwitch AOS 7/8",
		"1.3.6.1.4.1.11.2.3.7.11.84":      "HP ProCurve",
		"1.3.6.1.4.1.11.2.3.9.1":          "RFC 2790, 3433, 1628",
		"1.3.6.1.4.1.99.1":                "RFC 2790, 3433, 1628", // not 1.3.6.1.4.1.9
		"1.3.6.1.4.1.13191":               "OneAccess OneOS",
		"":                                "RFC 2790, 3433, 1628",
		"0.0":                             "RFC 2790, 3433, 1628",
	} {
		if got := profiles.For(object).Name; got != want {
			t.Errorf("%q has the profile %q, want %q", object, got, want)
		}
	}
	cisco := profiles.For("1.3.6.1.4.1.9.1.1")
	if last := cisco.Temperature[len(cisco.Temperature)-1].Sensors; last != "1.3.6.1.2.1.99.1.1.1" {
		t.Errorf("behind its own sources stands %q, want that of any device", last)
	}
}

func TestProfilesOfAnInstallationTakeThePlaceOfOurs(t *testing.T) {
	t.Parallel()
	own, err := snmp.ReadProfiles(fstest.MapFS{
		"teldat.yaml": {Data: []byte("name: Our Teldat\nmatch: [1.3.6.1.4.1.2007]\n")},
		"core.yaml":   {Data: []byte("name: Core routers\nmatch: [1.3.6.1.4.1.9.1.1, 1.3.6.1.4.1.2636]\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	profiles, err := shipped(t).Over(own)
	if err != nil {
		t.Fatal(err)
	}
	for object, want := range map[snmp.OID]string{
		"1.3.6.1.4.1.2007.1": "Our Teldat", "1.3.6.1.4.1.9.1.1.5": "Core routers", "1.3.6.1.4.1.2636.1": "Core routers",
		"1.3.6.1.4.1.9.1.2": "Cisco IOS", "1.3.6.1.4.1.4242": "RFC 2790, 3433, 1628",
	} {
		if got := profiles.For(object).Name; got != want {
			t.Errorf("%s has the profile %q, want %q", object, got, want)
		}
	}
}

func TestAProfileNamesItsMistake(t *testing.T) {
	t.Parallel()
	for want, text := range map[string]string{
		"empty, expected a profile":                                           "",
		`line 2: unknown key "cpus"; configs/README.md lists them`:            "name: a\ncpus: []\n",
		`line 3: unknown key "vale"; configs/README.md lists them`:            "name: a\ncpu:\n  - {vale: 1.3.6.1.4.1.1.0}\n",
		`name: "", expected 1 to 60 octets`:                                   "match: [1.3.6.1.4.1.1]\n",
		`line 2: "1.3.6", expected the name of an object such as`:             "name: a\nmatch: [1.3.6]\n",
		`line 2: "1.3.6.1.4.1.01", expected the name`:                         "name: a\nmatch: [1.3.6.1.4.1.01]\n",
		`line 3: take: "median", expected max, mean or first`:                 "name: a\ncpu:\n  - {value: 1.3.6.1.4.1.1, take: median}\n",
		"line 4: cpu: expected one of value, sensors, or two of used":         "name: a\ncpu:\n  - {value: 1.3.6.1.4.1.1.0}\n  - {scale: 2}\n",
		"line 3: memory: used, free and total: expected two of the three":     "name: a\nmemory:\n  - {used: 1.3.6.1.4.1.1.0}\n",
		"line 3: memory: objects and columns together, expected one kind":     "name: a\nmemory:\n  - {used: 1.3.6.1.4.1.1.0, free: 1.3.6.1.4.1.2}\n",
		"line 3: cpu: where or take of an object, expected a column":          "name: a\ncpu:\n  - {value: 1.3.6.1.4.1.1.0, take: max}\n",
		"line 3: temperature: scale: -1, expected more than 0":                "name: a\ntemperature:\n  - {value: 1.3.6.1.4.1.1.0, scale: -1}\n",
		"line 3: on_battery: is: expected for on_battery and failed_supplies": "name: a\non_battery:\n  - {value: 1.3.6.1.4.1.1.0}\n",
		"line 3: cpu: is: expected for on_battery and failed_supplies, and":   "name: a\ncpu:\n  - {value: 1.3.6.1.4.1.1.0, is: [1]}\n",
		"line 3: failed_supplies: expected the value of an object or of a":    "name: a\nfailed_supplies:\n  - {value: 1.3.6.1.4.1.1, take: max, is: [1]}\n",
		"line 3: restart_cause: expected the value of one object":             "name: a\nrestart_cause:\n  - {value: 1.3.6.1.4.1.1}\n",
		"line 3: cpu: where: expected a column and one of is, not and holds":  "name: a\ncpu:\n  - {value: 1.3.6.1.4.1.1, where: {column: 1.3.6.1.4.1.2}}\n",
		`line 3: traps: means: "fire", expected one of cold-start`:            "name: a\ntraps:\n  - {trap: 1.3.6.1.4.1.1.0.1, means: fire}\n",
		"line 3: traps: with: expected a column and is":                       "name: a\ntraps:\n  - {trap: 1.3.6.1.4.1.1.0.1, means: last-gasp, with: {column: 1.3.6.1.4.1.1}}\n",
		"more than one document, expected one":                                "name: a\n---\nname: b\n",
		"octets, expected at most 65536":                                      "name: a\n#" + strings.Repeat("x", 1<<16),
	} {
		_, err := snmp.ParseProfile("own.yaml", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), "own.yaml: ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got error %v\nwant own.yaml: ... %s", err, want)
		}
	}
}

func TestTwoProfilesOfTheSameDevicesAreRefused(t *testing.T) {
	t.Parallel()
	for want, files := range map[string]fstest.MapFS{
		"a.yaml and b.yaml both match 1.3.6.1.4.1.9, expected one": {
			"a.yaml": {Data: []byte("name: a\nmatch: [1.3.6.1.4.1.9]\n")}, "b.yaml": {Data: []byte("name: b\nmatch: [1.3.6.1.4.1.9]\n")},
		},
		"a.yaml and b.yaml both match every device, expected one": {
			"a.yaml": {Data: []byte("name: a\n")}, "b.yaml": {Data: []byte("name: b\n")},
		},
	} {
		if _, err := snmp.ReadProfiles(files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
}

func FuzzProfile(f *testing.F) {
	f.Add("name: a\nmatch: [1.3.6.1.4.1.9]\ncpu:\n  - {value: 1.3.6.1.4.1.1, where: {column: 1.3.6.1.4.1.2, is: [a]}, take: mean}\n")
	f.Add("name: a\nmemory: &m\n  - {used: [1.3.6.1.4.1.1.0], free: 1.3.6.1.4.1.2.0}\ncpu: *m\n")
	f.Add("name: a\ntraps:\n  - {trap: 1.3.6.1.4.1.1.0.1, means: last-gasp, with: {column: 1.3.6.1.4.1.1, is: [1]}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := snmp.ParseProfile("fuzz.yaml", []byte(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "fuzz.yaml: ") {
				t.Errorf("error %v does not name the file", err)
			}
			return
		}
		profiles, err := snmp.NewProfiles([]snmp.Profile{p})
		if err != nil {
			return // twice the same prefix
		}
		for _, prefix := range p.Match {
			if got := profiles.For(prefix + ".1").Name; got != p.Name {
				t.Errorf("%s has the profile %q", prefix, got)
			}
		}
	})
}
