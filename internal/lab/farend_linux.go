package lab

import "syscall"

// dieWithThread has the kernel kill a program when the thread that started it ends.
func dieWithThread() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
