package lambda

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"athenarefresh/internal/config"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-lambda-go/events"
)

// lookEvery is how often the queue is asked how many messages are in flight.
const lookEvery = time.Minute

// MaxInHand is the weight of the messages that the function settles at once. A
// scheduled one takes a quarter of its memory, and no table may fill that. A
// batch is there as a whole: no message of it has to make room for another, and
// a table may keep all of them waiting.
func MaxInHand(c *config.Config) int {
	if c.Trigger == config.TriggerQueue {
		return 0
	}
	return c.MemoryMB << 20 / 4
}

// batch settles the messages of an event source mapping, all of them at once.
func (h *Handler) batch(whole context.Context, t times, w *worker, records []record) (*events.SQSEventResponse, error) {
	messages := make([]refresh.Message, len(records))
	for i, r := range records {
		messages[i] = daemon.Message(r.ID, r.Body, r.Attributes)
		records[i].Attributes = nil // a third of what a batch takes beside its bodies
	}
	done := daemon.Summary{Received: len(records)}
	settlements, depth := h.settle(whole, t.settleBy, w, messages)
	done.Depth = depth
	answer, hidden, err := acknowledge(records, settlements)
	if err := w.Queue.Hide(whole, hidden); err != nil {
		h.Log.Warn("kept messages may come at another time than meant", "error", err)
	}
	h.rest(whole, w)
	done.Hidden = len(hidden)
	if err == nil {
		done.Deleted = len(records) - len(hidden) // by Lambda, when it has the answer
	}
	done.TimeIsUp = slices.ContainsFunc(settlements, outOfTime)
	h.report(t, "queue", w, done)
	return answer, err
}

func outOfTime(s refresh.Settlement) bool { return slices.Contains(s.Reasons, refresh.Deadline) }

// settle settles every message at once: those that wait for one partition by one
// goroutine, the others by one each. A function that is switched off keeps them.
func (h *Handler) settle(whole context.Context, by time.Time, w *worker, messages []refresh.Message) (list []refresh.Settlement, depth *daemon.Depth) {
	if !h.Config.Enabled {
		h.Log.Warn(`"enabled" is false in lambda.json, but something hands out messages: they are kept`)
		return keep(messages), nil
	}
	settling, cancel := context.WithDeadline(whole, by)
	defer cancel()
	list = make([]refresh.Settlement, len(messages))
	var group sync.WaitGroup
	group.Go(func() { depth = h.look(settling, w) })
	waiting := map[string][]int{}
	begun := make([]*refresh.Begun, len(messages))
	settle := func(i int) bool {
		list[i] = daemon.Guard(messages[i], h.Log, begun[i].Settle)
		return list[i].Outcome == refresh.Done
	}
	for i, m := range messages {
		list[i] = daemon.Guard(m, h.Log, func() refresh.Settlement {
			begun[i] = w.Refresher.Begin(settling, m)
			return refresh.Settlement{}
		})
		if begun[i] == nil {
			continue
		}
		if partition, alone := begun[i].Awaited(); alone {
			group.Go(func() { settle(i) })
		} else {
			waiting[partition] = append(waiting[partition], i)
		}
	}
	for _, alike := range waiting {
		group.Go(func() {
			for n, i := range alike {
				if !settle(i) { // nor are the others: each may have to be parked
					for _, i := range alike[n+1:] {
						group.Go(func() { settle(i) })
					}
					return
				}
			}
		})
	}
	group.Wait()
	return list, depth
}

// look asks the queue how many messages it has, once a minute, and tells the
// Refresher how many are in flight. It returns nil if it didn't ask.
func (h *Handler) look(ctx context.Context, w *worker) *daemon.Depth {
	h.mu.Lock()
	age := wall().Sub(h.looked)
	due := age < 0 || age >= lookEvery
	if due {
		h.looked = wall()
	}
	h.mu.Unlock()
	if !due {
		return nil
	}
	waiting, inFlight, err := w.Queue.Depth(ctx)
	if err != nil {
		h.Log.Warn("can't see how many messages are in flight", "error", err)
		return nil
	}
	w.Refresher.NoteInFlight(inFlight)
	return &daemon.Depth{Waiting: waiting, InFlight: inFlight}
}

// keep is for a function that is switched off. The messages wait as long as if
// they had failed, so that a mapping that somebody left on doesn't wear out the
// queue's limit of receives.
func keep(messages []refresh.Message) []refresh.Settlement {
	list := make([]refresh.Settlement, len(messages))
	for i, m := range messages {
		list[i] = refresh.Settlement{Outcome: refresh.Retry, Wait: refresh.RetryAfter(m.Receives)}
	}
	return list
}

// errNoID makes the whole batch come again, as an answer with an empty id
// would: without an answer nothing is deleted.
var errNoID = errors.New("a message of the batch that has to come again has no id")

// acknowledge names the messages that have to come again: all others are
// deleted. The list is never null, names no message twice and none by "", each
// of which Lambda takes for something else (docs/aws-facts.md 3.3).
func acknowledge(records []record, settlements []refresh.Settlement) (*events.SQSEventResponse, []daemon.Hidden, error) {
	failures := []events.SQSBatchItemFailure{}
	named := map[string]bool{}
	var hidden []daemon.Hidden
	var err error
	for i, s := range settlements {
		r := &records[i]
		switch s.Outcome {
		case refresh.Done, refresh.Parked:
			continue
		}
		hidden = append(hidden, daemon.Hidden{Handle: r.Handle, For: s.Wait})
		switch {
		case r.ID == "":
			err = errNoID
		case !named[r.ID]:
			named[r.ID] = true
			failures = append(failures, events.SQSBatchItemFailure{ItemIdentifier: r.ID})
		}
	}
	return &events.SQSEventResponse{BatchItemFailures: failures}, hidden, err
}
