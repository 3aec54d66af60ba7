package dashboards

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"vigie/internal/i18n"
	"vigie/internal/linkstate"
	"vigie/internal/view"
)

// MapDrawing is a map drawn: outlines, marks and labels in units of which the
// drawing is mapWidth wide.
//
// The projection is equirectangular, true to scale along the middle parallel: one
// degree of longitude is as wide as cos(latitude of the middle) degrees of latitude
// are high. Over a region it bends distances by less than 2 %.
type MapDrawing struct {
	Width, Height int
	NameSize      string    // height of the letters of a département's name
	LabelSize     string    // of a POP's name
	Context       []string  // paths of the neighbours
	Areas         []MapArea // the départements with sites
	Leads         string    // path from each mark that had to move to its place
	Sites         []MapMark
	POPs          []MapMark
	Unplaced      []view.MapSite // their place is not known, or outside the drawing
	Summary       string
}

// MapArea is a département with its name.
type MapArea struct {
	Path, Name, Href string
	X, Y             string // of the name
}

// MapMark is a mark on the map, X and Y its middle.
type MapMark struct {
	ID     int64
	State  string // name of a linkstate.Status, or behindMark; empty for a site without a link and for a POP
	Title  string
	Label  string // of a POP, on the map of one département
	X, Y   string
	Scale  string // of a symbol of radius 8
	LabelY string
}

const (
	mapWidth  = 1000
	mapMargin = 24 // units around what must be seen
	// mapRoom is how many marks of full size a map takes; where there are more,
	// each is smaller.
	mapRoom = 120
	// mapHeight is how high a drawing may be before a screen shrinks it: beyond, its
	// marks and letters are larger in its units, and as large on the screen.
	mapHeight  = 700
	markRadius = 8
)

// box is a part of the globe.
type box struct{ west, south, east, north float64 }

var nowhere = box{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}

func (b box) with(p place) box {
	return box{min(b.west, p.longitude), min(b.south, p.latitude), max(b.east, p.longitude), max(b.north, p.latitude)}
}

func (b box) holds(p place) bool {
	return p.longitude >= b.west && p.longitude <= b.east && p.latitude >= b.south && p.latitude <= b.north
}

func (b box) meets(c box) bool {
	return b.west <= c.east && c.west <= b.east && b.south <= c.north && c.south <= b.north
}

func (o outline) box() box {
	b := nowhere
	for _, ring := range o.rings {
		for _, p := range ring {
			b = b.with(p)
		}
	}
	return b
}

// projection places degrees on the drawing.
type projection struct {
	west, north float64
	across      float64 // units for a degree of longitude
	down        float64 // units for a degree of latitude
}

func newProjection(b box) (p projection, height int) {
	narrow := math.Cos((b.south + b.north) / 2 * math.Pi / 180)
	p.down = (mapWidth - 2*mapMargin) / ((b.east - b.west) * narrow)
	p.across = p.down * narrow
	p.west, p.north = b.west-mapMargin/p.across, b.north+mapMargin/p.down
	return p, int(math.Ceil((b.north-b.south)*p.down)) + 2*mapMargin
}

func (p projection) at(where place) point {
	return point{(where.longitude - p.west) * p.across, (p.north - where.latitude) * p.down}
}

// point is a place on the drawing, in units.
type point struct{ x, y float64 }

func newMap(p i18n.Printer, outlines []outline, m view.Map) MapDrawing {
	frame := mapFrame(outlines, m)
	project, height := newProjection(frame)
	d := MapDrawing{Width: mapWidth, Height: height}
	inside := map[string]bool{}
	for _, departement := range m.Departements {
		inside[departement.Key] = m.Departement == "" || m.Departement == departement.Key
	}
	for _, o := range outlines {
		switch {
		case inside[o.code]:
			d.Areas = append(d.Areas, project.area(o))
		case o.box().meets(frame):
			d.Context = append(d.Context, project.path(o))
		}
	}
	d.marks(p, m, project, frame)
	d.Summary = p.T("map.say", p.Number(int64(m.Totals.Down)), p.Number(int64(m.Totals.Degraded)), p.Number(int64(m.Totals.Unknown)))
	return d
}

// mapFrame is the part of the globe to show: the outlines of the départements in
// question, and the sites of those that have none. A site far from its département's
// outline is a wrong coordinate, which must not shrink the rest.
func mapFrame(outlines []outline, m view.Map) box {
	frame := nowhere
	drawn := map[string]bool{}
	for _, o := range outlines {
		for _, departement := range m.Departements {
			if departement.Key == o.code && (m.Departement == "" || m.Departement == o.code) {
				drawn[o.code] = true
				b := o.box()
				frame = frame.with(place{b.west, b.south}).with(place{b.east, b.north})
			}
		}
	}
	for _, site := range m.Sites {
		if site.Located() && !drawn[site.Departement] {
			frame = frame.with(place{site.Longitude, site.Latitude})
		}
	}
	if math.IsInf(frame.west, 0) { // no site has a place
		return box{-5, 42, 8, 51} // metropolitan France
	}
	const least = 0.05 // degrees: a single site is not the whole world
	if frame.east-frame.west < least {
		frame.west, frame.east = frame.west-least, frame.east+least
	}
	if frame.north-frame.south < least {
		frame.south, frame.north = frame.south-least, frame.north+least
	}
	return frame
}

// area draws a département with its name at the middle of its largest ring.
func (p projection) area(o outline) MapArea {
	largest := slices.MaxFunc(o.rings, func(a, b []place) int { return len(a) - len(b) })
	middle := p.at(centre(largest))
	return MapArea{Path: p.path(o), Name: o.name, Href: "/map?departement=" + o.code, X: units(middle.x), Y: units(middle.y)}
}

// centre is the centre of gravity of a ring, by the shoelace formula.
func centre(ring []place) place {
	var c place
	var area float64
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		cross := a.longitude*b.latitude - b.longitude*a.latitude
		area += cross
		c.longitude += (a.longitude + b.longitude) * cross
		c.latitude += (a.latitude + b.latitude) * cross
	}
	if area == 0 {
		return ring[0]
	}
	return place{c.longitude / (3 * area), c.latitude / (3 * area)}
}

// path draws the rings, without the points that nobody could tell from the one before.
func (p projection) path(o outline) string {
	const grain = 0.8 // units
	var b strings.Builder
	for _, ring := range o.rings {
		var last point
		for i, where := range ring {
			at := p.at(where)
			if i > 0 && math.Hypot(at.x-last.x, at.y-last.y) < grain {
				continue
			}
			last = at
			command := "L"
			if i == 0 {
				command = "M"
			}
			b.WriteString(command + units(at.x) + " " + units(at.y))
		}
		b.WriteByte('Z')
	}
	return b.String()
}

// units writes a length with one decimal at most.
func units(u float64) string {
	return strconv.FormatFloat(math.Round(u*10)/10, 'f', -1, 64)
}

// behindMark is the mark of a site whose lines are good and whose access does not answer.
const behindMark = "behind"

// order draws what is urgent last, so that nothing lies over it.
func order(s view.MapSite) int {
	switch {
	case len(s.Links) == 0:
		return 0
	case s.Status == linkstate.Up && !s.Behind:
		return 1
	case s.Status == linkstate.Unknown:
		return 2
	case s.Status != linkstate.Down:
		return 3
	}
	return 4
}

// marks places the POPs and the sites, moved apart until each is seen.
func (d *MapDrawing) marks(p i18n.Printer, m view.Map, project projection, frame box) {
	shrunk := max(float64(d.Height)/mapHeight, 1)
	d.NameSize, d.LabelSize = units(20*shrunk), units(11*shrunk)
	full := markRadius * shrunk
	if n := len(m.Sites); n > mapRoom {
		full = max(full*math.Sqrt(mapRoom/float64(n)), 3)
	}
	var bodies []body
	for _, pop := range m.POPs {
		if where := (place{pop.Longitude, pop.Latitude}); frame.holds(where) {
			mark := MapMark{Title: popTitle(p, pop)}
			if m.Departement != "" {
				mark.Label = pop.Name
			}
			d.POPs = append(d.POPs, mark)
			bodies = append(bodies, body{home: project.at(where), radius: max(full, 6.5*shrunk)})
		}
	}
	sites := slices.Clone(m.Sites)
	slices.SortStableFunc(sites, func(a, b view.MapSite) int { return order(a) - order(b) })
	for _, site := range sites {
		where := place{site.Longitude, site.Latitude}
		if !site.Located() || !frame.holds(where) {
			d.Unplaced = append(d.Unplaced, site)
			continue
		}
		mark, radius := MapMark{ID: site.ID, Title: siteTitle(p, site)}, full*0.7
		if len(site.Links) > 0 {
			mark.State, radius = site.Status.String(), full
		}
		if site.Behind && site.Status == linkstate.Up {
			mark.State = behindMark
		}
		if len(site.Links) > 0 && mark.State != linkstate.Up.String() {
			radius = max(full, 6.5*shrunk)
		}
		d.Sites = append(d.Sites, mark)
		bodies = append(bodies, body{home: project.at(where), radius: radius})
	}
	spread(bodies, point{mapWidth, float64(d.Height)})
	for i, b := range bodies {
		mark := &d.POPs
		at := i
		if i >= len(d.POPs) {
			mark, at = &d.Sites, i-len(d.POPs)
		}
		placed := &(*mark)[at]
		placed.X, placed.Y = units(b.at.x), units(b.at.y)
		placed.Scale = strconv.FormatFloat(math.Round(100*b.radius/markRadius)/100, 'f', -1, 64)
		placed.LabelY = units(b.at.y + b.radius + 11*shrunk)
		if math.Hypot(b.at.x-b.home.x, b.at.y-b.home.y) > b.radius {
			d.Leads += "M" + units(b.home.x) + " " + units(b.home.y) + "L" + units(b.at.x) + " " + units(b.at.y)
		}
	}
}

func popTitle(p i18n.Printer, pop view.MapPOP) string {
	title := p.T("map.pop.title", pop.Name, pop.OperatorName, p.N("board.links", pop.Totals.All()))
	if pop.Totals.Down > 0 {
		title += ", " + p.Number(int64(pop.Totals.Down)) + " " + p.N("board.total.down", pop.Totals.Down)
	}
	return title
}

func siteTitle(p i18n.Printer, site view.MapSite) string {
	state := p.T("map.unlinked")
	if len(site.Links) > 0 {
		state = p.T("state." + site.Status.String())
	}
	if site.Behind {
		state += ", " + p.T("behind.site")
	}
	title := site.Name + ", " + site.Commune + p.T("map.colon") + state
	for _, link := range site.Links {
		if link.Status != linkstate.Up || link.Behind != nil {
			title += " · " + link.Ref
		}
	}
	return title
}
