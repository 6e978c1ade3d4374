// Package lambda drives refresh from the events of a Lambda function.
//
// The event's shape decides what is done:
//
//	{"Records":[{"eventSource":"aws:sqs",…}]}   the batch is settled; its answer names what has to come again
//	{"athena-refresh":"probe"}                  answered with version and settings; nothing is touched
//	{"athena-refresh":"reconcile"}              S3 is compared with the catalog, as far as there is time; what is missing is added
//	a schedule's, or one that holds no text     the queue is emptied, as far as there is time
//	anything else                               what it carries is settled, or goes into the queue
//
// The answer to a batch is the acknowledgement: the event source mapping
// deletes every message that the answer doesn't name. So a batch is answered
// only after each of its messages was settled, and if anything goes wrong
// before, by an error or by silence, all of it comes again (Lambda developer
// guide, handling errors for an SQS event source).
//
// Between two invocations a function is frozen, for milliseconds or hours, and
// may be killed instead of thawed. Nothing is under way by then but, at worst,
// a statement that did not stop in time; ages are by the wall clock; and
// connections that were idle for a while are not used again.
package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"athenarefresh/internal/config"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

const (
	// idleWait is how long an answer waits for statements that were told to
	// stop. Longer is not worth what a function costs that only waits.
	idleWait = 5 * time.Second
	// idleConnections is after how long an idle connection is not trusted: its
	// other end may have gone while the function was frozen, without a word.
	idleConnections = 15 * time.Second
	// remindEvery is how often it is said that there is no dead-letter queue.
	remindEvery = time.Hour
)

// Handler answers the events of one function. It is safe for concurrent use,
// though Lambda sends an instance one event at a time. What it learns of the
// catalog it keeps for as long as the instance lives.
type Handler struct {
	Config  *config.Config
	Version string
	Log     *slog.Logger

	// Open opens the queue and the catalog. It is called by the first
	// invocation that needs them, and again by the next one while it fails.
	Open func(context.Context) (*Worker, error)
	// Reconnect makes what is sent from now on use new connections.
	Reconnect func()

	mu       sync.Mutex
	worker   *worker
	ended    time.Time // the last invocation, by the wall clock
	reminded time.Time
	looked   time.Time // at the depth of the queue, for a batch
	pass     pass      // of a reconcile that is not complete
}

// Worker is what settles messages.
type Worker struct {
	Queue     daemon.Queue
	Refresher *refresh.Refresher
	// Send puts bodies into the queue, that are handed out after a time, and
	// returns the id of each message that the queue confirmed, "" for the others.
	Send    func(ctx context.Context, bodies []string, after time.Duration) (ids []string, err error)
	Remind  func(context.Context) // says in the log if there is no dead-letter queue
	Metrics func(daemon.Summary)  // writes what an invocation did; nil: nobody wants it
	// Reconciler compares S3 with the catalog and adds what is missing by
	// Refresher; nil: the function can't.
	Reconciler *reconcile.Reconciler
}

// worker is a Worker whose work is counted for the log.
type worker struct {
	*Worker
	meter *refresh.Meter
}

var _ lambda.Handler = (*Handler)(nil)

// Invoke implements lambda.Handler. It returns an error only if it could not
// run: then Lambda hands out a batch again, and a schedule comes again anyway.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	answer, err := h.invoke(ctx, payload)
	if err != nil {
		h.Log.Error("could not run", "error", err)
		return nil, err
	}
	out, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("write the answer: %w", err)
	}
	return out, nil
}

func (h *Handler) invoke(ctx context.Context, payload []byte) (answer any, err error) {
	e, err := parse(payload, requestOf(ctx))
	switch {
	case err != nil:
		return nil, err
	case e.Command == "probe":
		return h.Config.Running(h.Version), nil
	}
	t := h.times(ctx)
	h.thaw()
	defer h.freeze()
	if !h.Config.Enabled && !e.isBatch() && e.direct == nil {
		return h.off(), nil
	}
	whole, cancel := context.WithDeadline(ctx, t.end)
	defer cancel()
	w, err := h.open(whole)
	switch {
	case err != nil:
		return nil, err
	case e.isBatch():
		return h.batch(whole, t, w, e.Records)
	case e.direct != nil:
		return h.settleDirect(whole, t, w, e.direct)
	case e.Command == "reconcile":
		return h.reconcile(whole, t, w)
	}
	return h.scheduled(ctx, whole, t, w)
}

// requestOf is the invocation's name, as the log of the function has it.
func requestOf(ctx context.Context) string {
	if c, ok := lambdacontext.FromContext(ctx); ok {
		return c.AwsRequestID
	}
	return ""
}

// times are the moments of an invocation that end something.
type times struct {
	begun    time.Time
	settleBy time.Time // then what is not settled comes again
	end      time.Time // of whatever is said to the queue: the rest is for the answer
}

// times divides the time until the function is killed.
func (h *Handler) times(ctx context.Context) times {
	begun := time.Now()
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = begun.Add(h.Config.Timeout)
	}
	left := deadline.Sub(begun)
	end := deadline.Add(-max(0, min(left/20, time.Second)))
	return times{begun: begun, settleBy: end.Add(-daemon.Reserve(max(0, end.Sub(begun)))), end: end}
}

// thaw is the beginning of an invocation, freeze its end: the instance may
// have been frozen in between.
func (h *Handler) thaw() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if age := wall().Sub(h.ended); !h.ended.IsZero() && (age < 0 || age > idleConnections) {
		h.Reconnect()
	}
}

func (h *Handler) freeze() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = wall()
}

// wall is the time on the wall: the monotonic clock may stand still in a
// frozen function.
func wall() time.Time { return time.Now().Round(0) }

// open returns the worker, opened if it isn't yet.
func (h *Handler) open(ctx context.Context) (*worker, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.worker == nil {
		w, err := h.Open(ctx)
		if err != nil {
			return nil, err
		}
		h.worker, h.reminded = &worker{w, w.Refresher.Meter()}, wall()
	}
	if age := wall().Sub(h.reminded); age < 0 || age >= remindEvery {
		h.reminded = wall()
		h.worker.Remind(ctx)
	}
	return h.worker, nil
}

// rest waits until nothing is under way any more, so that nothing runs after
// the answer.
func (h *Handler) rest(ctx context.Context, w *worker) {
	ctx, cancel := context.WithTimeout(ctx, idleWait)
	defer cancel()
	if !w.Refresher.Idle(ctx) {
		h.Log.Warn("a statement has not stopped yet: what it adds is found when its table is next wanted")
	}
}
