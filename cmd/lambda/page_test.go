package main

import (
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// tables are docs/cost.md's pairs: the rows of calls of a site, and those of
// dollars, in the page's order of columns.
func tables(t *testing.T, page string) (calls, dollars []map[string][]string) {
	t.Helper()
	into := &calls
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | ")
		switch name := cells[0]; {
		case name == "calls for a million notifications":
			into = &calls
			calls = append(calls, map[string][]string{})
		case name == "dollars":
			into = &dollars
			dollars = append(dollars, map[string][]string{})
		case len(cells) == 6:
			(*into)[len(*into)-1][name] = cells[1:]
		}
	}
	if len(calls) != 2 || len(dollars) != 2 || len(calls[0]) != 12 || len(calls[1]) != 12 {
		t.Fatalf("docs/cost.md has %d tables of calls and %d of dollars", len(calls), len(dollars))
	}
	return calls, dollars
}

// numbers are the cells of a row.
func numbers(t *testing.T, row []string) (n []float64) {
	t.Helper()
	for _, cell := range row {
		f, err := strconv.ParseFloat(strings.ReplaceAll(cell, ",", ""), 64)
		if err != nil {
			t.Fatal("docs/cost.md: ", err)
		}
		n = append(n, f)
	}
	return n
}

const (
	fromTheSchedule = 2 // the first columns; then the queue's
	withCatalogs    = 4 // the last is the original's
)

// TestThePageAddsUp: docs/cost.md's dollars are its calls by the prices here, its
// sums those of the dollars, and its sentences have the sums. What the design
// says of the calls, they are.
func TestThePageAddsUp(t *testing.T) {
	text, err := os.ReadFile("../../docs/cost.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	calls, dollars := tables(t, page)
	var all [2][]float64 // by site
	for site, l := range asOnThePage() {
		count := map[string][]float64{}
		for name, row := range calls[site] {
			count[name] = numbers(t, row)
		}
		want := map[string][]string{}
		for column := range withCatalogs + 1 {
			of := func(prefix string) (sum float64) { // the rows whose names begin so
				for name, n := range count {
					if strings.HasPrefix(name, prefix) {
						sum += n[column]
					}
				}
				return sum
			}
			sum := 0.0
			for name, value := range map[string]float64{
				"S3 sends to SQS":     perSQS * 1e6,
				"SQS":                 perSQS * of("SQS"),
				"Lambda invocations":  perInvoke * of("Lambda invocations"),
				"Lambda GB-s":         perGBSecond * of("Lambda GB-s"),
				"Glue":                perGlue * of("Glue"),
				"statements' results": perResult * of("Athena StartQueryExecution"),
			} {
				sum += value
				want[name] = append(want[name], fmt.Sprintf("%.3f", value))
			}
			want["**all**"] = append(want["**all**"], fmt.Sprintf("%.2f", sum))
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if got := dollars[site][name]; !slices.Equal(got, want[name]) {
				t.Errorf("docs/cost.md, %s: %s is %v, by its calls %v", l.name, name, got, want[name])
			}
		}
		all[site] = numbers(t, want["**all**"])
		designed(t, l, count)
	}
	says(t, page, all, numbers(t, calls[0]["Athena StartQueryExecution"]))
}

// designed holds the counts that don't have to be measured: how often the schedule and
// Lambda invoke, and all of the original's.
func designed(t *testing.T, l traffic, count map[string][]float64) {
	t.Helper()
	million, b := 1e6/float64(l.messages), l.original()
	runs := million * float64(l.runs)
	batches := million * math.Ceil(float64(l.messages)/float64(l.batch))
	for column, want := range []float64{runs, runs, batches, batches} {
		// Replies that get lost make more runs: the page says where.
		if got := count["Lambda invocations"][column]; got != want && (column >= fromTheSchedule || got < want || l.name == "a day") {
			t.Errorf("docs/cost.md, %s: %.0f invocations in column %d, by design %.0f", l.name, got, column+1, want)
		}
	}
	for name, want := range map[string]float64{
		"SQS ReceiveMessage":                               float64(b.of("AmazonSQS", "ReceiveMessage")),
		"SQS DeleteMessageBatch":                           float64(b.of("AmazonSQS", "DeleteMessageBatch")),
		"SQS, other":                                       float64(b.of("AmazonSQS", "ListQueues")),
		"Athena StartQueryExecution":                       float64(b.of("AmazonAthena", "StartQueryExecution")),
		"Athena GetQueryExecution, BatchGetQueryExecution": float64(b.of("AmazonAthena", "GetQueryExecution")),
		"Athena GetQueryResults":                           float64(b.of("AmazonAthena", "GetQueryResults")),
		"Lambda invocations":                               float64(b.invocations),
		"Lambda GB-s":                                      b.seconds() * memoryGB,
	} {
		if got := count[name][withCatalogs]; got != math.Round(want*million) {
			t.Errorf("docs/cost.md, %s: the original's %s are %.0f, by its design %.0f", l.name, name, got, want*million)
		}
	}
	for name, n := range count { // a request asks, and deletes, no more than ten messages
		if name == "SQS ReceiveMessage" || name == "SQS DeleteMessageBatch" {
			if slices.Min(n) < 1e5 {
				t.Errorf("docs/cost.md, %s: %s are fewer than a tenth of the messages: %v", l.name, name, n)
			}
		}
	}
}

// says holds what the page's sentences make of the sums, and of the small site's statements.
func says(t *testing.T, page string, all [2][]float64, statements []float64) {
	t.Helper()
	page = regexp.MustCompile(`\s+`).ReplaceAllString(page, " ")
	const s3, month = perSQS * 1e6, 0.6 // a small site's millions a month
	small, busy := all[0][:withCatalogs], all[1][:withCatalogs]
	thousands := func(n float64) string { return fmt.Sprintf("%.0f,000", n/1000) }
	for _, sentence := range []string{
		fmt.Sprintf("runs %s statements where this program runs %s to %s", thousands(statements[withCatalogs]), thousands(statements[2]), thousands(statements[0])),
		fmt.Sprintf("S3 charges $%.2f to send a million", s3),
		fmt.Sprintf("All else costs $%.2f to $%.2f a million at a small site, and $%.2f to $%.2f at a site",
			slices.Min(small)-s3, slices.Max(small)-s3, slices.Min(busy)-s3, slices.Max(busy)-s3),
		fmt.Sprintf("own function would cost $%.2f at either", all[0][withCatalogs]-s3),
		fmt.Sprintf("600,000 notifications a month cost $%.2f to $%.2f, where the target would be $%.2f", month*slices.Min(small), month*slices.Max(small), month*0.60),
		fmt.Sprintf("$%.2f a million instead of $%.2f", perSQS*1e6/3, perSQS*1e6/10),
		fmt.Sprintf("650,000 requests a month, $%.2f", perSQS*650_000),
		fmt.Sprintf("a million invocations cost $%.2f", perInvoke*1e6),
		fmt.Sprintf("a million receives and deletes $%.2f", perSQS*2e6),
	} {
		if !strings.Contains(page, sentence) {
			t.Errorf("docs/cost.md doesn't say %q", sentence)
		}
	}
	if all[0][withCatalogs] != all[1][withCatalogs] {
		t.Errorf("docs/cost.md says that the original costs the same at either: %v", all)
	}
}
