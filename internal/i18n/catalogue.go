package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Lang is a language of the catalogues, as a BCP 47 primary tag.
type Lang string

// The languages. French comes first: it is what a visitor gets who asks for none.
const (
	French  Lang = "fr"
	English Lang = "en"
)

// Languages lists every language, the default first.
func Languages() []Lang { return []Lang{French, English} }

//go:embed catalogue/*/*.json
var files embed.FS

// entry is one text: its forms by plural category, "other" always present.
type entry struct {
	one, other string
	counts     bool // written with plural forms
}

var catalogues = loadAll()

// loadAll runs at package initialisation: an embedded catalogue that cannot be
// read is a broken build.
func loadAll() map[Lang]map[string]entry {
	all := make(map[Lang]map[string]entry)
	for _, lang := range Languages() {
		entries, err := load(lang)
		if err != nil {
			panic(fmt.Sprintf("embedded catalogue of %s: %v", lang, err))
		}
		all[lang] = entries
	}
	return all
}

// load reads the files of one language, each the texts of one use (pages, mails),
// and refuses a key that two of them hold.
func load(lang Lang) (map[string]entry, error) {
	names, err := fs.Glob(files, "catalogue/"+string(lang)+"/*.json")
	if err != nil {
		return nil, err
	}
	all := make(map[string]entry)
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		entries, err := parse(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for key, e := range entries {
			if _, twice := all[key]; twice {
				return nil, fmt.Errorf("%s: key %q is in another file too", name, key)
			}
			if lang == French {
				e.one, e.other = unbroken.Replace(e.one), unbroken.Replace(e.other)
			}
			all[key] = e
		}
	}
	return all, nil
}

// unbroken gives French texts the spaces at which no line breaks, as the Imprimerie
// nationale sets them: the files have plain ones, which people see as they type.
var unbroken = strings.NewReplacer(
	" :", "\u00a0:", "« ", "«\u00a0", " »", "\u00a0»", " %", "\u00a0%", " €", "\u00a0€", " ;", "\u202f;", " ?", "\u202f?", " !", "\u202f!",
)

// parse reads one catalogue: an object whose values are a text, or an object with
// the forms "one" and "other".
func parse(raw []byte) (map[string]entry, error) {
	var texts map[string]json.RawMessage
	if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, fmt.Errorf("catalogue is not an object: %w", err)
	}
	entries := make(map[string]entry, len(texts))
	for key, text := range texts {
		var simple string
		if json.Unmarshal(text, &simple) == nil {
			entries[key] = entry{other: simple}
			continue
		}
		var forms struct{ One, Other *string }
		if err := json.Unmarshal(text, &forms); err != nil {
			return nil, fmt.Errorf("key %q: want a text or plural forms: %w", key, err)
		}
		if forms.One == nil || forms.Other == nil {
			return nil, fmt.Errorf("key %q: a text that counts needs the forms \"one\" and \"other\"", key)
		}
		entries[key] = entry{one: *forms.One, other: *forms.Other, counts: true}
	}
	return entries, nil
}

// Printer writes in one language. The zero value is not usable: call For.
type Printer struct {
	lang    Lang
	entries map[string]entry
}

// For returns the printer of a language, French for one that is not known.
func For(lang Lang) Printer {
	entries, known := catalogues[lang]
	if !known {
		lang, entries = French, catalogues[French]
	}
	return Printer{lang: lang, entries: entries}
}

// Lang is the language the printer writes in.
func (p Printer) Lang() Lang { return p.lang }

// Has reports whether the catalogue holds the key.
func (p Printer) Has(key string) bool {
	_, ok := p.entries[key]
	return ok
}

// T returns the text of a key with its arguments in place of {0}, {1}... A key
// that is not in the catalogue comes back as itself, so that it is seen; tests
// hold that none is missing.
func (p Printer) T(key string, args ...string) string {
	e, ok := p.entries[key]
	if !ok {
		return key
	}
	return fill(e.other, "", args)
}

// N returns the form of a text that fits the count n, with {n} written as a number
// and the arguments in place of {0}, {1}...
func (p Printer) N(key string, n int, args ...string) string {
	e, ok := p.entries[key]
	if !ok {
		return key
	}
	text := e.other
	if e.counts && p.singular(n) {
		text = e.one
	}
	return fill(text, p.Number(int64(n)), args)
}

// singular follows CLDR for integers: 0 and 1 in French, 1 in English.
func (p Printer) singular(n int) bool {
	return n == 1 || n == 0 && p.lang == French
}

// fill replaces the placeholders in one pass, so that an argument that looks like
// a placeholder is left as it is.
func fill(text, count string, args []string) string {
	if count == "" && len(args) == 0 {
		return text
	}
	pairs := make([]string, 0, 2*len(args)+2)
	for i, arg := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", arg)
	}
	if count != "" {
		pairs = append(pairs, "{n}", count)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Match chooses the language for an Accept-Language header (RFC 9110, 12.5.4): the
// known language with the highest weight, the first named among equals, French
// when none is known.
func Match(accept string) Lang {
	best, bestWeight := French, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if _, known := catalogues[Lang(primary)]; !known {
			continue
		}
		if weight := quality(params); weight > bestWeight {
			best, bestWeight = Lang(primary), weight
		}
	}
	return best
}

// quality reads "q=0.8"; 1 when absent, 0 when it cannot be read.
func quality(params string) float64 {
	name, value, found := strings.Cut(strings.TrimSpace(params), "=")
	if !found || strings.TrimSpace(name) != "q" {
		return 1
	}
	weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(weight >= 0 && weight <= 1) {
		return 0
	}
	return weight
}
