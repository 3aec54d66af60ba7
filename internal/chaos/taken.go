//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vigie/internal/pipe"
	"vigie/probe"
)

// readWithin bounds the reading of one stream.
const readWithin = time.Minute

// taken are the batches in the stream of a data directory, in order: what a prober was
// told is on disk. The stream may be at work; it is a copy that is read.
func taken(ctx context.Context, dataDir, scratch string) (batches []probe.Batch, err error) {
	dir, err := os.MkdirTemp(scratch, "stream-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := copyStream(filepath.Join(dataDir, "stream"), dir); err != nil {
		return nil, fmt.Errorf("copy the stream: %w", err)
	}
	p := pipe.New(pipe.Options{Dir: dir, Log: quiet})
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	if err := p.Start(ctx); err != nil {
		return nil, err
	}
	defer p.Stop()
	held, err := p.Pending(ctx)
	if err != nil || held == 0 {
		return nil, err
	}
	reading, done := context.WithCancel(ctx)
	defer done()
	err = p.Consume(reading, func(_ context.Context, b probe.Batch) error {
		batches = append(batches, b)
		if uint64(len(batches)) == held {
			done()
		}
		return nil
	})
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case err == nil && uint64(len(batches)) < held:
		err = fmt.Errorf("read %d of %d batches in the stream of %s", len(batches), held, dataDir)
	}
	return batches, err
}

// copyStream copies the files of a stream without what its readers have had of it. What
// vanishes meanwhile was not needed any more.
func copyStream(from, to string) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		copied := filepath.Join(to, strings.TrimPrefix(name, from))
		switch {
		case d.IsDir() && d.Name() == "obs":
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(copied, 0o700)
		case !d.Type().IsRegular():
			return nil
		}
		in, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.Create(copied)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		return errors.Join(err, out.Close())
	})
}
