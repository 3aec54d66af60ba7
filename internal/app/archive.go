package app

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"vigie/internal/fault"
	"vigie/internal/history"
	"vigie/internal/store"
	"vigie/internal/store/cluster"
)

// Archive reads and writes what was measured, in a database that may be in use.
type Archive struct {
	db            *store.DB
	history       *store.History
	configuration Configuration
	close         func(context.Context) error
}

// OpenArchive opens the database of dir, of a running instance or for the time of a
// command, or one's own where the configuration names it.
func OpenArchive(ctx context.Context, dir string, c Configuration, log *slog.Logger) (*Archive, error) {
	if !Running(dir) {
		i, err := OpenInstance(ctx, OpenOptions{Dir: dir, DatabaseURL: c.DatabaseURL, Cycle: c.Prober.Cycle, Log: log})
		if err != nil {
			return nil, err
		}
		return &Archive{db: i.db, history: store.NewHistory(i.db), configuration: c, close: i.Close}, nil
	}
	dsn := c.DatabaseURL
	if dsn == "" {
		var err error
		if dsn, err = cluster.Address(clusterDir(dir)); err != nil {
			return nil, err
		}
	}
	db, err := store.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if err := db.Check(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("%w (a running instance with a database of its own needs --config FILE)", err)
	}
	return &Archive{db: db, history: store.NewHistory(db), configuration: c, close: func(context.Context) error { db.Close(); return nil }}, nil
}

// Close lets go of the database.
func (a *Archive) Close(ctx context.Context) error { return a.close(ctx) }

// Months gives the months that are over and of which days are stored, the oldest first.
func (a *Archive) Months(ctx context.Context, now time.Time) ([]time.Time, error) {
	return a.history.Months(ctx, thisMonth(now))
}

func thisMonth(now time.Time) time.Time {
	return time.Date(now.UTC().Year(), now.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
}

// Export writes a month into a new folder: its tables and its manifest. The folder
// appears when it is complete; one that is there is fault.Conflict. progress is called
// with the octets written of all tables.
func (a *Archive) Export(ctx context.Context, month time.Time, to, version string, now time.Time, progress func(octets int64)) (m history.Manifest, err error) {
	if !month.Before(thisMonth(now)) {
		return m, fault.Errorf(fault.Invalid, "%s is not over: expected a month before %s", history.MonthName(month), history.MonthName(thisMonth(now)))
	}
	m = history.Manifest{Format: history.ManifestFormat, Version: version, Month: history.MonthName(month), At: now.UTC().Truncate(time.Second)}
	count := &counter{progress: progress}
	err = newFolder(to, func(folder string) (any, error) {
		err := a.history.Export(ctx, func(from history.Source) error {
			if err := from.Ready(ctx, month); err != nil {
				return err
			}
			for _, table := range history.Tables() {
				f, err := exportTable(ctx, folder, table, month, from, count)
				if err != nil {
					return err
				}
				m.Files = append(m.Files, f)
			}
			return nil
		})
		return m, err
	})
	if err != nil {
		return m, fmt.Errorf("export %s: %w", history.MonthName(month), err)
	}
	return m, nil
}

func exportTable(ctx context.Context, folder, table string, month time.Time, from history.Source, count *counter) (f history.File, err error) {
	f = history.File{Table: table, File: history.FileName(table)}
	f.Octets, f.SHA256, err = writeHashed(filepath.Join(folder, f.File), count, func(w io.Writer) (err error) {
		packed := gzip.NewWriter(w)
		if f.Rows, err = history.Write(ctx, packed, table, month, from); err != nil {
			return err
		}
		return packed.Close()
	})
	return f, err
}

// ArchivedMonth is the archive of a month in its folder.
type ArchivedMonth struct {
	Folder string
	history.Manifest
}

// FindArchives gives the months in a folder, the oldest first: the folder itself is one,
// or holds them.
func FindArchives(folder string) ([]ArchivedMonth, error) {
	folders := []string{folder}
	if _, err := os.Stat(filepath.Join(folder, manifestName)); errors.Is(err, fs.ErrNotExist) {
		folders = nil
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, err
		}
		for _, e := range entries { // in the order of their names
			if _, err := history.ParseMonth(e.Name()); err == nil && e.IsDir() {
				folders = append(folders, filepath.Join(folder, e.Name()))
			}
		}
	}
	var months []ArchivedMonth
	for _, name := range folders {
		text, err := os.ReadFile(filepath.Join(name, manifestName))
		if err != nil {
			return nil, fmt.Errorf("%s is no archive of Vigie's: %w", name, err)
		}
		m, err := history.ReadManifest(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		months = append(months, ArchivedMonth{name, m})
	}
	if len(months) == 0 {
		return nil, fmt.Errorf("%s holds no archive: expected a folder such as 2026-10 with a %s", folder, manifestName)
	}
	return months, nil
}

// Verify checks the files of an archive against its manifest. progress is called with
// the octets read.
func (m ArchivedMonth) Verify(ctx context.Context, progress func(octets int64)) error {
	count := &counter{progress: progress}
	for _, f := range m.Files {
		if err := verifyHashed(ctx, filepath.Join(m.Folder, f.File), count, f.Octets, f.SHA256); err != nil {
			return err
		}
	}
	return nil
}

// Octets is the size of all tables.
func (m ArchivedMonth) Octets() (sum int64) {
	for _, f := range m.Files {
		sum += f.Octets
	}
	return sum
}

// Taken is what an import did.
type Taken struct {
	Month string `json:"month"`
	Rows  int64  `json:"rows"`  // of the files
	Added int    `json:"added"` // records that were not stored: days of a link, outages, findings
}

// Import takes a month, all of it or nothing, after its files were checked against the
// manifest. What is stored already is passed over; what contradicts it is refused.
// progress is called with the octets read.
func (a *Archive) Import(ctx context.Context, m ArchivedMonth, progress func(octets int64)) (Taken, error) {
	if err := m.Verify(ctx, func(int64) {}); err != nil {
		return Taken{}, err
	}
	month, err := history.ParseMonth(m.Month)
	if err != nil {
		return Taken{}, err
	}
	taken := Taken{Month: m.Month}
	count := &counter{progress: progress}
	err = a.history.Import(ctx, func(ctx context.Context, into history.Sink) error {
		taken.Rows, taken.Added = 0, 0
		for _, f := range m.Files {
			rows, added, err := importTable(ctx, m.Folder, f, month, into, count)
			if err != nil {
				return err
			}
			if rows != f.Rows {
				return fmt.Errorf("%s: %d rows, the manifest says %d", f.File, rows, f.Rows)
			}
			taken.Rows, taken.Added = taken.Rows+rows, taken.Added+added
		}
		return nil
	})
	if err != nil {
		return Taken{}, fmt.Errorf("import %s: %w", m.Folder, err)
	}
	return taken, nil
}

func importTable(ctx context.Context, folder string, f history.File, month time.Time, into history.Sink, count *counter) (int64, int, error) {
	file, err := os.Open(filepath.Join(folder, f.File))
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	packed, err := gzip.NewReader(io.TeeReader(untilDone{ctx, file}, count))
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", f.File, err)
	}
	return history.Read(ctx, packed, f.Table, month, into)
}

// Cost projects what the configured retention comes to, for a number of links; 0 = those
// in force.
func (a *Archive) Cost(ctx context.Context, links int, now time.Time) (history.Cost, error) {
	size, err := a.history.Size(ctx, now)
	if err != nil {
		return history.Cost{}, err
	}
	if links == 0 {
		links = size.Links
	}
	return history.CostOf(size, a.configuration.History, links), nil
}
