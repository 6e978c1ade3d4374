package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// patience is how long requests may take to end once the stack is to close.
const patience = 5 * time.Second

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
