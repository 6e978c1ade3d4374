package parked

import (
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// circle is how many receives in a row may bring nothing but what was
	// looked at before.
	circle = 50
	// giveBackTime is for giving back, after Ctrl-C too.
	giveBackTime = 20 * time.Second
)

// digest stands for an id or a body, of which a pass may see a million.
type digest [md5.Size]byte

func digestOf(s string) digest { return md5.Sum([]byte(s)) }

// pass looks at each copy of the queue once.
type pass struct {
	queue DeadLetters
	seen  map[digest]bool // ids of copies
	stale int             // receives in a row that brought nothing new
	held  []held          // to be given back; the oldest first
}

type held struct {
	handle string
	until  time.Time // when it is visible by itself
}

func newPass(q DeadLetters) *pass { return &pass{queue: q, seen: map[digest]bool{}} }

// gather makes so many receives at a time, of up to most copies each. It returns
// what came, and whether each was not looked at before; no copy at the end of the
// pass. What came of those that didn't fail is returned beside the error of one
// that did.
func (p *pass) gather(ctx context.Context, width, most int) (copies []Copy, fresh []bool, err error) {
	got, errs := make([][]Copy, width), make([]error, width)
	var receives sync.WaitGroup
	for i := range width {
		receives.Go(func() { got[i], errs[i] = p.queue.Receive(ctx, min(most, mostReceived), Hold) })
	}
	receives.Wait()
	for _, some := range got {
		copies = append(copies, some...)
	}
	copies, fresh = p.look(copies)
	return copies, fresh, errors.Join(errs...)
}

// look says of each copy whether it was not looked at before. Where too many
// receives brought nothing else the pass is over, and there is no copy.
func (p *pass) look(copies []Copy) (_ []Copy, fresh []bool) {
	p.stale++
	for i := range copies {
		id := digestOf(copies[i].ID)
		fresh = append(fresh, !p.seen[id])
		if !p.seen[id] {
			p.seen[id] = true
			p.stale = 0
		}
	}
	if p.stale > circle {
		p.hold(copies...)
		return nil, nil
	}
	return copies, fresh
}

// hold keeps copies hidden until the pass is over. What is visible by itself by
// then needn't be given back.
func (p *pass) hold(copies ...Copy) {
	now := time.Now()
	for len(p.held) > 0 && now.After(p.held[0].until) {
		p.held = p.held[1:]
	}
	for _, c := range copies {
		p.held = append(p.held, held{c.Handle, now.Add(Hold)})
	}
}

// giveBack ends the pass, whatever ended it.
func (p *pass) giveBack(ctx context.Context) error {
	if len(p.held) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackTime)
	defer cancel()
	handles := make([]string, len(p.held))
	for i, h := range p.held {
		handles[i] = h.handle
	}
	p.held = nil
	if err := p.queue.GiveBack(ctx, handles); err != nil {
		return fmt.Errorf("give back what was looked at (it is visible again in %s): %w", Hold, err)
	}
	return nil
}

// Sample receives at most n copies and gives them back, also when it fails half
// way; it returns those that it saw.
func Sample(ctx context.Context, q DeadLetters, n int) (copies []Copy, err error) {
	p := newPass(q)
	defer func() { err = errors.Join(err, p.giveBack(ctx)) }()
	for len(copies) < n {
		got, fresh, err := p.gather(ctx, 1, n-len(copies))
		if err != nil || len(got) == 0 {
			return copies, err
		}
		p.hold(got...)
		for i := range got {
			if fresh[i] {
				copies = append(copies, got[i])
			}
		}
	}
	return copies, nil
}
