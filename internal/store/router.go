package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/calendar"
	"vigie/internal/measure"
	"vigie/internal/sla"
	"vigie/internal/watch"
	"vigie/probe"
)

var (
	sqlRouterPolls = query("router_poll.some", `
		SELECT link_id, asked_at, problem, doubt, answered_at, state FROM router_poll WHERE link_id = ANY (@links::bigint[])`)
	sqlRouterPollSave = query("router_poll.save", `
		INSERT INTO router_poll (link_id, asked_at, problem, doubt, answered_at, state, prober)
		SELECT link, asked, problem, doubt, answered, state, (SELECT id FROM prober WHERE name = @prober)
		FROM unnest(@links::bigint[], @asked::timestamptz[], @problems::text[], @doubts::text[], @answered::timestamptz[], @states::jsonb[])
			AS row (link, asked, problem, doubt, answered, state)
		ON CONFLICT (link_id) DO UPDATE SET asked_at = excluded.asked_at, problem = excluded.problem, doubt = excluded.doubt,
			answered_at = excluded.answered_at, state = excluded.state, prober = excluded.prober`)
	// Where a clock was set back, the same time would be covered a second time.
	sqlUtilisationAdd = query("utilisation.add", `
		INSERT INTO utilisation AS u (link_id, at, down_octets, up_octets, covered_millis, simulated)
		SELECT link, at, down, up, covered, @simulated
		FROM unnest(@links::bigint[], @starts::timestamptz[], @downs::bigint[], @ups::bigint[], @covered::int[]) AS row (link, at, down, up, covered)
		ON CONFLICT (link_id, at) DO UPDATE SET down_octets = u.down_octets + excluded.down_octets,
			up_octets = u.up_octets + excluded.up_octets, covered_millis = u.covered_millis + excluded.covered_millis
		WHERE u.covered_millis + excluded.covered_millis <= 300000`)
	sqlOutageUntold = query("outage.untold", `
		SELECT id, link_id, from_at, to_at FROM outage
		WHERE cause IS NULL AND to_at >= @since AND link_id = ANY (@links::bigint[]) ORDER BY link_id, from_at`)
	sqlOutageTell = query("outage.tell", `
		UPDATE outage SET cause = @cause, told_at = @told, router_started = @started WHERE id = @id AND cause IS NULL`)
)

// pollState is the answer of a router as it is kept. The access stands flat in it.
type pollState struct {
	UptimeMicros int64 `json:"uptime_us"`
	Boots        int64 `json:"boots,omitzero"`
	interfaceState
	Further []interfaceState `json:"further,omitempty"`
	Health  probe.Health     `json:"health,omitzero"`
}

// interfaceState is what was told of an interface.
type interfaceState struct {
	Index         int    `json:"index,omitzero"`
	Name          string `json:"name,omitzero"`
	Alias         string `json:"alias,omitzero"`
	Up            bool   `json:"up"`
	SpeedBits     int64  `json:"speed_bits,omitzero"`
	InOctets      uint64 `json:"in_octets"`
	OutOctets     uint64 `json:"out_octets"`
	Counted       bool   `json:"counted"`
	Discontinuity uint32 `json:"discontinuity,omitzero"`
}

func stateOf(p probe.Poll) pollState {
	s := pollState{UptimeMicros: p.Uptime.Microseconds(), Boots: p.Boots, interfaceState: interfaceState(p.Access), Health: p.Health}
	for _, i := range p.Further {
		s.Further = append(s.Further, interfaceState(i))
	}
	return s
}

func (s pollState) poll(link int64, at time.Time) probe.Poll {
	p := probe.Poll{
		Link: link, At: at, Uptime: time.Duration(s.UptimeMicros) * time.Microsecond, Boots: s.Boots,
		Access: probe.Interface(s.interfaceState), Health: s.Health,
	}
	for _, i := range s.Further {
		p.Further = append(p.Further, probe.Interface(i))
	}
	return p
}

type routerPollRow struct {
	LinkID     int64
	AskedAt    time.Time
	Problem    string
	Doubt      string
	AnsweredAt *time.Time
	State      []byte
}

func (r routerPollRow) router() (watch.Router, error) {
	out := watch.Router{Link: r.LinkID, Asked: r.AskedAt.UTC(), Problem: r.Problem, Doubt: measure.Doubt(r.Doubt)}
	if r.AnsweredAt == nil {
		return out, nil
	}
	var s pollState
	if err := json.Unmarshal(r.State, &s); err != nil {
		return out, fmt.Errorf("read the last answer of the router of link %d: %w", r.LinkID, err)
	}
	out.Last = s.poll(r.LinkID, r.AnsweredAt.UTC())
	return out, nil
}

// Routers returns the last polls of the routers of some links.
func (t watchTx) Routers(ctx context.Context, links []int64) (map[int64]watch.Router, error) {
	rows, err := t.tx.Query(ctx, sqlRouterPolls, pgx.NamedArgs{"links": links})
	if err != nil {
		return nil, fmt.Errorf("load the last polls of routers: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[routerPollRow])
	if err != nil {
		return nil, fmt.Errorf("load the last polls of routers: %w", err)
	}
	out := make(map[int64]watch.Router, len(found))
	for _, row := range found {
		if out[row.LinkID], err = row.router(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// SaveRouters replaces the last polls of routers, which prober made.
func (t watchTx) SaveRouters(ctx context.Context, prober string, routers []watch.Router) error {
	n := len(routers)
	links, asked, problems, doubts := make([]int64, n), make([]time.Time, n), make([]string, n), make([]string, n)
	answered, states := make([]*time.Time, n), make([]*string, n)
	for i, r := range routers {
		links[i], asked[i], problems[i], doubts[i], answered[i] = r.Link, r.Asked, r.Problem, string(r.Doubt), nullable(r.Last.At)
		if r.Last.At.IsZero() {
			continue
		}
		raw, err := json.Marshal(stateOf(r.Last))
		if err != nil {
			return fmt.Errorf("write the last answer of the router of link %d: %w", r.Link, err)
		}
		text := string(raw)
		states[i] = &text
	}
	_, err := t.tx.Exec(ctx, sqlRouterPollSave, pgx.NamedArgs{
		"links": links, "asked": asked, "problems": problems, "doubts": doubts, "answered": answered, "states": states, "prober": prober,
	})
	if err != nil {
		return fmt.Errorf("save the last polls of routers: %w", err)
	}
	return nil
}

// AddUtilisation adds what links carried to their intervals.
func (t watchTx) AddUtilisation(ctx context.Context, links []int64, parts []measure.Carried) error {
	n := len(parts)
	starts, downs, ups, covered := make([]time.Time, n), make([]int64, n), make([]int64, n), make([]int32, n)
	for i, c := range parts {
		starts[i], downs[i], ups[i], covered[i] = c.At, c.DownOctets, c.UpOctets, c.CoveredMillis
	}
	_, err := t.tx.Exec(ctx, sqlUtilisationAdd, pgx.NamedArgs{
		"links": links, "starts": starts, "downs": downs, "ups": ups, "covered": covered, "simulated": t.simulated,
	})
	if err != nil {
		return fmt.Errorf("add to the utilisation: %w", err)
	}
	return nil
}

type untoldRow struct {
	ID, LinkID   int64
	FromAt, ToAt time.Time
}

func (r untoldRow) outage() watch.Outage {
	return watch.Outage{ID: r.ID, Link: r.LinkID, Interval: calendar.Interval{From: r.FromAt.UTC(), To: r.ToAt.UTC()}}
}

// findingRow is what a router told of an outage; NULL while nothing tells.
type findingRow struct {
	Cause         string
	ToldAt        *time.Time
	RouterStarted *time.Time
}

func (r findingRow) finding() sla.Finding {
	return sla.Finding{Origin: sla.Origin(r.Cause), Asked: instant(r.ToldAt), Started: instant(r.RouterStarted)}
}

// UntoldOutages returns the outages that are over and of which nothing has told what
// they were.
func (t watchTx) UntoldOutages(ctx context.Context, links []int64, since time.Time) ([]watch.Outage, error) {
	outages, err := many(ctx, t.tx, sqlOutageUntold, pgx.NamedArgs{"links": links, "since": since}, untoldRow.outage)
	if err != nil {
		return nil, fmt.Errorf("load the outages of which nothing has told: %w", err)
	}
	return outages, nil
}

// SaveFinding writes down what an outage was, once.
func (t watchTx) SaveFinding(ctx context.Context, outage int64, f sla.Finding) error {
	args := pgx.NamedArgs{"id": outage, "cause": string(f.Origin), "told": f.Asked, "started": f.Started}
	if _, err := t.tx.Exec(ctx, sqlOutageTell, args); err != nil {
		return fmt.Errorf("write down what outage %d was: %w", outage, err)
	}
	return nil
}
