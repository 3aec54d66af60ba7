package mapping

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// asks reports whether the value may be a question to a person.
func (v Value) asks() bool {
	return v.Match.Among != "" || slices.ContainsFunc(v.FirstOf, Value.asks)
}

// value reads where a column comes from: the name of a column of the file, or a block.
func (p *parser) value(n *yaml.Node) Value {
	v := Value{Join: " "}
	if n.Kind == yaml.ScalarNode {
		v.From = []string{p.text(n)}
		return v
	}
	given := []string{}
	source := func(name string, read func(*yaml.Node)) field {
		return field{name, false, func(n *yaml.Node) {
			given = append(given, name)
			read(n)
		}}
	}
	p.fields(n, []field{
		source("value", into(&v.Fixed, p)),
		source("from", func(n *yaml.Node) { v.From = p.texts(n) }),
		source("key_of", func(n *yaml.Node) { v.Slug = p.texts(n) }),
		source("stored", func(n *yaml.Node) { v.Stored = p.storedValue(n) }),
		source("match", func(n *yaml.Node) { v.Match = p.match(n) }),
		source("first_of", func(n *yaml.Node) {
			p.each(n, func(n *yaml.Node) { v.FirstOf = append(v.FirstOf, p.value(n)) })
			if len(v.FirstOf) < 2 {
				p.refuse(n, "", "lists fewer than two values")
			}
		}),
		{"join", false, into(&v.Join, p)},
		{"blank", false, func(n *yaml.Node) { v.Blank = p.texts(n) }},
		{"translate", false, func(n *yaml.Node) {
			v.Translate = map[string]string{}
			p.pairs(n, func(key, value *yaml.Node) { v.Translate[key.Value] = p.text(value) })
		}},
		{"else", false, func(n *yaml.Node) { text := p.text(n); v.Else = &text }},
		{"form", false, func(n *yaml.Node) { v.Form = Form(p.choice(n, formNames()...)) }},
		{"default", false, into(&v.Default, p)},
	})
	p.judge(n, v, given)
	return v
}

// judge wants one source, and nothing that has no effect on it.
func (p *parser) judge(n *yaml.Node, v Value, given []string) {
	if len(given) != 1 {
		said := "none"
		if len(given) > 1 {
			said = strings.Join(given, " and ")
		}
		p.refuse(n, "", fmt.Sprintf("has %s of value, from, key_of, stored, match and first_of: one is expected", said))
		return
	}
	if v.Else != nil && v.Translate == nil {
		p.refuse(n, "", "has else without translate")
	}
	if v.Match.Among != "" && (v.Blank != nil || v.Translate != nil || v.Form != "" || v.Default != "") {
		p.refuse(n, "", "has match with blank, translate, form or default: the answer is taken as it is")
	}
}

func formNames() []string {
	all := make([]string, len(forms))
	for i, f := range forms {
		all[i] = string(f)
	}
	return all
}

// storedValue reads table.column and the column of the file that holds the row's key.
func (p *parser) storedValue(n *yaml.Node) Stored {
	var s Stored
	p.fields(n, []field{
		{"column", true, func(n *yaml.Node) {
			text := p.text(n)
			s.Table, s.Column, _ = strings.Cut(text, ".")
			if !slices.Contains(p.schema[s.Table], s.Column) {
				p.refuse(n, text, "is not a column of ours such as establishments.site")
			}
		}},
		{"by", true, into(&s.By, p)},
	})
	return s
}

func (p *parser) match(n *yaml.Node) Match {
	var m Match
	p.fields(n, []field{
		{"among", true, func(n *yaml.Node) { m.Among = p.choice(n, "sites", "establishments") }},
		{"name", true, into(&m.Name, p)},
		{"commune", false, into(&m.Commune, p)},
		{"address", false, into(&m.Address, p)},
	})
	return m
}
