package mapping

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"vigie/internal/tabular"
)

// maxMapping bounds a mapping, in bytes.
const maxMapping = 1 << 20

// Parse reads a mapping for the tables of a schema and gives every problem with its line.
func Parse(name string, content []byte, schema Schema) (Mapping, []Problem) {
	p := parser{file: name, schema: schema}
	m := Mapping{Name: path.Base(name)}
	if len(content) > maxMapping {
		p.refuse(nil, "", "is larger than 1 MiB")
		return m, p.problems
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		p.unreadable(err)
		return m, p.problems
	}
	if len(document.Content) == 0 {
		p.refuse(nil, "", "is empty: files with their tables are expected")
		return m, p.problems
	}
	p.fields(document.Content[0], []field{{"files", true, func(n *yaml.Node) {
		p.each(n, func(n *yaml.Node) { m.Files = append(m.Files, p.mappedFile(n)) })
	}}})
	if len(p.problems) == 0 && len(m.Files) == 0 {
		p.refuse(document.Content[0], "", "names no file")
	}
	return m, p.problems
}

// parser collects what is wrong in a mapping.
type parser struct {
	file     string
	schema   Schema
	problems []Problem
}

func (p *parser) refuse(at *yaml.Node, value, expected string) {
	line := 0
	if at != nil {
		line = at.Line
	}
	p.problems = append(p.problems, Problem{File: p.file, Line: line, Value: value, Expected: expected})
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// unreadable words an error of the YAML reader, which names the line in its text.
func (p *parser) unreadable(err error) {
	var wrong *yaml.TypeError
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if errors.As(err, &wrong) {
		text = strings.Join(wrong.Errors, "; ")
	}
	line := 0
	if found := yamlLine.FindStringSubmatch(text); found != nil {
		line, _ = strconv.Atoi(found[1]) // digits only; 0 when they are too many
		text = strings.Replace(text, found[0], "", 1)
	}
	p.problems = append(p.problems, Problem{File: p.file, Line: line, Expected: "cannot be read as YAML: " + text})
}

// field is one key of a block, and who reads what stands under it.
type field struct {
	name     string
	required bool
	read     func(*yaml.Node)
}

// fields reads a block: keys that are not listed, stand twice or are missing are refused.
func (p *parser) fields(n *yaml.Node, known []field) {
	if n.Kind != yaml.MappingNode {
		p.refuse(n, short(n), "is not a block of keys: "+names(known)+" are expected")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := slices.IndexFunc(known, func(f field) bool { return f.name == key.Value })
		switch {
		case at < 0:
			p.refuse(key, key.Value, "is not a known key; known: "+names(known))
		case seen[key.Value]:
			p.refuse(key, key.Value, "stands twice")
		default:
			known[at].read(value)
		}
		seen[key.Value] = true
	}
	for _, f := range known {
		if f.required && !seen[f.name] {
			p.refuse(n, "", "has no "+f.name+": it is required")
		}
	}
}

func names(fields []field) string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.name
	}
	return strings.Join(all, ", ")
}

// each reads a list.
func (p *parser) each(n *yaml.Node, read func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		p.refuse(n, short(n), "is not a list")
		return
	}
	for _, item := range n.Content {
		read(item)
	}
}

// pairs reads a block whose keys are the writer's own.
func (p *parser) pairs(n *yaml.Node, read func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.refuse(n, short(n), "is not a block of keys")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; seen[key.Value] {
			p.refuse(key, key.Value, "stands twice")
			continue
		}
		seen[n.Content[i].Value] = true
		read(n.Content[i], n.Content[i+1])
	}
}

// text reads a single value, a number as it is written.
func (p *parser) text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		p.refuse(n, short(n), "is not a text")
		return ""
	}
	return n.Value
}

// texts reads a list of texts; one text alone is a list of it.
func (p *parser) texts(n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{p.text(n)}
	}
	all := []string{}
	p.each(n, func(n *yaml.Node) { all = append(all, p.text(n)) })
	if len(all) == 0 {
		p.refuse(n, "", "is an empty list")
	}
	return all
}

func into(at *string, p *parser) func(*yaml.Node) { return func(n *yaml.Node) { *at = p.text(n) } }

// choice reads a text that is one of a few.
func (p *parser) choice(n *yaml.Node, of ...string) string {
	text := p.text(n)
	if n.Kind == yaml.ScalarNode && n.Tag != "!!null" && !slices.Contains(of, text) {
		p.refuse(n, text, "is not one of "+strings.Join(of, ", "))
	}
	return text
}

func short(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return ""
}

func (p *parser) mappedFile(n *yaml.Node) File {
	f := File{Pattern: "*", Dates: []string{"2006-01-02", "02/01/2006"}}
	p.fields(n, []field{
		{"name", false, func(n *yaml.Node) {
			f.Pattern = p.text(n)
			if _, err := path.Match(f.Pattern, ""); err != nil {
				p.refuse(n, f.Pattern, "is not a file name, or a pattern with * and ?")
			}
		}},
		{"encoding", false, func(n *yaml.Node) {
			f.Read.Encoding = tabular.Encoding(p.choice(n, string(tabular.UTF8), string(tabular.Windows1252)))
		}},
		{"delimiter", false, func(n *yaml.Node) {
			text := p.choice(n, ";", ",", "|", "tab")
			f.Read.Comma, _ = utf8.DecodeRuneInString(strings.Replace(text, "tab", "\t", 1))
		}},
		{"sheet", false, into(&f.Read.Sheet, p)},
		{"header", false, func(n *yaml.Node) {
			line, err := strconv.Atoi(p.text(n))
			if err != nil || line < 1 || line > 1000 {
				p.refuse(n, short(n), "is not the number of a line, 1 to 1000")
			}
			f.Read.Header = line
		}},
		{"decimal", false, func(n *yaml.Node) {
			f.Decimal = map[string]rune{"comma": ',', "point": '.'}[p.choice(n, "comma", "point")]
		}},
		{"dates", false, func(n *yaml.Node) { f.Dates = p.dates(n) }},
		{"keep", false, func(n *yaml.Node) {
			p.each(n, func(n *yaml.Node) { f.Keep = append(f.Keep, p.condition(n)) })
		}},
		{"tables", true, func(n *yaml.Node) {
			p.pairs(n, func(key, value *yaml.Node) { f.Tables = append(f.Tables, p.table(key, value)) })
		}},
	})
	return f
}

func (p *parser) dates(n *yaml.Node) []string {
	layouts := p.texts(n)
	for i, text := range layouts {
		if !dateForm.MatchString(text) || strings.Count(text, "yyyy") != 1 || strings.Count(text, "mm") != 1 || strings.Count(text, "dd") != 1 {
			p.refuse(n, text, "is not a form of dates such as dd/mm/yyyy")
		}
		layouts[i] = readLayout.Replace(text)
	}
	return layouts
}

func (p *parser) condition(n *yaml.Node) Condition {
	var c Condition
	p.fields(n, []field{
		{"column", true, into(&c.Column, p)},
		{"in", false, func(n *yaml.Node) { c.In = p.texts(n) }},
		{"not", false, func(n *yaml.Node) { c.Not = p.texts(n) }},
	})
	if (c.In == nil) == (c.Not == nil) {
		p.refuse(n, "", "has neither or both of in and not: one is expected")
	}
	return c
}

func (p *parser) table(key, n *yaml.Node) Table {
	t := Table{Name: key.Value}
	columns, known := p.schema[t.Name]
	if !known {
		p.refuse(key, t.Name, "is not a table; known: "+strings.Join(p.schema.names(), ", "))
		return t
	}
	questions := 0
	p.fields(n, []field{
		{"existing", false, func(n *yaml.Node) { t.Keep = p.choice(n, "update", "keep") == "keep" }},
		{"columns", true, func(n *yaml.Node) {
			p.pairs(n, func(key, value *yaml.Node) {
				if !slices.Contains(columns, key.Value) {
					p.refuse(key, key.Value, fmt.Sprintf("is not a column of %s; known: %s", t.Name, strings.Join(columns, ", ")))
					return
				}
				c := Column{key.Value, p.value(value)}
				if c.Value.asks() {
					questions++
				}
				t.Columns = append(t.Columns, c)
			})
		}},
	})
	if questions > 1 {
		p.refuse(key, t.Name, "matches two of its columns: one at most")
	}
	return t
}

func (s Schema) names() []string {
	var all []string
	for name := range s {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
