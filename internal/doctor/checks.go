package doctor

import (
	"context"

	"athenarefresh/internal/schema"
	"athenarefresh/internal/table"
)

// check is a question; ask fills in the verdict, what and hint.
type check struct {
	name, subject string
	may           bool // it may be left unchecked
	ask           func(context.Context) Finding
}

// What the refresh can't work without has to be seen; the rest may be unseen.
const needed, optional = false, true

// checks are all of them but the credentials', in the order of the report: what others
// hang on comes before them. Of tables they are those that rules name; others are
// known only when an object lands.
func (x *examination) checks() []check {
	c := x.Config
	list := []check{
		{"region", c.Region, needed, of(x.identity, func(who Identity, err error) Finding { return region(who, err, c.Region) })},
		{"clock", "this machine", optional, of(x.identity, func(who Identity, _ error) Finding { return clock(who) })},
		{"queue", c.Queue, needed, of(x.queue, func(q Queue, err error) Finding { return queueExists(q, err, c.Queue) })},
		{"queue_policy", c.Queue, needed, x.ofQueue(func(q Queue) Finding { return queuePolicy(q, c) })},
		{"encryption", c.Queue, needed, x.withQueue(x.encryption)},
		{"visibility", c.Queue, needed, x.ofQueue(func(q Queue) Finding { return visibility(q, c.Timeout) })},
		{"retention", c.Queue, needed, x.ofQueue(keeps)},
		{"redrive", c.Queue, needed, x.ofQueue(func(q Queue) Finding { return redrives(q, c.DeadLetterQueue) })},
		{"dead_letter_queue", c.DeadLetterQueue, needed, of(x.deadLetters, func(dead Queue, err error) Finding {
			q, _ := x.queue()
			return deadLetterQueue(q, dead, err, c.DeadLetterQueue)
		})},
		{"in_flight", c.Queue, needed, x.ofQueue(inFlight)},
		{"parked", c.DeadLetterQueue, needed, of(x.deadLetters, nothingParked)},
		{"captured_tables", c.Database, needed, func(context.Context) Finding { return captured(x.Router) }},
	}
	for _, b := range c.Buckets {
		list = append(list,
			check{"bucket", b.Name, needed, func(ctx context.Context) Finding { return x.bucket(ctx, b.Name) }},
			check{"notification", b.Name, needed, x.notification(b)},
		)
	}
	list = append(list,
		check{"database", c.Database, needed, of(x.database, func(_ []string, err error) Finding { return database(err, c.Database) })},
		check{"lake_formation", c.Database, optional, x.lakeFormation},
	)
	for _, name := range x.Router.Tables() {
		list = append(list,
			check{"table", name, needed, func(ctx context.Context) Finding { return x.table(ctx, name) }},
			check{"partitions", name, optional, func(ctx context.Context) Finding { return x.partitions(ctx, name) }},
		)
		of := table.SourceOf(x.Router.RulesFor(name))
		if page, known := schema.Named(of); known {
			list = append(list, check{"source", name, optional, func(ctx context.Context) Finding { return x.source(ctx, name, of, &page) }})
		}
	}
	return append(list,
		check{"work_group", c.WorkGroup, needed, of(x.workGroup, func(w WorkGroup, err error) Finding { return workGroup(w, err, c) })},
		check{"results_bucket", c.ResultsBucket, needed, x.results},
		check{"function", c.FunctionName, optional, of(x.function, func(f Function, err error) Finding { return function(f, err, c) })},
		check{"trigger", c.FunctionName, optional, x.trigger},
		check{"permissions", c.FunctionName, optional, x.permissions},
	)
}

// of is a check that needs nothing but a fact, or why it can't be had.
func of[T any](fact func() (T, error), judge func(T, error) Finding) func(context.Context) Finding {
	return func(context.Context) Finding { return judge(fact()) }
}

// ofQueue is a check that needs nothing but the queue.
func (x *examination) ofQueue(judge func(Queue) Finding) func(context.Context) Finding {
	return x.withQueue(func(_ context.Context, q Queue) Finding { return judge(q) })
}

// withQueue is a check that needs the queue.
func (x *examination) withQueue(judge func(context.Context, Queue) Finding) func(context.Context) Finding {
	return func(ctx context.Context) Finding {
		q, err := x.queue()
		if err != nil {
			return unchecked(errNoQueue.Error(), "")
		}
		return judge(ctx, q)
	}
}
