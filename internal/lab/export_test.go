package lab

import "time"

// Befall changes what befell a link at an instant of the test's choice.
func (a *Agents) Befall(ref string, condition Condition, now time.Time) { a.set(ref, condition, now) }
