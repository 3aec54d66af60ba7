package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/view"
	"vigie/internal/watch"
	"vigie/probe"
)

var (
	sqlDeviceHold = query("device.hold", `SELECT at, since, prober, body FROM device WHERE link_id = @link FOR UPDATE`)
	sqlDeviceSave = query("device.save", `
		INSERT INTO device (link_id, at, since, prober, body) VALUES (@link, @at, @since, @prober, @body)
		ON CONFLICT (link_id) DO UPDATE SET at = excluded.at, since = excluded.since, prober = excluded.prober, body = excluded.body`)
	sqlDeviceView = query("view.device", `SELECT at, since, prober, body FROM device WHERE link_id = @link`)
)

type deviceRow struct {
	At, Since time.Time
	Prober    string
	Body      []byte
}

// readDevice reads the one row of a query, nil without one. One that this program would not
// take from a prober any more counts as none: the next walk replaces it.
func readDevice(rows pgx.Rows, err error) (*watch.Device, error) {
	if err != nil {
		return nil, err
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[deviceRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	found, err := probe.ReadFinding((*probe.Device)(nil).Kind(), row.Body)
	if err != nil {
		return nil, nil
	}
	return &watch.Device{At: row.At.UTC(), Since: row.Since.UTC(), Prober: row.Prober, Device: *found.(*probe.Device)}, nil
}

// Device returns what the router of a link carried when it was walked last.
func (t watchTx) Device(ctx context.Context, link int64) (*watch.Device, error) {
	d, err := readDevice(t.tx.Query(ctx, sqlDeviceHold, pgx.NamedArgs{"link": link}))
	if err != nil {
		return nil, fmt.Errorf("load the device of link %d: %w", link, err)
	}
	if d != nil {
		d.Link = link
	}
	return d, nil
}

// SaveDevice replaces what the router of a link carries.
func (t watchTx) SaveDevice(ctx context.Context, d watch.Device) error {
	body, err := probe.Report{Link: d.Link, At: d.At, Finding: &d.Device}.Body()
	if err == nil {
		_, err = t.tx.Exec(ctx, sqlDeviceSave, pgx.NamedArgs{"link": d.Link, "at": d.At, "since": d.Since, "prober": d.Prober, "body": body})
	}
	if err != nil {
		return fmt.Errorf("store the device of link %d: %w", d.Link, err)
	}
	return nil
}

// Device returns what the router of a link carried when it was walked last, nil before
// its first walk.
func (v *View) Device(ctx context.Context, link int64) (*view.Walk, error) {
	d, err := readDevice(v.db.pool.Query(ctx, sqlDeviceView, pgx.NamedArgs{"link": link}))
	if err != nil {
		return nil, fmt.Errorf("load the device of link %d: %w", link, err)
	}
	if d == nil {
		return nil, nil
	}
	return &view.Walk{At: d.At, Since: d.Since, Prober: d.Prober, Device: d.Device}, nil
}
