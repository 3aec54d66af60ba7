package i18n_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/i18n"
)

func TestFiguresAreWrittenAsEachLanguageDoes(t *testing.T) {
	t.Parallel()
	fr, en := i18n.For(i18n.French), i18n.For(i18n.English)
	at := time.Date(2026, 11, 24, 13, 5, 9, 0, time.UTC)
	summer := time.Date(2026, 7, 14, 22, 30, 0, 0, time.UTC)
	for name, row := range map[string]struct{ fr, en, wantFR, wantEN string }{
		"thousands":              {fr.Number(1234567), en.Number(1234567), "1\u202f234\u202f567", "1,234,567"},
		"three digits":           {fr.Number(999), en.Number(999), "999", "999"},
		"negative thousands":     {fr.Number(-1000), en.Number(-1000), "−1\u202f000", "−1,000"},
		"euros":                  {fr.Euros(123456), en.Euros(123456), "1\u202f234,56\u00a0€", "€1,234.56"},
		"cents":                  {fr.Euros(5), en.Euros(5), "0,05\u00a0€", "€0.05"},
		"negative euros":         {fr.Euros(-1200), en.Euros(-1200), "−12,00\u00a0€", "−€12.00"},
		"contract decimal":       {fr.Decimal("99.85"), en.Decimal("99.85"), "99,85", "99.85"},
		"percent":                {fr.Percent(9985, 10000, 2), en.Percent(9985, 10000, 2), "99,85\u00a0%", "99.85%"},
		"whole percent":          {fr.Percent(1, 4, 1), en.Percent(1, 4, 1), "25\u00a0%", "25%"},
		"nothing of something":   {fr.Percent(0, 4, 1), en.Percent(0, 4, 1), "0\u00a0%", "0%"},
		"all of it":              {fr.Percent(4, 4, 1), en.Percent(4, 4, 1), "100\u00a0%", "100%"},
		"nearly all of it":       {fr.Percent(99999, 100000, 1), en.Percent(99999, 100000, 1), "99,9\u00a0%", "99.9%"},
		"hardly any of it":       {fr.Percent(1, 100000, 1), en.Percent(1, 100000, 1), "<\u00a00,1\u00a0%", "<\u00a00.1%"},
		"share of nothing":       {fr.Percent(0, 0, 1), en.Percent(0, 0, 1), "–", "–"},
		"delay under 1 ms":       {fr.Millis(423), en.Millis(423), "0,42\u00a0ms", "0.42\u00a0ms"},
		"delay":                  {fr.Millis(12345), en.Millis(12345), "12,3\u00a0ms", "12.3\u00a0ms"},
		"delay next to 100 ms":   {fr.Millis(99960), en.Millis(99960), "100\u00a0ms", "100\u00a0ms"},
		"whole delay":            {fr.Millis(60_000), en.Millis(5_000), "60\u00a0ms", "5\u00a0ms"},
		"undefined delay":        {fr.Millis(0), en.Millis(0), "–", "–"},
		"rate":                   {fr.BitRate(100_000_000), en.BitRate(100_000_000), "100\u00a0Mbit/s", "100\u00a0Mbit/s"},
		"rate with a decimal":    {fr.BitRate(1_500_000_000), en.BitRate(1_500_000_000), "1,5\u00a0Gbit/s", "1.5\u00a0Gbit/s"},
		"slow rate":              {fr.BitRate(512), en.BitRate(512), "512\u00a0bit/s", "512\u00a0bit/s"},
		"instant in winter":      {fr.Time(at), en.Time(at), "24/11/2026 14:05", "2026-11-24 14:05"},
		"instant to the second":  {fr.TimeSeconds(at), en.TimeSeconds(at), "24/11/2026 14:05:09", "2026-11-24 14:05:09"},
		"instant to the tenth":   {fr.TimeTenths(at.Add(480 * time.Millisecond)), en.TimeTenths(at), "24/11/2026 14:05:09,4", "2026-11-24 14:05:09.0"},
		"time to the tenth":      {fr.ClockTenths(at), en.ClockTenths(at.Add(99 * time.Millisecond)), "14:05:09,0", "14:05:09.0"},
		"day of a summer night":  {fr.Date(summer), en.Date(summer), "15/07/2026", "2026-07-15"},
		"time of day":            {fr.Clock(summer), en.Clock(summer), "00:30", "00:30"},
		"civil day":              {fr.CivilDate(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), en.CivilDate(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), "01/01/2026", "2026-01-01"},
		"no instant":             {fr.Time(time.Time{}), en.CivilDate(time.Time{}), "–", "–"},
		"month":                  {fr.Month(at), en.Month(at), "novembre 2026", "November 2026"},
		"seconds":                {fr.Duration(45 * time.Second), en.Duration(0), "45\u00a0s", "0\u00a0s"},
		"short duration":         {fr.Duration(245 * time.Second), en.Duration(245 * time.Second), "4\u00a0min\u00a005\u00a0s", "4\u00a0min\u00a005\u00a0s"},
		"minutes":                {fr.Duration(42*time.Minute + 59*time.Second), en.Duration(10 * time.Minute), "42\u00a0min", "10\u00a0min"},
		"hours":                  {fr.Duration(125 * time.Minute), en.Duration(125 * time.Minute), "2\u00a0h\u00a005\u00a0min", "2\u00a0h\u00a005\u00a0min"},
		"whole hours":            {fr.Duration(4 * time.Hour), en.Duration(48 * time.Hour), "4\u00a0h", "2\u00a0d"},
		"days":                   {fr.Duration(76 * time.Hour), en.Duration(76 * time.Hour), "3\u00a0j\u00a004\u00a0h", "3\u00a0d\u00a004\u00a0h"},
		"negative duration":      {fr.Duration(-time.Minute), en.Duration(-61 * time.Second), "−1\u00a0min", "−1\u00a0min\u00a001\u00a0s"},
		"unknown key is visible": {fr.T("no.such.key"), en.N("no.such.key", 2), "no.such.key", "no.such.key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff([]string{row.wantFR, row.wantEN}, []string{row.fr, row.en}); diff != "" {
				t.Errorf("fr, en (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLanguageIsChosenByWeight(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]i18n.Lang{
		"":                          i18n.French,
		"de-DE,de;q=0.9":            i18n.French,
		"en":                        i18n.English,
		"en-GB,fr;q=0.5":            i18n.English,
		"fr-FR,fr;q=0.9,en;q=0.8":   i18n.French,
		"de, en;q=0.3, fr;q=0.2":    i18n.English,
		"en;q=0":                    i18n.French,
		"en;q=NaN, fr;q=0.1":        i18n.French,
		"en;q=nonsense":             i18n.French,
		";;;,,,=":                   i18n.French,
		"EN-us;q=1.0, fr-FR;q=0.99": i18n.English,
	} {
		if got := i18n.Match(header); got != want {
			t.Errorf("Match(%q) = %s, want %s", header, got, want)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("fr-FR,fr;q=0.9,en;q=0.8")
	f.Add("en;q=,;q")
	f.Fuzz(func(t *testing.T, header string) {
		if lang := i18n.Match(header); lang != i18n.French && lang != i18n.English {
			t.Errorf("Match(%q) = %q, which is no language of the catalogues", header, lang)
		}
	})
}
