package outpost

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAForgottenPlanLeavesNothingOfItself(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := keep(dir, []byte("secrets")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".plan-123", lockFile} { // the first of a program that was killed
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := forget(dir); err != nil {
			t.Error(err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != lockFile {
		t.Errorf("left: %v, error %v; want the lock alone", left, err)
	}
	if packed, err := kept(dir); err != nil || packed != nil {
		t.Errorf("kept: %q, error %v; want none", packed, err)
	}
}
