// Package share splits an amount between payers to the exact cent, by a dated
// key.
//
// Allocate uses the largest remainder method on the absolute amount: every payer
// gets the whole cents of its exact quota, and the cents left over go one by one
// to the largest remainders; ties go to the larger weight, then to the payer key
// that sorts first. So the parts add up, nobody is a full cent away from the
// exact quota, the order of the payers does not matter, and a credit is split
// exactly as the charge it corrects. It is not monotonic: one more cent to share
// may lower a part (the Alabama paradox).
//
// A Key is what a convention says about one shared subject between two days:
// which basis was counted, on which legal ground, with which weights. InForce
// picks the one that applies on a day.
//
// The package refuses to guess: no key, two keys, a key without legal basis or
// weights that split nothing is an error, never an even split.
package share
