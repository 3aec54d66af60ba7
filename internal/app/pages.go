package app

import (
	"context"
	"net"
	"net/http"
)

func (s *Server) startPages(_ context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) { s.metrics.write(w) })
	s.serve("the pages", &http.Server{Handler: mux}, l)
	return nil
}
