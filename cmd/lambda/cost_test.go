package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var cost = flag.Bool("cost", false, "play 20,000 notifications, twice, and print docs/cost.md's tables")

// traffic is notifications, in the order in which they land.
type traffic struct {
	name     string
	messages int
	span     time.Duration // within which they land
	tables   int
	runs     int // of the schedule
	batch    int // messages of an invocation by the queue
}

// asOnThePage are what is played with -cost. Twenty thousand are a day's, or what
// lands in half an hour where a million are: then there are few new partitions.
func asOnThePage() []traffic {
	return []traffic{
		{name: "a day", messages: 20_000, span: 24 * time.Hour, tables: 20, runs: 144, batch: 12},
		{name: "busy", messages: 20_000, span: 24 * time.Hour / 50, tables: 20, runs: 3, batch: 12},
	}
}

func traffics() []traffic {
	if *cost {
		return asOnThePage()
	}
	return []traffic{{name: "small", messages: 600, span: 2 * time.Hour, tables: 5, runs: 3, batch: 60}}
}

// bodies are the messages. Some tables get more than others; names and partitions
// are those of StreamAlert's data bucket, an hour each.
func (l traffic) bodies(prefix string) (bodies []string, partitions int) {
	rng, seen := rand.New(rand.NewPCG(3, 4)), map[string]bool{}
	for i := range l.messages {
		at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * l.span / time.Duration(l.messages))
		u := rng.Float64()
		folder := fmt.Sprintf("%s/%s", l.table(int(u*u*float64(l.tables))), at.Format("2006/01/02/15/"))
		seen[folder] = true
		bodies = append(bodies, s3Body(s3Record(prefix+".data", folder+fmt.Sprintf("firehose-1-%s-%d", at.Format("2006-01-02-15-04-05"), i))))
	}
	return bodies, len(seen)
}

func (l traffic) table(i int) string { return fmt.Sprintf("osquery_differential_%02d", i) }

// bill is what the messages took.
type bill struct {
	traffic
	catalog    string
	partitions int

	mu          sync.Mutex
	calls       map[string]int // by service.operation
	invocations int
	instances   int
	ddl         int           // of these, that ran a statement
	took        time.Duration // of all invocations
}

func (b *bill) count(target string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls[target]++
}

// of is how many calls of a service there were; of some operations, if any are named.
func (b *bill) of(service string, operations ...string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for target, calls := range b.calls {
		name, operation, _ := strings.Cut(target, ".")
		if strings.HasPrefix(name, service) && (len(operations) == 0 || slices.Contains(operations, operation)) {
			n += calls
		}
	}
	return n
}

// invoke plays one invocation.
func (b *bill) invoke(play func()) {
	begun, statements := time.Now(), b.of("AmazonAthena", "StartQueryExecution")
	play()
	b.took += time.Since(begun)
	b.invocations++
	if b.of("AmazonAthena", "StartQueryExecution") > statements {
		b.ddl++
	}
}

// TestWhatItCosts counts the function's requests at the account's door. Its
// bounds are what docs/cost.md promises.
func TestWhatItCosts(t *testing.T) {
	built(t)
	for _, l := range traffics() {
		t.Run(l.name, func(t *testing.T) {
			var mu sync.Mutex
			bills := map[string]*bill{}
			t.Run("ways", func(t *testing.T) { // which run beside each other
				for _, catalog := range []string{"athena", "glue"} {
					for trigger, play := range map[string]player{"schedule": onSchedule, "queue": fromQueue} {
						t.Run(trigger+" "+catalog, func(t *testing.T) {
							t.Parallel()
							b := l.play(t, trigger, catalog, play)
							mu.Lock()
							defer mu.Unlock()
							bills[trigger+" "+catalog] = b
						})
					}
				}
			})
			if *cost && len(bills) == 4 {
				printCosts(os.Stdout, bills["schedule athena"], bills["schedule glue"], bills["queue athena"], bills["queue glue"], l.original())
			}
		})
	}
}

// player has a site's function settle the bodies.
type player func(*testing.T, *site, *proxy, *bill, []string)

func (l traffic) play(t *testing.T, trigger, catalog string, play player) *bill {
	a := newAccount(t)
	s := a.newSite("cost"+trigger[:1]+catalog[:1], map[string]any{
		"trigger": trigger, "catalog": catalog, "buckets": map[string]any{"<prefix>.data": "data"},
	})
	s.hideFor(15 * time.Second)
	for i := range l.tables {
		s.tables(l.table(i))
	}
	p := newProxy(t, a.url)
	b := &bill{traffic: l, catalog: catalog, calls: map[string]int{}}
	p.on(b.count)
	bodies, partitions := l.bodies(s.c.Prefix)
	play(t, s, p, b, bodies)
	b.partitions = partitions
	b.check(t, s)
	return b
}

func (b *bill) start(t *testing.T, s *site, p *proxy) *function {
	b.instances++
	return start(t, s.root, p.server.URL)
}

// onSchedule starts a new instance for each run, which has learned nothing: the
// most that it can take.
func onSchedule(t *testing.T, s *site, p *proxy, b *bill, bodies []string) {
	for part := range slices.Chunk(bodies, (len(bodies)+b.runs-1)/b.runs) {
		s.send(part...)
		b.run(t, s, p)
	}
	until(t.Context(), t, "the queue is empty", func() bool { // an answer that got lost hides what it held
		if !s.empty() {
			b.run(t, s, p)
		}
		return s.empty()
	})
}

func (b *bill) run(t *testing.T, s *site, p *proxy) {
	f := b.start(t, s, p)
	var got summary
	b.invoke(func() { f.must(scheduled, time.Minute, &got) })
	f.kill()
	if got.Parked+got.Retried > 0 {
		t.Errorf("of %d messages only %d are done", got.Received, got.Done)
	}
}

// fromQueue starts a new instance every hour. What Lambda itself asks the queue
// for, receives and deletes, is counted as it is billed: by tens.
func fromQueue(t *testing.T, s *site, p *proxy, b *bill, bodies []string) {
	f := b.start(t, s, p)
	hour, sent := 0, 0
	for part := range slices.Chunk(bodies, b.batch) {
		if now := int(b.span.Hours() * float64(sent) / float64(b.messages)); now > hour {
			hour = now
			f.kill()
			f = b.start(t, s, p)
		}
		s.send(part...)
		sent += len(part)
		messages := s.receive(s.queue, len(part))
		event := batchEvent(t, messages)
		b.invoke(func() {
			if failed := failures(t, messages, f.invoke(event, time.Minute)); len(messages) != len(part) || len(failed) > 0 {
				t.Errorf("of %d messages %d were received, %d failed", len(part), len(messages), len(failed))
			}
		})
		s.delete(s.queue, messages)
		for range slices.Collect(slices.Chunk(part, 10)) {
			b.count("AmazonSQS.ReceiveMessage")
			b.count("AmazonSQS.DeleteMessageBatch")
		}
	}
}

// check holds the day against the bounds.
func (b *bill) check(t *testing.T, s *site) {
	if got := len(s.catalog()); got != b.partitions || !s.empty() {
		t.Errorf("%d of %d partitions are in the catalog; in the queue: %s", got, b.partitions, s.depth(s.queue))
	}
	added := b.of("AmazonAthena", "StartQueryExecution") + b.of("AWSGlue", "BatchCreatePartition")
	if checks := b.of("AmazonAthena", "GetQueryResults"); added-checks > b.partitions {
		t.Errorf("%d statements for %d partitions", added-checks, b.partitions)
	}
	if n := b.of("AmazonSQS"); float64(n) > 0.35*float64(b.messages) {
		t.Errorf("%d requests of SQS for %d messages", n, b.messages)
	}
	t.Logf("%d invocations, %d instances, %d partitions, %v", b.invocations, b.instances, b.partitions, b.calls)
	// An instance reads a table and its partitions when it first hears of them,
	// and what is new before and after it is added; then it knows.
	reads := b.of("AWSGlue") - b.of("AWSGlue", "BatchCreatePartition")
	if most := b.instances*(2*b.tables+1) + 3*b.partitions; reads > most {
		t.Errorf("%d reads of Glue by %d instances, for %d partitions of %d tables", reads, b.instances, b.partitions, b.tables)
	}
}
