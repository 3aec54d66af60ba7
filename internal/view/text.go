package view

import (
	"cmp"
	"strings"
)

// plain takes the accents of French letters away, so that a search typed on a
// phone finds them.
var plain = strings.NewReplacer(
	"à", "a", "â", "a", "ä", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e",
	"î", "i", "ï", "i", "ô", "o", "ö", "o", "ù", "u", "û", "u", "ü", "u", "œ", "oe", "æ", "ae", "’", "'",
)

func fold(text string) string { return plain.Replace(strings.ToLower(text)) }

// compareText orders names as people expect: without case and accents.
func compareText(a, b string) int { return cmp.Compare(fold(a), fold(b)) }
