package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"vigie/internal/fault"
	"vigie/internal/store/cluster"
)

// dumpName is the file of a backup beside its manifest.
const dumpName = "database.dump"

// Manifest says what a backup is.
type Manifest struct {
	Format  int       `json:"format"` // 1
	Version string    `json:"version"`
	At      time.Time `json:"at"`
	Octets  int64     `json:"octets"` // of the dump
	SHA256  string    `json:"sha256"` // of the dump, hexadecimal
}

const manifestFormat = 1

// clusterDir is where the private database lives in a data directory.
func clusterDir(dir string) string { return filepath.Join(dir, "postgres") }

// Backup writes the private database of dir, whose server runs, into a new folder: a dump
// and its manifest. The folder appears when it is complete; one that is there is
// fault.Conflict. progress is called with the octets written.
func Backup(ctx context.Context, dir, to, version string, progress func(octets int64)) (Manifest, error) {
	m := Manifest{Format: manifestFormat, Version: version, At: time.Now().UTC().Truncate(time.Second)}
	err := newFolder(to, func(folder string) (_ any, err error) {
		m.Octets, m.SHA256, err = writeHashed(filepath.Join(folder, dumpName), &counter{progress: progress}, func(w io.Writer) error {
			return cluster.Dump(ctx, clusterDir(dir), w)
		})
		return m, err
	})
	if err != nil {
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	return m, nil
}

// ReadManifest reads the manifest of a backup and checks the dump against it, before
// anything is made of it. progress is called with the octets read.
func ReadManifest(ctx context.Context, from string, progress func(octets int64)) (Manifest, error) {
	name := filepath.Join(from, manifestName)
	text, err := os.ReadFile(name)
	if err != nil {
		return Manifest{}, fmt.Errorf("%s is no backup of Vigie's: %w", from, err)
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", name, err)
	}
	if m.Format != manifestFormat {
		return Manifest{}, fmt.Errorf("%s: format %d, expected %d: restore it with the version of Vigie that wrote it (%s)", name, m.Format, manifestFormat, m.Version)
	}
	if err := verifyHashed(ctx, filepath.Join(from, dumpName), &counter{progress: progress}, m.Octets, m.SHA256); err != nil {
		return Manifest{}, err
	}
	return m, nil
}

// Restore makes the private database of dir from a backup, brings its schema to this
// program's and verifies the journal. A dir that has a database is fault.Conflict; after
// an error it has none, as before.
func Restore(ctx context.Context, from, dir string, log *slog.Logger, progress func(octets int64)) (answer JournalAnswer, err error) {
	home := clusterDir(dir)
	if _, err := os.Lstat(home); !errors.Is(err, fs.ErrNotExist) {
		return JournalAnswer{}, fault.Errorf(fault.Conflict, "restore: %s has a database: name another data directory", dir)
	}
	if err := prepareDir(dir); err != nil {
		return JournalAnswer{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("restore: %w", err), os.RemoveAll(home))
		}
	}()
	if err := fill(ctx, from, home, progress); err != nil {
		return JournalAnswer{}, err
	}
	i, err := OpenInstance(ctx, OpenOptions{Dir: dir, Cycle: DefaultConfiguration().Prober.Cycle, Log: log})
	if err != nil {
		return JournalAnswer{}, err
	}
	answer, err = i.CheckJournal(ctx, func(int, int) {})
	if err == nil && answer.Broken != "" {
		err = fmt.Errorf("the journal of the backup is broken: %s", answer.Broken)
	}
	return answer, errors.Join(err, i.Close(context.WithoutCancel(ctx)))
}

// fill starts a new cluster, restores the dump into it and stops it.
func fill(ctx context.Context, from, home string, progress func(int64)) (err error) {
	file, err := os.Open(filepath.Join(from, dumpName))
	if err != nil {
		return err
	}
	defer file.Close()
	c, err := cluster.Start(ctx, cluster.Options{Dir: home})
	if err != nil {
		return err
	}
	err = c.Restore(ctx, io.TeeReader(file, &counter{progress: progress}))
	return errors.Join(err, c.Stop(context.WithoutCancel(ctx)))
}
