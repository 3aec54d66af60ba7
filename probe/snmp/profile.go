package snmp

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Profile says which objects of a vendor's devices tell how they are.
type Profile struct {
	// Name is what the pages call the family of devices.
	Name string `yaml:"name"`
	// Match lists beginnings of sysObjectID (RFC 3418); the longest of all profiles
	// wins. The empty list is that of the profile for every device: what another
	// profile's objects do not tell is looked for as it says.
	Match []OID `yaml:"match"`
	// CPU and Memory are percent, Temperature degrees Celsius, Battery minutes.
	CPU         []Source `yaml:"cpu"`
	Memory      []Source `yaml:"memory"`
	Temperature []Source `yaml:"temperature"`
	OnBattery   []Source `yaml:"on_battery"`
	Battery     []Source `yaml:"battery"`
	// FailedSupplies count the rows whose value means that a power supply has failed.
	FailedSupplies []Source `yaml:"failed_supplies"`
	// RestartCause are texts.
	RestartCause []Source `yaml:"restart_cause"`
	// Traps says what notifications of the vendor's mean.
	Traps []Notification `yaml:"traps"`

	file string
}

// Source is one way to learn a quantity: the first of several that tells a value is
// kept. A name that ends in .0 is an object, another one a column of a table.
type Source struct {
	// Value is the quantity itself.
	Value OID `yaml:"value"`
	// Used, Free and Total give a share: two of the three. Several names add up.
	Used  OIDs `yaml:"used"`
	Free  OIDs `yaml:"free"`
	Total OIDs `yaml:"total"`
	// Sensors is the row of a table like that of ENTITY-SENSOR-MIB (RFC 3433): type,
	// scale, precision, value and state are its first five columns.
	Sensors OID `yaml:"sensors"`
	// Where chooses rows by another column of the same table.
	Where *Where `yaml:"where"`
	// Take says what the rows of a table come to.
	Take Take `yaml:"take"`
	// Scale multiplies the value; 0 = 1.
	Scale float64 `yaml:"scale"`
	// Ignore lists values that mean that there is none, IgnoreFrom the least of them.
	Ignore     []float64 `yaml:"ignore"`
	IgnoreFrom float64   `yaml:"ignore_from"`
	// Is lists the values that mean yes, of a quantity that is yes or no, or that is a
	// count of rows.
	Is []int64 `yaml:"is"`
}

// Where chooses the rows of a table.
type Where struct {
	Column OID `yaml:"column"`
	// One of: the texts of which it is one, is none of, or holds one whatever its case.
	Is    []string `yaml:"is"`
	Not   []string `yaml:"not"`
	Holds []string `yaml:"holds"`
}

// Take is what several rows come to.
type Take string

// The ways; the highest is what is taken when none is said.
const (
	TakeMax   Take = "max"
	TakeMean  Take = "mean"
	TakeFirst Take = "first"
)

// Notification says what a trap of a vendor's means.
type Notification struct {
	// Trap is its snmpTrapOID.
	Trap OID `yaml:"trap"`
	// Means is one of the meanings of probe.Trap.
	Means string `yaml:"means"`
	// With narrows it to those that carry an object of that column with one of these
	// values.
	With *With `yaml:"with"`
}

// With is an object that a notification must carry.
type With struct {
	Column OID     `yaml:"column"`
	Is     []int64 `yaml:"is"`
}

// Profiles are those by which devices are asked.
type Profiles struct {
	list []Profile
	any  *Profile // the one for every device; nil without
}

// ReadProfiles reads every .yaml file of a folder. An error names the file, its line,
// the value and what is expected.
func ReadProfiles(folder fs.FS) (*Profiles, error) {
	names, err := fs.Glob(folder, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("snmp profiles: %w", err)
	}
	var list []Profile
	for _, name := range names {
		content, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, fmt.Errorf("snmp profiles: %w", err)
		}
		p, err := ParseProfile(name, content)
		if err != nil {
			return nil, fmt.Errorf("snmp profiles: %w", err)
		}
		list = append(list, p)
	}
	return NewProfiles(list)
}

// NewProfiles puts profiles together. Two that match the same devices are refused.
func NewProfiles(list []Profile) (*Profiles, error) {
	out := &Profiles{list: list}
	owners := map[OID]string{}
	for i, p := range list {
		if len(p.Match) == 0 {
			if out.any != nil {
				return nil, fmt.Errorf("snmp profiles: %s and %s both match every device, expected one", out.any.file, p.file)
			}
			out.any = &list[i]
		}
		for _, prefix := range p.Match {
			if other, taken := owners[prefix]; taken {
				return nil, fmt.Errorf("snmp profiles: %s and %s both match %s, expected one", other, p.file, prefix)
			}
			owners[prefix] = p.file
		}
	}
	return out, nil
}

// Over returns the profiles with those of an installation put over them: a file of the
// same name, or one that matches the same devices, takes the place of ours.
func (p *Profiles) Over(own *Profiles) (*Profiles, error) {
	list := slices.Clone(own.list)
	for _, ours := range p.list {
		if slices.ContainsFunc(own.list, func(o Profile) bool { return path.Base(o.file) == path.Base(ours.file) }) {
			continue
		}
		if len(ours.Match) == 0 {
			if own.any == nil {
				list = append(list, ours)
			}
			continue
		}
		ours.Match = slices.DeleteFunc(slices.Clone(ours.Match), func(prefix OID) bool {
			return slices.ContainsFunc(own.list, func(o Profile) bool { return slices.Contains(o.Match, prefix) })
		})
		if len(ours.Match) > 0 {
			list = append(list, ours)
		}
	}
	return NewProfiles(list)
}

// For returns the profile of a device by its sysObjectID, with the sources of the
// profile for every device behind its own.
func (p *Profiles) For(object OID) Profile {
	best, length := Profile{}, 0
	for _, candidate := range p.list {
		for _, prefix := range candidate.Match {
			if len(prefix) > length && (object == prefix || strings.HasPrefix(string(object), string(prefix)+".")) {
				best, length = candidate, len(prefix)
			}
		}
	}
	if p.any == nil {
		return best
	}
	if length == 0 {
		return *p.any
	}
	for _, s := range []struct {
		into *[]Source
		from []Source
	}{
		{&best.CPU, p.any.CPU},
		{&best.Memory, p.any.Memory},
		{&best.Temperature, p.any.Temperature},
		{&best.OnBattery, p.any.OnBattery},
		{&best.Battery, p.any.Battery},
		{&best.FailedSupplies, p.any.FailedSupplies},
		{&best.RestartCause, p.any.RestartCause},
	} {
		*s.into = slices.Concat(*s.into, s.from)
	}
	best.Traps = slices.Concat(best.Traps, p.any.Traps)
	return best
}
