package daemon

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"athenarefresh/internal/schedule"
)

const (
	longPoll       = 20 * time.Second // the longest that SQS waits (docs/aws-facts.md 1.2)
	firstBackOff   = time.Second
	longestBackOff = time.Minute
	probeEvery     = 30 * time.Second // while the catalog as a whole is down
	ackTime        = 5 * time.Second  // for the last acknowledgements when stopping, after Grace
)

// Stuck is how long the loop may stand still, beside the Timeout of a schedule: a hand
// full of messages whose statements take their two minutes, and some.
const Stuck = 5 * time.Minute

// Daemon settles messages for as long as it runs: continuously, or on a
// schedule. Several of them on one queue do each other no harm.
type Daemon struct {
	Queue   Queue
	Settler Settler
	Log     *slog.Logger

	// Schedule says when to empty the queue; the zero Schedule: continuously.
	Schedule schedule.Schedule
	// Timeout is how long one emptying of the queue may take on a schedule.
	Timeout time.Duration
	// Visibility is the queue's visibility timeout. While a message is in hand
	// its time is extended every third of that.
	Visibility time.Duration
	// Grace is how long stopping may take: then what is still in hand is made
	// visible again for others.
	Grace time.Duration

	// Report, if there is one, is told what was done since it was last told:
	// after every invocation or, continuously, every minute and at the end.
	Report func(Summary)

	ledger ledger
	told   Summary // to Report

	mu     sync.Mutex
	health Health // but for Done
}

// Health is what a Daemon tells of itself.
type Health struct {
	Alive    time.Time // when its loop last turned
	Received time.Time // when the queue last answered; zero if it never did
	Failing  bool      // it does not answer now
	Done     Summary   // so far
}

// Health may be called at any time.
func (d *Daemon) Health() Health {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.health
	h.Done = d.ledger.read()
	return h
}

// turned notes that the loop did.
func (d *Daemon) turned() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.health.Alive = time.Now().Round(0)
}

// Run works until ctx ends, then finishes what is in hand, for Grace at most.
// Nothing that the queue or the catalog does ends it.
func (d *Daemon) Run(ctx context.Context) Summary {
	if d.Schedule.IsZero() {
		return d.continuously(ctx)
	}
	return d.onSchedule(ctx)
}

// answered notes whether the queue did.
func (d *Daemon) answered(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.health.Failing = err != nil; err == nil {
		d.health.Received = time.Now().Round(0)
	}
}

// onSchedule makes an invocation at once, for what waited while nobody ran,
// and then whenever one is due.
func (d *Daemon) onSchedule(ctx context.Context) Summary {
	begun := time.Now()
	d.invoke(ctx)
	for {
		next, ok := d.Schedule.Next(time.Now())
		if !ok {
			d.Log.Error("the schedule is never due again", "schedule_expression", d.Schedule.String())
			<-ctx.Done()
		}
		d.waitUntil(ctx, next)
		if ctx.Err() != nil {
			all := d.ledger.read()
			all.Took = time.Since(begun)
			return all
		}
		d.invoke(ctx)
	}
}

func (d *Daemon) invoke(ctx context.Context) {
	d.turned()
	v := Invocation{Queue: d.Queue, Settler: d.Settler, Log: d.Log, Timeout: d.Timeout, Grace: d.Grace, ledger: &d.ledger}
	_, err := v.Run(ctx)
	if err != nil {
		d.Log.Error("could not run, will be tried again on schedule", "error", err)
	}
	d.answered(err)
	d.report()
}

// report tells Report what was done since it was last told.
func (d *Daemon) report() {
	if d.Report == nil {
		return
	}
	now := d.ledger.read()
	d.Report(now.since(d.told))
	d.told = now
}

// waitUntil turns the loop every so often, so that it can be seen to be alive.
func (d *Daemon) waitUntil(ctx context.Context, t time.Time) {
	for ctx.Err() == nil && time.Until(t) > 0 {
		d.turned()
		pause(ctx, min(time.Until(t), longPoll))
	}
	d.turned()
}

// continuously receives with long polls. When ctx ends the poll under way is
// cut off: what it may have handed out comes back when its time runs out.
func (d *Daemon) continuously(ctx context.Context) Summary {
	begun := time.Now()
	whole, endWhole := context.WithCancel(context.WithoutCancel(ctx))
	defer endWhole()
	settling, endSettling := context.WithCancel(whole)
	defer endSettling()

	n := newIntake(d.Queue, d.Settler, d.Log, &d.ledger, MaxInHand, whole, settling)
	n.visibility = d.Visibility
	beating, endBeating := context.WithCancel(whole)
	var heart sync.WaitGroup
	heart.Go(func() { n.heartbeat(beating) })
	if d.Report != nil {
		heart.Go(func() { d.reportMinutes(beating) })
	}

	d.receive(ctx, n)

	n.giveBack.Store(true)
	stop := time.AfterFunc(d.Grace, endSettling)
	last := time.AfterFunc(d.Grace+ackTime, endWhole) // work waits for acknowledgements too
	n.work.Wait()
	stop.Stop()
	endBeating()
	heart.Wait()
	s := n.close()
	last.Stop()
	s.Took = time.Since(begun)
	d.report()
	return s
}

// reportMinutes reports every minute until ctx ends.
func (d *Daemon) reportMinutes(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			d.report()
		}
	}
}

// receive goes round until ctx ends. It never spins: a receive waits for
// messages, an error or an empty answer that came too soon waits by itself.
func (d *Daemon) receive(ctx context.Context, n *intake) {
	backOff, parallel := firstBackOff, 1
	for ctx.Err() == nil {
		d.turned()
		n.lookAtDepth()
		may, ok := d.waitForCatalog(ctx, n)
		if !ok || !n.hand.waitForRoom(ctx) {
			return
		}
		if may == takeProbe {
			parallel = 1
		}
		begun := time.Now()
		got, full, err := n.receive(ctx, parallel, longPoll)
		if ctx.Err() != nil {
			return
		}
		d.answered(err)
		if err != nil {
			pause(ctx, backOff+rand.N(backOff/2))
			backOff, parallel = min(2*backOff, longestBackOff), 1
			continue
		}
		backOff = firstBackOff
		switch {
		case full:
			parallel = min(2*parallel, receivers)
		case got > 0:
			parallel = 1
		case time.Since(begun) < time.Second:
			pause(ctx, time.Second)
		}
	}
}

// waitForCatalog holds receiving back while the catalog as a whole is down: a
// receive of ten now and then is the probe, the rest waits visible. False: ctx
// ended.
func (d *Daemon) waitForCatalog(ctx context.Context, n *intake) (taking, bool) {
	may := n.mayTake(ctx)
	if may == takeNone && ctx.Err() == nil {
		d.Log.Warn("the catalog does not work: only a few messages are tried now and then, the rest waits in the queue")
		pause(ctx, probeEvery)
		may = takeProbe
	}
	return may, ctx.Err() == nil
}
