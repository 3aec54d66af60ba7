package measure

import "vigie/probe"

// Verdict is what one round says of a link.
type Verdict string

// The verdicts. None is no result: it neither accuses nor clears the link.
const (
	None Verdict = "none"
	OK   Verdict = "ok"
	Slow Verdict = "slow"
	Fail Verdict = "fail"
)

// Breach names what a verdict rests on.
type Breach string

// The breaches of a round; an OK or None verdict has none.
const (
	NoBreach   Breach = ""
	NoAnswer   Breach = "no-answer"  // every echo lost
	LossBreach Breach = "loss"       // more than Limits.MaxLossPercent lost
	RTTBreach  Breach = "round-trip" // median above Limits.MaxRTTMicros, or lost
)

// Limits are the quality limits of the link's contract; a zero value sets none.
type Limits struct {
	MaxRTTMicros   int32 // of the median round trip
	MaxLossPercent int   // of the echoes sent
}

// Judgement is a verdict with its reason.
type Judgement struct {
	Verdict Verdict
	Breach  Breach
}

// Judge says what one round is worth: None when nothing was sent, Fail when every
// echo was lost, Slow when a limit is exceeded (the loss is named before the round
// trip), else OK. The median counts a lost echo as infinite, so a round that lost
// most of its echoes exceeds any limit of round trip. A round beside a test of our own
// breaches no limit, and one that lost every echo there is None: we filled the line. The
// caller leaves out the rounds of an isolated prober.
func Judge(observation probe.Observation, limits Limits) Judgement {
	sent := observation.Sent()
	lost := sent - observation.Received()
	switch {
	case sent == 0:
		return Judgement{Verdict: None}
	case observation.Loaded && lost == sent:
		return Judgement{Verdict: None}
	case observation.Loaded:
		return Judgement{Verdict: OK}
	case lost == sent:
		return Judgement{Fail, NoAnswer}
	case limits.MaxLossPercent > 0 && lost*100 > limits.MaxLossPercent*sent:
		return Judgement{Slow, LossBreach}
	case limits.MaxRTTMicros > 0 && medianExceeds(observation.RTTMicros, limits.MaxRTTMicros):
		return Judgement{Slow, RTTBreach}
	}
	return Judgement{Verdict: OK}
}

// medianExceeds reports whether the median is above a limit: so few delays are within it
// that its place is among those beyond. Nothing has to be sorted for that.
func medianExceeds(rttMicros []int32, limit int32) bool {
	within := 0
	for _, micros := range rttMicros {
		if micros != probe.Lost && micros <= limit {
			within++
		}
	}
	return within <= rank(len(rttMicros), Median)
}
