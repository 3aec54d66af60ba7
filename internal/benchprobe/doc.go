//go:build linux

// Command benchprobe measures what probing costs, on this machine and in one run
// against others doing the same work: a bare loop in C (the floor), fping, and
// gosnmp as it comes. It prints one line a figure:
//
//	name<TAB>value<TAB>unit<TAB>goal<TAB>ok|short|absent
//
// "absent" stands where the program to compare with is not there. Figures that
// compare are ratios of the medians of runs taken in turn, because times depend on
// the machine and on who else uses it. Everything runs in a network namespace of
// its own that has nothing but a loopback; each measurement is a process of its
// own, so that CPU time is that of the whole process, start included. The kernel's
// answer to an echo is made in the sender's time, for all alike.
package main
