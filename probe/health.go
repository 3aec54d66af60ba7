package probe

import "fmt"

// Health is how a device is, as far as it tells. The zero value tells nothing.
type Health struct {
	// Profile is the name of the description by which the device was asked, empty
	// when it was not asked.
	Profile string `json:"profile,omitzero"`
	// CPU and Memory are the share in use, in percent, 0 to 100.
	CPU    Figure `json:"cpu,omitzero"`
	Memory Figure `json:"memory,omitzero"`
	// Temperature is the highest that the device tells of itself, in tenths of a degree
	// Celsius, -1000 to 2000.
	Temperature Figure `json:"temperature,omitzero"`
	// OnBattery says whether the power comes from a battery (upsOutputSource of
	// RFC 1628), Battery for how many minutes it would last
	// (upsEstimatedMinutesRemaining).
	OnBattery Answer `json:"on_battery,omitzero"`
	Battery   Figure `json:"battery,omitzero"`
	// FailedSupplies is how many power supplies say that they are there and have failed;
	// 0 = all of them work.
	FailedSupplies Figure `json:"failed_supplies,omitzero"`
	// RestartCause is why the device started last, in its own words.
	RestartCause string `json:"restart_cause,omitzero"`
}

// Figure is a number that a device may not tell.
type Figure struct {
	Value int32 `json:"value"`
	Told  bool  `json:"told"`
}

// Tell returns a figure that is told.
func Tell(value int32) Figure { return Figure{value, true} }

// Answer is yes, no, or not told.
type Answer uint8

// The answers.
const (
	Untold Answer = 0
	No     Answer = 1
	Yes    Answer = 2
)

// Bounds of what a health can tell; what a device tells beyond them is not told.
const (
	MaxPercent    = 100
	MinTenths     = -1000 // no equipment works at -100 °C
	MaxTenths     = 2000
	MaxBattery    = 100_000 // minutes, ten weeks
	MaxSupplies   = 1000
	MaxHealthText = 255 // octets of a text
)

// Validate names the value that is out of its range.
func (h Health) Validate() error {
	for _, f := range []struct {
		name      string
		figure    Figure
		low, high int32
	}{
		{"cpu", h.CPU, 0, MaxPercent},
		{"memory", h.Memory, 0, MaxPercent},
		{"temperature", h.Temperature, MinTenths, MaxTenths},
		{"battery", h.Battery, 0, MaxBattery},
		{"failed supplies", h.FailedSupplies, 0, MaxSupplies},
	} {
		switch {
		case f.figure.Told && (f.figure.Value < f.low || f.figure.Value > f.high):
			return fmt.Errorf("health: %s: %d, expected %d to %d", f.name, f.figure.Value, f.low, f.high)
		case !f.figure.Told && f.figure.Value != 0:
			return fmt.Errorf("health: %s: %d and not told, expected 0", f.name, f.figure.Value)
		}
	}
	if h.OnBattery > Yes {
		return fmt.Errorf("health: on battery: %d, expected %d to %d", h.OnBattery, Untold, Yes)
	}
	for _, text := range []string{h.Profile, h.RestartCause} {
		if len(text) > MaxHealthText {
			return fmt.Errorf("health: a text of %d octets, expected at most %d", len(text), MaxHealthText)
		}
	}
	return nil
}
