package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"vigie/internal/calendar"
	"vigie/internal/fault"
	"vigie/internal/org"
	"vigie/internal/view"
)

// Base is the address under which the operations stand.
const Base = "/api/v1"

// Service answers programs and commands. It is safe for concurrent use.
type Service struct {
	view       *view.Service
	statements Statements
	audits     Audits
}

// New returns the service over the read models, the bills and the audits.
func New(v *view.Service, statements Statements, audits Audits) *Service {
	return &Service{view: v, statements: statements, audits: audits}
}

type askerKey struct{}

// WithAsker gives a request's context to somebody.
func WithAsker(ctx context.Context, who org.User) context.Context {
	return context.WithValue(ctx, askerKey{}, who)
}

// Asker is who asks, false where nobody was found out.
func Asker(ctx context.Context) (org.User, bool) {
	who, ok := ctx.Value(askerKey{}).(org.User)
	return who, ok
}

// Options are what the operations need beside the service.
type Options struct {
	Now func() time.Time
	// Report keeps an error that is ours to repair, and returns the number under which
	// the log holds it.
	Report func(ctx context.Context, err error) string
}

// Mounted is what stands on a router.
type Mounted struct {
	Document   []byte // OpenAPI 3.1, JSON
	Operations []Operation
}

// Operation is one question, by its id in the document and its path below Base.
type Operation struct{ ID, Path string }

// Mount registers every operation on a router that stands at Base. A request without asker is for the router's
// own middleware to refuse.
func Mount(r chi.Router, s *Service, o Options) (Mounted, error) {
	config := huma.DefaultConfig("Vigie", "1")
	config.CreateHooks = nil // no $schema in the answers
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.RejectUnknownQueryParameters = true
	config.Info.Description = "What Vigie's pages show, for programs. Each answer is bounded by the role and the territory of the token's person."
	config.Servers = []*huma.Server{{URL: Base}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "A token that a person made on the page of tokens, or vigie token create."},
		"session": {Type: "apiKey", In: "cookie", Name: "vigie", Description: "The session of a signed-in browser."},
	}
	config.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	m := &mounting{api: humachi.New(r, config), Options: o}
	m.links(s)
	m.past(s)
	m.costs(s)
	document, err := json.Marshal(m.api.OpenAPI())
	if err != nil {
		return Mounted{}, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return Mounted{document, m.operations}, nil
}

type mounting struct {
	api        huma.API
	operations []Operation
	Options
}

// answer is the body of a good answer.
type answer[T any] struct{ Body T }

// describe says what an operation is called, where it stands and what it is for.
type describe struct{ id, path, tag, summary string }

// operation registers a question that somebody asks at a time.
func operation[In, Out any](m *mounting, d describe, ask func(ctx context.Context, who org.User, in *In, now time.Time) (Out, error)) {
	m.operations = append(m.operations, Operation{d.id, d.path})
	huma.Register(m.api, huma.Operation{
		OperationID: d.id, Method: http.MethodGet, Path: d.path, Summary: d.summary, Tags: []string{d.tag},
	}, func(ctx context.Context, in *In) (*answer[Out], error) {
		who, ok := Asker(ctx)
		if !ok {
			return nil, NewProblem(http.StatusUnauthorized, "nobody asks")
		}
		out, err := ask(ctx, who, in, m.Now())
		if err != nil {
			return nil, refused(err, func(err error) string { return m.Report(ctx, err) })
		}
		return &answer[Out]{out}, nil
	})
}

// ByID names a thing by its id.
type ByID struct {
	ID int64 `path:"id" minimum:"1"`
}

func (m *mounting) links(s *Service) {
	operation(m, describe{"list-links", "/links", "links", "Links in force today, by reference"},
		func(ctx context.Context, who org.User, in *LinkQuery, now time.Time) (Live[Link], error) {
			return s.Links(ctx, who, *in, now)
		})
	type ranged struct {
		ByID
		Range string `query:"range" enum:"1h,6h,24h,7d,30d,1y,13m" default:"6h" doc:"How far back the two series look."`
	}
	operation(m, describe{"get-link", "/links/{id}", "links", "A link: what was bought, measured and told"},
		func(ctx context.Context, who org.User, in *ranged, now time.Time) (LinkDetail, error) {
			return s.Link(ctx, who, in.ID, view.Range(in.Range), now)
		})
	operation(m, describe{"list-sites", "/sites", "sites", "Sites, by key"},
		func(ctx context.Context, who org.User, in *SiteQuery, now time.Time) (Live[Site], error) {
			return s.Sites(ctx, who, *in, now)
		})
	operation(m, describe{"get-site", "/sites/{id}", "sites", "A site: its schools, contacts, links and what happened on them"},
		func(ctx context.Context, who org.User, in *ByID, now time.Time) (SiteDetail, error) {
			return s.Site(ctx, who, in.ID, now)
		})
	operation(m, describe{"get-device", "/links/{id}/device", "devices", "The router of a link: its health, interfaces, addresses, VLANs and neighbours"},
		func(ctx context.Context, who org.User, in *ByID, now time.Time) (Device, error) {
			return s.Device(ctx, who, in.ID, now)
		})
	operation(m, describe{"list-site-devices", "/sites/{id}/devices", "devices", "The routers of the links that serve a site, by reference of the link"},
		func(ctx context.Context, who org.User, in *ByID, now time.Time) (List[Device], error) {
			return s.SiteDevices(ctx, who, in.ID, now)
		})
	operation(m, describe{"list-prefixes", "/prefixes", "plan", "Prefixes of the addressing plan, by VRF and address"},
		func(ctx context.Context, who org.User, in *PrefixQuery, now time.Time) (List[Prefix], error) {
			return s.Prefixes(ctx, who, *in, now)
		})
}

func (m *mounting) past(s *Service) {
	operation(m, describe{"list-probers", "/probers", "probers", "Vantage points, by name, and how well each measured in the last hour"},
		func(ctx context.Context, who org.User, in *Pieces, now time.Time) (Live[Prober], error) {
			return s.Probers(ctx, who, *in, now)
		})
	operation(m, describe{"list-incidents", "/incidents", "incidents", "Incidents, the latest first"},
		func(ctx context.Context, who org.User, in *PastQuery, now time.Time) (Live[Incident], error) {
			return s.Incidents(ctx, who, *in, now)
		})
	operation(m, describe{"get-incident", "/incidents/{id}", "incidents", "An incident: one cause and the links that it failed"},
		func(ctx context.Context, who org.User, in *ByID, now time.Time) (Incident, error) {
			return s.Incident(ctx, who, in.ID, now)
		})
	operation(m, describe{"list-tickets", "/tickets", "tickets", "Tickets, the latest first"},
		func(ctx context.Context, who org.User, in *TicketQuery, now time.Time) (Live[TicketBrief], error) {
			return s.Tickets(ctx, who, *in, now)
		})
	operation(m, describe{"get-ticket", "/tickets/{id}", "tickets", "A ticket: what was said, and how long the operator had"},
		func(ctx context.Context, who org.User, in *ByID, now time.Time) (Ticket, error) {
			return s.Ticket(ctx, who, in.ID, now)
		})
}

func (m *mounting) costs(s *Service) {
	operation(m, describe{"list-audit", "/audit", "audit", "What each link carried and cost over a period, by reference"},
		func(ctx context.Context, who org.User, in *AuditQuery, now time.Time) (List[AuditLine], error) {
			return s.Audit(ctx, who, *in, now)
		})
	type monthly struct {
		Month string `query:"month" pattern:"^20[0-9]{2}-(0[1-9]|1[0-2])$" example:"2026-11" doc:"The current month without it."`
	}
	operation(m, describe{"get-statement", "/statements", "statements", "The bill of a month, split between the members"},
		func(ctx context.Context, who org.User, in *monthly, now time.Time) (Statement, error) {
			today := calendar.Day(now)
			month := today.AddDate(0, 0, 1-today.Day())
			if in.Month != "" {
				var err error
				if month, err = time.Parse("2006-01", in.Month); err != nil {
					return Statement{}, fault.Errorf(fault.Invalid, "month %q: expected one such as 2026-11", in.Month)
				}
			}
			return s.Statement(ctx, who, month, now)
		})
}
