// Package likeness finds the stored thing that a text means: a school by its name, commune
// and address as another office writes them.
//
// Texts are compared word by word, in lower case and without accents; the abbreviations of
// school names and addresses (Clg, St, Bd) are written out, small words dropped, one wrong
// letter in a long word forgiven. A candidate has a score from 0 to 100 and says why.
//
// The package refuses to decide: even the only candidate is a proposal to a person.
package likeness
