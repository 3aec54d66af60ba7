package httpd_test

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// document is an OpenAPI document as a reader of it sees it: this test shares no code
// with what writes it.
type document struct {
	OpenAPI string `json:"openapi"`
	Servers []struct{ URL string }
	Paths   map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Parameters  []struct {
			Name, In string
			Required bool
			Schema   schema
		}
		Responses map[string]struct {
			Content map[string]struct{ Schema schema }
		}
	}
	Components struct{ Schemas map[string]schema }
}

// schema is the part of JSON Schema 2020-12 that the document may use. Strict reading
// of the document refuses any other word, so that none is passed over.
type schema struct {
	Ref                  string            `json:"$ref"`
	Type                 any               `json:"type"` // one name, or several
	Format               string            `json:"format"`
	Properties           map[string]schema `json:"properties"`
	Required             []string          `json:"required"`
	AdditionalProperties *bool             `json:"additionalProperties"`
	Items                *schema           `json:"items"`
	Enum                 []any             `json:"enum"`
	Minimum              *float64          `json:"minimum"`
	Maximum              *float64          `json:"maximum"`
	MaxLength            *int              `json:"maxLength"`
	Pattern              string            `json:"pattern"`
	Default              any               `json:"default"`
	Examples             []any             `json:"examples"`
	Description          string            `json:"description"`
}

// UnmarshalJSON refuses words that check does not know.
func (s *schema) UnmarshalJSON(text []byte) error {
	type plain schema
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	return d.Decode((*plain)(s))
}

// check lists what a value breaks of a schema.
func (d document) check(s schema, value any, at string) []string {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.check(d.Components.Schemas[name], value, at)
	}
	kind, ok := kindOf(value)
	if !ok || !slices.ContainsFunc(s.types(), func(t string) bool { return t == kind || t == "number" && kind == "integer" }) {
		return []string{fmt.Sprintf("%s is %v (%s), want %v", at, value, kind, s.Type)}
	}
	if s.Enum != nil && value != nil && !slices.Contains(s.Enum, value) {
		return []string{fmt.Sprintf("%s is %v, want one of %v", at, value, s.Enum)}
	}
	switch v := value.(type) {
	case string:
		return s.checkText(v, at)
	case float64:
		if s.Minimum != nil && v < *s.Minimum || s.Maximum != nil && v > *s.Maximum {
			return []string{fmt.Sprintf("%s is %v, out of bounds", at, v)}
		}
	case []any:
		var wrong []string
		for i, item := range v {
			wrong = append(wrong, d.check(*s.Items, item, fmt.Sprintf("%s[%d]", at, i))...)
		}
		return wrong
	case map[string]any:
		return d.checkObject(s, v, at)
	}
	return nil
}

func (d document) checkObject(s schema, v map[string]any, at string) []string {
	var wrong []string
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			wrong = append(wrong, fmt.Sprintf("%s has no %s", at, name))
		}
	}
	for name, item := range v {
		property, ok := s.Properties[name]
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s has %s, which the document does not know", at, name))
			continue
		}
		wrong = append(wrong, d.check(property, item, at+"."+name)...)
	}
	return wrong
}

func (s schema) checkText(v, at string) []string {
	var err error
	switch s.Format {
	case "date-time":
		_, err = time.Parse(time.RFC3339Nano, v)
		if err == nil && !strings.HasSuffix(v, "Z") {
			err = fmt.Errorf("not in UTC")
		}
	case "date":
		_, err = time.Parse(time.DateOnly, v)
	case "":
	default:
		err = fmt.Errorf("format %q is not one that this test knows", s.Format)
	}
	if err == nil && s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(v) {
		err = fmt.Errorf("does not match %s", s.Pattern)
	}
	if err != nil {
		return []string{fmt.Sprintf("%s is %q: %v", at, v, err)}
	}
	return nil
}

func (s schema) types() []string {
	switch t := s.Type.(type) {
	case string:
		return []string{t}
	case []any:
		var names []string
		for _, name := range t {
			names = append(names, fmt.Sprint(name))
		}
		return names
	}
	return nil
}

func kindOf(value any) (string, bool) {
	switch v := value.(type) {
	case nil:
		return "null", true
	case bool:
		return "boolean", true
	case string:
		return "string", true
	case []any:
		return "array", true
	case map[string]any:
		return "object", true
	case float64:
		if v == math.Trunc(v) {
			return "integer", true
		}
		return "number", true
	}
	return "", false
}
