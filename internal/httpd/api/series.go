package api

import (
	"time"

	"vigie/internal/measure"
	"vigie/internal/view"
)

// Series is what was measured; what has no point was not measured.
type Series struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Step     int64     `json:"step_seconds"`
	Coverage *float64  `json:"coverage_ratio" doc:"Measured time over the time that should have been, 0 to 1; null when nothing was due."`
	LimitRTT *int32    `json:"limit_rtt_microseconds" doc:"The contract's limit of a round trip."`
	Total    *Point    `json:"total,omitempty" doc:"The whole time as one step; absent when nothing was measured."`
	Points   []Point   `json:"points"`
	Outages  []Outage  `json:"outages" doc:"The latest first."`
}

// Point sums the minutes of one step. A figure names the standard that defines it; round
// trips are those of RFC 2681, and loss that of RFC 6673 is what was sent and not
// received.
type Point struct {
	At             time.Time `json:"at"`
	Sent           int       `json:"echoes_sent"`
	Received       int       `json:"echoes_received" doc:"In time; the others are the round-trip loss of RFC 6673."`
	Percentiles    string    `json:"percentiles_of" enum:"echoes,minutes" doc:"echoes: the median and the 95th percentile are those of the step's echoes, to 0.4 %. minutes: not all delays were kept, and they are the median of the minutes' medians and the 95th percentile of the minutes' 95th percentiles."`
	MinRTT         *int32    `json:"min_rtt_microseconds" doc:"Of the echoes that came back. Null when every echo was lost."`
	P25RTT         *int32    `json:"p25_rtt_microseconds" doc:"RFC 2681 round trip, nearest rank, a lost echo infinite. Null when infinite, and where not all delays were kept."`
	MedianRTT      *int32    `json:"median_rtt_microseconds" doc:"RFC 2681 round trip, a lost echo infinite; null when infinite."`
	P75RTT         *int32    `json:"p75_rtt_microseconds" doc:"As the 25th percentile."`
	P95RTT         *int32    `json:"p95_rtt_microseconds" doc:"RFC 2681 round trip, a lost echo infinite; null when infinite."`
	MaxRTT         *int32    `json:"max_rtt_microseconds" doc:"Of the echoes that came back."`
	IPDV           *int32    `json:"ipdv_rfc3393_microseconds" doc:"Mean absolute difference of consecutive echoes of a round; of several minutes the median of theirs. Null when no two came back."`
	PDV            *int32    `json:"pdv_p95_rfc5481_microseconds" doc:"95th percentile of the delay above the least of the step, a lost echo infinite; where percentiles_of says minutes, the 95th percentile of theirs. Null when infinite or not looked at."`
	Detailed       int64     `json:"echoes_detailed" doc:"Of the echoes sent, those of which the figures below and the PDV tell; 0 before they were looked at."`
	LossPeriods    *int64    `json:"loss_periods_rfc3357" doc:"Runs of lost echoes; one that goes on into the next minute is two."`
	LongestLoss    *int64    `json:"longest_loss_period_rfc3357_echoes"`
	Consecutive    *int64    `json:"consecutive_losses" doc:"Lost echoes that followed another lost one. Null unless all echoes are detailed."`
	Duplicates     *int64    `json:"duplicates_rfc5560" doc:"Valid replies beyond the first."`
	Reordered      *int64    `json:"reordered_rfc4737" doc:"Replies that came after the one to a later echo of the round."`
	CoveredMinutes float64   `json:"measured_minutes" doc:"A minute of which half the planned echoes left counts half."`
	Simulated      bool      `json:"simulated"`
}

func newSeries(s view.Series) Series {
	series := Series{
		From: s.Window.From.UTC(), To: s.Window.To.UTC(), Step: seconds(s.Window.Step), LimitRTT: known(s.LimitMicros),
		Coverage: covered(s.Coverage), Points: each(s.Points, newPoint), Outages: each(s.Outages, newOutage),
	}
	if s.Total.Sent > 0 {
		total := newPoint(s.Total)
		series.Total = &total
	}
	return series
}

func newPoint(p view.Point) Point {
	point := Point{
		At: p.At.UTC(), Sent: p.Sent, Received: p.Received, Percentiles: "minutes", Simulated: p.Simulated,
		MinRTT: known(p.MinMicros), MedianRTT: known(p.MedianMicros), P95RTT: known(p.P95Micros), MaxRTT: known(p.MaxMicros),
		IPDV: defined(p.JitterMicros), PDV: defined(p.PDVMicros),
		Detailed: p.Detailed, CoveredMinutes: float64(p.CoveredMillis) / 1000,
	}
	if p.Whole() {
		point.Percentiles = "echoes"
		point.P25RTT, point.P75RTT = defined(p.Delays.At(measure.Quantile{Num: 1, Den: 4})), defined(p.Delays.At(measure.Quantile{Num: 3, Den: 4}))
	}
	if p.Detailed > 0 {
		point.LossPeriods, point.LongestLoss, point.Duplicates, point.Reordered = &p.LossPeriods, &p.LongestLoss, &p.Duplicates, &p.Reordered
	}
	if p.Detailed == int64(p.Sent) {
		consecutive := p.Consecutive(int64(p.Lost()))
		point.Consecutive = &consecutive
	}
	return point
}

// defined is a delay that may be 0, nil where it is undefined.
func defined(micros int32) *int32 {
	if micros == measure.Undefined {
		return nil
	}
	return &micros
}
