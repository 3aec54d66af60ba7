package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// DefaultDir is the one standard place of this user's data: VIGIE_DATA when it is
// set, that of systemd (STATE_DIRECTORY), /var/lib/vigie for root, else below XDG_DATA_HOME. Demo and real data
// never share a place.
func DefaultDir(demo bool) (string, error) {
	if dir := os.Getenv("VIGIE_DATA"); dir != "" {
		return filepath.Abs(dir)
	}
	// A unit may name several; the first is ours.
	if dir, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":"); filepath.IsAbs(dir) {
		if demo {
			return filepath.Join(dir, "demo"), nil
		}
		return dir, nil
	}
	name := "vigie"
	if demo {
		name = "vigie-demo"
	}
	if os.Geteuid() == 0 {
		return filepath.Join("/var/lib", name), nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, name), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find a place for the data: set VIGIE_DATA: %w", err)
	}
	return filepath.Join(home, ".local", "share", name), nil
}

// ProberDir is the one standard place of the data of a prober elsewhere: where VIGIE_DATA
// or systemd says, else beside that of the core, one for each name.
func ProberDir(name string) (string, error) {
	dir, err := DefaultDir(false)
	if err != nil || os.Getenv("VIGIE_DATA") != "" || os.Getenv("STATE_DIRECTORY") != "" {
		return dir, err
	}
	return filepath.Join(dir+"-prober", name), nil
}

// RunningDir is the data directory that a command means when it names none: the
// one of a running instance, a real one before a demo, else the real one.
func RunningDir() (string, error) {
	var dirs [2]string
	for i, demo := range []bool{false, true} {
		dir, err := DefaultDir(demo)
		if err != nil {
			return "", err
		}
		if Running(dir) {
			return dir, nil
		}
		dirs[i] = dir
	}
	return dirs[0], nil
}

// prepareDir makes the data directory and proves that it can be written. Its mode
// lets the database's own account pass through, and nobody list it.
func prepareDir(dir string) error {
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	probe, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return fmt.Errorf("data directory %s cannot be written: %w", dir, err)
	}
	name := probe.Name()
	if err := probe.Close(); err != nil {
		return fmt.Errorf("data directory %s cannot be written: %w", dir, err)
	}
	return os.Remove(name)
}
