package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"vigie/internal/pipe"
)

type natsCommand struct {
	Key   natsKeyCommand   `cmd:"" help:"Make the key with which the core signs in to a NATS cluster."`
	Users natsUsersCommand `cmd:"" help:"Print the users that the cluster's configuration must hold."`
}

// Help gives examples.
func (natsCommand) Help() string {
	return `For installations where probers and core meet in a NATS cluster of their own
(pipe.servers in vigie.yaml) instead of the core's process. README.md shows its
configuration.

Examples:
  vigie nats key --output /etc/vigie/nats.seed > vigie-users.conf
  vigie nats users > vigie-users.conf`
}

type natsKeyCommand struct {
	Output string `help:"File to write, which only you may read: pipe.key_file of vigie.yaml." placeholder:"FILE" required:""`
}

// Help gives examples.
func (natsKeyCommand) Help() string {
	return `Prints the users that the cluster needs for the first start: the core alone.

Examples:
  vigie nats key --output /etc/vigie/nats.seed > vigie-users.conf`
}

// Run makes a key.
func (c natsKeyCommand) Run(s surroundings) error {
	key, err := pipe.NewIdentity()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(c.Output, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	_, err = io.WriteString(file, key.Seed+"\n")
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	_, err = io.WriteString(s.out, pipe.Users(key.Public, nil))
	return err
}

type natsUsersCommand struct{}

// Help gives examples.
func (natsUsersCommand) Help() string {
	return `Asks the running instance: the core, and each prober that is not revoked with what it
may do. To be included in the configuration of the cluster's servers, which read it again
after nats-server --signal reload.

Examples:
  vigie nats users > vigie-users.conf`
}

// Run prints the users.
func (natsUsersCommand) Run(s surroundings) error {
	running, err := s.running()
	if err != nil {
		return err
	}
	defer s.leave(running)
	users, err := running.NATSUsers(s.ctx)
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.out, users)
	return err
}
