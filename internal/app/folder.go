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
	"os"
	"path/filepath"

	"vigie/internal/fault"
)

// manifestName is the file that says what a folder of a backup or an archive holds.
const manifestName = "manifest.json"

// partialEnds is the end of the name of a folder that is being written.
const partialEnds = ".partial"

// newFolder makes a folder that appears when it is complete: fill writes its files and
// returns its manifest. One that is there already is fault.Conflict; after an error
// nothing is left.
func newFolder(to string, fill func(folder string) (manifest any, err error)) (err error) {
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return fault.Errorf(fault.Conflict, "%s exists: name a folder that does not", to)
	}
	partial := to + partialEnds
	if err := os.RemoveAll(partial); err != nil { // of one that was cut off
		return err
	}
	if err := os.MkdirAll(partial, 0o700); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(partial))
		}
	}()
	manifest, err := fill(partial)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	if err := writeSynced(filepath.Join(partial, manifestName), append(text, '\n')); err != nil {
		return err
	}
	if err := os.Rename(partial, to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

// writeHashed makes a file, which is on the disk when it returns, with its length and its
// SHA-256 in hexadecimal.
func writeHashed(name string, count *counter, write func(io.Writer) error) (octets int64, sum string, err error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, "", err
	}
	hash, own := sha256.New(), &counter{progress: func(int64) {}}
	err = write(io.MultiWriter(file, hash, own, count))
	if err == nil {
		err = file.Sync()
	}
	return own.octets, hex.EncodeToString(hash.Sum(nil)), errors.Join(err, file.Close())
}

// verifyHashed reads a file again and holds it to what a manifest says of it.
func verifyHashed(ctx context.Context, name string, count *counter, octets int64, sum string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	read, err := io.Copy(io.MultiWriter(hash, count), untilDone{ctx, file})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if is := hex.EncodeToString(hash.Sum(nil)); read != octets || is != sum {
		return fmt.Errorf("%s is damaged: %d octets with SHA-256 %s, the manifest says %d with %s", name, read, is, octets, sum)
	}
	return nil
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
