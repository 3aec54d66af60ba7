// Package desk carries the conversation with the operators: it sends what was
// decided, takes what persons and operators answer, asks the systems of operators
// that have one, and calls the second level.
//
// Each act loads the ticket under a lock, asks internal/ticket for the decision,
// and saves ticket, jobs and journal entry in one transaction. A letter leaves
// between two transactions: the first says that it may have left, the second
// that it did.
//
// The package refuses to decide what is said, and to send anything inside a
// transaction.
package desk
