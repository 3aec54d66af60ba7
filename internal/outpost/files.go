package outpost

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	planFile = "plan.gz"
	// planParts are files that are being written, or were when the program was killed.
	planParts = ".plan-*"
	lockFile  = "lock"
)

// lock keeps a second process out of the directory; it holds until the process ends or
// the file is closed.
func lock(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory %s: %w", dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("data directory %s: another prober works in it", dir), f.Close())
	}
	return f, nil
}

// keep writes the packed plan, with the secrets of routers, whole or not at all, so that
// only the prober's own account may read it.
func keep(dir string, packed []byte) error {
	if err := writeWhole(dir, planFile, packed); err != nil {
		return fmt.Errorf("keep the plan: %w", err)
	}
	return nil
}

// writeWhole writes a file in place of the former one, or leaves that.
func writeWhole(dir, name string, content []byte) error {
	f, err := os.CreateTemp(dir, planParts) // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// kept reads the packed plan, nil when there is none.
func kept(dir string) ([]byte, error) {
	packed, err := os.ReadFile(filepath.Join(dir, planFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	return packed, nil
}

// forget removes the plan, and what is left of one that was being written.
func forget(dir string) error {
	parts, err := filepath.Glob(filepath.Join(dir, planParts))
	if err != nil {
		return fmt.Errorf("remove the plan: %w", err)
	}
	for _, name := range append(parts, filepath.Join(dir, planFile)) {
		if gone := os.Remove(name); gone != nil && !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("remove the plan: %w", gone))
		}
	}
	return err
}
