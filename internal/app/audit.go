package app

import (
	"bytes"
	"context"
	"time"

	"vigie/configs"
	"vigie/internal/audit"
	"vigie/internal/calendar"
	"vigie/internal/invoicing"
	"vigie/internal/store"
)

// SchoolCalendar reads the vacations that Vigie ships.
func SchoolCalendar() (*calendar.Vacations, error) {
	return calendar.ReadVacations(configs.VacationsName, bytes.NewReader(configs.Vacations))
}

// newAudit makes the audit's service over a database. Costs and availability are
// those of the bill.
func newAudit(db *store.DB) (*audit.Service, error) {
	vacations, err := SchoolCalendar()
	if err != nil {
		return nil, err
	}
	bills := invoicing.New(store.NewInvoicing(db))
	return audit.New(audit.Options{
		Store: store.NewAudit(db), Vacations: vacations, Policy: audit.DefaultPolicy(),
		Accounts: func(ctx context.Context, from, to, now time.Time) (map[string]audit.Account, error) {
			accounts, err := bills.Accounts(ctx, from, to, now)
			if err != nil {
				return nil, err
			}
			byLink := make(map[string]audit.Account, len(accounts))
			for _, a := range accounts {
				byLink[a.Link] = audit.Account{
					HT: a.Totals.HT, VAT: a.Totals.VAT, TTC: a.Totals.TTC, Penalties: a.Totals.Credits,
					Uptime: a.Uptime, Refused: a.Refused,
				}
			}
			return byLink, nil
		},
	}), nil
}

// Audit makes the audit of a period, of every link.
func (i *Instance) Audit(ctx context.Context, p audit.Period, now time.Time) (audit.Report, error) {
	service, err := newAudit(i.db)
	if err != nil {
		return audit.Report{}, err
	}
	return service.Report(ctx, p, now)
}

// Audit asks for the audit of a period.
func (r *Remote) Audit(ctx context.Context, p audit.Period, _ time.Time) (audit.Report, error) {
	return opAudit.call(ctx, r, p)
}
