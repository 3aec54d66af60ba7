package intake_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/fault"
	"vigie/internal/intake"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

var update = flag.Bool("update", false, "write expected.txt of every case")

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

var now = time.Date(2026, 10, 1, 10, 0, 0, 0, time.UTC)

// base is a small inventory without any problem.
func base(t testing.TB) []intake.File {
	t.Helper()
	return folder(t, "testdata/base")
}

func folder(t testing.TB, dir string) []intake.File {
	t.Helper()
	files, err := intake.Folder(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// with replaces the files that have the same name, and adds the others.
func with(files []intake.File, others ...intake.File) []intake.File {
	var out []intake.File
	for _, f := range files {
		for _, other := range others {
			if other.Name == f.Name {
				f.Content = nil
			}
		}
		if f.Content != nil {
			out = append(out, f)
		}
	}
	return append(out, others...)
}

func file(name string, lines ...string) intake.File {
	return intake.File{Name: name, Content: []byte(strings.Join(lines, "\n") + "\n")}
}

// TestCases imports the base with the files of each case in place of its own, into an
// empty database: expected.txt is what a person would read.
func TestCases(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("testdata/cases/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no case found: %v", err)
	}
	service := intake.Service{Store: store.NewIntake(storetest.New(t))}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			files := with(base(t), folder(t, dir)...)
			report, err := service.Import(context.Background(), files, intake.Options{DryRun: true, Actor: "test", Now: now})
			got := told(t, report, err)
			golden := filepath.Join(dir, "expected.txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, string(want)); diff != "" {
				t.Errorf("what is told (-got +want):\n%s", diff)
			}
		})
	}
}

// told is the problems of a refused import, or the warnings of an accepted one.
func told(t *testing.T, report intake.Report, err error) string {
	t.Helper()
	var refused *intake.Refused
	switch {
	case errors.As(err, &refused):
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("kind of %v is %v, want invalid", err, fault.KindOf(err))
		}
		return refused.Problems.String()
	case err != nil:
		t.Fatal(err)
	}
	return "accepted\n" + report.Warnings.String()
}
