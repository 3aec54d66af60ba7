// Package statement splits the invoice of a lot between those who pay it.
//
// Each link of the market is a Subject with either one payer or dated keys. Every
// line is split on its own by the key in force over its period: its amount, then
// its VAT by the same weights; a penalty by the key in force on its day. A Member
// is what one payer finds in the statement: its lines with the key, the weight
// and the left-over cent that explain each figure, and totals. The members of a
// statement add up to the invoice, for HT, VAT, TTC and credits: Build checks it
// and returns no statement that fails.
//
// A year is the sum of its months, never a new split of the annual amount: the
// two differ by some cents. The split is between payers; each has one imputation.
//
// The package refuses to guess and does nothing by halves: a shared subject
// without a usable key, a link outside the market or a payer without imputation
// stops the whole statement, in one error that names them all.
package statement
