package snmp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"vigie/probe"
)

// Limits of a profile.
const (
	maxProfile     = 64 << 10 // octets
	maxProfileName = 60
	maxSubIDs      = 128 // RFC 3416, 4
	leastSubIDs    = 6   // 1.3.6.1.x.y
)

// OID is the name of an object: numbers with points between, none in front.
type OID string

// UnmarshalYAML reads a name.
func (o *OID) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode || !validOID(node.Value) {
		return fmt.Errorf("line %d: %q, expected the name of an object such as 1.3.6.1.2.1.1.3.0", node.Line, node.Value)
	}
	*o = OID(node.Value)
	return nil
}

func validOID(text string) bool {
	numbers := strings.Split(text, ".")
	if len(numbers) < leastSubIDs || len(numbers) > maxSubIDs || numbers[0] != "1" && numbers[0] != "0" && numbers[0] != "2" {
		return false
	}
	for _, n := range numbers {
		value, err := strconv.ParseUint(n, 10, 32)
		if err != nil || strconv.FormatUint(value, 10) != n {
			return false
		}
	}
	return true
}

// scalar reports whether the name is one object, not a column.
func (o OID) scalar() bool { return strings.HasSuffix(string(o), ".0") }

// OIDs are one name or a list of them.
type OIDs []OID

// UnmarshalYAML reads one name or a list of them.
func (o *OIDs) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.SequenceNode {
		var list []OID
		if err := node.Decode(&list); err != nil {
			return err
		}
		*o = list
		return nil
	}
	var one OID
	if err := node.Decode(&one); err != nil {
		return err
	}
	*o = OIDs{one}
	return nil
}

// UnmarshalYAML reads a way.
func (t *Take) UnmarshalYAML(node *yaml.Node) error {
	*t = Take(node.Value)
	if !slices.Contains([]Take{TakeMax, TakeMean, TakeFirst}, *t) {
		return fmt.Errorf("line %d: take: %q, expected max, mean or first", node.Line, node.Value)
	}
	return nil
}

// ParseProfile reads one profile. An error names the file, the line, the value and what
// is expected.
func ParseProfile(name string, content []byte) (Profile, error) {
	p := Profile{file: name}
	if len(content) > maxProfile {
		return p, fmt.Errorf("%s: %d octets, expected at most %d", name, len(content), maxProfile)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&p); err != nil {
		if errors.Is(err, io.EOF) {
			return p, fmt.Errorf("%s: empty, expected a profile with a name", name)
		}
		return p, fmt.Errorf("%s: %w", name, plain(err))
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return p, fmt.Errorf("%s: more than one document, expected one", name)
	}
	if n := len(p.Name); n == 0 || n > maxProfileName || cleaned(p.Name) != p.Name {
		return p, fmt.Errorf("%s: name: %q, expected 1 to %d octets on one line", name, p.Name, maxProfileName)
	}
	lines, err := linesOf(content)
	if err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	if err := p.validate(lines); err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

var unknownKey = regexp.MustCompile(`field (\S+) not found in type \S+`)

// plain says on one line what the decoder found, without the names of Go types.
func plain(err error) error {
	var found *yaml.TypeError
	if !errors.As(err, &found) {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	lines := make([]string, len(found.Errors))
	for i, line := range found.Errors {
		lines[i] = unknownKey.ReplaceAllString(line, `unknown key "$1"; configs/README.md lists them`)
	}
	return errors.New(strings.Join(lines, "; "))
}

// linesOf returns where the parts of each list of the profile stand, by the key of the
// list.
func linesOf(content []byte) (map[string][]int, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, plain(err)
	}
	out := map[string][]int{}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return out, nil
	}
	entries := document.Content[0].Content
	for i := 0; i+1 < len(entries); i += 2 {
		for _, part := range entries[i+1].Content {
			out[entries[i].Value] = append(out[entries[i].Value], part.Line)
		}
	}
	return out, nil
}

func (p *Profile) validate(lines map[string][]int) error {
	at := func(key string, i int) int {
		if i < len(lines[key]) {
			return lines[key][i]
		}
		return 0 // an alias; the key is named beside it
	}
	for _, list := range []struct {
		key     string
		sources []Source
	}{
		{"cpu", p.CPU},
		{"memory", p.Memory},
		{"temperature", p.Temperature},
		{"on_battery", p.OnBattery},
		{"battery", p.Battery},
		{"failed_supplies", p.FailedSupplies},
		{"restart_cause", p.RestartCause},
	} {
		for i, s := range list.sources {
			if err := s.validate(list.key); err != nil {
				return fmt.Errorf("line %d: %s: %w", at(list.key, i), list.key, err)
			}
		}
	}
	for i, n := range p.Traps {
		if err := n.validate(); err != nil {
			return fmt.Errorf("line %d: traps: %w", at("traps", i), err)
		}
	}
	return nil
}

func (s Source) validate(key string) error {
	shares := 0
	for _, names := range []OIDs{s.Used, s.Free, s.Total} {
		if len(names) > 0 {
			shares++
		}
	}
	ways := 0
	for _, given := range []bool{s.Value != "", s.Sensors != "", shares > 0} {
		if given {
			ways++
		}
	}
	tabular := s.Sensors != "" || s.Value != "" && !s.Value.scalar()
	for _, name := range s.names() {
		tabular = tabular || !name.scalar()
	}
	switch {
	case ways != 1:
		return errors.New("expected one of value, sensors, or two of used, free and total")
	case shares == 1 || shares == 3:
		return errors.New("used, free and total: expected two of the three")
	case s.mixed():
		return errors.New("objects and columns together, expected one kind")
	case !tabular && (s.Where != nil || s.Take != ""):
		return errors.New("where or take of an object, expected a column")
	case s.Scale < 0:
		return fmt.Errorf("scale: %v, expected more than 0", s.Scale)
	case (key == "on_battery" || key == "failed_supplies") != (len(s.Is) > 0):
		return errors.New("is: expected for on_battery and failed_supplies, and nothing else")
	case key == "failed_supplies" && (s.Value == "" || s.Take != ""):
		return errors.New("expected the value of an object or of a column, all of whose rows count")
	case key == "restart_cause" && (s.Value == "" || tabular):
		return errors.New("expected the value of one object")
	}
	return s.Where.validate()
}

// names are those of a share.
func (s Source) names() []OID { return slices.Concat(s.Used, s.Free, s.Total) }

func (s Source) mixed() bool {
	names := s.names()
	return slices.ContainsFunc(names, OID.scalar) && slices.ContainsFunc(names, func(o OID) bool { return !o.scalar() })
}

func (w *Where) validate() error {
	if w == nil {
		return nil
	}
	ways := 0
	for _, texts := range [][]string{w.Is, w.Not, w.Holds} {
		if len(texts) > 0 {
			ways++
		}
	}
	if w.Column == "" || w.Column.scalar() || ways != 1 {
		return errors.New("where: expected a column and one of is, not and holds")
	}
	return nil
}

func (n Notification) validate() error {
	switch {
	case n.Trap == "":
		return errors.New("expected the snmpTrapOID under trap")
	case !slices.Contains(probe.Meanings(), n.Means):
		return fmt.Errorf("means: %q, expected one of %s", n.Means, strings.Join(probe.Meanings(), ", "))
	case n.With != nil && (n.With.Column == "" || len(n.With.Is) == 0):
		return errors.New("with: expected a column and is")
	}
	return nil
}
