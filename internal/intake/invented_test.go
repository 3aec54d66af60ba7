package intake_test

import (
	"context"
	"testing"

	"vigie/internal/intake"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

func TestARealInstallationTakesNothingThatTheDemoInvents(t *testing.T) {
	t.Parallel()
	files := []intake.File{file("canaries.csv", "key,name,address,path,source",
		"a,A,192.0.2.1,core,register", "b,B,192.0.2.2,transit,adresse : fictif (démo)")}
	for purpose, want := range map[store.Purpose]string{
		store.Demo: "",
		store.Real: `canaries.csv:3: source: "adresse : fictif (démo)" is of the demo, and this is a real installation: give the row with the source it really has, or leave it out` + "\n",
	} {
		db := storetest.New(t)
		if err := db.Claim(context.Background(), purpose, now); err != nil {
			t.Fatal(err)
		}
		if _, problems := importing(t, db, intake.Options{}, files...); problems != want {
			t.Errorf("%s: %q, want %q", purpose, problems, want)
		}
		if got := len(loaded(t, db).Canaries); got != map[bool]int{true: 2}[want == ""] {
			t.Errorf("%s: %d canaries are stored", purpose, got)
		}
	}
}
