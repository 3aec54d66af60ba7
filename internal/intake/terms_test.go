package intake_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"vigie/internal/fault"
	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

const (
	linkHeader  = "ref,operator,lot,pop,sites,price_item,down_mbps,up_mbps,technology,probe_address,demarcation_address,cpe_owner,starts,ends,source"
	termsHeader = "link,from,price_item,down_mbps,up_mbps,source"
	linkA1      = "A-1,op-a,lot-a,pop-a,site-1,100M,100,100,FTTO,198.18.0.1,198.18.200.1,operator,2025-09-01,,test"
)

func TestWhatPastMonthsWereBilledByIsNotRewritten(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	service := intake.Service{Store: store.NewIntake(db)}
	o := intake.Options{Actor: "user:7", Now: now}
	imported(t, db, intake.Options{}, with(base(t),
		file("terms.csv", termsHeader, "A-1,2026-09-01,100M,200,200,test", "A-1,2026-10-01,100M,300,300,test"))...)
	for name, c := range map[string]struct {
		file intake.File
		want string
	}{
		"the rates of a link": {
			file("links.csv", linkHeader, "A-1,op-a,lot-a,pop-a,site-1,100M,500,400,FTTO,198.18.0.1,198.18.200.1,operator,2025-09-01,,test"),
			`links.csv:2: down_mbps: "500" differs from "100", held since 2025-09-01; give the change from a date in terms.csv (page: Terms)` + "\n" +
				`links.csv:2: up_mbps: "400" differs from "100", held since 2025-09-01; give the change from a date in terms.csv (page: Terms)` + "\n",
		},
		"its lot and price": {
			file("links.csv", linkHeader, "A-1,op-a,,pop-a,site-1,,100,100,FTTO,198.18.0.1,198.18.200.1,operator,2025-09-01,,test"),
			`links.csv:2: lot: differs from "lot-a", held since 2025-09-01; end this link and begin another` + "\n" +
				`links.csv:2: price_item: differs from "100M", held since 2025-09-01; give the change from a date in terms.csv (page: Terms)` + "\n",
		},
		"its start": {
			file("links.csv", linkHeader, "A-1,op-a,lot-a,pop-a,site-1,100M,100,100,FTTO,198.18.0.1,198.18.200.1,operator,2025-10-01,,test"),
			`links.csv:2: starts: "2025-10-01" differs from "2025-09-01", held since 2025-09-01; end this link and begin another` + "\n",
		},
		"later terms": {
			file("terms.csv", termsHeader, "A-1,2026-09-01,100M,250,200,test"),
			`terms.csv:2: down_mbps: "250" differs from "200", held since 2026-09-01; give the change from a date in terms.csv (page: Terms)` + "\n",
		},
	} {
		_, err := service.Import(context.Background(), []intake.File{c.file}, o)
		var refused *intake.Refused
		if !errors.As(err, &refused) || fault.KindOf(err) != fault.Invalid {
			t.Fatalf("%s: error %v, want a refusal", name, err)
		}
		if got := refused.Problems.String(); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, c.want)
		}
	}
}

func TestWhatNoMonthWasBilledByYetIsCorrected(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, with(base(t), file("terms.csv", termsHeader, "A-1,2026-10-01,100M,300,300,test"))...)
	report := imported(t, db, intake.Options{}, file("terms.csv", termsHeader, "A-1,2026-10-01,100M,400,400,test"))
	if len(report.Files[0].Changed) != 1 || len(report.Warnings.List) > 0 {
		t.Errorf("terms of this month: %+v, warnings %s", report.Files, report.Warnings)
	}
	young := "A-3,op-a,lot-a,pop-a,site-1,100M,100,100,FTTO,198.18.0.9,,operator,2026-10-01,,test"
	imported(t, db, intake.Options{}, file("links.csv", linkHeader, young))
	faster := "A-3,op-a,lot-a,pop-a,site-1,100M,200,200,FTTO,198.18.0.9,,operator,2026-10-01,,test"
	if report := imported(t, db, intake.Options{}, file("links.csv", linkHeader, faster)); len(report.Files[0].Changed) != 1 {
		t.Errorf("a link of this month: %+v", report.Files)
	}
	ended := linkA1[:len(linkA1)-len(",test")] + "2026-10-01,test"
	if report := imported(t, db, intake.Options{AcceptEnds: 1}, file("links.csv", linkHeader, ended)); len(report.Files[0].Changed) != 1 {
		t.Errorf("a link that ends: %+v", report.Files)
	}
}

func TestTermsBeforeThisMonthOfAStoredLinkAreTakenWithAWarning(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	late := file("terms.csv", termsHeader, "A-1,2026-09-15,100M,200,200,lettre")
	report := imported(t, db, intake.Options{}, late)
	const want = `terms.csv:2: from: "2026-09-15" lies before this month: bills and audits since then change` + "\n"
	if got := report.Warnings.String(); got != want {
		t.Errorf("warnings %s, want %s", got, want)
	}
	if again := imported(t, db, intake.Options{}, late); !again.Empty() || len(again.Warnings.List) > 0 {
		t.Errorf("the same file again: %+v, warnings %s", again.Files, again.Warnings)
	}
}

func TestTermsChangeFromADayOnAPage(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	s := intake.Service{Store: store.NewIntake(db)}
	form := formOf(t, s, "terms", "A-2 2026-11-01")
	if !form.Dated || form.CanEnd {
		t.Errorf("the form is %+v, want a dated one without an end", form)
	}
	e := intake.Edit{Table: "terms", Key: form.Key, Version: form.Version, Values: []intake.Value{{"down_mbps", "300"}}, From: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}
	if _, _, err := s.Save(context.Background(), e, intake.Options{Actor: "user:7", Now: now}); err != nil {
		t.Fatal(err)
	}
	x := inventory.NewIndex(loaded(t, db))
	link, _ := x.Link("A-2")
	var got []int64
	for _, terms := range x.TermsOf(link) {
		got = append(got, terms.DownKbps)
	}
	if len(got) != 3 || got[0] != 100_000 || got[1] != 200_000 || got[2] != 300_000 {
		t.Errorf("rates %v, want 100, 200 and 300 Mbit/s", got)
	}
}

func TestAStartDoesNotPassStoredTerms(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	young := "A-3,op-a,lot-a,pop-a,site-1,100M,100,100,FTTO,198.18.0.9,,operator,2026-10-01,,test"
	imported(t, db, intake.Options{}, file("links.csv", linkHeader, young), file("terms.csv", termsHeader, "A-3,2026-10-15,100M,200,200,test"))
	later := "A-3,op-a,lot-a,pop-a,site-1,100M,100,100,FTTO,198.18.0.9,,operator,2026-10-15,,test"
	_, err := intake.Service{Store: store.NewIntake(db)}.Import(context.Background(), []intake.File{file("links.csv", linkHeader, later)}, intake.Options{Actor: "test", Now: now})
	var refused *intake.Refused
	if !errors.As(err, &refused) {
		t.Fatalf("error %v, want a refusal", err)
	}
	const want = `links.csv:2: starts: "2026-10-15" is not before its terms from 2026-10-15` + "\n"
	if got := refused.Problems.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
