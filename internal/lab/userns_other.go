//go:build !linux

package lab

import (
	"context"
	"errors"
)

// Capable reports whether this process has the capabilities that a network takes:
// there is none outside Linux.
func Capable() bool { return false }

// AgainInUserNamespace says that there is none outside Linux.
func AgainInUserNamespace(context.Context) (status int, err error) {
	return 0, &UnavailableError{Missing: "a user namespace", Purpose: "run without root", Err: errors.ErrUnsupported}
}
