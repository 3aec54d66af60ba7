// Package figure prints what the programs that measure Vigie found, one line a figure:
//
//	name<TAB>value<TAB>unit<TAB>goal<TAB>ok|short|absent|told
//
// A figure that misses its goal says on the other stream what bounds it and what was
// tried. "absent" stands where what it is compared with is not there, "told" where there
// is no goal.
package figure
