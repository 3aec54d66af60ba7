package httpd

import (
	"net/http"
	"time"
)

// Times of a stream: a word now and then keeps proxies from closing it, and its
// end makes the browser come back and be identified again.
const (
	heartbeat   = 20 * time.Second
	streamLimit = 10 * time.Minute
	writeLimit  = 10 * time.Second
)

// live tells a page, as server-sent events, that something was decided. It says
// no more than that: the page asks again and gets what its reader may see.
func (s *Server) live(w http.ResponseWriter, r *http.Request) error {
	changes, stop := s.Changes.Subscribe()
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	stream := http.NewResponseController(w)
	say := func(text string) bool {
		_ = stream.SetWriteDeadline(time.Now().Add(writeLimit)) // not every writer has deadlines
		_, err := w.Write([]byte(text))
		return err == nil && stream.Flush() == nil
	}
	if !say("retry: 3000\n\n") {
		return nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	end := time.NewTimer(streamLimit)
	defer end.Stop()
	for {
		word := ": still here\n\n"
		select {
		case <-r.Context().Done():
			return nil
		case <-s.closing:
			return nil
		case <-end.C:
			return nil
		case <-changes:
			word = "event: changed\ndata: board\n\n"
		case <-beat.C:
		}
		if !say(word) {
			return nil
		}
	}
}
