package measure

// Statistic is a figure that is shown, with the standard that defines it.
type Statistic struct {
	Name     string // in lower case; names its definition in every language
	Standard string
}

// Statistics lists the figures, in the order in which they are explained.
var Statistics = []Statistic{
	{"loss", "RFC 6673"},
	{"delay", "RFC 2681"},
	{"ipdv", "RFC 3393"},
	{"pdv", "RFC 5481"},
	{"periods", "RFC 3357"},
	{"duplicates", "RFC 5560"},
	{"reordered", "RFC 4737"},
}
