package fault

import (
	"errors"
	"fmt"
)

// Kind is what a caller may do about an error.
type Kind int

const (
	// Internal is a defect or a surprise; the caller can only report it.
	Internal Kind = iota
	// NotFound says that the named object does not exist (or is outside the asker's territory).
	NotFound
	// Conflict says that the request contradicts what is already stored.
	Conflict
	// Invalid says that the request itself is wrong; the message names field, value and expectation.
	Invalid
	// Forbidden says that the asker's role does not allow it.
	Forbidden
	// Unavailable says that something outside is away; the same request may succeed later.
	Unavailable
)

// String returns the kind in lower case, as logs and metrics show it.
func (k Kind) String() string {
	switch k {
	case Internal:
		return "internal"
	case NotFound:
		return "not found"
	case Conflict:
		return "conflict"
	case Invalid:
		return "invalid"
	case Forbidden:
		return "forbidden"
	case Unavailable:
		return "unavailable"
	default:
		return fmt.Sprintf("kind %d", int(k))
	}
}

// Error is an error with its kind. Find it with errors.As, or ask KindOf.
type Error struct {
	Kind Kind
	Err  error
}

// Error returns the text of the cause; the kind is not repeated in it.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an error of the given kind, formatted (and wrapping, with %w) as fmt.Errorf does.
func Errorf(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// KindOf returns the kind of the outermost Error in the chain of err, or Internal when there is
// none.
func KindOf(err error) Kind {
	var fault *Error
	if errors.As(err, &fault) {
		return fault.Kind
	}
	return Internal
}
