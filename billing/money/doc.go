// Package money holds amounts as whole cents and rounds exact fractions to them.
//
// An amount is an integer number of euro cents; a rate, an index or a
// coefficient is a *big.Rat read from a decimal string. A computation stays a
// fraction until its final figure, which is rounded once, half away from zero.
// Cents that would leave the range of an int64 are an error, never a wrap.
//
// The package refuses floats, silent rounding of what it parses, and
// localisation: the text it writes is for files, logs and errors. Currencies
// other than the euro do not exist here.
package money
