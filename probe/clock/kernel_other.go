//go:build !linux

package clock

import "vigie/probe"

// Kernel knows nothing of the clock on this system.
func Kernel() probe.Clock { return probe.Clock{} }
