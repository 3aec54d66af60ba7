package cluster_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/store/cluster"
)

// refused starts a cluster in dir and checks that it is refused in one sentence with these words.
func refused(t *testing.T, dir string, words ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := cluster.Start(ctx, cluster.Options{Dir: dir, Unsafe: true})
	if err == nil {
		stop(t, c)
		t.Fatal("the start was not refused")
	}
	wantSentence(t, err.Error(), words...)
}

func wantSentence(t *testing.T, text string, words ...string) {
	t.Helper()
	if strings.Contains(text, "\n") {
		t.Errorf("more than one line: %q", text)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("said %q, want it to say %q", text, word)
		}
	}
}

func mkdir(t *testing.T, dir string, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.Mkdir(dir, mode), os.Chmod(dir, mode)); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestADirectoryThatHoldsSomethingElseIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(room(t), "home")
	mkdir(t, dir, 0o755)
	write(t, filepath.Join(dir, "thesis.txt"), "")
	refused(t, dir, dir, `"thesis.txt"`, "choose an empty directory")
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o755 {
		t.Errorf("its mode became %o", info.Mode().Perm())
	}
}

func TestAFileIsNoDirectory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(room(t), "file")
	write(t, path, "")
	refused(t, path, path, "not a directory")
	refused(t, filepath.Join(path, "below"), path, "not a directory")
}

func TestADamagedOrForeignDatabaseIsNotTouched(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		version string
		words   []string
	}{
		"without a version":     {"", []string{"is damaged", "no PG_VERSION"}},
		"of a strange version":  {"fifteen\n", []string{"is damaged", "fifteen"}},
		"of another PostgreSQL": {"99\n", []string{"made by PostgreSQL 99", "install PostgreSQL 99"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(room(t), "pg")
			data := filepath.Join(dir, "data")
			mkdir(t, dir, 0o700)
			mkdir(t, data, 0o700)
			if test.version != "" {
				write(t, filepath.Join(data, "PG_VERSION"), test.version)
			}
			refused(t, dir, append(test.words, data)...)
		})
	}
}

func TestASocketDirectoryOfSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(room(t), "pg")
	mkdir(t, dir, 0o700)
	mkdir(t, filepath.Join(dir, "socket"), 0o777)
	refused(t, dir, filepath.Join(dir, "socket"), "remove it")
}

func rootOnly(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("skipped: only root can run as two different users")
	}
}

func TestRootIsToldWhichDirectoryTheServerCannotPassThrough(t *testing.T) {
	t.Parallel()
	rootOnly(t)
	closed := filepath.Join(room(t), "closed")
	mkdir(t, closed, 0o700)
	dir := filepath.Join(closed, "vigie", "pg")
	refused(t, dir, closed+" (mode 0700, owner root)", "postgres", dir)
}

// stranger is a user id without rights, nobody's on every distribution.
const stranger = 65534

func TestADirectoryThatVigieCannotUseIsNamed(t *testing.T) {
	t.Parallel()
	rootOnly(t)
	parent := room(t)
	locked, foreign := filepath.Join(parent, "locked"), filepath.Join(parent, "foreign")
	mkdir(t, locked, 0o700)
	mkdir(t, foreign, 0o755)
	tests := map[string]struct {
		dir   string
		words []string
	}{
		"one that it cannot make":        {filepath.Join(foreign, "pg"), []string{"make the data directory", "permission denied"}},
		"one that it cannot enter":       {filepath.Join(locked, "pg"), []string{"permission denied"}},
		"one that belongs to other user": {foreign, []string{"belongs to root", "would run as nobody"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, said := owner(t, test.dir, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}})
			if !said.Scan() {
				t.Fatalf("the process said nothing: %v", said.Err())
			}
			wantSentence(t, said.Text(), append(test.words, "refused", test.dir)...)
		})
	}
}

func TestADirectoryOfAnotherUserIsNotTakenOver(t *testing.T) {
	t.Parallel()
	rootOnly(t)
	dir := filepath.Join(room(t), "pg")
	mkdir(t, dir, 0o700)
	if err := os.Chown(dir, stranger, stranger); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, dir, "belongs to nobody", "start Vigie as the user it was made for")
}

func TestAnOrdinaryUserOwnsAClusterToo(t *testing.T) {
	t.Parallel()
	rootOnly(t)
	dir := filepath.Join(room(t), "pg")
	mkdir(t, dir, 0o700)
	if err := os.Chown(dir, stranger, stranger); err != nil {
		t.Fatal(err)
	}
	cmd, said := owner(t, dir, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}})
	if !said.Scan() || !strings.HasPrefix(said.Text(), "postgres://") {
		t.Fatalf("the process said %q, %v", said.Text(), said.Err())
	}
	if got := mustAsk(t, said.Text(), `SELECT 'yes'`); got != "yes" {
		t.Errorf("the server answers %q", got)
	}
	kill(cmd)
	eventually(t, "the orphan has gone", func() bool { return len(processes(t, dir)) == 0 })
}

func TestAFullDiskIsNamed(t *testing.T) {
	t.Parallel()
	rootOnly(t)
	disk := filepath.Join(room(t), "disk")
	mkdir(t, disk, 0o755)
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=12m,mode=755"); err != nil {
		t.Skipf("skipped: cannot mount a small disk here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	dir := filepath.Join(disk, "pg")
	refused(t, dir, dir, "the disk is full")
	if drafts, err := filepath.Glob(filepath.Join(dir, "data*")); len(drafts) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", drafts, err)
	}
}

func TestTheNewestPackageComesFirst(t *testing.T) {
	t.Parallel()
	got := cluster.NewestFirst([]string{"/usr/lib/postgresql/9.6/bin", "/usr/lib/postgresql/15/bin", "/usr/pgsql-17/bin", "/usr/lib/postgresql/old/bin"})
	want := []string{"/usr/pgsql-17/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/9.6/bin", "/usr/lib/postgresql/old/bin"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestParseVersion(t *testing.T) {
	t.Parallel()
	tests := map[string]int{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": 15,
		"postgres (PostgreSQL) 18beta1\n":                        18,
		"postgres (PostgreSQL) 9.6.24\n":                         9,
	}
	for line, want := range tests {
		if got, err := cluster.ParseVersion(line); got != want || err != nil {
			t.Errorf("%q is version %d, %v, want %d", line, got, err, want)
		}
	}
}

func FuzzParseVersion(f *testing.F) {
	f.Add("postgres (PostgreSQL) 15.18")
	f.Add("postgres (EnterpriseDB) 15")
	f.Add("postgres (PostgreSQL) 99999999999999999999")
	f.Fuzz(func(t *testing.T, line string) {
		got, err := cluster.ParseVersion(line)
		if err == nil && (got < 0 || !strings.HasPrefix(line, "postgres (PostgreSQL) ")) {
			t.Errorf("%q is version %d", line, got)
		}
	})
}
