package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// The files of a backup.
const (
	manifestName = "manifest.json"
	dumpName     = "database.dump"
	partialEnds  = ".partial"
)

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
func Backup(ctx context.Context, dir, to, version string, progress func(octets int64)) (m Manifest, err error) {
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, fault.Errorf(fault.Conflict, "backup: %s exists: name a folder that does not", to)
	}
	partial := to + partialEnds
	if err := os.RemoveAll(partial); err != nil { // of a backup that was cut off
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	if err := os.Mkdir(partial, 0o700); err != nil {
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("backup: %w", err), os.RemoveAll(partial))
		}
	}()
	m = Manifest{Format: manifestFormat, Version: version, At: time.Now().UTC().Truncate(time.Second)}
	if m.Octets, m.SHA256, err = dump(ctx, dir, filepath.Join(partial, dumpName), progress); err != nil {
		return Manifest{}, err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return Manifest{}, err
	}
	if err := writeSynced(filepath.Join(partial, manifestName), append(text, '\n')); err != nil {
		return Manifest{}, err
	}
	if err := os.Rename(partial, to); err != nil {
		return Manifest{}, err
	}
	return m, syncFolder(filepath.Dir(to))
}

func dump(ctx context.Context, dir, name string, progress func(int64)) (octets int64, sum string, err error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, "", err
	}
	hash := sha256.New()
	counted := &counter{progress: progress}
	err = cluster.Dump(ctx, clusterDir(dir), io.MultiWriter(file, hash, counted))
	if err == nil {
		err = file.Sync()
	}
	return counted.octets, hex.EncodeToString(hash.Sum(nil)), errors.Join(err, file.Close())
}

// counter counts what passes.
type counter struct {
	octets   int64
	progress func(int64)
}

func (c *counter) Write(p []byte) (int, error) {
	c.octets += int64(len(p))
	c.progress(c.octets)
	return len(p), nil
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
	file, err := os.Open(filepath.Join(from, dumpName))
	if err != nil {
		return Manifest{}, err
	}
	defer file.Close()
	hash := sha256.New()
	counted := &counter{progress: progress}
	if _, err := io.Copy(io.MultiWriter(hash, counted), untilDone{ctx, file}); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", file.Name(), err)
	}
	if sum := hex.EncodeToString(hash.Sum(nil)); counted.octets != m.Octets || sum != m.SHA256 {
		return Manifest{}, fmt.Errorf("%s is damaged: %d octets with SHA-256 %s, the manifest says %d with %s", file.Name(), counted.octets, sum, m.Octets, m.SHA256)
	}
	return m, nil
}

// untilDone reads until its context ends.
type untilDone struct {
	ctx context.Context
	io.Reader
}

func (r untilDone) Read(p []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
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

func writeSynced(name string, text []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func syncFolder(name string) error {
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
