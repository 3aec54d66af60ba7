package probe

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a notification of a device can mean. None of them decides anything: a
// notification is easily forged, and lost exactly when a line is down.
const (
	MeansColdStart      = "cold-start"     // coldStart (RFC 3418)
	MeansWarmStart      = "warm-start"     // warmStart
	MeansLinkDown       = "link-down"      // linkDown (RFC 2863)
	MeansLinkUp         = "link-up"        // linkUp
	MeansAuthentication = "authentication" // authenticationFailure (RFC 3418)
	MeansLastGasp       = "last-gasp"      // the last words of a device that loses its power
	MeansOnBattery      = "on-battery"     // its power comes from a battery now
	MeansPowerRestored  = "power-restored" // and no longer
	MeansOther          = "other"          // nothing that is known here
)

// Meanings lists what a profile can say that a notification means.
func Meanings() []string {
	return []string{
		MeansColdStart, MeansWarmStart, MeansLinkDown, MeansLinkUp, MeansAuthentication, MeansLastGasp, MeansOnBattery, MeansPowerRestored,
	}
}

// Trap is a notification of a device that is worth keeping (RFC 3416, 4.2.6 and 4.2.7).
type Trap struct {
	// Name is its snmpTrapOID, numbers with points between.
	Name string `json:"name"`
	// Means is one of the meanings.
	Means string `json:"means"`
	// Confirmed says that it was an inform, which the device sends again until it is
	// answered.
	Confirmed bool `json:"confirmed,omitzero"`
	// Authenticated says that its origin was proved (version 3 with authentication).
	Authenticated bool `json:"authenticated,omitzero"`
	// Interface is the ifIndex or ifName that it speaks of, empty when it names none.
	Interface string `json:"interface,omitzero"`
	// Repeated counts the same notification again within the minute after.
	Repeated int `json:"repeated,omitzero"`
}

const (
	maxTrapName      = 512
	maxTrapInterface = 255
	maxRepeated      = 1 << 20
)

// Kind is trap.
func (*Trap) Kind() string { return "trap" }

// Validate names the value that is out of its range.
func (t *Trap) Validate() error {
	switch {
	case t.Name == "" || len(t.Name) > maxTrapName || strings.Trim(t.Name, "0123456789.") != "":
		return fmt.Errorf("name of %d octets, expected the numbers of an object", len(t.Name))
	case t.Means != MeansOther && !slices.Contains(Meanings(), t.Means):
		return fmt.Errorf("means: %q, expected one of %s", t.Means, strings.Join(Meanings(), ", "))
	case len(t.Interface) > maxTrapInterface || !showable(t.Interface):
		return fmt.Errorf("interface of %d octets, expected at most %d that can be shown", len(t.Interface), maxTrapInterface)
	case t.Repeated < 0 || t.Repeated > maxRepeated:
		return fmt.Errorf("repeated: %d, expected 0 to %d", t.Repeated, maxRepeated)
	}
	return nil
}

// showable reports whether a text can be shown and stored as it is.
func showable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
