package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// List prices of us-east-1 in dollars, without what is free (docs/aws-facts.md 12).
const (
	perSQS       = 0.40 / 1e6
	perGlue      = 1.00 / 1e6
	perInvoke    = 0.20 / 1e6
	perGBSecond  = 0.0000133334 // arm64
	perResult    = 0.005 / 1e3  // a statement's: S3's PUT
	memoryGB     = 128.0 / 1024
	assumedDDL   = 2 * time.Second        // an invocation waits for its statements, which run side by side
	assumedStart = 300 * time.Millisecond // an invocation takes longer than here: its start, and AWS's round trips
)

// original is what StreamAlert's function of 1.x asks for on the same day, by
// its design: up to 100 messages a run, by ten receives with pauses between
// them; SHOW DATABASES, then an ALTER TABLE for each table, one after the other,
// new partition or not, and of each its status until it ends and its result.
// On a schedule of ten minutes it gets through 14,400 messages a day; here it
// is started as often as it needs.
func (l traffic) original() *bill {
	const (
		mostMessages = 100
		polls        = 3 // of a statement that takes 1.5 s, with pauses of 0.5, 0.5, 1 and more, on average
		statement    = 1500 * time.Millisecond
		pauses       = 11*time.Second + time.Second/2      // before its 2nd and 4th to 10th receive, on average
		startAndCall = assumedStart + 700*time.Millisecond // Python's
	)
	b := &bill{traffic: l, calls: map[string]int{}}
	bodies, partitions := l.bodies("p")
	b.partitions = partitions
	for run := range slices.Chunk(bodies, mostMessages) {
		tables := map[string]bool{}
		for _, body := range run {
			_, key, _ := strings.Cut(body, `"key":"`)
			name, _, _ := strings.Cut(key, "/")
			tables[name] = true
		}
		statements := 1 + len(tables)
		b.calls["AmazonSQS.ListQueues"]++
		b.calls["AmazonSQS.ReceiveMessage"] += 10
		b.calls["AmazonSQS.DeleteMessageBatch"] += (len(run) + 9) / 10
		b.calls["AmazonAthena.StartQueryExecution"] += statements
		b.calls["AmazonAthena.GetQueryExecution"] += polls * statements
		b.calls["AmazonAthena.GetQueryResults"] += statements
		b.invocations++
		b.took += startAndCall + pauses + time.Duration(statements)*statement
	}
	return b
}

// seconds are the invocations' on AWS: those measured here, and what is assumed.
func (b *bill) seconds() float64 {
	if b.catalog == "" {
		return b.took.Seconds()
	}
	return (b.took + time.Duration(b.invocations)*assumedStart + time.Duration(b.ddl)*assumedDDL).Seconds()
}

// printCosts prints the tables of docs/cost.md.
func printCosts(w io.Writer, bills ...*bill) {
	first := bills[0]
	fmt.Fprintf(w, "\n%s: %d notifications within %s, %d tables, %d new partitions; by schedule %d runs, by the queue batches of %d\n",
		first.name, first.messages, first.span, first.tables, first.partitions, first.runs, first.batch)
	for _, b := range bills {
		fmt.Fprintf(w, "%s: %d invocations, %d with statements, %.1f s here\n", b.catalog, b.invocations, b.ddl, b.took.Seconds())
	}
	million := 1e6 / float64(first.messages)
	row := func(name, format string, value func(*bill) float64) {
		fmt.Fprintf(w, "| %s |", name)
		for _, b := range bills {
			fmt.Fprintf(w, " "+format+" |", value(b)*million)
		}
		fmt.Fprintln(w)
	}
	calls := func(service string, operations ...string) func(*bill) float64 {
		return func(b *bill) float64 { return float64(b.of(service, operations...)) }
	}
	rest := func(service string, named ...string) func(*bill) float64 {
		return func(b *bill) float64 { return float64(b.of(service) - b.of(service, named...)) }
	}
	fmt.Fprintln(w, "\n| a million notifications | schedule, athena | schedule, glue | queue, athena | queue, glue | the original |\n|---|--:|--:|--:|--:|--:|")
	row("SQS ReceiveMessage", "%.0f", calls("AmazonSQS", "ReceiveMessage"))
	row("SQS DeleteMessageBatch", "%.0f", calls("AmazonSQS", "DeleteMessageBatch"))
	row("SQS ChangeMessageVisibilityBatch", "%.0f", calls("AmazonSQS", "ChangeMessageVisibilityBatch"))
	row("SQS, other", "%.0f", rest("AmazonSQS", "ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"))
	row("Glue GetTable", "%.0f", calls("AWSGlue", "GetTable"))
	row("Glue BatchGetPartition", "%.0f", calls("AWSGlue", "BatchGetPartition"))
	row("Glue BatchCreatePartition", "%.0f", calls("AWSGlue", "BatchCreatePartition"))
	row("Glue, other", "%.0f", rest("AWSGlue", "GetTable", "BatchGetPartition", "BatchCreatePartition"))
	row("Athena StartQueryExecution", "%.0f", calls("AmazonAthena", "StartQueryExecution"))
	row("Athena GetQueryExecution, BatchGetQueryExecution", "%.0f", calls("AmazonAthena", "GetQueryExecution", "BatchGetQueryExecution"))
	row("Athena GetQueryResults", "%.0f", calls("AmazonAthena", "GetQueryResults"))
	row("Lambda invocations", "%.0f", func(b *bill) float64 { return float64(b.invocations) })
	row("Lambda GB-s", "%.0f", func(b *bill) float64 { return b.seconds() * memoryGB })

	dollars := []struct {
		name  string
		value func(*bill) float64
	}{
		{"S3 sends to SQS", func(b *bill) float64 { return perSQS * float64(b.messages) }},
		{"SQS", func(b *bill) float64 { return perSQS * float64(b.of("AmazonSQS")) }},
		{"Lambda invocations", func(b *bill) float64 { return perInvoke * float64(b.invocations) }},
		{"Lambda GB-s", func(b *bill) float64 { return perGBSecond * memoryGB * b.seconds() }},
		{"Glue", func(b *bill) float64 { return perGlue * float64(b.of("AWSGlue")) }},
		{"statements' results", func(b *bill) float64 { return perResult * float64(b.of("AmazonAthena", "StartQueryExecution")) }},
	}
	fmt.Fprintln(w, "\n| dollars | schedule, athena | schedule, glue | queue, athena | queue, glue | the original |\n|---|--:|--:|--:|--:|--:|")
	for _, d := range dollars {
		row(d.name, "%.3f", d.value)
	}
	row("**all**", "%.2f", func(b *bill) (sum float64) {
		for _, d := range dollars {
			sum += d.value(b)
		}
		return sum
	})
}
