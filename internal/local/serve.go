package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// patience is how long requests may take to end once the stack is to close.
const patience = 5 * time.Second

// health is the path where a stack says that it is one, and healthy what it says.
const (
	health     = "/_local/health"
	healthy    = `{"status":"ok"}`
	answerTime = 2 * time.Second
)

// Serve answers on ln, which must be the loopback's, until ctx ends; then it
// ends what waits, lets the rest finish, and closes the stack and ln. An error
// is a failure to listen or to close: nil means that all is on the disk.
func (s *Stack) Serve(ctx context.Context, ln net.Listener) error {
	if err := loopback(ln.Addr()); err != nil {
		return errors.Join(err, ln.Close(), s.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // ends long polls
	}
	unused := unused{conns: map[net.Conn]bool{}}
	server.ConnState = unused.follow
	server.RegisterOnShutdown(unused.end)
	served, followed := make(chan error, 1), make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	go func() {
		err := s.buckets.Follow(ctx)
		if err != nil {
			cancel()
		}
		followed <- err
	}()
	var err error
	select {
	case err = <-served:
		err = fmt.Errorf("serve the local stack: %w", err)
	case <-ctx.Done():
		err = shutdown(server)
		<-served // ErrServerClosed
	}
	cancel()
	return errors.Join(err, <-followed, s.Close())
}

// unused are the connections on which no request came yet: clients dial more than
// they need. [http.Server.Shutdown] takes each of them for one that is about to ask,
// for longer than our patience.
type unused struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
	ended bool
}

// follow is a server's ConnState.
func (u *unused) follow(c net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(u.conns, c)
	case u.ended:
		stopAsking(c)
	default:
		u.conns[c] = true
	}
}

// end ends those that there are, and those that come.
func (u *unused) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ended = true
	for c := range u.conns {
		stopAsking(c)
	}
}

// stopAsking leaves what was asked by now its answer.
func stopAsking(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		tcp.CloseRead()
	}
}

// Answers says whether a local stack answers at an address such as
// "http://127.0.0.1:4566", and nothing else that may be there.
func Answers(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(address, "/")+health, http.NoBody)
	if err != nil || !localHost(r.Host) {
		return false
	}
	direct := &http.Transport{} // through no proxy
	defer direct.CloseIdleConnections()
	resp, err := (&http.Client{Transport: direct}).Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	return err == nil && resp.StatusCode == http.StatusOK && string(text) == healthy
}

func shutdown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("wait for requests to end: %w", err), server.Close())
	}
	return nil
}

// loopback refuses an address that others could reach.
func loopback(addr net.Addr) error {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsLoopback() {
		return fmt.Errorf("listen on %s: the local stack is for this machine only (127.0.0.1 or ::1)", addr)
	}
	return nil
}
