// Package doctor checks a deployment and says what to do about what it finds.
//
// A verdict is made of facts by a function that asks nobody, one file a
// subject; where facts come from is the caller's affair ([Facts]). Nothing is
// changed, and nothing is received: doctor can be run beside whatever runs. Only
// a probe ([Doctor.Probe]) puts something there, and takes it away again.
//
// All checks are made, whatever fails, and each question has its time; but what
// one cause explains is said once. Where the credentials are refused nothing
// else is asked, and what hangs on a queue that isn't there is "not checked".
package doctor

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"athenarefresh/internal/config"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/table"

	"golang.org/x/sync/errgroup"
)

// Verdict is what a check found.
type Verdict string

// The verdicts.
const (
	OK         Verdict = "ok"
	Warning    Verdict = "warning" // it works, or may; somebody should look
	Wrong      Verdict = "wrong"   // what should happen doesn't
	NotChecked Verdict = "not checked"
)

// Finding is a line of the report.
type Finding struct {
	Check   string  `json:"check"`             // one of a fixed list, such as queue
	Subject string  `json:"subject"`           // the name of what was looked at
	Verdict Verdict `json:"verdict"`           // ok, warning, wrong or not checked
	What    string  `json:"what"`              // was found, for people
	Hint    string  `json:"hint"`              // what to do; "" if nothing is to be done
	Seconds float64 `json:"seconds,omitempty"` // of a link of a probe, since its object was put

	optional bool // it may be left unchecked
}

// Well says whether a finding leaves nothing to be done. What the refresh can't
// work without has to be seen to be right; the rest need only not be wrong.
func (f *Finding) Well() bool {
	return f.Verdict == OK || f.Verdict == NotChecked && f.optional
}

// Unheard says whether by a finding notifications may not have come to the queue.
func (f *Finding) Unheard() bool {
	return f.Verdict == Wrong && slices.Contains([]string{"queue", "queue_policy", "encryption", "bucket", "notification"}, f.Check)
}

// Facts is where facts come from. Every function may be called by several
// goroutines. Their errors wrap one of the sentinels below where one applies;
// any other is reported in its words.
type Facts struct {
	Identity      func(context.Context) (Identity, error)
	Queue         func(ctx context.Context, name string) (Queue, error)
	Key           func(ctx context.Context, id string) (Key, error)
	Region        func(ctx context.Context, bucket string) (string, error)
	Notifications func(ctx context.Context, bucket string) (Notifications, error)
	Catalog       refresh.Reader
	// Partitions are all of a table's, in no order; an error is the last.
	Partitions func(context.Context, refresh.Table) iter.Seq2[refresh.Partition, error]
	Schema     func(ctx context.Context, table string) (schema.Schema, error)
	Governed   func(ctx context.Context, database string) (Governed, error)
	WorkGroup  func(ctx context.Context, name string) (WorkGroup, error)
	Function   func(ctx context.Context, name, alias string) (Function, error)
	Triggers   func(ctx context.Context, name, alias, queueARN string) (Triggers, error)
	// Parked are some of the messages in the dead-letter queue.
	Parked func(ctx context.Context, most int) ([]parked.Copy, error)
	// Denied returns those of the actions that a principal may not do on a resource.
	Denied func(ctx context.Context, principal string, actions []string, resource string) ([]string, error)
}

// Why a fact can't be had.
var (
	ErrMissing       = errors.New("it does not exist")
	ErrDenied        = errors.New("access denied")
	ErrNoCredentials = errors.New("there are none")
	ErrRefused       = errors.New("they are refused") // whatever is asked
	ErrUnreachable   = errors.New("nothing answers")  // likewise
	ErrProxy         = errors.New("no answer comes through the proxy")
	ErrNoService     = errors.New("this endpoint has no such service")
)

// Doctor checks the deployment of a configuration.
type Doctor struct {
	Config *config.Config
	Router *table.Router
	Facts  Facts

	// Done, if set, is told of every finding as it comes, in no order and
	// not at the same time.
	Done func(Finding)
}

const (
	limit    = 10 * time.Second // of a question
	together = 16               // questions at a time
)

// Run makes all checks and returns their findings, always in the same order.
func (d *Doctor) Run(ctx context.Context) []Finding {
	x := d.examination(ctx)
	first := x.run(ctx, check{"credentials", "caller", needed, of(x.identity, func(who Identity, err error) Finding {
		return credentials(who, err, d.Config.Account)
	})})
	checks := x.checks()
	findings := make([]Finding, len(checks))
	if first.Verdict == Wrong {
		for i, c := range checks {
			findings[i] = c.finding(unchecked("see credentials", ""))
		}
		return append([]Finding{first}, findings...)
	}
	eachOf(checks, func(i int, c check) { findings[i] = x.run(ctx, c) })
	return append([]Finding{first}, findings...)
}

// eachOf does something for each of a list, many at a time.
func eachOf[T any](list []T, do func(int, T)) {
	var group errgroup.Group
	group.SetLimit(together)
	for i, v := range list {
		group.Go(func() error {
			do(i, v)
			return nil
		})
	}
	group.Wait()
}

// examination is one run: what several checks need is asked for once.
type examination struct {
	*Doctor
	identity    func() (Identity, error)
	queue       func() (Queue, error)
	deadLetters func() (Queue, error) // of the redrive policy
	workGroup   func() (WorkGroup, error)
	database    func() ([]string, error) // its tables
	function    func() (Function, error)

	done sync.Mutex
}

// examination is one, with the questions that are asked once.
func (d *Doctor) examination(ctx context.Context) *examination {
	x, c, f := &examination{Doctor: d}, d.Config, d.Facts
	x.identity = once(ctx, f.Identity)
	x.queue = once(ctx, func(ctx context.Context) (Queue, error) { return f.Queue(ctx, c.Queue) })
	x.deadLetters = once(ctx, x.findDeadLetters)
	x.workGroup = once(ctx, func(ctx context.Context) (WorkGroup, error) { return f.WorkGroup(ctx, c.WorkGroup) })
	x.function = once(ctx, func(ctx context.Context) (Function, error) { return f.Function(ctx, c.FunctionName, config.Alias) })
	x.database = once(ctx, f.Catalog.Tables)
	return x
}

// once asks a question the first time it is called, with its own time. By channels,
// as whoever waits for a lock has no fake time to wait for (testing/synctest).
func once[T any](ctx context.Context, ask func(context.Context) (T, error)) func() (T, error) {
	var answer T
	var err error
	first, answered := make(chan struct{}, 1), make(chan struct{})
	first <- struct{}{}
	return func() (T, error) {
		select {
		case <-first:
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			answer, err = ask(ctx)
			close(answered)
		case <-answered:
		}
		return answer, err
	}
}

func (x *examination) run(ctx context.Context, c check) Finding {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return x.tell(c.finding(c.ask(ctx)))
}

// tell tells Done of a finding.
func (x *examination) tell(f Finding) Finding {
	if x.Done != nil {
		x.done.Lock()
		defer x.done.Unlock()
		x.Done(f)
	}
	return f
}

// finding is what was found as the check's.
func (c *check) finding(f Finding) Finding {
	f.Check, f.Subject, f.optional = c.name, c.subject, c.may
	return f
}

func ok(format string, args ...any) Finding {
	return Finding{Verdict: OK, What: fmt.Sprintf(format, args...)}
}

func warning(what, hint string) Finding { return Finding{Verdict: Warning, What: what, Hint: hint} }
func wrong(what, hint string) Finding   { return Finding{Verdict: Wrong, What: what, Hint: hint} }

// known is the finding that a fault of the list stands for. Its subject has a column
// of its own in the report.
func known(v Verdict, subject string, c faults.Case) Finding {
	what := c.Says
	for _, prefix := range []string{"queue ", "database ", subject + ": "} {
		what = strings.TrimPrefix(what, prefix)
	}
	hint := strings.Join(c.Run, ", then ")
	if c.Do != "" {
		hint = c.Do + ": " + hint
	}
	return Finding{Verdict: v, What: what, Hint: hint}
}

func unchecked(what, hint string) Finding {
	return Finding{Verdict: NotChecked, What: what, Hint: hint}
}

// unread is the finding where a fact can't be had. missing is what it means if
// the thing isn't there; needs is the action that whoever asks must be allowed.
func unread(err error, needs string, missing Finding) Finding {
	switch {
	case errors.Is(err, ErrMissing):
		return missing
	case errors.Is(err, ErrDenied):
		return unchecked("no permission to look", "allow "+needs+" to whoever runs doctor")
	case errors.Is(err, ErrNoService):
		return unchecked("this endpoint has no such service", "")
	case errors.Is(err, context.DeadlineExceeded):
		return unchecked(fmt.Sprintf("no answer within %v", limit), "is there a way from here to that service, or a VPC endpoint?")
	case errors.Is(err, context.Canceled):
		return unchecked("interrupted", "")
	}
	return unchecked(err.Error(), "")
}
