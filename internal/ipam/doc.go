// Package ipam holds the addressing plan: VRFs, aggregates, prefixes, ranges,
// addresses, VLAN groups and VLANs, and answers what is free, what is used and what
// may not stand beside what.
//
// A Plan is rows; an Index is a plan put in order, from which every answer is a binary
// search and a sweep over what lies inside. Nothing about the hierarchy is stored: a
// prefix is inside another because its bits say so. The rules are NetBox's:
//
//   - The free prefixes of a block are the block without every prefix inside it in the
//     same VRF, in address order, each as large as alignment allows. Allocation is first
//     fit and gives everything that was asked, or nothing.
//   - The free addresses of a block are its usable ones without the distinct hosts
//     recorded in it and the ranges marked populated. A pool, an IPv4 /31 or /32 and an
//     IPv6 /127 or /128 use every address; other IPv4 blocks do without network and
//     broadcast, other IPv6 blocks without the subnet-router anycast (RFC 4291, 2.6.1).
//     A container of the global table sees the addresses of every VRF.
//   - A container is used by the prefixes inside it, anything else by the hosts and the
//     ranges marked utilised inside it, out of size-2 for an IPv4 block that is no pool
//     and shorter than /31, out of its size otherwise; never above 100 %.
//   - Prefixes and addresses are unique in the global table and in each VRF that
//     enforces it. Addresses of the roles that several routers share (anycast, vip, vrrp,
//     hsrp, glbp, carp) may repeat when every copy has such a role.
//   - Aggregates do not overlap, nor do the ranges of a VRF, nor the assigned prefixes of
//     a VRF: those that carry a VLAN or a router interface.
//
// The package refuses to save, to decide who may change the plan, and to guess: a block
// with host bits is cleared, anything else that is wrong is refused with its reason.
package ipam
