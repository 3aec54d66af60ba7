//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"vigie/internal/app"
	"vigie/internal/fault"
	"vigie/internal/history"
	"vigie/internal/httpd"
	"vigie/internal/org"
	"vigie/internal/store"
	"vigie/internal/store/cluster"
	"vigie/internal/watch"
	"vigie/probe"
)

const (
	historyLinks  = 1500
	historyProber = "p1"
	// historyCycles are decided after the past, so that the pages have a present.
	historyCycles = 12
	// generation is raised when the same history would be written otherwise.
	generation = 1

	historyLogin    = "bench"
	historyPassword = "bench-of-the-pages"

	// historyFolder is all that is written, and removed, in the directory of the history.
	historyFolder = "thirteen-months"
	historyMark   = "made-of"
)

// historyEnd is when the past ends and the present begins, whatever the clock says: a
// history that is kept stays what it was.
var historyEnd = time.Date(2026, 11, 24, 13, 47, 0, 0, time.UTC)

// past is a database with thirteen months of 1,500 links.
type past struct {
	dir     string // what it is made in
	cluster *cluster.Cluster
	db      *store.DB
	now     time.Time // when its pages are looked at
}

// withPast runs f with the database of thirteen months, which is made where it is not
// kept, or kept from another version.
func withPast(ctx context.Context, o options, f func(*past) error) (err error) {
	root, err := pastDir(o.data)
	if err != nil {
		return err
	}
	p := &past{dir: filepath.Join(root, historyFolder), now: historyEnd.Add(historyCycles * loadCycle)}
	if err := p.settle(ctx, root, o.fresh); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close(ctx)) }()
	if err := p.fill(ctx); err != nil {
		return fmt.Errorf("write the past: %w", err)
	}
	return f(p)
}

// pastDir is where the history is kept: the directory that is named, or the user's cache.
// That of root nobody else may enter, and PostgreSQL runs as another user there.
func pastDir(named string) (string, error) {
	switch {
	case named != "":
		return filepath.Abs(named)
	case os.Geteuid() == 0 && os.Getenv("XDG_CACHE_HOME") == "":
		return "/var/cache/vigie/bench", nil
	}
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "vigie", "bench"), err
}

// settle opens the database; one that was made of something else is made anew. A past
// that is written in part goes on where it was.
func (p *past) settle(ctx context.Context, root string, fresh bool) error {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	made, want := filepath.Join(p.dir, historyMark), p.madeOf()
	if mark, err := os.ReadFile(made); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	} else if !fresh && string(mark) == want {
		err := p.open(ctx)
		if fault.KindOf(err) != fault.Conflict { // else made by other migrations
			return err
		}
		if err := p.close(ctx); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(p.dir); err != nil {
		return err
	}
	if err := os.Mkdir(p.dir, 0o755); err != nil {
		return err
	}
	if err := p.open(ctx); err != nil {
		return err
	}
	err := p.begin(ctx)
	if err == nil {
		err = os.WriteFile(made, []byte(want), 0o644)
	}
	if err != nil {
		return errors.Join(err, p.close(ctx))
	}
	return nil
}

// madeOf names all that the history follows from but the schema.
func (p *past) madeOf() string {
	sum := sha256.New()
	fmt.Fprintln(sum, generation, historyEnd, p.now, historyPassword)
	for _, file := range fleet(historyLinks) {
		fmt.Fprintln(sum, file.Name, len(file.Content))
		sum.Write(file.Content)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// open starts the database and brings its schema up to date, as an installation's is.
// One that was made by other migrations is fault.Conflict, and stays open.
func (p *past) open(ctx context.Context) (err error) {
	if p.cluster, err = cluster.Start(ctx, cluster.Options{Dir: filepath.Join(p.dir, "postgres")}); err != nil {
		return err
	}
	if p.db, err = store.Open(ctx, p.cluster.DSN()); err == nil {
		_, err = p.db.Migrate(ctx)
	}
	if err != nil && fault.KindOf(err) != fault.Conflict {
		err = errors.Join(err, p.close(ctx))
	}
	return err
}

func (p *past) close(ctx context.Context) error {
	if p.db != nil {
		p.db.Close()
		p.db = nil
	}
	return p.cluster.Stop(context.WithoutCancel(ctx))
}

// begin takes the links in, lets somebody sign in, and decides the first cycles.
func (p *past) begin(ctx context.Context) error {
	if err := importFleet(ctx, p.db, historyLinks); err != nil {
		return err
	}
	hash, err := httpd.HashPassword(historyPassword)
	if err != nil {
		return err
	}
	who := org.User{Login: historyLogin, Name: "Bench", Role: org.Admin, Territory: org.Territory{All: true}}
	if _, err := store.NewPeople(p.db).Upsert(ctx, who, hash); err != nil {
		return err
	}
	live, err := store.NewWatch(p.db)
	if err != nil {
		return err
	}
	snapshot, err := store.NewInventory(p.db).Load(ctx)
	if err != nil {
		return err
	}
	service := watch.New(live, livePolicy())
	links, canaries := targets(snapshot)
	seq := uint64(0)
	for cycle := historyEnd; cycle.Before(p.now); cycle = cycle.Add(loadCycle) {
		err := batches(historyProber, links, canaries, cycle, func(b probe.Batch) error {
			seq++
			b.Seq = seq
			return service.Apply(ctx, b, cycle.Add(loadCycle))
		})
		if err != nil {
			return err
		}
		if _, err := service.Decide(ctx, cycle, false, cycle.Add(loadCycle)); err != nil {
			return err
		}
	}
	return nil
}

// fill writes what is missing of the past, as a demonstration does, and packs its last
// whole day, as the jobs do.
func (p *past) fill(ctx context.Context) error {
	x, err := store.NewView(p.db).Inventory(ctx)
	if err != nil {
		return err
	}
	bar := newProgress(os.Stderr, fmt.Sprintf("writing thirteen months of %d links to %s", historyLinks, p.dir))
	defer bar.end()
	began, missing, whole := time.Now(), false, false
	demo, err := app.NewPast(x, app.PastOptions{
		Store: store.NewPast(p.db), Prober: historyProber, Now: historyEnd, Workers: runtime.GOMAXPROCS(0),
		Written: func(m store.PastMark) {
			percent := m.Percent()
			if whole = whole || m.Written.Equal(m.Until); percent < 100 || missing {
				missing = true
				bar.show(percent)
			}
		},
	})
	if err != nil {
		return err
	}
	if _, err := demo.Fill(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if whole {
		lines.Tell("past_1500_links_written", time.Since(began).Seconds(), "s")
	}
	if err := p.pack(ctx); err != nil {
		return err
	}
	var vacuumed bool
	err = p.db.Pool().QueryRow(ctx, `SELECT last_vacuum IS NOT NULL FROM pg_stat_user_tables WHERE relname = 'utilisation_day'`).Scan(&vacuumed)
	if err == nil && !vacuumed { // what autovacuum would have done in thirteen months
		_, err = p.db.Pool().Exec(ctx, `VACUUM (ANALYZE)`)
	}
	return err
}

// pack packs and compares what is due.
func (p *past) pack(ctx context.Context) error {
	packing := store.NewPacking(p.db, history.DefaultRetention())
	for {
		again, err := packing.Run(ctx, p.now)
		if err != nil || again == 0 {
			return err
		}
	}
}

// cold starts the database anew, with nothing of it in the kernel's memory either.
func (p *past) cold(ctx context.Context) error {
	if err := p.close(ctx); err != nil {
		return err
	}
	err := filepath.WalkDir(p.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return forget(name)
	})
	if err != nil {
		return err
	}
	return p.open(ctx)
}

// forget has the kernel write a file to the disk and drop it from memory.
func forget(name string) (err error) {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := file.Sync(); err != nil {
		return err
	}
	return unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED)
}
