package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// defaultPages is where a daemon serves its pages: on this machine only, as they
// show the names of objects.
const defaultPages = "127.0.0.1:8463"

// listenForPages listens before anything else is begun; nil for "".
func listenForPages(address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, hint(fmt.Errorf("listen on %s: %w", address, err), "choose another address with --listen, or \"\" for none")
	}
	return l, nil
}

func closePages(l net.Listener) error {
	if l == nil {
		return nil
	}
	return l.Close()
}

// servePages serves until ctx ends, and closes l. Who opens the page with the token
// may press its buttons, and read it from another machine.
func servePages(ctx context.Context, l net.Listener, h http.Handler, token string, log *slog.Logger) error {
	if l == nil {
		<-ctx.Done()
		return nil
	}
	url := "http://" + l.Addr().String()
	log.Info("pages", "status", url+"/", "healthz", url+"/healthz", "metrics", url+"/metrics", "with_buttons", url+"/?token="+token)
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the pages: %w", err)
	}
	return nil
}
