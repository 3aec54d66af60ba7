package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"syscall"
)

// Dump writes the database of the running cluster in dir to w, as an archive of pg_dump:
// one consistent moment, while others go on reading and writing. The cluster may be
// another process's.
func Dump(ctx context.Context, dir string, w io.Writer) error {
	owner, err := serverAccount()
	if err != nil {
		return err
	}
	h, err := openHome(dir, owner)
	if err != nil {
		return err
	}
	major, err := h.major()
	if err != nil {
		return err
	}
	if major == 0 {
		return fmt.Errorf("there is no database in %s", h.data)
	}
	install, err := find(major, h)
	if err != nil {
		return err
	}
	// Restoring must not need the roles of this machine.
	args := []string{"--format=custom", "--no-owner", "--no-privileges", "--dbname=" + h.dsn(databaseName)}
	if err := h.pipe(ctx, install, "pg_dump", args, nil, w); err != nil {
		return fmt.Errorf("dump the database in %s: %w", h.data, err)
	}
	return nil
}

// Restore reads an archive of Dump into the cluster's database, which must be empty. After
// an error it still is.
func (c *Cluster) Restore(ctx context.Context, r io.Reader) error {
	args := []string{"--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--dbname=" + c.DSN()}
	if err := c.home.pipe(ctx, c.install, "pg_restore", args, r, io.Discard); err != nil {
		return fmt.Errorf("restore the database in %s: %w", c.home.data, err)
	}
	return nil
}

// client returns the path of a client program: beside the server, which may be reached
// through a link, since another version of it may not know the server's.
func (i installation) client(name string) (string, error) {
	dirs := []string{i.bin}
	if server, err := filepath.EvalSymlinks(i.program("postgres")); err == nil {
		dirs = append(dirs, filepath.Dir(server))
	}
	for _, dir := range dirs {
		if path := filepath.Join(dir, name); executable(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not in %s: install the client programs of PostgreSQL %d", name, strings.Join(dirs, " or "), i.major)
}

// pipe runs a client program of PostgreSQL between two streams.
func (h home) pipe(ctx context.Context, install installation, program string, args []string, in io.Reader, out io.Writer) error {
	path, err := install.client(program)
	if err != nil {
		return err
	}
	var said bytes.Buffer
	cmd := h.owner.command(h.dir, syscall.SIGKILL, path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &said
	run, err := spawn(cmd)
	if err != nil {
		return reason(err)
	}
	select {
	case <-run.exited:
		if run.err != nil {
			return explain(said.String(), errors.Join(run.err, errors.New(said.String())))
		}
		return nil
	case <-ctx.Done():
		_ = syscall.Kill(-run.pid, syscall.SIGKILL) // its whole group; it may have ended meanwhile
		<-run.exited
		return context.Cause(ctx)
	}
}

// Address is where the database of the running cluster in dir answers, as a URL. The
// cluster may be another process's.
func Address(dir string) (string, error) {
	owner, err := serverAccount()
	if err != nil {
		return "", err
	}
	h, err := openHome(dir, owner)
	if err != nil {
		return "", err
	}
	return h.dsn(databaseName), nil
}
