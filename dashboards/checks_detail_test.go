package dashboards

import "testing"

func TestTheWordsOfTheMachineAreKeptWhereTheyTellMore(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]bool{"timeout": false, "refused": false, "unreachable": false, "wrong_status": true, "bad_certificate": true, "ending": true} {
		if got := checkDetail(reason); got != want {
			t.Errorf("%s: kept is %t, want %t", reason, got, want)
		}
	}
}
