package service

import (
	"fmt"
	"strconv"
	"strings"
)

// Statuses are the statuses of HTTP (RFC 9110, 15) that are taken for good.
type Statuses []StatusRange

// StatusRange is from one status to another, both included.
type StatusRange struct{ From, To int }

// ParseStatuses reads "200,301,4xx".
func ParseStatuses(text string) (Statuses, error) {
	var all Statuses
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		class, isClass := strings.CutSuffix(strings.ToLower(part), "xx")
		status, err := strconv.ParseUint(class, 10, 16)
		r := StatusRange{int(status), int(status)}
		if isClass {
			r = StatusRange{int(status) * 100, int(status)*100 + 99}
		}
		if err != nil || r.From < 100 || r.To > 599 {
			return nil, fmt.Errorf("status %q: expected 100 to 599, or a class such as 2xx", part)
		}
		all = append(all, r)
	}
	return all, nil
}

// Include reports whether a status is taken for good; without any, a 2xx is.
func (s Statuses) Include(status int) bool {
	if len(s) == 0 {
		return status >= 200 && status <= 299
	}
	for _, r := range s {
		if status >= r.From && status <= r.To {
			return true
		}
	}
	return false
}

// String writes the statuses as ParseStatuses reads them.
func (s Statuses) String() string {
	if len(s) == 0 {
		return "2xx"
	}
	var parts []string
	for _, r := range s {
		part := strconv.Itoa(r.From)
		if r.From != r.To {
			part = strconv.Itoa(r.From/100) + "xx"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ",")
}
