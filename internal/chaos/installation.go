//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"vigie/internal/desk"
	"vigie/internal/intake"
	"vigie/internal/lab"
	"vigie/internal/lab/operator"
	"vigie/internal/org"
	"vigie/internal/pipe"
	"vigie/internal/store"
	"vigie/internal/store/cluster"
	"vigie/internal/ticket"
)

const (
	cycle  = time.Second
	echoes = 2
	// configuration is that of a core: the shortest cycle that a machine with other work
	// keeps, and everything else as it comes.
	configuration = `listen: 127.0.0.1:%d
prober:
  name: %s
  cycle: 1s
  echoes: 2
  gap: 20ms
  timeout: 300ms
probers:
  listen: 127.0.0.1:%d
  certificate_file: %s
  key_file: %s
  second_percent: 40
mail:
  host: 127.0.0.1
  port: %d
  from: vigie@region.example
`
	pagesPort, probersPort, mailPort = 8080, 4433, 2525
	// The file systems of a core and of a prober, in octets: small enough to be filled.
	coreOctets, proberOctets = 700 << 20, 48 << 20
	startWithin              = 2 * time.Minute
)

// installation is a Vigie that is broken.
type installation struct {
	vigie, dir string
	talk       func(format string, a ...any)

	network *lab.Network
	script  *script
	mailbox *operator.Mailbox
	relays  map[string]*relay
	probers map[string]*unit
	cores   []*unit // the one of its private database, or two of one database
	dsn     string
	apart   *cluster.Cluster // the database of two cores
	began   time.Time
	late    bool                       // it had minutes to decide afterwards
	taken   map[string]map[uint64]bool // numbers of batches, by prober
	past    totals                     // at the end of the round before
	closers []func()
	mounts  []string
}

// coreDir is the data directory of a core.
func (i *installation) coreDir(n int) string { return filepath.Join(i.dir, "core"+strconv.Itoa(n)) }

func (i *installation) proberDir(name string) string { return filepath.Join(i.dir, name) }

// postgresDir is the directory of the database's server.
func (i *installation) postgresDir() string {
	if i.apart != nil {
		return filepath.Join(i.dir, "postgres")
	}
	return filepath.Join(i.coreDir(0), "postgres")
}

// install makes an installation in a directory and starts it; with two cores these share a
// database that belongs to neither.
func install(ctx context.Context, vigie, dir string, seed uint64, cores int, talk func(string, ...any)) (_ *installation, err error) {
	i := &installation{vigie: vigie, dir: dir, talk: talk, relays: map[string]*relay{}, probers: map[string]*unit{}, taken: map[string]map[uint64]bool{}, began: time.Now()}
	defer func() {
		if err != nil {
			i.close()
		}
	}()
	if err := i.makeDirs(cores); err != nil {
		return nil, err
	}
	if err := i.startLab(seed, cores); err != nil {
		return nil, err
	}
	if err := i.fillDatabase(ctx, cores); err != nil {
		return nil, fmt.Errorf("fill the database: %w", err)
	}
	for n := range cores {
		if err := i.addCore(n); err != nil {
			return nil, err
		}
	}
	i.cores[0].up()
	for _, name := range elsewhere {
		if err := i.addProber(ctx, name); err != nil {
			return nil, err
		}
	}
	for _, u := range i.cores[1:] {
		u.up()
	}
	return i, nil
}

// makeDirs makes the data directories, each a small file system.
func (i *installation) makeDirs(cores int) error {
	if err := os.MkdirAll(i.dir, 0o711); err != nil {
		return err
	}
	mount := func(dir string, octets int) error {
		if err := os.MkdirAll(dir, 0o711); err != nil {
			return err
		}
		if err := unix.Mount("vigie", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0711", octets)); err != nil {
			return fmt.Errorf("mount a small file system: %w", err)
		}
		i.mounts = append(i.mounts, dir)
		return nil
	}
	for n := range cores {
		if err := mount(i.coreDir(n), coreOctets); err != nil {
			return err
		}
	}
	for _, name := range elsewhere {
		if err := mount(i.proberDir(name), proberOctets); err != nil {
			return err
		}
	}
	return nil
}

// startLab starts the network, the operator's desk in it, and what carries the probers to
// the core.
func (i *installation) startLab(seed uint64, cores int) error {
	w := world()
	t := topology(w)
	network, err := lab.New(t, nil, seed, lab.NewAgents(t, seed, lab.Calendar{Zone: time.UTC}, time.Now()))
	if err != nil {
		return err
	}
	if err := network.Start(); err != nil {
		return err
	}
	i.network = network
	i.closers = append(i.closers, func() {
		if err := network.Stop(); err != nil {
			i.talk("the lab: %v", err)
		}
	})
	if err := network.InProber(loopbackUp); err != nil {
		return fmt.Errorf("set the loopback device up: %w", err)
	}
	i.mailbox, err = operator.New(operator.Options{
		Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(mailPort)), Domains: []string{domain}, Folder: filepath.Join(i.dir, "mail"), MaxBytes: 1 << 20,
	})
	if err != nil {
		return err
	}
	if err := network.InProber(i.mailbox.Start); err != nil {
		return err
	}
	i.closers = append(i.closers, func() { _ = i.mailbox.Stop() }) // nothing is lost: it is a simulation
	for _, name := range elsewhere {
		var to []string
		for n := range cores {
			to = append(to, fmt.Sprintf("127.0.0.1:%d", probersPort+n))
		}
		r, err := openRelay(network, netJoin(ways[name].String()), to...)
		if err != nil {
			return fmt.Errorf("open a relay: %w", err)
		}
		i.relays[name] = r
		i.closers = append(i.closers, r.close)
	}
	i.script = play(network, w.Links, seed)
	i.closers = append(i.closers, i.script.end)
	return nil
}

func netJoin(host string) string { return net.JoinHostPort(host, strconv.Itoa(probersPort)) }

// loopbackUp sets the loopback device of the thread's namespace up.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, request); err != nil {
		return err
	}
	request.SetUint16(request.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// fillDatabase makes the database with the world in it, and lets the desk write to the
// operator.
func (i *installation) fillDatabase(ctx context.Context, cores int) (err error) {
	dir := filepath.Join(i.coreDir(0), "postgres")
	if cores > 1 {
		dir = filepath.Join(i.dir, "postgres")
	}
	c, err := cluster.Start(ctx, cluster.Options{Dir: dir})
	if err != nil {
		return err
	}
	i.dsn = c.DSN()
	if cores > 1 {
		i.apart = c
		i.closers = append(i.closers, func() { _ = c.Stop(context.Background()) }) // its end is waited for
	} else {
		defer func() { err = errors.Join(err, c.Stop(context.WithoutCancel(ctx))) }()
	}
	db, err := store.Open(ctx, i.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Migrate(ctx); err != nil {
		return err
	}
	if err := db.Claim(ctx, store.Real, time.Now()); err != nil {
		return err
	}
	saving := func(intake.Current) (intake.Saving, error) { return intake.Saving{Rows: world()}, nil }
	if err := store.NewIntake(db).ChangeInventory(ctx, saving); err != nil {
		return err
	}
	desked, err := store.NewDesk(db)
	if err != nil {
		return err
	}
	admin := org.User{Role: org.Admin, Territory: org.Territory{All: true}}
	return desk.New(desked, ticket.Channels{}, ticket.DefaultPolicy()).SetMode(ctx, admin, operatorKey, ticket.Automatic, time.Now())
}

// addCore makes the unit of a core, which does not run yet. All show one certificate, so
// that the probers know either.
func (i *installation) addCore(n int) error {
	if n == 0 {
		if _, err := pipe.SelfMade(i.dir, time.Now()); err != nil {
			return err
		}
	}
	name := "local"
	if n > 0 {
		name = "local" + strconv.Itoa(n)
	}
	pem := filepath.Join(i.dir, "probers.pem")
	text := fmt.Sprintf(configuration, pagesPort+n, name, probersPort+n, pem, pem, mailPort)
	if i.apart != nil {
		text += "database_url: " + i.dsn + "\n"
	}
	if err := os.WriteFile(i.configFile(n), []byte(text), 0o644); err != nil {
		return err
	}
	log := filepath.Join(i.dir, "core"+strconv.Itoa(n)+".log")
	u := newUnit(i.network, "core"+strconv.Itoa(n), log, i.vigie, "--data", i.coreDir(n), "serve", "--config", i.configFile(n))
	i.cores = append(i.cores, u)
	i.closers = append(i.closers, u.close)
	return nil
}

func (i *installation) configFile(n int) string {
	return filepath.Join(i.dir, "core"+strconv.Itoa(n)+".yaml")
}

// addProber asks the core for a credential and starts the prober with it.
func (i *installation) addProber(ctx context.Context, name string) error {
	file := filepath.Join(i.dir, name+".credential")
	deadline := time.Now().Add(startWithin)
	for {
		_, err := i.command(ctx, "prober", "add", name, "--core", netJoin(ways[name].String()), "--output", file)
		if err == nil {
			break
		}
		if time.Now().After(deadline) || !pause(ctx, 300*time.Millisecond) {
			return fmt.Errorf("add prober %s: %w", name, err)
		}
	}
	u := newUnit(i.network, name, filepath.Join(i.dir, name+".log"), i.vigie, "--data", i.proberDir(name), "prober", "run", "--credential", file, "--spool", "16")
	i.probers[name] = u
	i.closers = append(i.closers, u.close)
	u.up()
	return nil
}

// command runs a command of vigie against the first core's data directory.
func (i *installation) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, i.vigie, append([]string{"--data", i.coreDir(0)}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("vigie %v: %w: %s", args, err, tail(string(out), 2000))
	}
	return string(out), err
}

func tail(text string, most int) string {
	if len(text) > most {
		return "…" + text[len(text)-most:]
	}
	return text
}

// halt ends everything that runs, the last started first, and leaves the files.
func (i *installation) halt() {
	for n := len(i.closers) - 1; n >= 0; n-- {
		i.closers[n]()
	}
	i.closers = nil
}

// close ends everything, and lets go of the small file systems.
func (i *installation) close() {
	i.halt()
	for _, dir := range i.mounts {
		_ = unix.Unmount(dir, unix.MNT_DETACH) // they end with us at the latest
	}
	i.mounts = nil
}

var quiet = slog.New(slog.DiscardHandler)
