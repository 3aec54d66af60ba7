//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"vigie/internal/intake"
	"vigie/internal/store"
	"vigie/internal/store/cluster"
)

// withDatabase runs f with an empty database of the newest schema, in a private cluster
// of its own.
func withDatabase(ctx context.Context, f func(*store.DB) error) (err error) {
	dir, err := os.MkdirTemp("", "benchhistory")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { // the server may run as another user
		return err
	}
	c, err := cluster.Start(ctx, cluster.Options{Dir: filepath.Join(dir, "postgres")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop(context.WithoutCancel(ctx))) }()
	db, err := store.Open(ctx, c.DSN())
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Migrate(ctx); err != nil {
		return err
	}
	return f(db)
}

// importFleet has the product take the files of a fleet.
func importFleet(ctx context.Context, db *store.DB, links int) error {
	service := &intake.Service{Store: store.NewIntake(db), Changed: func(context.Context) error { return nil }}
	_, err := service.Import(ctx, fleet(links), intake.Options{Actor: "bench", Now: fleetNow})
	return err
}
