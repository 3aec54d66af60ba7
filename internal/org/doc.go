// Package org holds the organisations of the purchasing group, the people who
// sign in, their roles and territory, and Allowed, the only place that says yes.
//
// A right is a pair (role, action); a territory bounds it to the objects of some
// organisations. The package refuses to know passwords, sessions and pages.
package org
