package view

import (
	"time"

	"vigie/probe"
)

// Finding is something that a prober found out beside its rounds.
type Finding struct {
	At      time.Time
	Prober  string
	Finding probe.Finding
}
