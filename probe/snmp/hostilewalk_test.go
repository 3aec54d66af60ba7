package snmp_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gosnmp/gosnmp"

	"vigie/probe"
	"vigie/probe/snmp"
)

// walked walks what respond answers.
func walked(t *testing.T, respond func(request []byte) [][]byte) probe.Device {
	t.Helper()
	got, err := poller(t).Walk(t.Context(), asked(serve(t, respond)))
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	return got
}

// refused is an answer that says an error.
func refused(t *testing.T, request []byte, why gosnmp.SNMPError) [][]byte {
	t.Helper()
	packet := decoded(t, request)
	packet.PDUType, packet.Error, packet.Variables = gosnmp.GetResponse, why, nil
	packet.NonRepeaters, packet.MaxRepetitions = 0, 0
	message, err := packet.MarshalMsg()
	if err != nil {
		t.Error(err)
	}
	return [][]byte{message}
}

// Whatever way an agent has of answering less, or in another order, the device is the
// same.
func TestAWalkComesToTheSameDeviceWithEveryAgent(t *testing.T) {
	t.Parallel()
	whole := timeless(walked(t, told(t, "campus").answer))
	kind := func(t *testing.T, request []byte) gosnmp.PDUType { return decoded(t, request).PDUType }
	for name, respond := range map[string]func(*testing.T, *table) func([]byte) [][]byte{
		"that finds large answers too big": func(t *testing.T, told *table) func([]byte) [][]byte {
			return func(request []byte) [][]byte {
				if p := decoded(t, request); p.PDUType == gosnmp.GetBulkRequest && p.MaxRepetitions > 5 || len(p.Variables) > 2 {
					return refused(t, request, gosnmp.TooBig)
				}
				return told.answer(request)
			}
		},
		"that knows no bulk": func(t *testing.T, told *table) func([]byte) [][]byte {
			return func(request []byte) [][]byte {
				if kind(t, request) == gosnmp.GetBulkRequest {
					return refused(t, request, gosnmp.GenErr)
				}
				return told.answer(request)
			}
		},
		"whose large answers are lost": func(t *testing.T, told *table) func([]byte) [][]byte {
			return func(request []byte) [][]byte {
				if decoded(t, request).MaxRepetitions > 5 {
					return nil
				}
				return told.answer(request)
			}
		},
		"that shuffles the rows": func(t *testing.T, told *table) func([]byte) [][]byte {
			return func(request []byte) [][]byte {
				answer := told.answer(request)
				if kind(t, request) != gosnmp.GetBulkRequest {
					return answer
				}
				objects := decoded(t, answer[0]).Variables
				rand.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
				return [][]byte{answering(t, request, encodable(objects)...)}
			}
		},
		"that says the end in the middle": func(t *testing.T, told *table) func([]byte) [][]byte {
			return func(request []byte) [][]byte {
				answer := told.answer(request)
				if kind(t, request) != gosnmp.GetBulkRequest {
					return answer
				}
				objects := encodable(decoded(t, answer[0]).Variables)
				end := gosnmp.SnmpPDU{Name: decoded(t, request).Variables[0].Name, Type: gosnmp.EndOfMibView}
				return [][]byte{answering(t, request, slices.Insert(objects, min(1, len(objects)), end)...)}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := timeless(walked(t, respond(t, told(t, "campus"))))
			if diff := cmp.Diff(whole, got, sameAddr); diff != "" {
				t.Errorf("device (-whole +got):\n%s", diff)
			}
		})
	}
}

// encodable makes objects that the library decoded such that it encodes them.
func encodable(objects []gosnmp.SnmpPDU) []gosnmp.SnmpPDU {
	for i, v := range objects {
		if octets, ok := v.Value.([]byte); ok {
			objects[i].Value = string(octets)
		}
		if number, ok := v.Value.(uint); ok {
			objects[i].Value = uint32(number)
		}
	}
	return objects
}

func TestAWalkInCirclesEnds(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	table := router(lan, wan)
	got := walked(t, func(request []byte) [][]byte {
		requests.Add(1)
		if decoded(t, request).PDUType == gosnmp.GetRequest {
			return table.answer(request)
		}
		column := strings.TrimPrefix(decoded(t, request).Variables[0].Name, ".")
		if strings.HasPrefix(column, "1.3.6.1.2.1.31.1.1.1.18") {
			return [][]byte{answering(t, request, alias(1, "round"), alias(2, "and round"), alias(1, "round"))}
		}
		return table.answer(request)
	})
	if len(got.Ports) != 2 || got.Ports[0].Alias != "round" || got.Problem != "" || requests.Load() > 100 {
		t.Errorf("%+v after %d requests, want two ports, and no circle", got, requests.Load())
	}
}

func TestAnEndlessWalkIsCut(t *testing.T) {
	t.Parallel()
	table, next := router(lan, wan), 0
	got := walked(t, func(request []byte) [][]byte {
		name := decoded(t, request).Variables[0].Name
		if !strings.HasPrefix(name, ".1.3.6.1.2.1.4.22.1.2") {
			return table.answer(request)
		}
		rows := make([]gosnmp.SnmpPDU, 50)
		for i := range rows {
			next++
			rows[i] = gosnmp.SnmpPDU{
				Name: fmt.Sprintf(".1.3.6.1.2.1.4.22.1.2.1.10.%d.%d.%d", next>>16, next>>8&255, next&255),
				Type: gosnmp.OctetString, Value: "\x02\x00\x00\x00\x00\x01",
			}
		}
		return [][]byte{answering(t, request, rows...)}
	})
	if len(got.Hosts) != probe.MaxHosts || !slices.Equal(got.Cut, []string{"hosts"}) || len(got.Ports) != 2 {
		t.Errorf("%d hosts, %d ports, cut %v; want %d hosts that are not all, and 2 ports", len(got.Hosts), len(got.Ports), got.Cut, probe.MaxHosts)
	}
}

func TestAnAgentThatHidesOneTableIsReadWithoutIt(t *testing.T) {
	t.Parallel()
	told := told(t, "campus")
	got := walked(t, func(request []byte) [][]byte {
		if strings.HasPrefix(decoded(t, request).Variables[0].Name, ".1.3.6.1.2.1.31.1.2.1.3") {
			return nil
		}
		return told.answer(request)
	})
	if !slices.Equal(got.Cut, []string{"members"}) || len(got.Neighbours) != 3 || got.Problem != "" {
		t.Errorf("cut %v, %d neighbours, problem %q; want the rest of the device whole", got.Cut, len(got.Neighbours), got.Problem)
	}
}

func TestAnAgentThatDiesMidwayIsToldAsFarAsItWent(t *testing.T) {
	t.Parallel()
	told, dead := told(t, "campus"), false
	got := walked(t, func(request []byte) [][]byte {
		dead = dead || strings.HasPrefix(decoded(t, request).Variables[0].Name, ".1.3.6.1.2.1.4.34")
		if dead {
			return nil
		}
		return told.answer(request)
	})
	if len(got.Ports) != 4 || len(got.Addresses) != 0 || got.Problem != snmp.ProblemSilent {
		t.Errorf("%d ports, %d addresses, problem %q; want the ports and %q", len(got.Ports), len(got.Addresses), got.Problem, snmp.ProblemSilent)
	}
}

// No index and no value makes the reading of rows panic, or tell what cannot be stored.
func FuzzRowsOfADevice(f *testing.F) {
	f.Add("1.4.192.0.2.1", []byte("x"), int64(1), ".1.3.6.1.2.1.4.32.1.5.1.1.4.192.0.2.0.24")
	f.Add("900.1.1.1.4.192.0.2.20", []byte{2, 0, 0, 0, 0, 1}, int64(2), "0.0")
	f.Add("1.1.4.192.0.2.9", []byte("2:0:0:0:0:2"), int64(-1), ".1.3.6.1.4.1.9")
	f.Add("4.20.254.128.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.2", []byte{0x80, 0x80}, int64(1<<40), "")
	f.Fuzz(func(t *testing.T, index string, octets []byte, number int64, pointer string) {
		d := snmp.ReadRows(index, octets, number, pointer)
		if err := d.Validate(); err != nil {
			t.Error(err)
		}
		body, err := json.Marshal(&d)
		if err != nil {
			t.Fatal(err)
		}
		var again probe.Device
		if err := json.Unmarshal(body, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, again, sameAddr); diff != "" {
			t.Errorf("as JSON and back (-want +got):\n%s", diff)
		}
	})
}

func TestAnAgentThatAlwaysAnswersTheSameRowsIsNotWhole(t *testing.T) {
	t.Parallel()
	const ifDescr = ".1.3.6.1.2.1.2.2.1.2"
	got := walked(t, func(request []byte) [][]byte {
		return [][]byte{answering(t, request,
			gosnmp.SnmpPDU{Name: ifDescr + ".1", Type: gosnmp.OctetString, Value: "same"},
			gosnmp.SnmpPDU{Name: ifDescr + ".2", Type: gosnmp.OctetString, Value: "same"})}
	})
	if len(got.Ports) != 2 || !slices.Contains(got.Cut, "ports") {
		t.Errorf("%d interfaces, cut %v; want the two and that there may be more", len(got.Ports), got.Cut)
	}
}
