package intake

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"vigie/internal/inventory"
	"vigie/probe/service"
)

// The time between two questions of a check, in seconds: what asks a service of others more
// often is a burden to it.
const (
	shortestCheck = 10
	longestCheck  = 24 * 60 * 60
)

// maxCertificateDays is how early the end of a certificate may be told, in days.
const maxCertificateDays = 365

var checkTable = table[inventory.Check]{
	file: checksFile,
	key:  []string{"key"},
	rows: func(s *inventory.Snapshot) *[]inventory.Check { return &s.Checks },
	columns: []column[inventory.Check]{
		key("key", func(c *inventory.Check) *string { return &c.Key }),
		enum("scope", func(c *inventory.Check) *inventory.ScopeKind { return &c.Scope },
			inventory.ScopeLink, inventory.ScopeSite).must(),
		foreign("subject", func(c *inventory.Check) *string { return &c.Subject }).must(),
		text("name", func(c *inventory.Check) *string { return &c.Name }).must(),
		enum("direction", func(c *inventory.Check) *inventory.Direction { return &c.From },
			inventory.FromCore, inventory.FromSite).must(),
		custom("check", readQuestion, func(c *inventory.Check) string { return c.Service }).must(),
		custom("every_seconds", readEvery, showEvery).must(),
		custom("status", readStatuses, func(c *inventory.Check) string { return c.Status }),
		text("text", func(c *inventory.Check) *string { return &c.Text }),
		integer("certificate_days", func(c *inventory.Check) *int { return &c.CertificateDays }, 1, maxCertificateDays),
		custom("certificate_sha256", readFingerprint, func(c *inventory.Check) string { return c.CertificateSHA256 }),
		day("ends", func(c *inventory.Check) *time.Time { return &c.Ends }),
		text("source", func(c *inventory.Check) *string { return &c.Source }).must(),
	},
	refers: func(c *inventory.Check) []reference {
		if c.Scope == "" {
			return nil
		}
		return []reference{{"subject", c.Subject, scopeFiles[c.Scope]}}
	},
	rules: func(c *inventory.Check) []finding {
		question, err := service.Parse(c.Service)
		if err != nil {
			return nil // one that is wrong was told by its column
		}
		if c.CertificateSHA256 != "" && !strings.HasPrefix(c.Service, "https://") {
			return []finding{{"certificate_sha256", c.CertificateSHA256, "needs a certificate: a service of https://"}}
		}
		if question.Kind == service.HTTP {
			return nil
		}
		switch {
		case c.Status != "":
			return []finding{{"status", c.Status, "needs a page: a service of http:// or https://"}}
		case c.Text != "":
			return []finding{{"text", c.Text, "needs a page: a service of http:// or https://"}}
		}
		return nil
	},
	period: func(c *inventory.Check) (from, to *time.Time) { return nil, &c.Ends },
}

func readQuestion(c *inventory.Check, text string) string {
	question, err := service.Parse(text)
	if err != nil {
		return "is not a service: https://HOST/PATH, tcp://HOST:PORT or dns://SERVER/NAME"
	}
	c.Service = question.String()
	return ""
}

func readEvery(c *inventory.Check, text string) string {
	n, err := strconv.Atoi(text)
	if err != nil || n < shortestCheck || n > longestCheck {
		return fmt.Sprintf("is not a whole number from %d to %d", shortestCheck, longestCheck)
	}
	c.Every = time.Duration(n) * time.Second
	return ""
}

func showEvery(c *inventory.Check) string {
	if c.Every == 0 {
		return ""
	}
	return strconv.FormatInt(int64(c.Every/time.Second), 10)
}

func readFingerprint(c *inventory.Check, text string) string {
	digits, err := service.ParseFingerprint(text)
	if err != nil {
		return "is not the SHA-256 of a certificate: 64 hexadecimal digits, with or without colons"
	}
	c.CertificateSHA256 = digits
	return ""
}

func readStatuses(c *inventory.Check, text string) string {
	statuses, err := service.ParseStatuses(text)
	if err != nil {
		return "is not a list of HTTP statuses such as 200,401 or 2xx"
	}
	c.Status = statuses.String()
	return ""
}
