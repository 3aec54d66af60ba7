// Package access keeps the people who may sign in and the tokens with which their
// programs ask.
//
// A token acts in the name of the person who made it: in their territory, with a role
// that permits at most what theirs does, until it expires or is revoked. It is told
// once; what is kept is a digest. A person who is disabled, or whose role shrinks below
// a token's, takes the token's power away at once. Every change is an entry of the
// journal, which names persons and tokens by id only.
//
// The package refuses to know passwords: it takes their hash. Requests and sessions are
// the pages' matter.
package access
