//go:build linux

package main

import "vigie/internal/figure"

// bounds says what bounds a figure and what was tried.
var bounds = []figure.Bound{
	{Begins: "flush_", Told: "a commit waits for the disk, and each row of a minute for its place in an index"},
}
