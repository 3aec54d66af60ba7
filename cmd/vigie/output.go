package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// needsOutput refuses to pour a workbook into a terminal.
func needsOutput(format, output string) error {
	if format == "xlsx" && output == "" {
		return &usageError{"--format xlsx: a workbook needs a file, expected --output FILE"}
	}
	return nil
}

// writeTo writes a result to a file, or to standard output without a name. A file
// appears whole or not at all, so that a failure leaves the former one.
func (s surroundings) writeTo(name string, write func(w io.Writer) error) error {
	if name == "" {
		return write(s.out)
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	// What is left after the renaming is nothing; after a failure, a part.
	defer func() { _ = os.Remove(f.Name()) }()
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	fmt.Fprintf(s.talk, "%s\n", name)
	return nil
}

// counted says how many of something there are.
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
