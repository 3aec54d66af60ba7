package api

import (
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vigie/internal/fault"
)

// Problem is an error as RFC 9457 has it.
type Problem struct {
	Type   string   `json:"type" enum:"about:blank" doc:"The title says everything."`
	Title  string   `json:"title" doc:"The meaning of the status."`
	Status int      `json:"status"`
	Detail string   `json:"detail" doc:"What is wrong with this request."`
	Number string   `json:"number,omitempty" doc:"Under which the log holds the cause, when it is ours to repair."`
	Errors []Detail `json:"errors,omitempty" doc:"Each part of the request that is wrong."`
}

// Detail is one part of a request that is wrong.
type Detail struct {
	Location string `json:"location" doc:"Such as query.limit."`
	Message  string `json:"message"`
}

// NewProblem is a problem of a status; 500 and above need a number.
func NewProblem(status int, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the status, for huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457, for huma.
func (p *Problem) ContentType(string) string { return ProblemType }

// ProblemType is the media type of a problem.
const ProblemType = "application/problem+json"

// Status is the HTTP status of a fault, for pages and API alike.
func Status(k fault.Kind) int {
	switch k {
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Conflict:
		return http.StatusConflict
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// refused says what a service's error tells the asker. What is ours to repair is told
// to report, which gives it a number.
func refused(err error, report func(error) string) *Problem {
	kind := fault.KindOf(err)
	status := Status(kind)
	if status >= http.StatusInternalServerError {
		p := NewProblem(status, "the request failed; the log holds the cause under the number")
		p.Number = report(err)
		return p
	}
	detail := err.Error()
	switch kind {
	case fault.NotFound:
		detail = "nothing of that name is in your territory" // whether it exists is not said
	case fault.Forbidden:
		detail = "the role does not allow it"
	}
	return NewProblem(status, detail)
}

// huma keeps what makes its own errors, and whether lists may be null, in variables.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, detail string, errs ...error) huma.StatusError {
		p := NewProblem(status, detail)
		for _, err := range errs {
			var d *huma.ErrorDetail
			if errors.As(err, &d) {
				p.Errors = append(p.Errors, Detail{d.Location, d.Message})
			}
		}
		return p
	}
}
