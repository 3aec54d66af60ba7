package outpost

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
)

// The length of a key of STAMP in octets: a shorter one can be guessed, and HMAC-SHA-256
// hashes a longer one down (RFC 2104).
const shortestKey, longestKey = 16, 64

// StampKey reads the key of STAMP of a prober's configuration; none without a file. An error names the file and never the key.
func StampKey(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("prober.stamp_key_file: %w, expected a file that can be read", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) < shortestKey || len(key) > longestKey {
		return nil, fmt.Errorf("prober.stamp_key_file: %s: not a key, expected %d to %d hexadecimal digits", file, 2*shortestKey, 2*longestKey)
	}
	return key, nil
}
