// Package fault says what kind of failure an error is, so that a service, a page and a command
// can each react without knowing which adapter failed.
//
// An error that carries no kind is internal: the user sees a number, the log sees the cause. A
// kind travels inside the error chain and survives any wrapping with %w.
//
// The package holds no messages for people: the page or the command that shows a failure words
// it from the catalogues. It does not classify the errors of any library either; the adapter
// that meets them does.
package fault
