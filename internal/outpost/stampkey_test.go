package outpost

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAKeyIsReadAndAWrongOneIsNotShown(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "stamp.key")
	for text, length := range map[string]int{strings.Repeat("ab", 32) + "\n": 32, strings.Repeat("ab", 15): 0, "secret": 0} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := StampKey(file)
		if len(key) != length || (err == nil) != (length > 0) {
			t.Errorf("%q: %d octets, error %v; want %d", text, len(key), err, length)
		}
		if err != nil && strings.Contains(err.Error(), strings.TrimSpace(text)) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
	if key, err := StampKey(""); key != nil || err != nil {
		t.Errorf("without a file: %v, %v", key, err)
	}
}
