package store

import "testing"

func TestAQueryNameCannotBeTakenTwice(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a second query of the same name was accepted")
		}
	}()
	query("journal.lock", `SELECT 1`)
}
