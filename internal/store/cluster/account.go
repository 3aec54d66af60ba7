package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// systemUser is the account PostgreSQL runs as when Vigie is root; every distribution's package
// makes it.
const systemUser = "postgres"

// account is who the server runs as.
type account struct {
	name     string
	uid, gid uint32
	switched bool // differs from Vigie's own account
}

// serverAccount returns Vigie's own account, or the system user when Vigie is root.
func serverAccount() (account, error) {
	if uid := os.Geteuid(); uid != 0 {
		return account{name: userName(uint32(uid)), uid: uint32(uid), gid: uint32(os.Getegid())}, nil
	}
	u, err := user.Lookup(systemUser)
	var unknown user.UnknownUserError
	if errors.As(err, &unknown) {
		return account{}, fmt.Errorf("PostgreSQL refuses to run as root and there is no system user %q to run it as: "+
			"install the PostgreSQL server package, or run useradd --system %s", systemUser, systemUser)
	}
	if err != nil {
		return account{}, fmt.Errorf("look up the system user %q: %w", systemUser, err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("user id of %q: %w", systemUser, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("group id of %q: %w", systemUser, err)
	}
	if uid == 0 {
		return account{}, fmt.Errorf("the system user %q is root, and PostgreSQL refuses to run as root", systemUser)
	}
	return account{name: systemUser, uid: uint32(uid), gid: uint32(gid), switched: true}, nil
}

// userName returns the name of a user id, or the number itself when it has no name.
func userName(uid uint32) string {
	number := strconv.FormatUint(uint64(uid), 10)
	u, err := user.LookupId(number)
	if err != nil {
		return "user " + number
	}
	return u.Username
}

// command prepares a program of PostgreSQL to run as the account, in dir, with nothing of the
// environment that could lead it to another cluster (PGDATA, PGHOST...). It gets a process group
// of its own, so that Ctrl+C in a terminal reaches Vigie alone, which then stops the server in
// order; and it receives onDeath when the thread that starts it ends (see child).
func (a account) command(dir string, onDeath syscall.Signal, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "PWD=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: onDeath}
	if a.switched {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return cmd
}

// own gives a file or directory to the account.
func (a account) own(path string) error {
	if !a.switched {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}
