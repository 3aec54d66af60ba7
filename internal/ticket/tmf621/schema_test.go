package tmf621_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// schema is a definition of the interface's description (Swagger 2.0), as far
// as release 4.0.0 uses the language.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       string             `json:"type"`
	Format     string             `json:"format"`
	Enum       []string           `json:"enum"`
	Required   []string           `json:"required"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
}

var description = sync.OnceValues(func() (map[string]*schema, error) {
	content, err := os.ReadFile(filepath.Join("testdata", "TMF621-TroubleTicket-v4.0.0.swagger.json"))
	if err != nil {
		return nil, err
	}
	var swagger struct{ Definitions map[string]*schema }
	return swagger.Definitions, json.Unmarshal(content, &swagger)
})

// complaints says where a JSON document is not what a definition describes. An
// attribute that is not described is one: what we send is strict.
func complaints(t *testing.T, definition string, document []byte) []string {
	t.Helper()
	definitions, err := description()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return []string{err.Error()}
	}
	c := checker{definitions: definitions}
	c.check(definition, &schema{Ref: "#/definitions/" + definition}, value)
	slices.Sort(c.said)
	return c.said
}

type checker struct {
	definitions map[string]*schema
	said        []string
}

func (c *checker) say(at, format string, args ...any) {
	c.said = append(c.said, at+": "+fmt.Sprintf(format, args...))
}

func (c *checker) check(at string, s *schema, value any) {
	if s.Ref != "" {
		name := strings.TrimPrefix(s.Ref, "#/definitions/")
		if s = c.definitions[name]; s == nil {
			c.say(at, "no definition %s", name)
			return
		}
	}
	switch v := value.(type) {
	case map[string]any:
		c.object(at, s, v)
	case []any:
		if s.Type != "array" {
			c.say(at, "an array, want %s", s.Type)
			return
		}
		for i, item := range v {
			c.check(fmt.Sprintf("%s[%d]", at, i), s.Items, item)
		}
	case string:
		c.text(at, s, v)
	case json.Number:
		if s.Type != "number" && s.Type != "integer" {
			c.say(at, "a number, want %s", s.Type)
		}
	default:
		c.say(at, "%v, want %s", v, s.Type)
	}
}

func (c *checker) object(at string, s *schema, value map[string]any) {
	if s.Type != "object" {
		c.say(at, "an object, want %s", s.Type)
		return
	}
	for _, name := range s.Required {
		if _, ok := value[name]; !ok {
			c.say(at, "%s is missing", name)
		}
	}
	for name, attribute := range value {
		if s.Properties[name] == nil {
			c.say(at, "%s is not described", name)
			continue
		}
		c.check(at+"."+name, s.Properties[name], attribute)
	}
}

func (c *checker) text(at string, s *schema, value string) {
	if s.Type != "string" {
		c.say(at, "a string, want %s", s.Type)
		return
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, value) {
		c.say(at, "%q is none of %q", value, s.Enum)
	}
	var err error
	switch s.Format {
	case "date-time":
		_, err = time.Parse(time.RFC3339, value)
	case "uri":
		_, err = url.ParseRequestURI(value)
	case "":
	default:
		err = fmt.Errorf("format %s is unknown to this check", s.Format)
	}
	if err != nil {
		c.say(at, "%v", err)
	}
}

func TestTheCheckAgainstTheDescriptionFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	const whole = `"description":"d","severity":"s","ticketType":"t"`
	for document, want := range map[string][]string{
		`{` + whole + `}`:                     nil,
		`{"description":"d"}`:                 {"TroubleTicket_Create: severity is missing", "TroubleTicket_Create: ticketType is missing"},
		`{` + whole + `,"name":1}`:            {"TroubleTicket_Create.name: a number, want string"},
		`{` + whole + `,"name":null}`:         {"TroubleTicket_Create.name: <nil>, want string"},
		`{` + whole + `,"name":{}}`:           {"TroubleTicket_Create.name: an object, want string"},
		`{` + whole + `,"name":[]}`:           {"TroubleTicket_Create.name: an array, want string"},
		`{` + whole + `,"note":"x"}`:          {"TroubleTicket_Create.note: a string, want array"},
		`{` + whole + `,"colour":"red"}`:      {"TroubleTicket_Create: colour is not described"},
		`{` + whole + `,"status":"resolved"}`: nil,
		`{` + whole + `,"status":"open"}`:     {`TroubleTicket_Create.status: "open" is none of ["acknowledged" "rejected" "pending" "held" "inProgress" "cancelled" "closed" "resolved"]`},
		`{` + whole + `,"creationDate":"today"}`: {
			`TroubleTicket_Create.creationDate: parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse "today" as "2006"`,
		},
		`{` + whole + `,"@schemaLocation":"here"}`:                            {`TroubleTicket_Create.@schemaLocation: parse "here": invalid URI for request`},
		`{` + whole + `,"relatedEntity":[{"id":"1","@referredType":"Site"}]}`: {"TroubleTicket_Create.relatedEntity[0]: role is missing"},
		`{` + whole: {"unexpected EOF"},
	} {
		if diff := cmp.Diff(want, complaints(t, "TroubleTicket_Create", []byte(document))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", document, diff)
		}
	}
}
