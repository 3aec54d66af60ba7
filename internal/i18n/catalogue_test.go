package i18n

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var placeholder = regexp.MustCompile(`\{(\d+|n)\}`)

func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func TestLanguagesHoldTheSameKeysAndPlaceholders(t *testing.T) {
	t.Parallel()
	fr, en := catalogues[French], catalogues[English]
	if diff := cmp.Diff(slices.Sorted(maps.Keys(fr)), slices.Sorted(maps.Keys(en))); diff != "" {
		t.Fatalf("keys (-fr +en):\n%s", diff)
	}
	for key := range fr {
		if fr[key].counts != en[key].counts {
			t.Errorf("key %q counts in one language only", key)
		}
		if diff := cmp.Diff(placeholders(fr[key].other), placeholders(en[key].other)); diff != "" {
			t.Errorf("key %q, placeholders (-fr +en):\n%s", key, diff)
		}
		for lang, e := range map[Lang]entry{French: fr[key], English: en[key]} {
			if e.other == "" || e.counts && e.one == "" {
				t.Errorf("key %q has an empty form in %s", key, lang)
			}
			for _, arg := range placeholders(e.one) {
				if !strings.Contains(e.other, arg) {
					t.Errorf("key %q in %s: the singular names %s, the plural does not", key, lang, arg)
				}
			}
		}
	}
}

// used finds the keys that the sources name: t "key" and n "key" in templates,
// .T("key" and .N("key" in Go. A %s in a name, or a dot at its end, stands for
// what is only known at run time.
var used = regexp.MustCompile(`(?:[({| ]t|[({| ]n|\.T\(|\.N\()\s*\(?(?:printf )?"([a-z0-9-]+(?:\.(?:[a-z0-9-]+|%s))*\.?)"`)

// keysOf is the pattern of the keys that a name in the sources stands for.
func keysOf(name string) *regexp.Regexp {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(name), "%s", ".+")
	if strings.HasSuffix(name, ".") {
		pattern += ".+"
	}
	return regexp.MustCompile("^" + pattern + "$")
}

func TestEveryKeyTheSourcesNameExistsAndNoneIsLeftOver(t *testing.T) {
	t.Parallel()
	unused := make(map[string]bool)
	for key := range catalogues[French] {
		unused[key] = true
	}
	names, literals := namesInSources(t)
	for key := range literals {
		delete(unused, key)
	}
	for name, path := range names {
		pattern, found := keysOf(name), false
		for key := range catalogues[French] {
			if pattern.MatchString(key) {
				found = true
				delete(unused, key)
			}
		}
		if !found {
			t.Errorf("%s names the key %q, which no catalogue holds", path, name)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(unused)) {
		t.Errorf("no source names the key %q", key)
	}
}

// literal finds texts that may be keys kept as constants.
var literal = regexp.MustCompile(`"([a-z0-9-]+(?:\.[a-z0-9-]+)+)"`)

// namesInSources gives the keys that templates and Go files ask for, each with a
// file, and the literals that may be keys.
func namesInSources(t *testing.T) (named map[string]string, literals map[string]bool) {
	t.Helper()
	named, literals = make(map[string]string), make(map[string]bool)
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == ".git" {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		if ext := filepath.Ext(path); ext != ".go" && ext != ".html" {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, match := range used.FindAllStringSubmatch(string(source), -1) {
			named[match[1]] = path
		}
		for _, match := range literal.FindAllStringSubmatch(string(source), -1) {
			literals[match[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return named, literals
}

func TestTextsTakeTheirArgumentsAndTheirCount(t *testing.T) {
	t.Parallel()
	entries, err := parse([]byte(`{"a": "{0} sur {1}, {0}", "b": {"one": "{n} lien de {0}", "other": "{n} liens de {0}"}}`))
	if err != nil {
		t.Fatal(err)
	}
	fr, en := Printer{French, entries}, Printer{English, entries}
	got := []string{fr.T("a", "{1}", "x"), fr.T("a"), fr.N("b", 0, "A"), fr.N("b", 1, "A"), fr.N("b", 1500, "A"), en.N("b", 0, "A")}
	want := []string{"{1} sur x, {1}", "{0} sur {1}, {0}", "0 lien de A", "1 lien de A", "1\u202f500 liens de A", "0 liens de A"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
}

func TestBadCataloguesAreRefused(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"not an object":    `[]`,
		"a number":         `{"a": 1}`,
		"no plural form":   `{"a": {"one": "x"}}`,
		"no singular form": `{"a": {"other": "x"}}`,
		"cut short":        `{"a": "b"`,
	} {
		if _, err := parse([]byte(raw)); err == nil {
			t.Errorf("%s: parse(%s) gave no error", name, raw)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a": "b", "c": {"one": "d", "other": "e"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		entries, err := parse(raw)
		if err != nil {
			return
		}
		for key := range entries {
			Printer{French, entries}.N(key, 1, "x")
		}
	})
}

func TestNoLineBreaksBeforeAFrenchSign(t *testing.T) {
	t.Parallel()
	for key, e := range catalogues[French] {
		for _, text := range []string{e.one, e.other} {
			if plainBefore.MatchString(text) {
				t.Errorf("%s: a plain space stands before a double sign: %q", key, text)
			}
		}
	}
	if got := For(French).T("map.colon"); got != "\u00a0: " {
		t.Errorf("a colon is written %q", got)
	}
}

var plainBefore = regexp.MustCompile(` [:;?!»%€]|« `)
