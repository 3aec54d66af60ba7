package likeness

import (
	"slices"
	"strings"
)

// Plain writes a text in lower case with the letters and digits of ASCII only, one space
// between the words. Letters of the French alphabet lose their accents; any other sign
// parts two words.
func Plain(text string) string {
	var b strings.Builder
	gap := false
	for _, c := range strings.ToLower(text) {
		plain, known := unaccented[c]
		if !known && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9') {
			plain, known = string(c), true
		}
		if !known {
			// A combining accent belongs to the letter before it.
			gap = gap || c < '\u0300' || c > '\u036f'
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteString(plain)
	}
	return b.String()
}

// unaccented are the letters of French and of its neighbours' names.
var unaccented = func() map[rune]string {
	m := map[rune]string{'œ': "oe", 'æ': "ae", 'ß': "ss", 'ø': "o", 'ł': "l"}
	for plain, letters := range map[string]string{
		"a": "àâäáãå", "c": "çč", "e": "éèêëě", "i": "îïíì", "n": "ñń", "o": "ôöóòõ", "s": "šś", "u": "ùûüúů", "y": "ÿý", "z": "žźż",
	} {
		for _, letter := range letters {
			m[letter] = plain
		}
	}
	return m
}()

// written are abbreviations with what they stand for.
var written = map[string]string{
	"clg": "college", "col": "college", "coll": "college", "lyc": "lycee",
	"lp": "lycee professionnel", "lpo": "lycee polyvalent", "lgt": "lycee general technologique", "legt": "lycee general technologique",
	"cs": "cite scolaire", "pro": "professionnel", "poly": "polyvalent", "techno": "technologique",
	"st": "saint", "ste": "sainte", "dr": "docteur", "pr": "professeur", "prof": "professeur", "gal": "general", "gen": "general",
	"mal": "marechal", "pdt": "president", "cdt": "commandant", "cne": "capitaine",
	"r": "rue", "av": "avenue", "ave": "avenue", "bd": "boulevard", "bld": "boulevard", "boul": "boulevard", "pl": "place", "rte": "route",
	"ch": "chemin", "che": "chemin", "chem": "chemin", "imp": "impasse", "all": "allee", "fg": "faubourg", "fbg": "faubourg", "sq": "square",
	"qu": "quai", "za": "zone artisanale", "zi": "zone industrielle",
}

// small are words that people leave out as they like.
var small = map[string]bool{
	"de": true, "du": true, "des": true, "d": true, "la": true, "le": true, "les": true, "l": true, "et": true, "en": true,
	"a": true, "au": true, "aux": true, "public": true, "publique": true, "bis": true,
}

// words are the words that count of a text, sorted, none twice.
func words(text string) []string {
	var all []string
	for word := range strings.FieldsSeq(Plain(text)) {
		if full, short := written[word]; short {
			word = full
		}
		for part := range strings.FieldsSeq(word) {
			if !small[part] {
				all = append(all, part)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// communeWords drops what the post adds to the name of a commune: CEDEX and numbers.
func communeWords(text string) []string {
	return slices.DeleteFunc(words(text), func(word string) bool {
		return word == "cedex" || word == "arrondissement" || strings.Trim(word, "0123456789") == ""
	})
}

// alike is how far two lists of words are the same, in percent of their words (Dice).
func alike(a, b []string) int {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	common := 0
	left := slices.Clone(b)
	for _, word := range a {
		at := slices.IndexFunc(left, func(other string) bool { return sameWord(word, other) })
		if at >= 0 {
			common++
			left = slices.Delete(left, at, at+1)
		}
	}
	return 200 * common / (len(a) + len(b))
}

// forgiven is how long a word must be for one wrong letter in it.
const forgiven = 6

// sameWord forgives one letter that is wrong, missing or too many in a long word. Digits
// are never forgiven.
func sameWord(a, b string) bool {
	if a == b {
		return true
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) < forgiven || len(b)-len(a) > 1 || strings.ContainsAny(a+b, "0123456789") {
		return false
	}
	at := 0
	for at < len(a) && a[at] == b[at] {
		at++
	}
	if len(a) == len(b) {
		return a[at+1:] == b[at+1:]
	}
	return a[at:] == b[at+1:]
}
