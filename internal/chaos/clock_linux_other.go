//go:build linux && !amd64

package main

import (
	"errors"
	"os/exec"
	"time"
)

// clockShifts says that programs cannot be given a wrong clock here: the vDSO of this
// processor would need other instructions.
const clockShifts = false

func startShifted(cmd *exec.Cmd, shift time.Duration) error {
	if shift != 0 {
		return errors.New("no shifted clock on this processor")
	}
	return cmd.Start()
}
