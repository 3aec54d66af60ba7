package lab

import (
	"context"
	"errors"
	"time"
)

// Play begins and ends the faults of a script, each when its time has come,
// and reports each step once it is done. It returns nil after the last step.
// When ctx is done before, it ends what it began and returns ctx's error. A
// fault that somebody ended by hand is no error.
func (f *Faults) Play(ctx context.Context, steps []Step, report func(Step)) error {
	began := time.Now()
	running := make(map[Fault]uint64)
	for _, step := range steps {
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), f.endAll(running))
		case <-time.After(time.Until(began.Add(step.At))):
		}
		if err := f.step(step, running); err != nil {
			return errors.Join(err, f.endAll(running))
		}
		report(step)
	}
	return nil
}

// step begins or ends the fault of a step.
func (f *Faults) step(step Step, running map[Fault]uint64) error {
	if !step.Ends {
		begun, err := f.Begin(step.Fault)
		running[step.Fault] = begun.ID
		return err
	}
	id := running[step.Fault]
	delete(running, step.Fault)
	if err := f.End(id); !errors.Is(err, ErrNoFault) {
		return err
	}
	return nil
}

// endAll ends the faults that are still in force.
func (f *Faults) endAll(running map[Fault]uint64) error {
	var errs []error
	for _, id := range running {
		if err := f.End(id); !errors.Is(err, ErrNoFault) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
