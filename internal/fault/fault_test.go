package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"vigie/internal/fault"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	missing := fault.Errorf(fault.NotFound, "link 67-0123: %w", io.EOF)
	tests := map[string]struct {
		err  error
		want fault.Kind
	}{
		"an error without a kind is internal":      {io.EOF, fault.Internal},
		"a kind is found where it was given":       {missing, fault.NotFound},
		"a kind survives wrapping":                 {fmt.Errorf("open page: %w", missing), fault.NotFound},
		"a kind survives joining":                  {errors.Join(io.EOF, missing), fault.NotFound},
		"the outermost kind decides":               {fault.Errorf(fault.Conflict, "save: %w", missing), fault.Conflict},
		"an error formatted with %v has lost it":   {fmt.Errorf("open page: %v", missing), fault.Internal},
		"no error has nothing special to tell of ": {nil, fault.Internal},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fault.KindOf(test.err); got != test.want {
				t.Errorf("KindOf(%v) = %v, want %v", test.err, got, test.want)
			}
		})
	}
}

func TestErrorKeepsItsCauseAndText(t *testing.T) {
	t.Parallel()
	err := fault.Errorf(fault.Unavailable, "read link 7: %w", io.ErrUnexpectedEOF)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the cause is lost in %v", err)
	}
	if got, want := err.Error(), "read link 7: unexpected EOF"; got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
}

func TestEveryKindHasAName(t *testing.T) {
	t.Parallel()
	want := []string{"internal", "not found", "conflict", "invalid", "forbidden", "unavailable", "kind 6"}
	for i, name := range want {
		if got := fault.Kind(i).String(); got != name {
			t.Errorf("kind %d is called %q, want %q", i, got, name)
		}
	}
}
