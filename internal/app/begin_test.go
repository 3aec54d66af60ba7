package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/internal/fault"
	"vigie/internal/i18n"
	"vigie/internal/lab/operator"
	"vigie/internal/store"
)

func TestAConfigurationIsWrittenOnceAndReadsBack(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "vigie.yaml")
	want := DefaultConfiguration()
	want.Listen, want.Mail.Host, want.Mail.Port, want.Mail.From = "0.0.0.0:80", "mail: #1", 587, "vigie@region.example"
	text, err := ConfigurationText(want)
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteConfiguration(name, text); err != nil {
		t.Fatal(err)
	}
	got, err := ReadConfiguration(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("configuration (-written +read):\n%s", diff)
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm()&0o007 != 0 {
		t.Errorf("the file is open to others: %v, %v", info, err)
	}
	if err := WriteConfiguration(name, text); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v, want that it exists", err)
	}
	want.Mail.From = "nobody"
	if text, err := ConfigurationText(want); err == nil {
		t.Errorf("a configuration that cannot be read has a text: %s", text)
	}
}

func TestStateDirectoriesAreHonoured(t *testing.T) {
	for name, c := range map[string]struct {
		data, state string
		demo        bool
		want        string
	}{
		"systemd's":               {"", "/var/lib/private/vigie", false, "/var/lib/private/vigie"},
		"the first of several":    {"", "/srv/a:/srv/b", false, "/srv/a"},
		"a demo keeps apart":      {"", "/var/lib/vigie", true, "/var/lib/vigie/demo"},
		"VIGIE_DATA comes before": {"/srv/vigie", "/var/lib/vigie", false, "/srv/vigie"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("VIGIE_DATA", c.data)
			t.Setenv("STATE_DIRECTORY", c.state)
			if got, err := DefaultDir(c.demo); got != c.want || err != nil {
				t.Errorf("DefaultDir(%t) = %q, %v, want %q", c.demo, got, err, c.want)
			}
		})
	}
}

func TestADemosDatabaseIsNoRealInstallation(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a database")
	}
	// Outside t.TempDir, which the database's account could not pass through.
	dir, err := os.MkdirTemp("", "vigie-begin-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := prepareDir(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	i, err := OpenInstance(t.Context(), OpenOptions{Dir: dir, Cycle: time.Second, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := i.db.Claim(t.Context(), store.Demo, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Begin(t.Context(), Beginning{}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("begin an installation in it: %v, want a conflict", err)
	}
	if err := i.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	c := DefaultConfiguration()
	c.Listen = "127.0.0.1:0"
	if _, err := Start(t.Context(), Options{Dir: dir, Configuration: c, Say: func(string) {}, Log: log}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("serve it as a real installation: %v, want a conflict", err)
	}
}

func TestATestMessageReachesWhomItIsFor(t *testing.T) {
	t.Parallel()
	received := make(chan operator.Mail, 1)
	box, err := operator.New(operator.Options{
		Address: "127.0.0.1:0", Domains: []string{"region.example"}, Folder: t.TempDir(), MaxBytes: 1 << 20,
		Received: func(m operator.Mail) { received <- m },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Stop(); err != nil {
			t.Error(err)
		}
	})
	m := DefaultConfiguration().Mail
	if m.Host, m.Port, err = hostPort(box.Addr()); err != nil {
		t.Fatal(err)
	}
	proof, err := SendTest(t.Context(), m, "ada@region.example", i18n.For(i18n.French), time.Now())
	if err != nil || proof == "" {
		t.Fatalf("proof %q, %v", proof, err)
	}
	if got := <-received; got.Subject != "[Vigie] Message d’essai" || len(got.To) != 1 || got.To[0] != "ada@region.example" {
		t.Errorf("received %+v", got)
	}
	if _, err := SendTest(t.Context(), m, "ada@elsewhere.example", i18n.For(i18n.French), time.Now()); err == nil {
		t.Error("an address that the server refuses is no error")
	}
}
