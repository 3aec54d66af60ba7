package dashboards

import "math"

// body is a mark that other marks push away from its home.
type body struct {
	home, at point
	radius   float64
}

// spread moves bodies apart until none lies over another, or until it has tried
// long enough; each stays as near its home as the pushing leaves it. Bodies of one
// home leave it in different directions. The same bodies always end at the same
// places.
func spread(bodies []body, limit point) {
	const (
		golden = 2.399963 // radians: directions that never line up
		still  = 0.2      // units
	)
	// Many marks are small: a little overlap hurts less than a slow page.
	rounds := min(max(30_000/max(len(bodies), 1), 20), 80)
	widest := 1.0
	for i := range bodies {
		b := &bodies[i]
		sin, cos := math.Sincos(float64(i) * golden)
		b.at = point{b.home.x + cos*0.01, b.home.y + sin*0.01}
		widest = max(widest, 2*b.radius)
	}
	near := newCells(len(bodies), widest, limit)
	for range rounds {
		moved := 0.0
		near.fill(bodies)
		for i := range bodies {
			near.around(bodies[i].at, func(j int) {
				if j > i {
					moved = max(moved, push(&bodies[i], &bodies[j]))
				}
			})
		}
		for i := range bodies {
			b := &bodies[i]
			b.at = point{min(max(b.at.x, b.radius), limit.x-b.radius), min(max(b.at.y, b.radius), limit.y-b.radius)}
		}
		if moved < still {
			return
		}
	}
}

// push moves two bodies apart by what they overlap, and says by how much.
func push(a, b *body) float64 {
	dx, dy := b.at.x-a.at.x, b.at.y-a.at.y
	reach := a.radius + b.radius
	square := dx*dx + dy*dy
	if square >= reach*reach || square == 0 {
		return 0
	}
	distance := math.Sqrt(square)
	overlap := reach - distance
	dx, dy = dx/distance*overlap/2, dy/distance*overlap/2
	a.at = point{a.at.x - dx, a.at.y - dy}
	b.at = point{b.at.x + dx, b.at.y + dy}
	return overlap
}

// cells are the bodies by the square of the drawing that they lie in: the first of
// each square, and after each body the next one there, counted from 1.
type cells struct {
	side          float64
	columns, rows int
	first, next   []int
}

func newCells(bodies int, side float64, limit point) *cells {
	c := &cells{side: side, columns: int(limit.x/side) + 1, rows: int(limit.y/side) + 1, next: make([]int, bodies)}
	c.first = make([]int, c.columns*c.rows)
	return c
}

func (c *cells) of(p point) (column, row int) {
	return min(max(int(p.x/c.side), 0), c.columns-1), min(max(int(p.y/c.side), 0), c.rows-1)
}

func (c *cells) fill(bodies []body) {
	clear(c.first)
	for i, b := range bodies {
		column, row := c.of(b.at)
		head := &c.first[row*c.columns+column]
		c.next[i], *head = *head, i+1
	}
}

// around visits the bodies of a square and of its neighbours.
func (c *cells) around(p point, visit func(int)) {
	column, row := c.of(p)
	for y := max(row-1, 0); y <= min(row+1, c.rows-1); y++ {
		for x := max(column-1, 0); x <= min(column+1, c.columns-1); x++ {
			for i := c.first[y*c.columns+x]; i > 0; i = c.next[i-1] {
				visit(i - 1)
			}
		}
	}
}
