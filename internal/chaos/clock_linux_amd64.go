package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// clockShifts says that programs can be given a wrong clock here.
const clockShifts = true

// startShifted starts a program whose wall clock is wrong by a shift, for all of its life,
// as if its machine's were. Linux has no namespace for that clock, and Go asks the vDSO for
// it: so the copy of that page in the new process is rewritten before its first
// instruction. The monotonic clock stays right, as on a machine whose time was set. It is
// called on a locked thread.
func startShifted(cmd *exec.Cmd, shift time.Duration) error {
	if shift == 0 {
		return cmd.Start()
	}
	cmd.SysProcAttr.Ptrace = true // it stops at its first instruction
	if err := cmd.Start(); err != nil {
		return err
	}
	pid := cmd.Process.Pid
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, 0, nil); err != nil || !status.Stopped() {
		return fmt.Errorf("wait for process %d to stop: status %v: %w", pid, status, err)
	}
	err := shiftClock(pid, shift)
	if err != nil {
		_ = cmd.Process.Kill()
	}
	if err = errors.Join(err, unix.PtraceDetach(pid)); err != nil {
		_ = cmd.Wait() // its status is the kill
	}
	return err
}

// shiftClock rewrites clock_gettime in the vDSO of a process that is stopped.
func shiftClock(pid int, shift time.Duration) error {
	base, err := vdsoBase(pid)
	if err != nil {
		return err
	}
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer memory.Close()
	const most = 4 << 12 // the page and its neighbours
	image := make([]byte, most)
	n, err := memory.ReadAt(image, base)
	if n == 0 && err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the vDSO: %w", err)
	}
	place, err := clockGettime(image[:n])
	if err != nil {
		return err
	}
	if _, err := memory.WriteAt(shiftedClock(shift), base+place); err != nil {
		return fmt.Errorf("rewrite the vDSO: %w", err)
	}
	return nil
}

// shiftedClock is clock_gettime(2) by a system call, with seconds added to the answer for
// CLOCK_REALTIME (0), which is in edi; the answer's place is in rsi.
func shiftedClock(shift time.Duration) []byte {
	code := []byte{
		0xb8, 0xe4, 0, 0, 0, // mov eax, 228
		0x0f, 0x05, // syscall
		0x85, 0xff, // test edi, edi
		0x75, 0x07, // jne +7
		0x48, 0x81, 0x06, // add qword [rsi], imm32
	}
	code = binary.LittleEndian.AppendUint32(code, uint32(int32(shift/time.Second)))
	return append(code, 0xc3) // ret
}

// vdsoBase is where the vDSO of a process begins.
func vdsoBase(pid int) (int64, error) {
	const sysinfoEHDR = 33
	auxv, err := os.ReadFile(fmt.Sprintf("/proc/%d/auxv", pid))
	if err != nil {
		return 0, err
	}
	for ; len(auxv) >= 16; auxv = auxv[16:] {
		if binary.LittleEndian.Uint64(auxv) == sysinfoEHDR {
			return int64(binary.LittleEndian.Uint64(auxv[8:])), nil
		}
	}
	return 0, fmt.Errorf("process %d has no vDSO", pid)
}

// clockGettime finds the function in the image of a vDSO.
func clockGettime(image []byte) (int64, error) {
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return 0, fmt.Errorf("read the vDSO: %w", err)
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return 0, fmt.Errorf("read the vDSO: %w", err)
	}
	for _, s := range symbols {
		if s.Name == "__vdso_clock_gettime" {
			return int64(s.Value), nil
		}
	}
	return 0, errors.New("the vDSO has no __vdso_clock_gettime")
}
