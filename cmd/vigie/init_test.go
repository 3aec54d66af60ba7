package main

import (
	"strings"
	"testing"
)

func FuzzThreeOf(f *testing.F) {
	for _, seed := range []string{"region=region:Région", "a=b,c", "=", "a=:b", "a==b:c:d", " k = a : b "} {
		f.Add(seed, ":")
	}
	f.Fuzz(func(t *testing.T, text, mark string) {
		key, a, b, ok := threeOf(text, mark)
		if ok && mark == ":" && (strings.Contains(key, "=") || strings.Contains(a, ":") || strings.TrimSpace(b) != b || key == "" || a == "" || b == "") {
			t.Errorf("%q is read as %q, %q, %q", text, key, a, b)
		}
	})
}
