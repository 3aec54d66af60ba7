package stamp_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/probe/stamp"
)

type vector struct {
	ID             string    `json:"id"`
	Kind           string    `json:"kind"`
	Authenticated  bool      `json:"authenticated"`
	Sequence       uint32    `json:"sequence"`
	SSID           uint16    `json:"ssid"`
	Timestamp      [2]uint32 `json:"timestamp"`
	Error          estimate  `json:"error_estimate"`
	Receive        [2]uint32 `json:"receive_timestamp"`
	SenderSequence uint32    `json:"sender_sequence"`
	SenderTime     [2]uint32 `json:"sender_timestamp"`
	SenderError    estimate  `json:"sender_error_estimate"`
	TTL            uint8     `json:"sender_ttl"`
	Key            string    `json:"key"`
	Hex            string    `json:"hex"`
}

type estimate struct {
	S          int   `json:"s"`
	Z          int   `json:"z"`
	Scale      uint8 `json:"scale"`
	Multiplier uint8 `json:"multiplier"`
}

func (e estimate) value() stamp.ErrorEstimate {
	return stamp.ErrorEstimate{Synchronised: e.S == 1, PTP: e.Z == 1, Scale: e.Scale, Multiplier: e.Multiplier}
}

func timestamp(parts [2]uint32) stamp.Timestamp {
	return stamp.Timestamp(uint64(parts[0])<<32 | uint64(parts[1]))
}

// TestVectors encodes the agreed packets and decodes them back.
func TestVectors(t *testing.T) {
	t.Parallel()
	for _, v := range loadVectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			key, packet := octets(t, v.Key), octets(t, v.Hex)
			if v.Authenticated != (len(key) > 0) {
				t.Fatalf("authenticated is %v with a key of %d octets", v.Authenticated, len(key))
			}
			var encoded []byte
			var want, got any
			var err error
			switch v.Kind {
			case "sender":
				r := stamp.Request{Sequence: v.Sequence, SSID: v.SSID, Timestamp: timestamp(v.Timestamp), Error: v.Error.value()}
				want, encoded = r, r.Encode(key)
				got, err = stamp.ParseRequest(packet, key)
			case "reflector":
				r := stamp.Reply{
					Sequence: v.Sequence, SSID: v.SSID, Timestamp: timestamp(v.Timestamp), Error: v.Error.value(),
					Receive: timestamp(v.Receive), TTL: v.TTL,
					Sender: stamp.Request{Sequence: v.SenderSequence, Timestamp: timestamp(v.SenderTime), Error: v.SenderError.value()},
				}
				want, encoded = r, r.Encode(key)
				got, err = stamp.ParseReply(packet, key)
			default:
				t.Fatalf("kind %q, expected sender or reflector", v.Kind)
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(v.Hex, hex.EncodeToString(encoded)); diff != "" {
				t.Errorf("encoded (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
		})
	}
}

// loadVectors reads the cases from the folder named by VIGIE_CASES, relative to the
// repository root, or from the package's own copy.
func loadVectors(t *testing.T) []vector {
	t.Helper()
	folder := filepath.Join("testdata", "cases")
	if named := os.Getenv("VIGIE_CASES"); filepath.IsAbs(named) {
		folder = named
	} else if named != "" {
		folder = filepath.Join("..", "..", named)
	}
	text, err := os.ReadFile(filepath.Join(folder, "stamp_vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []vector `json:"cases"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatal("no case in stamp_vectors.json")
	}
	return file.Cases
}

func octets(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
