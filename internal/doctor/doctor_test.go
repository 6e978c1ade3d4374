package doctor

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/config"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/table"
)

const queueARN = "arn:aws:sqs:us-east-1:123456789012:p_queue"

// configuration is that of two buckets.
func configuration(t *testing.T) *config.Config {
	t.Helper()
	c := &config.Config{
		Prefix: "p", Region: "us-east-1", Account: "123456789012", Enabled: true, Trigger: config.TriggerSchedule, Catalog: config.CatalogAthena,
		Timeout: time.Minute, MemoryMB: 128, Database: "p_db", Queue: "p_queue", DeadLetterQueue: "p_queue_dlq",
		ResultsBucket: "p.results", WorkGroup: "p_group", FunctionName: "p_function",
		Buckets: []table.Bucket{
			{Name: "p.alerts", Rules: []table.Rule{{Layout: "streamalert", Table: "alerts"}}},
			{Name: "p.logs", Rules: []table.Rule{{Prefix: "junk/", Ignore: true}, {Prefix: "web/", Layout: "hive", Keys: []string{"year", "month"}, Table: "web"}}},
		},
	}
	return c
}

func goodQueue() Queue {
	return Queue{
		URL: "https://sqs.us-east-1.amazonaws.com/123456789012/p_queue", ARN: queueARN,
		Visibility: 6 * time.Minute, Retention: Retention,
		Redrive: `{"deadLetterTargetArn":"` + queueARN + `_dlq","maxReceiveCount":"100"}`,
		Policy: `{"Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + queueARN + `",
			"Condition":{"ArnLike":{"aws:SourceArn":["arn:aws:s3:::p.alerts","arn:aws:s3:::p.logs"]},"StringEquals":{"aws:SourceAccount":"123456789012"}}}]}`,
	}
}

func goodTable(name string, keys ...string) refresh.Table {
	t := refresh.Table{ID: refresh.TableID{Name: name, Location: "s3://p.alerts/alerts/"}}
	if name == "web" {
		t.ID.Location = "s3://p.logs/web/"
	}
	for _, k := range keys {
		t.Keys = append(t.Keys, refresh.Key{Name: k, Type: "string"})
	}
	return t
}

// permission is a function's policy as Lambda writes it, with more conditions.
func permission(more string) Triggers {
	const rule = "arn:aws:events:us-east-1:123456789012:rule/p_schedule"
	return Triggers{Invokers: []string{rule}, Policy: `{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"lambda:InvokeFunction",
		"Resource":"` + goodFunction.ARN + `:production","Condition":{"ArnLike":{"AWS:SourceArn":"` + rule + `"}` + more + `}}]}`}
}

var goodFunction = Function{Version: "3", ARN: "arn:aws:lambda:us-east-1:123456789012:function:p_function", Role: "arn:aws:iam::123456789012:role/p_function", Timeout: time.Minute, MemoryMB: 128, State: "Active"}

// catalog is a Reader of tables, by name.
type catalog struct {
	refresh.Reader
	tables     map[string]refresh.Table
	err        error
	partitions func(refresh.Table, [][]string) []refresh.Partition
}

func (c catalog) Partitions(_ context.Context, t refresh.Table, values [][]string) ([]refresh.Partition, error) {
	if c.partitions == nil {
		return nil, c.err
	}
	return c.partitions(t, values), c.err
}

func (c catalog) Tables(context.Context) ([]string, error) { return nil, c.err }

func (c catalog) Table(_ context.Context, name string) (refresh.Table, error) {
	t, ok := c.tables[name]
	if c.err == nil && !ok {
		return t, refresh.ErrTableMissing
	}
	return t, c.err
}

// well is a doctor who finds all well.
func well(t *testing.T) *Doctor {
	t.Helper()
	c := configuration(t)
	router, err := table.New(c.Buckets)
	if err != nil {
		t.Fatal(err)
	}
	to := Notifications{Queues: []Notification{{ARN: queueARN, Events: []string{"s3:ObjectCreated:*"}}}}
	return &Doctor{Config: c, Router: router, Facts: Facts{
		Identity: func(context.Context) (Identity, error) {
			return Identity{Account: c.Account, ARN: "arn:aws:iam::123456789012:user/jo", Region: c.Region, Dated: true}, nil
		},
		Queue: func(_ context.Context, name string) (Queue, error) {
			q := goodQueue()
			if strings.HasSuffix(name, "_dlq") {
				q.ARN, q.Redrive = q.ARN+"_dlq", ""
			}
			return q, nil
		},
		Key:    func(context.Context, string) (Key, error) { return Key{}, errors.New("no key was to be asked for") },
		Region: func(context.Context, string) (string, error) { return c.Region, nil },
		Notifications: func(_ context.Context, bucket string) (Notifications, error) {
			if bucket == c.ResultsBucket {
				return Notifications{}, nil
			}
			return to, nil
		},
		Catalog:  catalog{tables: map[string]refresh.Table{"alerts": goodTable("alerts", "dt"), "web": goodTable("web", "month", "year")}},
		Governed: func(context.Context, string) (Governed, error) { return Governed{}, nil },
		Partitions: func(context.Context, refresh.Table) iter.Seq2[refresh.Partition, error] {
			return func(func(refresh.Partition, error) bool) {}
		},
		Schema: func(context.Context, string) (schema.Schema, error) {
			return schema.Schema{}, errors.New("no schema was to be asked for")
		},
		WorkGroup: func(context.Context, string) (WorkGroup, error) { return WorkGroup{Enabled: true}, nil },
		Function:  func(context.Context, string, string) (Function, error) { return goodFunction, nil },
		Triggers: func(context.Context, string, string, string) (Triggers, error) {
			return permission(""), nil
		},
		Denied: func(context.Context, string, []string, string) ([]string, error) { return nil, nil },
	}}
}

// bad are the findings that are not ok, as "check subject: verdict".
func bad(findings []Finding) []string {
	var list []string
	for _, f := range findings {
		if f.Verdict != OK {
			list = append(list, fmt.Sprintf("%s %s: %s", f.Check, f.Subject, f.Verdict))
		}
	}
	return list
}

func TestAllIsWell(t *testing.T) {
	d := well(t)
	var told sync.Map
	d.Done = func(f Finding) { told.Store(f.Check+f.Subject, true) }
	findings := d.Run(t.Context())
	for _, f := range findings {
		if !f.Well() || f.Verdict != OK || f.Hint != "" || f.What == "" {
			t.Errorf("%+v", f)
		}
		if _, ok := told.Load(f.Check + f.Subject); !ok {
			t.Errorf("Done was not told of %s", f.Check)
		}
	}
	if len(findings) < 20 {
		t.Errorf("%d findings", len(findings))
	}
}

// TestEachServiceMayRefuse has every service in turn answer AccessDenied, as
// only AWS does: what hangs on it is not checked, the rest is.
func TestEachServiceMayRefuse(t *testing.T) {
	refused := fmt.Errorf("ask: %w: AccessDenied: User is not authorized", ErrDenied)
	for name, c := range map[string]struct {
		refuse func(*Facts)
		bad    []string
		well   bool // nothing that the refresh needs is unseen
	}{
		"identity": {func(f *Facts) {
			f.Identity = func(context.Context) (Identity, error) { return Identity{Region: "us-east-1"}, refused }
		},
			[]string{"credentials caller: not checked", "clock this machine: not checked"}, false},
		"queue": {func(f *Facts) { f.Queue = func(context.Context, string) (Queue, error) { return Queue{}, refused } },
			[]string{"queue p_queue: not checked", "queue_policy p_queue: not checked", "encryption p_queue: not checked", "visibility p_queue: not checked",
				"retention p_queue: not checked", "redrive p_queue: not checked", "dead_letter_queue p_queue_dlq: not checked", "in_flight p_queue: not checked",
				"parked p_queue_dlq: not checked", "notification p.alerts: not checked", "notification p.logs: not checked",
				"trigger p_function: not checked", "permissions p_function: not checked"}, false},
		"regions": {func(f *Facts) { f.Region = func(context.Context, string) (string, error) { return "", refused } },
			[]string{"bucket p.alerts: not checked", "bucket p.logs: not checked", "results_bucket p.results: not checked"}, false},
		"notifications": {func(f *Facts) {
			f.Notifications = func(context.Context, string) (Notifications, error) { return Notifications{}, refused }
		}, []string{"notification p.alerts: not checked", "notification p.logs: not checked"}, false},
		"tables": {func(f *Facts) { f.Catalog = catalog{err: fmt.Errorf("list: %w", refresh.ErrAccessDenied)} },
			[]string{"database p_db: not checked", "table alerts: not checked", "partitions alerts: not checked", "table web: not checked", "partitions web: not checked"}, false},
		"work group": {func(f *Facts) {
			f.WorkGroup = func(context.Context, string) (WorkGroup, error) { return WorkGroup{}, refused }
		}, []string{"work_group p_group: not checked"}, false},
		"function": {func(f *Facts) {
			f.Function = func(context.Context, string, string) (Function, error) { return Function{}, refused }
		}, []string{"function p_function: not checked", "trigger p_function: not checked"}, true},
		"triggers": {func(f *Facts) {
			f.Triggers = func(context.Context, string, string, string) (Triggers, error) { return Triggers{}, refused }
		}, []string{"trigger p_function: not checked"}, true},
		"permissions": {func(f *Facts) {
			f.Denied = func(context.Context, string, []string, string) ([]string, error) { return nil, refused }
		}, []string{"permissions p_function: not checked"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := well(t)
			c.refuse(&d.Facts)
			findings := d.Run(t.Context())
			if got := bad(findings); !slices.Equal(got, c.bad) {
				t.Error(cmp.Diff(c.bad, got))
			}
			unwell := slices.ContainsFunc(findings, func(f Finding) bool { return !f.Well() })
			if unwell == c.well {
				t.Errorf("well: %v, want %v", !unwell, c.well)
			}
		})
	}
}

func TestOneCauseIsSaidOnce(t *testing.T) {
	for name, cause := range map[string]error{
		"refused":     fmt.Errorf("ask: %w: ExpiredToken: expired", ErrRefused),
		"unreachable": fmt.Errorf("ask: %w: connection refused", ErrUnreachable),
		"a proxy":     fmt.Errorf("ask: %w: Forbidden", ErrProxy),
		"elsewhere":   nil,
	} {
		d := well(t)
		asked := false
		d.Facts.Identity = func(context.Context) (Identity, error) { return Identity{Account: "210987654321"}, cause }
		d.Facts.Queue = func(context.Context, string) (Queue, error) { asked = true; return Queue{}, cause }
		findings := d.Run(t.Context())
		for i, f := range findings {
			switch {
			case i == 0 && (f.Check != "credentials" || f.Verdict != Wrong || f.Hint == ""):
				t.Errorf("%s: %+v", name, f)
			case i > 0 && (f.Verdict != NotChecked || f.What != "see credentials" || f.Hint != ""):
				t.Errorf("%s: %+v", name, f)
			}
		}
		if asked || len(findings) < 20 {
			t.Errorf("%s: asked %v, %d findings", name, asked, len(findings))
		}
	}
}

func TestNoQueueIsSaidOnce(t *testing.T) {
	d := well(t)
	d.Facts.Queue = func(context.Context, string) (Queue, error) { return Queue{}, ErrMissing }
	for _, f := range d.Run(t.Context()) {
		if f.Verdict == Wrong && f.Check != "queue" {
			t.Errorf("%+v", f)
		}
	}
}

// TestWhatNeverAnswersHoldsNothingUp is that each question has its time.
func TestWhatNeverAnswersHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := well(t)
		d.Facts.WorkGroup = func(ctx context.Context, _ string) (WorkGroup, error) {
			<-ctx.Done()
			return WorkGroup{}, fmt.Errorf("read: %w", ctx.Err())
		}
		d.Facts.Denied = func(ctx context.Context, _ string, _ []string, _ string) ([]string, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		begun := time.Now()
		got := bad(d.Run(t.Context()))
		if want := []string{"work_group p_group: not checked", "permissions p_function: not checked"}; !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
		if took := time.Since(begun); took != limit {
			t.Errorf("it took %v", took)
		}
	})
}
