//go:build !linux

package lab

import "errors"

// openUnderlay refuses: only Linux has network namespaces.
func openUnderlay() (*underlay, error) {
	return nil, &UnavailableError{
		Missing: "Linux", Purpose: "make network namespaces", Err: errors.ErrUnsupported,
	}
}
