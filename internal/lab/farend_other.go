//go:build !linux

package lab

import "syscall"

// dieWithThread knows no such thing here, where no lab runs either.
func dieWithThread() *syscall.SysProcAttr { return nil }
