package cluster

import (
	"context"
	"syscall"
)

var (
	// Occupants tells a test who still works in a data directory.
	Occupants = occupants
	// Serves tells by the command line alone.
	Serves = serves
	// NewestFirst and ParseVersion judge what is installed.
	NewestFirst  = newestFirst
	ParseVersion = parseVersion
)

// Installed tells whether this machine has a PostgreSQL that fits.
func Installed() error {
	owner, err := serverAccount()
	if err == nil {
		_, err = find(0, home{owner: owner, dir: "/"})
	}
	return err
}

// StartStray starts a server on the cluster in dir that nobody will tell to stop, and returns when
// it answers.
func StartStray(dir string, wait func(func() error) error) (pid int, err error) {
	owner, err := serverAccount()
	if err != nil {
		return 0, err
	}
	h, err := openHome(dir, owner)
	if err != nil {
		return 0, err
	}
	major, err := h.major()
	if err != nil {
		return 0, err
	}
	install, err := find(major, h)
	if err != nil {
		return 0, err
	}
	cmd := owner.command(h.dir, syscall.Signal(0), install.program("postgres"),
		"-D", h.data, "-c", "listen_addresses=", "-c", `unix_socket_directories="`+h.socket+`"`)
	stray, err := spawn(cmd)
	if err != nil {
		return 0, err
	}
	return stray.pid, wait(func() error { return probe(context.Background(), h) })
}
