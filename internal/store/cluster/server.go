package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is one life of the PostgreSQL server.
type server struct {
	*child
	logStart int64 // where its messages begin in the log file
}

// startServer starts the server; waitReady tells when it answers.
func startServer(install installation, h home, unsafe bool) (*server, error) {
	log, start, err := openLog(h)
	if err != nil {
		return nil, fmt.Errorf("write in the data directory %s: %w", h.dir, reason(err))
	}
	args := []string{"-D", h.data}
	for _, s := range settings(h, unsafe) {
		args = append(args, "-c", s)
	}
	// SIGINT is PostgreSQL's fast shutdown: when Vigie dies the server ends in order.
	cmd := h.owner.command(h.dir, syscall.SIGINT, install.program("postgres"), args...)
	cmd.Stdout, cmd.Stderr = log, log
	run, err := spawn(cmd)
	err = errors.Join(err, log.Close())
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL in %s: %w", h.data, reason(err))
	}
	return &server{child: run, logStart: start}, nil
}

// settings returns what a small machine needs. They are given on the command line, where they
// win over the files in the data directory and follow the version of Vigie.
func settings(h home, unsafe bool) []string {
	list := []string{
		"listen_addresses=",
		"port=" + port,
		`unix_socket_directories="` + strings.ReplaceAll(h.socket, `"`, `""`) + `"`,
		"unix_socket_permissions=0700",
		"cluster_name=vigie",
		"timezone=UTC",
		"log_timezone=UTC",
		"log_destination=stderr",
		"logging_collector=off",
		// Start, stop, recovery and worse. Failed statements reach Vigie, which tells them itself.
		"log_min_messages=log",
	}
	if unsafe {
		return append(list, "shared_buffers=32MB", "max_connections=200", "fsync=off",
			"synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "max_wal_size=64MB")
	}
	return append(list, "shared_buffers=128MB", "max_connections=50", "fsync=on")
}

// largestLog is when the log file is put aside, in bytes; one older file is kept.
const largestLog = 8 << 20

// openLog opens the server's log for appending and returns its present size.
func openLog(h home) (*os.File, int64, error) {
	path := filepath.Join(h.dir, logName)
	if info, err := os.Stat(path); err == nil && info.Size() > largestLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, 0, err
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

// waitReady returns when the server answers, when it has ended, or when ctx ends. Recovery after
// a crash counts as not ready.
func (s *server) waitReady(ctx context.Context, h home) error {
	for {
		silence := probe(ctx, h)
		if silence == nil {
			return nil
		}
		select {
		case <-s.exited:
			return s.failure(h)
		case <-ctx.Done():
			return fmt.Errorf("wait for PostgreSQL in %s: %w (%v)", h.data, context.Cause(ctx), silence)
		case <-time.After(15 * time.Millisecond):
		}
	}
}

// probe returns nil when the server lets a client in.
func probe(ctx context.Context, h home) error {
	if _, err := os.Lstat(filepath.Join(h.socket, socketFile)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, h.dsn("postgres"))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// failure says why a server that has ended did so.
func (s *server) failure(h home) error {
	path := filepath.Join(h.dir, logName)
	cause := s.err
	if cause == nil {
		cause = errors.New("it was told to shut down")
	}
	if output, err := readFrom(path, s.logStart); err == nil {
		cause = explain(output, cause)
	}
	return fmt.Errorf("PostgreSQL in %s has ended: %w (see %s)", h.data, cause, path)
}

func readFrom(path string, offset int64) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.NewSectionReader(file, offset, largestLog))
	return string(text), errors.Join(err, file.Close())
}

// shutdown tells the server to disconnect its clients and end in order, and waits until it has.
func (s *server) shutdown() {
	s.signal(syscall.SIGINT)
	<-s.exited
}

// kill makes the server quit without a checkpoint and waits until it has.
func (s *server) kill() {
	s.signal(syscall.SIGQUIT)
	<-s.exited
}
