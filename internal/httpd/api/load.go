package api

import (
	"time"

	"vigie/internal/view"
)

// Load is what a link carried over the range.
type Load struct {
	From       time.Time   `json:"from"`
	To         time.Time   `json:"to"`
	Step       int64       `json:"step_seconds" doc:"86400 is a day of Paris, 23 or 25 hours long where the clocks change."`
	Coverage   *float64    `json:"coverage_ratio" doc:"Measured time over the time that should have been, 0 to 1; null when nothing was due."`
	DownP95    *int64      `json:"down_p95_bits_per_second" doc:"95th percentile of the five-minute averages measured, towards the site; null when there is none."`
	UpP95      *int64      `json:"up_p95_bits_per_second"`
	DownSchool *int64      `json:"down_school_p95_bits_per_second" doc:"The same of school time."`
	UpSchool   *int64      `json:"up_school_p95_bits_per_second"`
	Simulated  bool        `json:"simulated"`
	Points     []LoadPoint `json:"points" doc:"Steps without a measure are left out."`
}

// LoadPoint sums the five-minute averages of one step.
type LoadPoint struct {
	At       time.Time `json:"at"`
	Down     int64     `json:"down_bits_per_second" doc:"Mean of what was measured, towards the site."`
	Up       int64     `json:"up_bits_per_second"`
	DownPeak int64     `json:"down_peak_bits_per_second" doc:"The largest five minutes."`
	UpPeak   int64     `json:"up_peak_bits_per_second"`
	Covered  int64     `json:"covered_seconds" doc:"How much of the step was measured."`
}

func newLoad(l view.Load) Load {
	return Load{
		From: l.Window.From.UTC(), To: l.Window.To.UTC(), Step: seconds(l.Window.Step), Coverage: covered(l.Coverage), Simulated: l.Simulated,
		DownP95: loadRate(l.Down.P95), UpP95: loadRate(l.Up.P95), DownSchool: loadRate(l.Down.SchoolP95), UpSchool: loadRate(l.Up.SchoolP95),
		Points: each(l.Points, func(p view.LoadPoint) LoadPoint {
			return LoadPoint{
				At: p.At.UTC(), Down: p.Down.MeanBits, Up: p.Up.MeanBits, DownPeak: p.Down.PeakBits, UpPeak: p.Up.PeakBits,
				Covered: int64(p.Measured) * seconds(view.LoadStep),
			}
		}),
	}
}

// loadRate keeps an idle link's zero apart from what was not measured.
func loadRate(r view.LoadRate) *int64 {
	if !r.Known {
		return nil
	}
	return &r.Bits
}

func covered(c view.Coverage) *float64 {
	if c.Expected <= 0 {
		return nil
	}
	ratio := min(1, float64(c.CoveredMillis)/float64(c.Expected))
	return &ratio
}
