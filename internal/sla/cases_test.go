package sla_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
	_ "time/tzdata" // the tests need Europe/Paris on any machine

	"github.com/google/go-cmp/cmp"

	"vigie/billing/money"
	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/sla"
)

// readCases decodes a file of cases from VIGIE_CASES (relative to the repository's
// root) or from the package's own copy.
func readCases(t *testing.T, name string, cases any) {
	t.Helper()
	folder := os.Getenv("VIGIE_CASES")
	switch {
	case folder == "":
		folder = filepath.Join("testdata", "cases")
	case !filepath.IsAbs(folder):
		folder = filepath.Join("..", "..", folder)
	}
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, cases); err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
}

type caseService struct {
	Kind        string
	Days        []int
	Open, Close string
	Holidays    calendar.Holidays
}

func (c caseService) service(t *testing.T) calendar.Service {
	t.Helper()
	if c.Kind == "24x7" {
		return calendar.Service{Always: true}
	}
	service := hours(t, fmt.Sprintf("1 %s-%s", c.Open, c.Close), c.Holidays)
	service.Days = [8]bool{}
	for _, day := range c.Days {
		service.Days[day] = true
	}
	return service
}

func hours(t *testing.T, text string, holidays calendar.Holidays) calendar.Service {
	t.Helper()
	service, err := calendar.ParseService(text)
	if err != nil {
		t.Fatal(err)
	}
	service.Holidays = holidays
	return service
}

func local(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := calendar.ParseLocal(text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func gel(t *testing.T, from, to string) sla.Gel {
	t.Helper()
	gel := sla.Gel{From: local(t, from), Cause: sla.SiteClosed, DeclaredBy: "operator", Accepted: true}
	if to != "" {
		gel.To = local(t, to)
	}
	return gel
}

func TestGTRCases(t *testing.T) {
	t.Parallel()
	type expectation struct {
		ElapsedMinutes int64 `json:"elapsed_minutes"`
		Deadline       string
		OverrunMinutes int64 `json:"overrun_minutes"`
		StartedHours   int64 `json:"started_hours"`
	}
	var file struct {
		Cases []struct {
			ID         string
			Service    caseService
			GTRMinutes int64 `json:"gtr_minutes"`
			Start      string
			Gels       [][2]string
			Restored   string
			Expect     expectation
		}
	}
	readCases(t, "gtr_cases.json", &file)
	if len(file.Cases) == 0 {
		t.Fatal("no case")
	}
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			t.Parallel()
			timeline := sla.Timeline{Delivered: local(t, tt.Start), Restored: local(t, tt.Restored)}
			for _, bounds := range tt.Gels {
				timeline.Gels = append(timeline.Gels, gel(t, bounds[0], bounds[1]))
			}
			clause := contract.Clause{GTR: time.Duration(tt.GTRMinutes) * time.Minute, ClockStart: contract.StartDelivered}
			reading := sla.Clock(timeline, clause, tt.Service.service(t), timeline.Restored)
			got := expectation{
				ElapsedMinutes: int64(reading.Elapsed / time.Minute),
				Deadline:       calendar.Local(reading.Deadline).Format("2006-01-02T15:04"),
				OverrunMinutes: int64(reading.Overrun / time.Minute),
				StartedHours:   reading.StartedHours(),
			}
			if diff := cmp.Diff(tt.Expect, got); diff != "" {
				t.Errorf("reading (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPenaltyCases(t *testing.T) {
	t.Parallel()
	type penaltyCase struct {
		ID             string
		Kind           string
		FeeCents       money.Cents `json:"fee_cents"`
		PercentHour    string      `json:"percent_per_started_hour"`
		CapPercent     string      `json:"cap_percent"`
		OverrunMinutes int64       `json:"overrun_minutes"`
		PeriodMinutes  int         `json:"period_minutes"`
		DownMinutes    int         `json:"down_minutes"`
		Steps          []contract.Step
		ExpectCents    money.Cents `json:"expect_cents"`
	}
	price := func(tt penaltyCase) (sla.Penalty, error) {
		if tt.Kind == "gtr" {
			clause := contract.Clause{PercentHour: tt.PercentHour, CapPercent: tt.CapPercent}
			return sla.GTRPenalty(tt.FeeCents, clause, time.Duration(tt.OverrunMinutes)*time.Minute)
		}
		down := []calendar.Interval{minutes(0, tt.DownMinutes)}
		ratio, known := sla.Availability(minutes(0, tt.PeriodMinutes), down, nil, nil).Ratio()
		if !known {
			return sla.Penalty{}, fmt.Errorf("nothing is known of %d minutes", tt.PeriodMinutes)
		}
		return sla.AvailabilityPenalty(tt.FeeCents, tt.Steps, ratio)
	}
	var file struct{ Cases []penaltyCase }
	readCases(t, "penalty_cases.json", &file)
	if len(file.Cases) == 0 {
		t.Fatal("no case")
	}
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			t.Parallel()
			got, err := price(tt)
			if err != nil || got.Cents != tt.ExpectCents || string(got.Kind) != tt.Kind {
				t.Errorf("got %s %s, %v, want %s", got.Kind, got.Cents, err, tt.ExpectCents)
			}
		})
	}
}

// minutes is an interval in minutes from 1 April 2026, midnight UTC.
func minutes(from, to int) calendar.Interval {
	origin := time.Date(2026, time.April, 1, 0, 0, 0, 0, time.UTC)
	return calendar.Interval{
		From: origin.Add(time.Duration(from) * time.Minute),
		To:   origin.Add(time.Duration(to) * time.Minute),
	}
}
