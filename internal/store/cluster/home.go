package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	lockName   = "lock"
	dataName   = "data"
	draftName  = "data.new-" // a database being made; never started
	socketName = "socket"
	logName    = "postgres.log"

	port       = "5432" // only names the socket's file; nothing listens on a network
	socketFile = ".s.PGSQL." + port
	// longestSocket is the longest path of a socket, in bytes, that every kernel and client takes
	// (the limit is 107 on Linux, 103 elsewhere).
	longestSocket = 100
)

// home is the cluster's directory and who owns it.
type home struct {
	owner  account
	dir    string // absolute, symbolic links resolved
	data   string
	socket string // directory of the socket
}

// openHome makes the directory when it is absent, and refuses one that holds anything that is not
// a cluster, belongs to somebody else or cannot be used.
func openHome(dir string, owner account) (home, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return home{}, fmt.Errorf("find the data directory %q: %w", dir, err)
	}
	// The server's account must be able to pass through the directories above.
	err = os.MkdirAll(filepath.Dir(absolute), 0o755)
	if err == nil {
		err = os.Mkdir(absolute, 0o700)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return home{}, fmt.Errorf("make the data directory %s: %w", absolute, reason(err))
	}
	resolved, err := filepath.EvalSymlinks(absolute)
	if err != nil {
		return home{}, fmt.Errorf("find the data directory %s: %w", absolute, reason(err))
	}
	h := home{owner: owner, dir: resolved, data: filepath.Join(resolved, dataName)}
	h.socket = h.socketDir()
	if err := h.claim(); err != nil {
		return home{}, err
	}
	return h, nil
}

// claim checks that the directory is ours to use and closes it to everybody else.
func (h home) claim() error {
	info, err := os.Stat(h.dir)
	if err != nil {
		return fmt.Errorf("enter the data directory %s: %w", h.dir, reason(err))
	}
	uid := info.Sys().(*syscall.Stat_t).Uid
	if uid != h.owner.uid && uid != uint32(os.Geteuid()) {
		return fmt.Errorf("the data directory %s belongs to %s, and PostgreSQL would run as %s here: "+
			"start Vigie as the user it was made for, or choose another directory", h.dir, userName(uid), h.owner.name)
	}
	entries, err := os.ReadDir(h.dir)
	if err != nil {
		return fmt.Errorf("read the data directory %s: %w", h.dir, reason(err))
	}
	for _, entry := range entries {
		if !ours(entry.Name()) {
			return fmt.Errorf("the data directory %s holds %q, which is not Vigie's: choose an empty directory",
				h.dir, entry.Name())
		}
	}
	if err := errors.Join(os.Chmod(h.dir, 0o700), h.owner.own(h.dir)); err != nil {
		return fmt.Errorf("close the data directory %s to other users: %w", h.dir, reason(err))
	}
	return nil
}

func ours(name string) bool {
	switch name {
	case lockName, dataName, socketName, logName, logName + ".1":
		return true
	}
	return strings.HasPrefix(name, draftName)
}

// acquire takes the lock that makes this Vigie the only one in the directory. The kernel releases
// it when the returned file is closed or the process dies.
func (h home) acquire() (*os.File, error) {
	path := filepath.Join(h.dir, lockName)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write in the data directory %s: %w", h.dir, reason(err))
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder, _ := os.ReadFile(path) // only makes the sentence more helpful
		_ = file.Close()               // nothing was written
		return nil, fmt.Errorf("the data directory %s is in use by another Vigie (process %s): stop it, or choose another directory",
			h.dir, strings.TrimSpace(string(holder)))
	}
	if err == nil {
		err = errors.Join(file.Truncate(0), writeAt(file, strconv.Itoa(os.Getpid())+"\n"))
	}
	if err != nil {
		_ = file.Close() // the first error is the one to tell
		return nil, fmt.Errorf("lock the data directory %s: %w", h.dir, reason(err))
	}
	return file, nil
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

// major returns the PostgreSQL version that made the database, or 0 when there is no database.
func (h home) major() (int, error) {
	text, err := os.ReadFile(filepath.Join(h.data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(h.data); err == nil {
			return 0, fmt.Errorf("the database in %s is damaged (it has no PG_VERSION): restore it from a backup", h.data)
		}
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the database in %s: %w", h.data, reason(err))
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("the database in %s is damaged (PG_VERSION is %q): restore it from a backup", h.data, text)
	}
	return major, nil
}

// socketDir returns where the socket goes: in the directory itself, or, when that path would be
// too long for a socket or has a comma (clients take it for a list), in a directory of the
// system's that is keyed by a hash of the path.
func (h home) socketDir() string {
	inside := filepath.Join(h.dir, socketName)
	if len(filepath.Join(inside, socketFile)) <= longestSocket && !strings.Contains(inside, ",") {
		return inside
	}
	sum := sha256.Sum256([]byte(h.dir))
	return filepath.Join(runtimeDir(h.owner), "vigie-"+hex.EncodeToString(sum[:8]))
}

// runtimeDir returns a directory with a short path that the account can use: root's /run, the
// user's own runtime directory, or /tmp.
func runtimeDir(owner account) string {
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if owner.switched {
		dir = "/run"
	}
	if info, err := os.Stat(dir); err == nil && info.IsDir() && filepath.IsAbs(dir) && len(dir) < longestSocket/2 {
		return dir
	}
	return "/tmp"
}

// openSocketDir makes the socket's directory. One that exists must already be closed to everybody
// but the server's account: in a shared place such as /tmp somebody else might have made it.
func (h home) openSocketDir() error {
	err := os.Mkdir(h.socket, 0o700)
	if err == nil {
		err = h.owner.own(h.socket)
	} else if errors.Is(err, fs.ErrExist) {
		var info fs.FileInfo
		if info, err = os.Lstat(h.socket); err == nil && !h.private(info) {
			return fmt.Errorf("the socket directory %s is not a directory of %s with mode 0700: remove it", h.socket, h.owner.name)
		}
	}
	if err != nil {
		return fmt.Errorf("make the socket directory %s: %w", h.socket, reason(err))
	}
	return nil
}

func (h home) private(info fs.FileInfo) bool {
	return info.Mode() == fs.ModeDir|0o700 && info.Sys().(*syscall.Stat_t).Uid == h.owner.uid
}

// blocked returns the sentence about the first directory on the way to the home that the owner
// cannot pass through, or nil when permissions are not in the way.
func (h home) blocked() error {
	for dir := filepath.Dir(h.dir); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err == nil && !h.owner.mayPass(info) {
			return fmt.Errorf("%s (mode %04o, owner %s) cannot be passed through by %s, the user PostgreSQL runs as: "+
				"choose a data directory elsewhere than %s", dir, info.Mode().Perm(),
				userName(info.Sys().(*syscall.Stat_t).Uid), h.owner.name, h.dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func (a account) mayPass(info fs.FileInfo) bool {
	stat := info.Sys().(*syscall.Stat_t)
	switch {
	case stat.Uid == a.uid:
		return info.Mode()&0o100 != 0
	case stat.Gid == a.gid:
		return info.Mode()&0o010 != 0
	default:
		return info.Mode()&0o001 != 0
	}
}

// dsn returns the address of one database of the cluster as a URL.
func (h home) dsn(database string) string {
	query := url.Values{"host": {h.socket}, "port": {port}, "user": {superuser}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + query.Encode()
}

// reason strips the path and the system call from a file error, which the sentence around it
// already names.
func reason(err error) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number
	}
	return err
}
