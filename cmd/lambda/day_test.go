package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/table"

	"github.com/google/go-cmp/cmp"
)

// day is a day's notifications for the buckets of a prefix, and what has to
// become of them. Of the same seed it is the same for every prefix.
type day struct {
	prefix string
	rng    *rand.Rand

	bodies  []string
	catalog map[string]bool // "table values location"
	parked  map[string]bool // "[reasons]body"
	placed  int             // objects that need a partition
	ignored int
	refused int // objects and bodies that are parked
}

// daySettings are the buckets of a day, dayTables their tables but for alerts,
// which is there.
func daySettings() map[string]any {
	return map[string]any{
		"<prefix>.data":  "data",
		"<prefix>.trail": []any{map[string]any{"table": "trail", "layout": "cloudtrail"}},
		"<prefix>.web": []any{
			map[string]any{"prefix": "scratch/", "ignore": true},
			map[string]any{"table": "web", "layout": "hive", "keys": []string{"day", "hour"}},
		},
	}
}

var dayTables = []string{"cloudtrail_events", "osquery", "ghe_audit", "gsuite", "trail account region dt", "web day hour"}

func newDay(prefix string, messages int) *day {
	d := &day{prefix: prefix, rng: rand.New(rand.NewPCG(1, 2)), catalog: map[string]bool{}, parked: map[string]bool{}}
	for i := range messages {
		d.message(i, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i)*24*time.Hour/time.Duration(messages)))
	}
	return d
}

// message adds one message, sent at some time of the day.
func (d *day) message(i int, at time.Time) {
	one := func() string { return s3Record(d.object(i, at)) }
	switch p := d.rng.IntN(100); {
	case p < 55:
		d.send(s3Body(one()))
	case p < 65:
		d.send(s3Body(one(), one(), one()))
	case p < 73:
		d.send(inJSON(`{"Type":"Notification","MessageId":"1","TopicArn":"arn:aws:sns:us-east-1:123456789012:t","Message":%s}`, s3Body(one())))
	case p < 81:
		bucket, key := d.object(i, at)
		d.send(fmt.Sprintf(`{"version":"0","detail-type":"Object Created","source":"aws.s3","detail":{"bucket":{"name":%q},"object":{"key":%q,"size":1}}}`, bucket, key))
	case p < 85:
		bucket, key := d.trail(i, at)
		d.send(fmt.Sprintf(`{"s3Bucket":%q,"s3ObjectKey":[%q]}`, bucket, key))
	case p < 90 && i > 0:
		d.send(d.bodies[d.rng.IntN(len(d.bodies))]) // again
	case p < 92:
		d.ignored++
		d.send(`{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`)
	case p < 94:
		d.ignored++
		d.send(s3Body(s3Record(d.prefix+".web", fmt.Sprintf("scratch/%d", i))))
	case p < 96:
		d.park(fmt.Sprintf(`not JSON: %d "\`, i), "malformed")
	case p < 98:
		d.park(s3Body(s3Record("stranger", fmt.Sprint(i))), "unknown_bucket")
	default: // what is good in a bad message is added all the same
		d.park(s3Body(one(), s3Record(d.prefix+".data", fmt.Sprintf("osquery/2026/02/30/01/%d", i))), "invalid_timestamp")
	}
}

func (d *day) send(body string) { d.bodies = append(d.bodies, body) }

func (d *day) park(body, reason string) {
	d.refused++
	d.parked["["+reason+"]"+body] = true
	d.send(body)
}

// object is one that lands at a time, in one of the tables.
func (d *day) object(i int, at time.Time) (bucket, key string) {
	slash, dash := at.Format("2006/01/02/15/"), at.Format("2006-01-02-15")
	switch n := d.rng.IntN(8); {
	case n < 4:
		name := dayTables[n]
		return d.place(d.prefix+".data", name, dash, name+"/"+slash, i)
	case n < 6:
		return d.place(d.prefix+".streamalerts", "alerts", dash, "alerts/dt="+dash+"/", i)
	case n < 7:
		return d.place(d.prefix+".web", "web", at.Format("2006-01-02,15"), at.Format("logs/day=2006-01-02/hour=15/"), i)
	}
	return d.trail(i, at)
}

func (d *day) trail(i int, at time.Time) (bucket, key string) {
	region := []string{"us-east-1", "eu-west-1"}[d.rng.IntN(2)]
	folder := "AWSLogs/123456789012/CloudTrail/" + region + at.Format("/2006/01/02/")
	return d.place(d.prefix+".trail", "trail", "123456789012,"+region+at.Format(",2006-01-02"), folder, i)
}

// place notes where an object belongs.
func (d *day) place(bucket, name, values, folder string, i int) (string, string) {
	d.placed++
	d.catalog[fmt.Sprintf("%s %s s3://%s/%s", name, values, bucket, folder)] = true
	return bucket, fmt.Sprintf("%s%d-%d.json.gz", folder, i, d.placed)
}

func s3Record(bucket, key string) string {
	return fmt.Sprintf(`{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2026-03-01T00:00:00.000Z","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":%q},"object":{"key":%q,"size":1}}}`,
		bucket, strings.ReplaceAll(key, "=", "%3D"))
}

func s3Body(records ...string) string { return `{"Records":[` + strings.Join(records, ",") + `]}` }

// inJSON puts a text into a format as a JSON string.
func inJSON(format, text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(format, quoted)
}

// TestADayEndsInTheSameCatalogHoweverItIsRefreshed replays the same day through
// the function by its schedule, through the function by the queue, and through
// the daemon, with either catalog.
func TestADayEndsInTheSameCatalogHoweverItIsRefreshed(t *testing.T) {
	a := newAccount(t)
	for _, catalog := range []string{"athena", "glue"} {
		for _, way := range []struct {
			name   string
			replay func(*testing.T, *site)
		}{{"schedule", bySchedule}, {"queue", byQueue}, {"daemon", byDaemon}} {
			t.Run(way.name+" "+catalog, func(t *testing.T) {
				t.Parallel()
				settings := map[string]any{"catalog": catalog, "buckets": daySettings()}
				if way.name != "schedule" {
					settings["trigger"] = "queue"
				}
				s := a.of(t).newSite(way.name+catalog, settings)
				s.hideFor(15 * time.Second) // an answer that gets lost hides what it held
				s.tables(dayTables...)
				d := newDay(s.c.Prefix, 2000)
				s.send(d.bodies...)
				begun := time.Now()
				way.replay(t, s)
				t.Logf("%d messages in %v", len(d.bodies), time.Since(begun).Round(time.Millisecond))
				d.check(t, s)
			})
		}
	}
}

// check compares what there is with what has to be.
func (d *day) check(t *testing.T, s *site) {
	t.Helper()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(d.catalog)), s.catalog()); diff != "" {
		t.Errorf("the catalog: %s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(d.parked)), s.parked()); diff != "" {
		t.Errorf("the dead-letter queue: %s", diff)
	}
	if d.placed < 1500 || d.ignored < 20 || d.refused < 50 {
		t.Errorf("the day is not what it was: %d objects placed, %d ignored, %d parked", d.placed, d.ignored, d.refused)
	}
}

func (s *site) empty() bool { return s.depth(s.queue) == "0 0" }

func bySchedule(t *testing.T, s *site) {
	f := start(t, s.root, s.url)
	until(t.Context(), t, "the queue is empty", func() bool {
		var got summary
		f.must(scheduled, time.Minute, &got)
		return s.empty()
	})
}

func byQueue(t *testing.T, s *site) {
	f := start(t, s.root, s.url)
	until(t.Context(), t, "the queue is empty", func() bool {
		for {
			if n, _ := s.deliver(f, 500, time.Minute); n == 0 {
				return s.empty()
			}
		}
	})
}

func byDaemon(t *testing.T, s *site) {
	router, err := table.New(s.c.Buckets)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	w, err := worker.Open(t.Context(), s.cfg, s.c, router, worker.Options{MaxInHand: daemon.MaxInHand, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d := daemon.Daemon{Queue: w.Queue, Settler: w.Refresher, Log: log, Visibility: w.Queue.Visibility(), Grace: time.Second}
		d.Run(ctx)
	}()
	until(t.Context(), t, "the queue is empty", s.empty)
	cancel()
	<-ended
	if err := w.Close(context.WithoutCancel(ctx)); err != nil {
		t.Error(err)
	}
}
