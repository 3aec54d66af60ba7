package measure_test

import (
	"math"
	"testing"
	"time"

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

func TestWhatWasCarriedBecomesARateOverWhatWasMeasured(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		carried  measure.Carried
		down, up uint32
	}{
		{"five whole minutes", measure.Carried{DownOctets: 3_562_500_000, UpOctets: 300, CoveredMillis: 300_000}, 11_875_000, 1},
		{"half of them speak for all", measure.Carried{DownOctets: 1500, UpOctets: 0, CoveredMillis: 150_000}, 10, 0},
		{"half an octet a second is rounded up", measure.Carried{DownOctets: 150, UpOctets: 149, CoveredMillis: 300_000}, 1, 0},
		{"less than half is a gap", measure.Carried{DownOctets: 1500, CoveredMillis: 149_999}, measure.NoRate, measure.NoRate},
		{"what no link carries is not a gap", measure.Carried{DownOctets: math.MaxInt64, UpOctets: 1 << 41, CoveredMillis: 300_000}, measure.NoRate - 1, measure.NoRate - 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			day := measure.NewUtilisationDay()
			tt.carried.At = midnight.Add(23*time.Hour + 55*time.Minute)
			day.Put(midnight, tt.carried)
			if got := day.Down[287]; got != tt.down {
				t.Errorf("down: %d octets/s, want %d", got, tt.down)
			}
			if got := day.Up[287]; got != tt.up {
				t.Errorf("up: %d octets/s, want %d", got, tt.up)
			}
		})
	}
	day := measure.NewUtilisationDay()
	for _, at := range []time.Time{midnight.Add(-time.Second), midnight.Add(24 * time.Hour)} {
		day.Put(midnight, measure.Carried{At: at, DownOctets: 1, CoveredMillis: 300_000})
	}
	if day != measure.NewUtilisationDay() {
		t.Error("an interval of another day was taken")
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
