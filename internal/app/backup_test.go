package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/configs"
	"vigie/internal/fault"
	"vigie/internal/intake"
	"vigie/internal/store"
)

// contents gives the number of rows of each table and a hash of them.
func contents(t *testing.T, i *Instance) map[string]string {
	t.Helper()
	pool := i.db.Pool()
	rows, err := pool.Query(t.Context(), `SELECT format('%I', relname) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace`)
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, name := range tables {
		var hash string
		err := pool.QueryRow(t.Context(), `SELECT count(*) || ' ' || coalesce(md5(string_agg(row::text, E'\n' ORDER BY row::text)), '') FROM `+name+` AS row`).Scan(&hash)
		if err != nil {
			t.Fatalf("table %s: %v", name, err)
		}
		out[name] = hash
	}
	return out
}

// dirForAll is a new directory that the database's account can pass through.
func dirForAll(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "vigie-backup-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

func demoFiles(t *testing.T) []intake.File {
	t.Helper()
	demo, err := configs.Demo()
	if err != nil {
		t.Fatal(err)
	}
	var files []intake.File
	err = fs.WalkDir(demo, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(name, ".csv") {
			return err
		}
		text, err := fs.ReadFile(demo, name)
		files = append(files, intake.File{Name: name, Content: text})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestABackupIsRestoredWholeIntoAFreshDirectory(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts databases")
	}
	ctx, dir, log := t.Context(), dirForAll(t), slog.New(slog.DiscardHandler)
	open := func(dir string) *Instance {
		i, err := OpenInstance(ctx, OpenOptions{Dir: dir, Cycle: time.Second, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	leave := func(i *Instance) {
		if err := i.Close(context.WithoutCancel(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	from := filepath.Join(dir, "from")
	if err := prepareDir(from); err != nil {
		t.Fatal(err)
	}
	i := open(from)
	if err := i.db.Claim(ctx, store.Demo, time.Now()); err != nil {
		t.Fatal(err)
	}
	if answer, err := i.Import(ctx, ImportRequest{Files: demoFiles(t)}); err != nil || answer.Problems != nil {
		t.Fatal(answer.Problems, err)
	}
	saved := filepath.Join(dir, "saved")
	m, err := Backup(ctx, from, saved, "test", func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	want := contents(t, i)
	leave(i)
	if info, err := os.Stat(filepath.Join(saved, dumpName)); err != nil || info.Size() != m.Octets || info.Mode().Perm() != 0o600 {
		t.Errorf("the dump: %+v, %v; want %d octets for its owner alone", info, err, m.Octets)
	}
	if _, err := Backup(ctx, from, saved, "test", func(int64) {}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("onto a backup: %v, want a conflict", err)
	}

	to := filepath.Join(dir, "to")
	read, err := ReadManifest(ctx, saved, func(int64) {})
	if diff := cmp.Diff(m, read); err != nil || diff != "" {
		t.Errorf("manifest: %v (-written +read):\n%s", err, diff)
	}
	answer, err := Restore(ctx, saved, to, log, func(int64) {})
	if err != nil || answer.Entries == 0 {
		t.Fatalf("restored with %d entries of the journal, %v", answer.Entries, err)
	}
	i = open(to)
	if diff := cmp.Diff(want, contents(t, i)); diff != "" {
		t.Errorf("contents (-saved +restored):\n%s", diff)
	}
	leave(i)
	if _, err := Restore(ctx, saved, to, log, func(int64) {}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("over a database: %v, want a conflict", err)
	}

	// A copy that is not whole makes nothing.
	name := filepath.Join(saved, dumpName)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text[:len(text)-1000], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadManifest(ctx, saved, func(int64) {}); err == nil || !strings.Contains(err.Error(), "database.dump is damaged") {
		t.Errorf("a dump cut short: %v", err)
	}
	cut := filepath.Join(dir, "cut")
	if _, err := Restore(ctx, saved, cut, log, func(int64) {}); err == nil {
		t.Error("a dump cut short was restored")
	}
	if _, err := os.Stat(clusterDir(cut)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what a failed restore left: %v, want nothing", err)
	}
	stopping, stop := context.WithCancel(ctx)
	stop()
	if _, err := ReadManifest(stopping, saved, func(int64) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}
