package snmp

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gosnmp/gosnmp"

	"vigie/probe"
)

// carriedBy reports whether an interface is the one that carries the link.
func (r Router) carriedBy(i probe.Interface) bool {
	switch {
	case i.Index == 0:
		return false
	case r.Interface != "":
		return i.Name == r.Interface || i.Alias == r.Interface
	}
	return holdsWord(i.Alias, r.Ref)
}

// alsoCarriedBy reports whether an interface is one of the further ones: one that is
// named, or without names another one whose alias holds the link's reference.
func (r Router) alsoCarriedBy(i probe.Interface) bool {
	switch {
	case i.Index == 0:
		return false
	case r.Further != [probe.MaxFurther]string{}:
		return slices.ContainsFunc(r.Further[:], func(name string) bool { return name != "" && (i.Name == name || i.Alias == name) })
	}
	return holdsWord(i.Alias, r.Ref)
}

// search looks for the interface that carries the link and returns its index, then
// those of the further ones; 0 stands first where only further ones are there, and
// nothing when there is none. By name, else by alias, the lowest index when there are
// several, since a port stands before its sub-interfaces.
func (s *session) search(r Router) ([]int, error) {
	named := r.Interface != "" || r.Further != [probe.MaxFurther]string{}
	if !named && r.Ref == "" {
		return nil, nil
	}
	names, aliases := map[int]string{}, map[int]string{}
	if named {
		if err := s.walk(ifName, func(index int, v gosnmp.SnmpPDU) { names[index] = text(v) }); err != nil {
			return nil, err
		}
	}
	wanted := append([]string{r.Interface}, r.Further[:]...)
	held := func(texts map[int]string, name string) bool {
		return slices.Contains(slices.Collect(maps.Values(texts)), name)
	}
	if !named || slices.ContainsFunc(wanted, func(name string) bool { return !held(names, name) }) {
		if err := s.walk(ifAlias, func(index int, v gosnmp.SnmpPDU) { aliases[index] = text(v) }); err != nil {
			return nil, err
		}
	}
	byRef := lowest(aliases, func(alias string) bool { return holdsWord(alias, r.Ref) })
	access := 0
	if r.Interface != "" {
		access = first(lookUp(names, aliases, r.Interface))
	} else {
		access = first(byRef)
	}
	var further []int
	for _, name := range r.Further {
		if name != "" {
			further = append(further, first(lookUp(names, aliases, name)))
		}
	}
	if r.Further == [probe.MaxFurther]string{} {
		further = byRef
	}
	further = slices.DeleteFunc(further, func(index int) bool { return index == access || index == 0 })
	if access == 0 && len(further) == 0 {
		return nil, nil
	}
	return append([]int{access}, further[:min(len(further), probe.MaxFurther)]...), nil
}

// lookUp returns the interfaces of a name, else of an alias, the lowest index first.
func lookUp(names, aliases map[int]string, wanted string) []int {
	is := func(text string) bool { return text == wanted }
	if found := lowest(names, is); len(found) > 0 {
		return found
	}
	return lowest(aliases, is)
}

// lowest returns the indexes whose text matches, ascending.
func lowest(texts map[int]string, matches func(string) bool) []int {
	var out []int
	for index, text := range texts {
		if matches(text) {
			out = append(out, index)
		}
	}
	slices.Sort(out)
	return out
}

func first(indexes []int) int {
	if len(indexes) == 0 {
		return 0
	}
	return indexes[0]
}

// Limits of a walk, far above any router: 10,000 rows, 25 a request.
const (
	maxRows        = 10_000
	rowsPerRequest = 25
)

// walk calls row for each row of a column of the interfaces' tables.
func (s *session) walk(column string, row func(index int, v gosnmp.SnmpPDU)) error {
	count := 0
	err := s.each(column, maxRows, func(v gosnmp.SnmpPDU) {
		if index, ok := rowOf(v.Name, column); ok {
			row(index, v)
		}
		count++
	})
	if err == nil && count >= maxRows {
		return fmt.Errorf("snmp: more than %d interfaces", maxRows)
	}
	return err
}

// each calls row for each row of a column, and for so many at most. Rows may come in any
// order; an agent that only repeats itself is left.
func (s *session) each(column string, most int, row func(v gosnmp.SnmpPDU)) error {
	seen := map[string]bool{}
	for from := column; ; {
		packet, err := s.library.GetBulk([]string{from}, 0, rowsPerRequest)
		if err != nil {
			return err
		}
		if err := s.ours(packet); err != nil {
			return err
		}
		if packet.Error != gosnmp.NoError {
			return nil
		}
		next := ""
		for _, v := range packet.Variables {
			if !strings.HasPrefix(v.Name, column+".") || seen[v.Name] {
				continue
			}
			if len(seen) >= most {
				return nil
			}
			seen[v.Name], next = true, v.Name
			row(v)
		}
		if next == "" {
			return nil
		}
		from = next
	}
}

// rowOf returns the index of an object of a column with one integer as index.
func rowOf(name, column string) (int, bool) {
	suffix, inside := strings.CutPrefix(name, column+".")
	if !inside {
		return 0, false
	}
	index, err := strconv.ParseInt(suffix, 10, 32)
	return int(index), err == nil && index > 0
}

// holdsWord reports whether a text holds a word, whatever the case, not as a part
// of a longer one.
func holdsWord(text, word string) bool {
	if word == "" {
		return false
	}
	text, word = strings.ToUpper(text), strings.ToUpper(word)
	partOfWord := func(r rune, _ int) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		begin := from + i
		end := begin + len(word)
		if !partOfWord(utf8.DecodeLastRuneInString(text[:begin])) && !partOfWord(utf8.DecodeRuneInString(text[end:])) {
			return true
		}
		from = begin + 1
	}
}
