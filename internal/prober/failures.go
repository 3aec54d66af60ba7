package prober

import (
	"log/slog"
	"sync"
	"time"
)

// failures are those of one kind of errand: when a POP fails there are thousands at once,
// which the log is told at intervals, by the latest one and their number.
type failures struct {
	message string
	log     *slog.Logger

	mu    sync.Mutex
	told  time.Time
	count int // since then
}

// add counts the failure of one link's errand, and tells when the last one told is long ago.
func (f *failures) add(link int64, err error, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	if now.Sub(f.told) < complainEvery {
		return
	}
	f.log.Warn(f.message, "link", link, "error", err, "count", f.count)
	f.told, f.count = now, 0
}
