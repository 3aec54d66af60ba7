package measure_test

import (
	"testing"

	"vigie/internal/measure"
)

func TestADayOfUtilisationComesBackAsItWas(t *testing.T) {
	t.Parallel()
	day := measure.NewUtilisationDay()
	day.Down[0], day.Up[0], day.Down[287], day.Up[287] = 0, 1, 4_294_967_294, 12_500_000
	packed, err := day.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var got measure.UtilisationDay
	if err := got.UnmarshalBinary(packed); err != nil || got != day {
		t.Errorf("a day came back changed, %v", err)
	}
	if got.Down[1] != measure.NoRate {
		t.Error("an interval without measure became a rate")
	}
}

func FuzzUtilisationDay(f *testing.F) {
	packed, _ := measure.NewUtilisationDay().MarshalBinary() // never fails
	f.Add(packed)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var day measure.UtilisationDay
		if day.UnmarshalBinary(data) != nil {
			return
		}
		again, err := day.MarshalBinary()
		if err != nil || string(again) != string(data) {
			t.Fatalf("%d octets were taken and come back otherwise, %v", len(data), err)
		}
	})
}
