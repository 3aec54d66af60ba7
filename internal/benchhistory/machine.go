//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of the times in /proc/PID/stat; Linux has shown 100 a second to
// programs for as long as there has been such a file.
const clockTick = 10 * time.Millisecond

// process is a line of /proc/PID/stat.
type process struct {
	pid, parent int
	cpu         time.Duration // of itself and of its children that have ended and were waited for
}

func readProcess(pid int) (process, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	// The name may hold spaces and brackets; behind the last one fields are plain.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	const parent, user, childSystem = 1, 11, 14
	if len(fields) <= childSystem {
		return process{}, fmt.Errorf("/proc/%d/stat: %d fields after the name, expected more than %d", pid, len(fields), childSystem)
	}
	p := process{pid: pid}
	if p.parent, err = strconv.Atoi(fields[parent]); err != nil {
		return process{}, fmt.Errorf("/proc/%d/stat: parent: %w", pid, err)
	}
	for _, field := range fields[user : childSystem+1] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return process{}, fmt.Errorf("/proc/%d/stat: times: %w", pid, err)
		}
		p.cpu += time.Duration(ticks) * clockTick
	}
	return p, nil
}

// tree is a process with everything that descends from it and lives.
func tree(root int) ([]process, error) {
	names, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	children := map[int][]process{}
	var found []process
	for _, name := range names {
		pid, err := strconv.Atoi(filepath.Base(name))
		if err != nil {
			continue
		}
		p, err := readProcess(pid)
		switch {
		case gone(err):
			continue
		case err != nil:
			return nil, err
		case pid == root:
			found = append(found, p)
		default:
			children[p.parent] = append(children[p.parent], p)
		}
	}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].pid]...)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("process %d has ended", root)
	}
	return found, nil
}

// gone says that a process ended while it was looked at.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) }

// cpuOf is the CPU time of a tree so far, of those that have ended too.
func cpuOf(root int) (all, itself time.Duration, err error) {
	processes, err := tree(root)
	if err != nil {
		return 0, 0, err
	}
	for _, p := range processes {
		all += p.cpu
		if p.pid == root {
			itself = p.cpu
		}
	}
	return all, itself, nil
}

// memoryOf is the memory of a tree in MB; what several share counts once.
func memoryOf(root int) (float64, error) {
	processes, err := tree(root)
	if err != nil {
		return 0, err
	}
	kilobytes := 0
	for _, p := range processes {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.pid))
		if gone(err) {
			continue
		}
		if err != nil {
			return 0, err
		}
		_, rest, _ := strings.Cut(string(text), "\nPss:")
		line, _, _ := strings.Cut(rest, "kB")
		n, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/smaps_rollup: Pss: %w", p.pid, err)
		}
		kilobytes += n
	}
	return float64(kilobytes) / 1000, nil
}
