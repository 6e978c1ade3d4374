package athena

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

const (
	firstPoll   = 30 * time.Millisecond // after a statement was submitted
	slowestPoll = 2 * time.Second
	pollTimeout = 30 * time.Second // of one call, retries included
	pollIDs     = 50               // BatchGetQueryExecution's limit
	// pollMisses is how often in a row a statement's state may stay unknown
	// before its caller is told: about a minute.
	pollMisses = 30
)

var errClosed = errors.New("the catalog is closed")

// poller asks for the states of all statements under way with as few calls as
// possible. Its one goroutine runs only while there are any; it belongs to the
// poller, and close waits for it.
type poller struct {
	get func(context.Context, *athena.BatchGetQueryExecutionInput, ...func(*athena.Options)) (*athena.BatchGetQueryExecutionOutput, error)

	ctx    context.Context // ends with close
	cancel context.CancelFunc
	done   sync.WaitGroup
	joined chan struct{} // holds one: a statement came, ask for it soon

	mu      sync.Mutex
	watched map[string]*watch // by query execution id; the goroutine runs while not empty
	running bool
}

// watch is one caller's wait for one statement.
type watch struct {
	result chan result // holds one
	missed int         // polls in a row that said nothing of it; the goroutine's
}

type result struct {
	status status
	err    error
}

func newPoller(get func(context.Context, *athena.BatchGetQueryExecutionInput, ...func(*athena.Options)) (*athena.BatchGetQueryExecutionOutput, error)) *poller {
	p := &poller{get: get, joined: make(chan struct{}, 1), watched: map[string]*watch{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// wait returns the final state of a statement, or an error if ctx ends or the
// state can't be found out: the statement may be running still.
func (p *poller) wait(ctx context.Context, id string) (status, error) {
	w := p.watch(id)
	defer p.forget(id)
	select {
	case r := <-w.result:
		return r.status, r.err
	case <-ctx.Done():
		return status{}, ctx.Err()
	case <-p.ctx.Done():
		return status{}, errClosed
	}
}

func (p *poller) watch(id string) *watch {
	w := &watch{result: make(chan result, 1)}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return w
	}
	p.watched[id] = w
	if !p.running {
		p.running = true
		p.done.Go(p.run)
	}
	select {
	case p.joined <- struct{}{}:
	default:
	}
	return w
}

func (p *poller) forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.watched, id)
}

// close ends all waits and returns when nothing of the poller runs any more.
func (p *poller) close() {
	p.mu.Lock()
	p.cancel()
	p.mu.Unlock()
	p.done.Wait()
}

func (p *poller) run() {
	delay, ok := firstPoll, true
	for p.underWay() != nil {
		if delay, ok = p.pause(delay); !ok {
			return
		}
		watched := p.underWay()
		if watched == nil {
			return
		}
		for ids := range slices.Chunk(slices.Collect(maps.Keys(watched)), pollIDs) {
			p.ask(watched, ids)
		}
	}
}

// pause waits for the next poll, a sooner one if a statement joins, and
// returns the delay after it.
func (p *poller) pause(delay time.Duration) (next time.Duration, ok bool) {
	due := time.Now().Add(jitter(delay))
	for {
		timer := time.NewTimer(time.Until(due))
		select {
		case <-timer.C:
			return min(delay*3/2, slowestPoll), true
		case <-p.joined:
			delay = firstPoll
			if soon := time.Now().Add(jitter(delay)); soon.Before(due) {
				due = soon
			}
		case <-p.ctx.Done():
			timer.Stop()
			return 0, false
		}
		timer.Stop()
	}
}

// jitter spreads the polls of many processes over ±25 %.
func jitter(d time.Duration) time.Duration {
	return d*3/4 + rand.N(d/2)
}

// underWay returns what is watched; nil if there is nothing, and then the
// goroutine has to end.
func (p *poller) underWay() map[string]*watch {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.watched) == 0 {
		p.running = false
		return nil
	}
	return maps.Clone(p.watched)
}

// ask looks at up to 50 statements. One that the answer doesn't speak of, in
// whatever way, is asked for again.
func (p *poller) ask(watched map[string]*watch, ids []string) {
	ctx, cancel := context.WithTimeout(p.ctx, pollTimeout)
	defer cancel()
	out, err := p.get(ctx, &athena.BatchGetQueryExecutionInput{QueryExecutionIds: ids})
	if err != nil {
		p.miss(watched, ids, fmt.Errorf("BatchGetQueryExecution: %w", awserror.Classify(err)))
		return
	}
	heard := make(map[string]bool, len(ids))
	for _, q := range out.QueryExecutions {
		id := aws.ToString(q.QueryExecutionId)
		w := watched[id]
		if w == nil || q.Status == nil {
			continue
		}
		heard[id] = true
		w.missed = 0
		if s := statusOf(q.Status); s.final() {
			p.deliver(id, w, result{status: s})
		}
	}
	why := unprocessed(out.UnprocessedQueryExecutionIds)
	for _, id := range ids {
		if !heard[id] {
			p.miss(watched, []string{id}, fmt.Errorf("BatchGetQueryExecution said nothing of statement %s: %s", id, cmp.Or(why[id], "no reason given")))
		}
	}
}

// miss counts a poll without an answer. What is denied now will be denied
// later, so that is told at once.
func (p *poller) miss(watched map[string]*watch, ids []string, err error) {
	for _, id := range ids {
		w := watched[id]
		if w.missed++; w.missed >= pollMisses || errors.Is(err, refresh.ErrAccessDenied) {
			p.deliver(id, w, result{err: err})
		}
	}
}

func (p *poller) deliver(id string, w *watch, r result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watched[id] == w {
		delete(p.watched, id)
		w.result <- r
	}
}

func unprocessed(ids []types.UnprocessedQueryExecutionId) map[string]string {
	why := make(map[string]string, len(ids))
	for _, u := range ids {
		why[aws.ToString(u.QueryExecutionId)] = aws.ToString(u.ErrorCode) + " " + aws.ToString(u.ErrorMessage)
	}
	return why
}

func statusOf(s *types.QueryExecutionStatus) status {
	st := status{state: string(s.State), reason: aws.ToString(s.StateChangeReason), errorType: noErrorType}
	if e := s.AthenaError; e != nil {
		if e.ErrorType != nil {
			st.errorType = int(*e.ErrorType)
		}
		if st.reason == "" {
			st.reason = aws.ToString(e.ErrorMessage)
		}
		st.system = aws.ToInt32(e.ErrorCategory) == 1
		st.retryable = e.Retryable
	}
	return st
}
