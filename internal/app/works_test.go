package app

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/lab"
)

func TestTheNoticeOfTheDemosWorksIsReadAsAnybodys(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 25, 14, 18, 38, 0, time.UTC)
	sheet, err := notice(lab.Works{POP: "cig-wissembourg", From: 9 * time.Minute, To: 12 * time.Minute}, now)
	if err != nil {
		t.Fatal(err)
	}
	set, problems := intake.Read([]intake.File{sheet})
	if len(problems.List) > 0 {
		t.Fatal(problems)
	}
	want := []inventory.Maintenance{{
		Key: "tp-demo-20261125T141838", Scope: inventory.ScopePOP, Subject: "cig-wissembourg",
		From: now.Add(9 * time.Minute), To: now.Add(12 * time.Minute), Announced: now.AddDate(0, 0, -10),
		Note: "Travaux annoncés de la démonstration (fictifs)", Source: "fictif (démo)",
	}}
	if diff := cmp.Diff(want, set.Rows.Maintenances); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}
