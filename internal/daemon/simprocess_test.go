package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
)

// process is what one process of ours sees of the world. After it died nothing
// that it calls has an effect any more.
type process struct {
	w    *world
	told *ledger
	mu   sync.Mutex
	dead bool
	life context.Context // until it dies
	die  context.CancelFunc
}

func newProcess(w *world) *process {
	p := &process{w: w, told: newLedger(w.t, w.fits(), w.large)}
	p.life, p.die = context.WithCancel(context.Background())
	return p
}

var errDead = errors.New("the process is dead")

func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
	p.die()
}

func (p *process) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// effect runs f unless the process is dead or a fault comes first; a fault may
// also come after it, or the process may die on either side of it.
func (p *process) effect(ctx context.Context, name string, f func() error) error {
	if err := p.fault(ctx, name+" before"); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	return p.fault(ctx, name+" after")
}

func (p *process) fault(ctx context.Context, point string) error {
	if p.isDead() {
		return errDead
	}
	fault := p.w.roll(point)
	if fault != "" {
		p.told.fault()
		defer p.told.fault() // it may hang
	}
	switch fault {
	case "fail":
		return fmt.Errorf("%s: a fault", point)
	case "hang":
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Minute):
		}
		return fmt.Errorf("%s: hung", point)
	case "deny":
		return fmt.Errorf("%s: %w", point, refresh.ErrAccessDenied)
	case "throttle":
		return fmt.Errorf("%s: %w", point, refresh.ErrThrottled)
	case "die":
		p.kill()
		return errDead
	}
	return nil
}

// simQueueOf, simCatalog and simLetters are the world as a process sees it.
type simQueueOf struct{ p *process }

func (s simQueueOf) Receive(ctx context.Context, wait time.Duration) (got []daemon.Received, err error) {
	err = s.p.effect(ctx, "receive", func() error {
		got, err = s.p.w.queue.Receive(ctx, wait)
		return err
	})
	if err != nil {
		got = nil // what was handed out is hidden all the same
	}
	s.p.told.received(len(got))
	s.p.told.took(s.p.w.model.needCatalog(got))
	return got, err
}

func (s simQueueOf) Delete(ctx context.Context, handles []string) (failed []string, err error) {
	err = s.p.effect(ctx, "delete", func() error {
		failed, err = s.p.w.queue.Delete(ctx, handles)
		return nil
	})
	if err != nil {
		return handles, err
	}
	return failed, err
}

func (s simQueueOf) Hide(ctx context.Context, messages []daemon.Hidden) error {
	return s.p.effect(ctx, "hide", func() error { return s.p.w.queue.Hide(ctx, messages) })
}

func (s simQueueOf) Depth(ctx context.Context) (waiting, inFlight int, err error) {
	err = s.p.effect(ctx, "depth", func() error { waiting, inFlight, err = s.p.w.queue.Depth(ctx); return err })
	if s.p.w.denies() {
		inFlight = 70_000
	}
	return waiting, inFlight, err
}

type simCatalog struct{ p *process }

func (s simCatalog) Tables(ctx context.Context) (names []string, err error) {
	err = s.p.effect(ctx, "tables", func() error { names, err = s.p.w.catalog.Tables(ctx); return err })
	if err == nil {
		s.p.told.toldNames(names)
	}
	return names, err
}

func (s simCatalog) Table(ctx context.Context, name string) (t refresh.Table, err error) {
	s.p.told.asksFacts(name)
	err = s.p.effect(ctx, "table", func() error {
		t, err = s.p.w.catalog.Table(ctx, name)
		return errors.Join(err, s.p.w.take(ctx, name, &s.p.w.reads))
	})
	if err != nil {
		s.p.told.doubts(name)
		s.p.told.toldMissing(name, err)
	} else {
		s.p.told.toldFacts(t)
	}
	return t, err
}

func (s simCatalog) Partitions(ctx context.Context, t refresh.Table, values [][]string) (found []refresh.Partition, err error) {
	s.p.told.asks(t.ID.Name, values)
	defer s.p.told.looked(t.ID.Name)
	err = s.p.effect(ctx, "partitions", func() error {
		found, err = s.p.w.catalog.Partitions(ctx, t, values)
		return errors.Join(err, s.p.w.take(ctx, t.ID.Name, &s.p.w.reads))
	})
	s.p.told.gone(t.ID.Name, err)
	if err == nil && s.p.told.told(t, values, found) >= many {
		s.p.w.count("100,000 partitions in mind")
	}
	return found, err
}

func (s simCatalog) Check(ctx context.Context) error {
	defer s.p.told.toldThatItWorks()
	return s.p.effect(ctx, "check", func() error { return s.p.w.catalog.Check(ctx) })
}

func (s simCatalog) Fits(t refresh.Table, parts []refresh.Partition) int {
	return min(len(parts), s.p.w.fits())
}

func (s simCatalog) Add(ctx context.Context, t refresh.Table, parts []refresh.Partition) (err error) {
	s.p.w.model.added(t.ID.Name, parts)
	sick := s.p.told.adds(t, parts)
	defer func() { s.p.told.added(t, parts, sick, ctx.Err() != nil && err != nil) }()
	err = s.p.effect(ctx, "add", func() error {
		if err := s.p.w.take(ctx, t.ID.Name, &s.p.w.adds); err != nil {
			return errors.Join(err, s.p.w.stopAdding(t, parts))
		}
		return s.p.w.add(ctx, t, parts)
	})
	s.p.told.gone(t.ID.Name, err)
	s.p.told.saysNo(err)
	return err
}

type simLetters struct{ p *process }

func (s simLetters) Park(ctx context.Context, m refresh.Message, reasons []refresh.Reason) error {
	return s.p.effect(ctx, "park", func() error { s.p.w.model.parked(m.ID, s.p.w.queue.held(m), reasons); return nil })
}

type simFolders struct{ p *process }

func (s simFolders) Empty(ctx context.Context, location string) (empty bool, err error) {
	defer s.p.told.looksInto(strings.Split(location, "/")[3])
	err = s.p.effect(ctx, "folder", func() error { empty = s.p.w.catalog.holdsNothing(location); return nil })
	if empty && err == nil {
		s.p.w.count("folder empty")
	}
	return empty, err
}
