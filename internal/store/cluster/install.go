package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// oldestMajor is the oldest PostgreSQL that Vigie's schema works on.
const oldestMajor = 15

// ErrNotInstalled says that the machine has no PostgreSQL server that fits.
var ErrNotInstalled = errors.New("no suitable PostgreSQL server is installed")

// installation is one set of PostgreSQL server programs.
type installation struct {
	bin   string // directory of initdb and postgres
	major int
}

func (i installation) program(name string) string { return filepath.Join(i.bin, name) }

// find returns the first installation of the wanted major version, or, when major is 0, the first
// that is recent enough. Programs run as the home's owner, in the home, so that a directory that
// this account cannot enter shows here.
func find(major int, h home) (installation, error) {
	var seen []string
	for _, bin := range candidates() {
		if !executable(filepath.Join(bin, "initdb")) || !executable(filepath.Join(bin, "postgres")) {
			continue
		}
		got, err := version(filepath.Join(bin, "postgres"), h)
		if errors.Is(err, os.ErrPermission) {
			if blocked := h.blocked(); blocked != nil {
				return installation{}, blocked
			}
		}
		switch {
		case err != nil:
			seen = append(seen, fmt.Sprintf("%s (%v)", bin, err))
		case got == major, major == 0 && got >= oldestMajor:
			return installation{bin: bin, major: got}, nil
		default:
			seen = append(seen, fmt.Sprintf("%s (version %d)", bin, got))
		}
	}
	return installation{}, notFound(major, h, seen)
}

func notFound(major int, h home, seen []string) error {
	found := "found none"
	if len(seen) > 0 {
		found = "found only " + strings.Join(seen, ", ")
	}
	if major != 0 {
		return fmt.Errorf("%w: the database in %s was made by PostgreSQL %d, and a search of PATH, pg_config and "+
			"/usr/lib/postgresql %s: install PostgreSQL %d", ErrNotInstalled, h.data, major, found, major)
	}
	return fmt.Errorf("%w: Vigie needs version %d or newer, and a search of PATH, pg_config and "+
		"/usr/lib/postgresql %s: install it (Debian and Ubuntu: the package postgresql)", ErrNotInstalled, oldestMajor, found)
}

// candidates returns the directories that may hold the programs, best first: PATH, what pg_config
// names, then the versions of Debian and Red Hat packages, newest first.
func candidates() []string {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	if config, err := exec.LookPath("pg_config"); err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if out, err := exec.CommandContext(ctx, config, "--bindir").Output(); err == nil {
			dirs = append(dirs, strings.TrimSpace(string(out)))
		}
	}
	var packaged []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			panic(err) // the patterns are constants
		}
		packaged = append(packaged, found...)
	}
	return append(dirs, newestFirst(packaged)...)
}

var firstNumber = regexp.MustCompile(`\d+`)

// newestFirst sorts package directories by the version number in their path, descending.
func newestFirst(dirs []string) []string {
	number := func(dir string) int {
		n, _ := strconv.Atoi(firstNumber.FindString(dir)) // a directory without a number comes last
		return n
	}
	slices.SortStableFunc(dirs, func(a, b string) int { return cmp.Compare(number(b), number(a)) })
	return dirs
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// version asks a postgres program for its major version.
func version(program string, h home) (int, error) {
	out, err := h.owner.command(h.dir, 0, program, "--version").Output()
	if err != nil {
		return 0, err
	}
	return parseVersion(string(out))
}

func parseVersion(line string) (int, error) {
	match := versionLine.FindStringSubmatch(line)
	if match == nil {
		return 0, fmt.Errorf("unexpected version %q", strings.TrimSpace(line))
	}
	return strconv.Atoi(match[1])
}
