package dashboards

import (
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/i18n"
	"vigie/internal/linkstate"
	"vigie/internal/view"
)

func shippedOutlines(t testing.TB) []outline {
	t.Helper()
	all, err := parseOutlines(outlineFile)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryShippedOutlineIsNamedAndClosed(t *testing.T) {
	t.Parallel()
	all := shippedOutlines(t)
	if len(all) != 10 {
		t.Errorf("%d outlines, want the 10 of Grand Est", len(all))
	}
	for _, o := range all {
		if want := o.name + " (" + o.code + ")"; view.DepartementName(o.code) != want {
			t.Errorf("%s is %q elsewhere, want %q", o.code, view.DepartementName(o.code), want)
		}
		for _, ring := range o.rings {
			if len(ring) < 4 || ring[0] != ring[len(ring)-1] {
				t.Errorf("a ring of %s with %d positions is not closed", o.code, len(ring))
			}
		}
	}
}

func TestAnOutlineThatIsNoneIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	feature := func(geometry string) string {
		return `{"features":[{"properties":{"code":"67","nom":"x"},"geometry":` + geometry + `}]}`
	}
	for raw, want := range map[string]string{
		`[]`: "expected a FeatureCollection",
		feature(`{"type":"Point","coordinates":[1,2]}`):                                        `feature 0 (67): geometry "Point": expected Polygon or MultiPolygon`,
		feature(`{"type":"Polygon","coordinates":[[[7.5],[8,48],[8,49],[7,48]]]}`):             "position [7.5]: expected longitude and latitude",
		feature(`{"type":"MultiPolygon","coordinates":[[[[7.5,4800],[8,48],[8,49],[7,48]]]]}`): "position [7.5 4800]",
		feature(`{"type":"Polygon","coordinates":[[["east","north"]]]}`):                       "feature 0 (67)",
		feature(`{"type":"Polygon","coordinates":[[[7,48],[8,48],[7,48]]]}`):                   "ring of 3 positions: expected 4 or more",
		feature(`{"type":"MultiPolygon","coordinates":[]}`):                                    "no ring",
	} {
		if _, err := parseOutlines([]byte(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", raw, err, want)
		}
	}
}

func FuzzParseOutlines(f *testing.F) {
	f.Add([]byte(`{"features":[{"properties":{"code":"67","nom":"x"},"geometry":{"type":"Polygon","coordinates":[[[7,48],[8,48],[8,49],[7,48]]]}}]}`))
	f.Add([]byte(`{"features":[{"geometry":{"type":"MultiPolygon","coordinates":[[]]}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, err := parseOutlines(raw)
		if err != nil {
			return
		}
		for _, o := range all {
			m := view.Map{Departements: []view.MapDepartement{{Choice: view.Choice{Key: o.code}}}}
			newMap(i18n.For(i18n.French), all, m)
		}
	})
}

// region is a map of n sites, every tenth down, all in the Bas-Rhin and the Meuse;
// half of them in Strasbourg, some ten at each crossing.
func region(n int) view.Map {
	m := view.Map{POPs: []view.MapPOP{{Name: "Bar-le-Duc", OperatorName: "Mirabelle", Latitude: 48.773, Longitude: 5.161}}}
	for _, code := range []string{"67", "55"} {
		m.Departements = append(m.Departements, view.MapDepartement{Choice: view.Choice{Key: code, Name: view.DepartementName(code)}})
	}
	for i := range n {
		s := view.MapSite{
			SiteName: view.SiteName{ID: int64(i + 1), Name: "Collège " + strconv.Itoa(i), Commune: "Strasbourg", Departement: "67"},
			Latitude: 48.54 + float64(i%11)*0.006, Longitude: 7.7 + float64(i%13)*0.008, Status: linkstate.Up,
		}
		if i%2 == 0 {
			s.Departement, s.Commune = "55", "Verdun"
			s.Latitude, s.Longitude = 48.6+float64(i%97)*0.009, 5.1+float64(i%89)*0.006
		}
		if i%10 == 0 {
			s.Status = linkstate.Down
		}
		s.Links = []view.BoardLink{{LinkName: view.LinkName{ID: s.ID, Ref: "X-" + strconv.Itoa(i)}, Status: s.Status}}
		m.Sites = append(m.Sites, s)
		m.Totals.Up++
	}
	return m
}

func TestEverySiteIsAMarkOfItsOwnInsideTheDrawing(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 150, 600} {
		d := newMap(i18n.For(i18n.French), shippedOutlines(t), region(n))
		if len(d.Sites) != n || len(d.POPs) != 1 || len(d.Areas) != 2 || len(d.Context) == 0 || len(d.Unplaced) != 0 {
			t.Fatalf("%d sites: %d marks, %d POPs, %d areas, %d neighbours, %d unplaced", n, len(d.Sites), len(d.POPs), len(d.Areas), len(d.Context), len(d.Unplaced))
		}
		figure := func(text string) float64 {
			f, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		for i, a := range d.Sites {
			ax, ay, aradius := figure(a.X), figure(a.Y), markRadius*figure(a.Scale)
			if ax < aradius-0.1 || ay < aradius-0.1 || ax+aradius > mapWidth+0.1 || ay+aradius > float64(d.Height)+0.1 {
				t.Errorf("%d sites: mark %+v leaves the drawing of height %d", n, a, d.Height)
			}
			for _, b := range d.Sites[i+1:] {
				apart := math.Hypot(ax-figure(b.X), ay-figure(b.Y))
				if apart < (aradius+markRadius*figure(b.Scale))/2 { // half hidden
					t.Fatalf("%d sites: marks %+v and %+v lie over each other", n, a, b)
				}
			}
		}
		if last := d.Sites[len(d.Sites)-1]; last.State != "down" {
			t.Errorf("the last mark drawn is %q, want down above all others", last.State)
		}
	}
}

func TestAWrongCoordinateIsNamedAndDoesNotShrinkTheMap(t *testing.T) {
	t.Parallel()
	m := region(10)
	before := newMap(i18n.For(i18n.French), shippedOutlines(t), m)
	m.Sites[0].Latitude = 4.8
	m.Sites[1].Latitude, m.Sites[1].Longitude = 0, 0
	after := newMap(i18n.For(i18n.French), shippedOutlines(t), m)
	if len(after.Unplaced) != 2 || after.Height != before.Height {
		t.Errorf("%d sites unplaced on a drawing of height %d, want 2 and %d", len(after.Unplaced), after.Height, before.Height)
	}
}

func TestSitesOfADepartementWithoutAnOutlineAreDrawn(t *testing.T) {
	t.Parallel()
	m := view.Map{
		Departements: []view.MapDepartement{{Choice: view.Choice{Key: "974"}}},
		Sites: []view.MapSite{
			{SiteName: view.SiteName{ID: 1, Name: "Lycée", Departement: "974"}, Latitude: -20.9, Longitude: 55.4},
			{SiteName: view.SiteName{ID: 2, Name: "Collège", Departement: "974"}, Latitude: -21.3, Longitude: 55.5},
		},
	}
	d := newMap(i18n.For(i18n.French), shippedOutlines(t), m)
	if len(d.Sites) != 2 || len(d.Areas) != 0 || d.Sites[0].State != "" {
		t.Errorf("drawn %+v", d)
	}
	if empty := newMap(i18n.For(i18n.French), shippedOutlines(t), view.Map{}); empty.Height < 100 || len(empty.Sites) != 0 {
		t.Errorf("a map without sites: %+v", empty)
	}
}

// The middle parallel is true to scale: a square of 10 km stays one.
func TestTheProjectionKeepsASquare(t *testing.T) {
	t.Parallel()
	p, height := newProjection(box{7, 48, 8, 49})
	if height < 1400 || height > 1500 {
		t.Errorf("one degree by one is %d high, want about 1/cos(48.5°) of its width", height)
	}
	const kilometre = 1 / 111.2 // degrees of latitude
	a := p.at(place{7.5, 48.5})
	east := p.at(place{7.5 + 10*kilometre/math.Cos(48.5*math.Pi/180), 48.5})
	north := p.at(place{7.5, 48.5 + 10*kilometre})
	if diff := (east.x - a.x) - (a.y - north.y); math.Abs(diff) > 0.1 {
		t.Errorf("10 km east and 10 km north differ by %.2f units", diff)
	}
}

func TestMarksMovedApartStayInsideAndEndAtTheSamePlaces(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := point{1000, 800}
		homes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) point {
			return point{rapid.Float64Range(0, limit.x).Draw(t, "x"), rapid.Float64Range(0, limit.y).Draw(t, "y")}
		}), 0, 40).Draw(t, "homes")
		var first, second []body
		for _, home := range homes {
			first = append(first, body{home: home, radius: 8})
			second = append(second, body{home: home, radius: 8})
		}
		spread(first, limit)
		spread(second, limit)
		for i, b := range first {
			if b.at != second[i].at {
				t.Fatalf("body %d ends at %v, then at %v", i, b.at, second[i].at)
			}
			if b.at.x < 8 || b.at.y < 8 || b.at.x > limit.x-8 || b.at.y > limit.y-8 {
				t.Fatalf("body %d at %v leaves the drawing", i, b.at)
			}
		}
	})
}

func TestAMapSaysItsSitesTwice(t *testing.T) {
	t.Parallel()
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	m := region(12)
	if err := r.RenderLive(&out, &MapPage{Shell: Shell{Lang: i18n.English, Path: "/map"}, Map: m}); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{`href="/sites/1"`: 2, `id="m1" class="down"`: 1, `<title>Collège 0, Verdun: Down · X-0</title>`: 1, `href="/map?departement=67"`: 2}
	got := map[string]int{}
	for text := range want {
		got[text] = strings.Count(out.String(), text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("texts on the page (-want +got):\n%s", diff)
	}
}

func BenchmarkMapOf1500Sites(b *testing.B) {
	r, err := New()
	if err != nil {
		b.Fatal(err)
	}
	page := &MapPage{Shell: Shell{Lang: i18n.French, Path: "/map"}, Map: region(1500)}
	for b.Loop() {
		if err := r.Render(io.Discard, page); err != nil {
			b.Fatal(err)
		}
	}
}
