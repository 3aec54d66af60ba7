// Package inventory holds what exists: communes, sites and the establishments in
// them, contacts, operators with their POPs, links with their routers, canaries,
// planned works, and the dated keys that share a site's cost.
//
// Natural keys (a UAI, an operator's service reference) name things between
// files and people, and bind the inventory's own tables; numeric ids, which never
// change, name them in the tables of what happens to them. Nothing is deleted: a
// thing ends on a date. The package refuses to compute money or state.
package inventory
