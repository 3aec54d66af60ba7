package dashboards

import (
	"vigie/internal/org"
	"vigie/internal/trial"
)

// TrialPage says what a test of a link would do, and takes the confirmation.
type TrialPage struct {
	Shell
	Offer trial.Offer
	// AskedBy is who asked for the test that is waited for, without a name when nobody
	// knows any more.
	AskedBy org.User
	// Ask is what was typed, Problem why it was refused: a key; empty at first.
	Ask     trial.Ask
	Problem string
}

func (*TrialPage) template() string { return "trial" }
