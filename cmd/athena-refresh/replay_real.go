package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/refresh"

	"golang.org/x/sync/semaphore"
)

// What replay settles at once. A message weighs at least leastWeight, so there
// are no more than 1,024 of them.
const (
	replayWeight = 16 << 20 // bytes of bodies
	leastWeight  = 16 << 10
	replayHand   = replayWeight / leastWeight
)

// settling is a message that is being settled; done is closed when it was.
type settling struct {
	message refresh.Message
	done    chan struct{}
	result  refresh.Settlement
}

// real settles the messages through the catalog, many at once, and prints them
// in their order.
func (p *replayer) real(ctx context.Context) (err error) {
	cfg, err := p.app.aws(ctx, p.config)
	if err != nil {
		return err
	}
	catalog, closeCatalog := worker.Catalog(cfg, p.config)
	defer func() { err = errors.Join(err, closeCatalog()) }()
	log, rest := p.app.briefLog(p.config.LogLevel)
	// What failed was sent too; of a statement that can't be written the Writer says why.
	catalog.Writer = &refresh.Recorder{Writer: catalog.Writer, Sends: func(t refresh.Table, parts []refresh.Partition) { p.sends(t, parts) }}
	refresher := refresh.New(refresh.Options{
		Router:      p.router,
		Catalog:     catalog,
		DeadLetters: refresh.Nowhere{},
		Log:         log,
		Statements:  p.config.StatementsInFlight,
	})
	err = p.stream(ctx, refresher)
	refresher.Close(ctx)
	rest()
	if err != nil {
		return err
	}
	tally := refresher.Tally()
	return p.finish(&tally)
}

// stream settles every message. When ctx ends, those in hand are settled and
// printed, and no other is begun.
func (p *replayer) stream(ctx context.Context, r *refresh.Refresher) error {
	room := semaphore.NewWeighted(replayWeight)
	queue := make(chan *settling, replayHand)
	var printed error
	var printer sync.WaitGroup
	stopped, stop := context.WithCancel(ctx)
	defer stop()
	printer.Go(func() {
		for s := range queue {
			<-s.done
			room.Release(weight(&s.message))
			if printed == nil {
				printed = p.print(s)
			}
			if printed != nil {
				stop()
			}
		}
	})
	for p.bodies.Next() {
		s := &settling{message: p.message(), done: make(chan struct{})}
		if room.Acquire(stopped, weight(&s.message)) != nil {
			break
		}
		queue <- s
		go p.settle(ctx, r, s) // the printer waits for it
	}
	close(queue)
	printer.Wait()
	switch {
	case printed != nil:
		return printed
	case ctx.Err() != nil:
		return fmt.Errorf("replay: %w after %s", errInterrupted, count(p.printed, "message"))
	}
	return p.unread()
}

func weight(m *refresh.Message) int64 { return int64(max(len(m.Body), leastWeight)) }

// settle gives a message the time of an invocation, Ctrl-C or not.
func (p *replayer) settle(ctx context.Context, r *refresh.Refresher, s *settling) {
	defer close(s.done)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.config.Timeout)
	defer cancel()
	s.result = r.Settle(ctx, s.message)
}

// print prints a message's outcome, and keeps in mind which partitions it calls
// for unless it is to be tried again.
func (p *replayer) print(s *settling) error {
	if s.result.Outcome != refresh.Retry {
		p.rehearsal.Settle(s.message)
	}
	return p.settled(s.message.Body, s.result)
}
