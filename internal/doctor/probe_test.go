package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/config"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// pipe is a deployment that adds a partition two seconds after an object landed,
// unless a link is cut.
type pipe struct {
	*Doctor
	tools Tools

	mu      sync.Mutex
	router  *table.Router
	objects map[string]time.Time // when they were put
	removed int
	dropped int
	silent  bool   // nothing is notified
	asleep  bool   // nobody receives
	reason  string // for which it is parked
	away    string // where the partition is instead
	refuses bool   // what was received is tried again
}

func newPipe(t *testing.T) *pipe {
	p := &pipe{Doctor: well(t), objects: map[string]time.Time{}}
	p.router = p.Router
	c := p.Facts.Catalog.(catalog)
	c.partitions = p.partitions
	p.Facts.Catalog = c
	queue := p.Facts.Queue
	p.Facts.Queue = func(ctx context.Context, name string) (Queue, error) {
		q, err := queue(ctx, name)
		p.mu.Lock()
		defer p.mu.Unlock()
		for range p.objects {
			switch {
			case p.silent || p.reason != "":
			case p.asleep:
				q.Waiting++
			case p.refuses:
				q.InFlight++
			}
		}
		return q, err
	}
	p.Facts.Parked = func(context.Context, int) (copies []parked.Copy, err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		for name := range p.objects {
			if p.reason != "" {
				copies = append(copies, parked.Copy{Body: name, Note: &parked.Note{Reasons: []refresh.Reason{refresh.Reason(p.reason)}}})
			}
		}
		return copies, nil
	}
	p.tools = Tools{
		Put: func(_ context.Context, bucket, key string) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.objects[bucket+"/"+key] = time.Now()
			return nil
		},
		Remove: func(_ context.Context, bucket, key string) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			if _, there := p.objects[bucket+"/"+key]; !there {
				return errors.New("it isn't there")
			}
			p.removed++
			return nil
		},
		Drop: func(context.Context, refresh.Table, []string) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.dropped++
			return nil
		},
		Select:  func(context.Context, string) error { return nil },
		Answers: func(context.Context) error { return nil },
	}
	return p
}

func (p *pipe) partitions(tab refresh.Table, values [][]string) (list []refresh.Partition) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.silent || p.asleep || p.refuses || p.reason != "" {
		return nil
	}
	for name, put := range p.objects {
		bucket, key, _ := strings.Cut(name, "/")
		placed := p.router.Place(bucket, key)
		got, _, why := tab.Values(&placed)
		if placed.Partition.Table != tab.ID.Name || why.Reason != "" || time.Since(put) < 2*time.Second {
			continue
		}
		if fmt.Sprint(got) == fmt.Sprint(values[0]) {
			list = append(list, refresh.Partition{Values: got, Location: placed.Partition.Location + p.away})
		}
	}
	return list
}

func TestAProbeThatComesThroughLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe(t)
		findings := p.Probe(t.Context(), p.tools, time.Minute)
		for _, f := range findings {
			if f.Verdict != OK || !strings.HasPrefix(f.Check, "probe_") {
				t.Errorf("%+v", f)
			}
			if f.Check == "probe_partition" && (f.Seconds < 2 || f.Seconds > 3) {
				t.Errorf("%s: it took %v s", f.Subject, f.Seconds)
			}
		}
		if len(findings) != 2*(len(links)+1) || p.removed != 2 || p.dropped != 2 {
			t.Errorf("%d findings, %d objects removed, %d partitions dropped", len(findings), p.removed, p.dropped)
		}
	})
}

// TestTheLinkThatIsCutIsNamed cuts each link of one bucket's way and looks which
// is said to be broken, and that the other bucket's is not.
func TestTheLinkThatIsCutIsNamed(t *testing.T) {
	denied := fmt.Errorf("put: %w: AccessDenied", ErrDenied)
	for name, c := range map[string]struct {
		cut  func(*pipe)
		link string
		says string
	}{
		"may not put": {func(p *pipe) { p.tools.Put = func(context.Context, string, string) error { return denied } }, "probe_put", "allow s3:PutObject"},
		"does not notify": {func(p *pipe) {
			p.silent = true
			p.Facts.Notifications = func(context.Context, string) (Notifications, error) { return Notifications{}, nil }
		}, "probe_notification", "it does not notify the queue"},
		"a filter is not encoded": {func(p *pipe) {
			p.silent = true
			p.Facts.Notifications = func(context.Context, string) (Notifications, error) {
				return Notifications{Queues: []Notification{{ARN: queueARN, Events: []string{"s3:ObjectCreated:*"}, Prefix: "dt="}}}, nil
			}
		}, "probe_notification", `"dt%3D"`},
		"the queue's policy": {func(p *pipe) {
			p.silent = true
			p.change(func(q *Queue) { q.Policy = "" })
		}, "probe_notification", "the queue's policy: the queue has none"},
		"the queue's key": {func(p *pipe) {
			p.silent = true
			p.change(func(q *Queue) { q.KMSKey = sqsKey })
		}, "probe_notification", "the queue's key: AWS's own key"},
		"the queue is gone": {func(p *pipe) {
			p.silent = true
			p.Facts.Queue = func(context.Context, string) (Queue, error) { return Queue{}, ErrMissing }
		}, "probe_notification", "the queue: there is no such queue"},
		"lost on the way": {func(p *pipe) { p.silent = true }, "probe_notification", "no message of it was seen"},
		"no alias": {func(p *pipe) {
			p.asleep = true
			p.Facts.Function = func(context.Context, string, string) (Function, error) { return Function{}, nil }
		}, "probe_function", "no alias production"},
		"the schedule's permission": {func(p *pipe) {
			p.asleep = true
			p.Facts.Triggers = func(context.Context, string, string, string) (Triggers, error) {
				return permission(`,"StringEquals":{"AWS:SourceAccount":"123456789012"}`), nil
			}
		}, "probe_function", "may not start it"},
		"switched off": {func(p *pipe) { p.asleep, p.Config.Enabled = true, false }, "probe_function", `"enabled" is false`},
		"a version that fails": {func(p *pipe) {
			p.asleep = true
			p.tools.Answers = func(context.Context) error { return errors.New("it failed: no such file") }
		}, "probe_function", "version 3: it failed: no such file"},
		"nobody receives": {func(p *pipe) {
			p.asleep = true
			p.Facts.Function = func(context.Context, string, string) (Function, error) { return Function{}, ErrMissing }
		}, "probe_function", "no one receives: "},
		"other rules":   {func(p *pipe) { p.reason = "unknown_bucket" }, "probe_placement", "it was parked: unknown_bucket"},
		"another place": {func(p *pipe) { p.away = "deeper/" }, "probe_placement", "the partition is elsewhere"},
		"a right": {func(p *pipe) {
			p.refuses = true
			p.Facts.Denied = func(_ context.Context, _ string, actions []string, _ string) ([]string, error) {
				return actions[:1], nil
			}
		}, "probe_partition", "may not: sqs:ReceiveMessage"},
		"Lake Formation": {func(p *pipe) {
			p.refuses = true
			p.Facts.Governed = func(context.Context, string) (Governed, error) {
				return Governed{Tables: []string{"alerts", "web"}}, nil
			}
		}, "probe_partition", "where IAM says yes it may refuse"},
		"tried again": {func(p *pipe) { p.refuses = true }, "probe_partition", "what is received is in hand still, or tried again"},
		"a search is refused": {func(p *pipe) {
			p.tools.Select = func(context.Context, string) error {
				return errors.New("query failed: Access denied when writing output")
			}
		}, "probe_select", "Access denied when writing output"},
		"the work group": {func(p *pipe) {
			p.tools.Select = func(context.Context, string) error { return errors.New("WorkGroup p_group is disabled") }
			p.Facts.WorkGroup = func(context.Context, string) (WorkGroup, error) { return WorkGroup{}, nil }
		}, "probe_select", "update-work-group --state ENABLED"},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPipe(t)
			c.cut(p)
			first := map[string]Finding{}
			for _, f := range p.Probe(t.Context(), p.tools, 10*time.Second) {
				if _, seen := first[f.Subject]; !seen && !f.Well() {
					first[f.Subject] = f
				}
			}
			for _, bucket := range []string{"p.alerts", "p.logs"} {
				if f := first[bucket]; f.Check != c.link || !strings.Contains(f.What+" | "+f.Hint, c.says) {
					t.Errorf("%s: %s: %+v\nwant %s: … %s", name, bucket, f, c.link, c.says)
				}
			}
			if p.removed != len(p.objects) {
				t.Errorf("%s: %d of %d objects are removed", name, p.removed, len(p.objects))
			}
		})
	}
}

// change is a queue that is otherwise.
func (p *pipe) change(change func(*Queue)) {
	queue := p.Facts.Queue
	p.Facts.Queue = func(ctx context.Context, name string) (Queue, error) {
		q, err := queue(ctx, name)
		change(&q)
		return q, err
	}
}

func TestAProbeHasAKeyForEachLayout(t *testing.T) {
	tab := func(name string, keys ...refresh.Key) refresh.Table {
		return refresh.Table{ID: refresh.TableID{Name: name}, Keys: keys, Parquet: true}
	}
	text := func(names ...string) (keys []refresh.Key) {
		for _, n := range names {
			keys = append(keys, refresh.Key{Name: n, Type: "string"})
		}
		return keys
	}
	at := time.Date(1971, 2, 3, 4, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		rule table.Rule
		tab  refresh.Table
		want string
	}{
		"streamalert":        {table.Rule{Layout: "streamalert", Table: "t"}, tab("t", text("dt")...), "athena-refresh-probe/dt=1971-02-03-04/athena-refresh-probe-m"},
		"below a prefix":     {table.Rule{Prefix: "logs/*/", Layout: "streamalert", Table: "t"}, tab("t", text("dt")...), "logs/athena-refresh-probe/athena-refresh-probe/dt=1971-02-03-04/athena-refresh-probe-m"},
		"data":               {table.Rule{Layout: "streamalert-data"}, tab("osquery", text("dt")...), "osquery/dt=1971-02-03-04/athena-refresh-probe-m"},
		"parquet":            {table.Rule{Layout: "streamalert-parquet"}, tab("osquery", text("dt")...), "parquet/osquery/dt=1971-02-03-04/athena-refresh-probe-m"},
		"cloudtrail":         {table.Rule{Layout: "cloudtrail", Table: "t"}, tab("t", text("account", "region", "dt")...), "athena-refresh-probe/AWSLogs/athena-refresh-probe/CloudTrail/athena-refresh-probe/1971/02/03/athena-refresh-probe-m"},
		"hive":               {table.Rule{Layout: "hive", Table: "t", Keys: []string{"a", "b"}}, tab("t", text("a", "b")...), "athena-refresh-probe/a=athena-refresh-probe/b=athena-refresh-probe/athena-refresh-probe-m"},
		"hive, of numbers":   {table.Rule{Layout: "hive", Table: "t", Keys: []string{"a"}}, tab("t", refresh.Key{Name: "a", Type: "int"}), "athena-refresh-probe/a=0/athena-refresh-probe-m"},
		"a template":         {table.Rule{Layout: "x/{app}/[{yyyy}/]{MM}-{dd}/", Table: "t"}, tab("t", text("app", "dt")...), ""},
		"a file's pattern":   {table.Rule{File: "*.log.gz", Layout: "{app}/{yyyy}-{MM}-{dd}/", Table: "t"}, tab("t", text("app", "dt")...), "athena-refresh-probe/1971-02-03/athena-refresh-probe-m.log.gz"},
		"a table that can't": {table.Rule{Layout: "streamalert", Table: "t"}, refresh.Table{ID: refresh.TableID{Name: "t"}, Keys: text("dt"), Kind: refresh.NotHive}, ""},
	} {
		b := table.Bucket{Name: "bbb", Rules: []table.Rule{c.rule}}
		router, err := table.New([]table.Bucket{b})
		if err != nil {
			if c.want != "" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		got, ok := aim(b, router, []refresh.Table{c.tab}, at, "m")
		if ok != (c.want != "") || got.key != c.want {
			t.Errorf("%s: %q, want %q", name, got.key, c.want)
		}
	}
}

func TestAProbeWaitsForTheSchedule(t *testing.T) {
	c := configuration(t)
	c.Trigger = config.TriggerQueue
	if got := ProbeWait(c, time.Now()); got != 2*time.Minute {
		t.Errorf("by the queue: %v", got)
	}
}
