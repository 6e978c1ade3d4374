package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/config"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schema/infer"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

const rebuildConf = `{"athena_partition_refresh_config": {"buckets": {"wide-logs": [{"layout": "hive", "keys": ["n"], "table": "wide"}]}}}`

// TestARebuildThatIsKilledLosesNoPartitionAndNoQuery rebuilds a table of 5,000
// partitions, is killed with SIGKILL again and again, before a request took
// effect and after it, and goes on. All the while queries run; none may fail,
// or find another number of rows. Partitions that are added meanwhile as the
// table was before end right too.
func TestARebuildThatIsKilledLosesNoPartitionAndNoQuery(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	const partitions = 5000
	conf := confDir(t, "wide", rebuildConf)
	schema := t.TempDir() + "/schema.sql"
	write(t, schema, "b string, a bigint, who struct<name:string,id:bigint>")
	stack := served(t, conf, t.TempDir())
	proxy := &killer{target: stack.url}
	server := httptest.NewServer(proxy)
	defer server.Close()
	w := newWide(t, stack.url)
	w.create(partitions)

	ctx, cancel := context.WithCancel(t.Context())
	queries := make(chan error, 1)
	var asked atomic.Int64
	go func() { queries <- w.ask(ctx, &asked) }()

	args := []string{"table", "rebuild", "wide", "--schema", schema, "--yes", "--conf", conf}
	answered := func() { // both queries, of the table as it is by now
		for enough := asked.Load() + 3; asked.Load() < enough && len(queries) == 0; {
			time.Sleep(time.Millisecond)
		}
	}
	kills, began, took := 0, time.Now(), time.Duration(0)
	for at := 3; ; at += 6 {
		if !killedAt(t, proxy, environment(server.URL), at, at%4 == 3, args) {
			break
		}
		kills++
		w.addLate(kills)
		took += time.Since(began)
		answered()
		began = time.Now()
	}
	took += time.Since(began)
	answered()
	cancel()
	if err := <-queries; err != nil {
		t.Error(err)
	}
	if kills < 5 {
		t.Errorf("only %d kills", kills)
	}
	w.check(partitions, kills)
	t.Logf("%d partitions rebuilt in %v, with %d kills and %d queries", partitions, took.Round(time.Millisecond), kills, asked.Load())

	begin := time.Now()
	cmd := exec.Command("athena-refresh", append(args, "--json")...)
	cmd.Env = environment(stack.url)
	out, err := cmd.Output()
	if want := fmt.Sprintf(`"changes":[],"notes":[],"dry_run":false,"seen":%d,"changed":0,"gone":0,"settled":true}`, partitions+kills); err != nil || !strings.Contains(string(out), want) {
		t.Errorf("once more: %v %s", err, out)
	}
	t.Logf("once more, with nothing to do: %v", time.Since(begin).Round(time.Millisecond))
}

// killedAt runs a command that is killed at one of its requests; false if it
// ended before that.
func killedAt(t *testing.T, proxy *killer, env []string, at int, after bool, args []string) bool {
	t.Helper()
	cmd := exec.Command("athena-refresh", args...)
	cmd.Env = env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	started := make(chan struct{})
	exited := proxy.arm(at, after, func() error {
		<-started
		return cmd.Process.Kill()
	})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	err := cmd.Wait()
	close(exited)
	if proxy.fired() {
		return true
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	return false
}

// wide is a table of many partitions, two of which have a row.
type wide struct {
	t      *testing.T
	client *client
	search *query.Client
	tables *glue.Tables
	reader *glue.Reader // of late
	late   *glue.Writer // makes partitions as the table was when reader read it
	before refresh.Table
}

func newWide(t *testing.T, url string) *wide {
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	const database = "wide_streamalert"
	reader := glue.NewReader(cfg, database)
	return &wide{t: t, client: newClient(url), tables: glue.NewTables(cfg, database), reader: reader, late: glue.NewWriter(cfg, reader, slog.New(slog.DiscardHandler)),
		search: query.New(cfg, query.Options{Database: database, WorkGroup: database, ResultsBucket: "wide.streamalert.athena-results"})}
}

func (w *wide) create(partitions int) {
	w.t.Helper()
	if _, err := w.search.Run(w.t.Context(), "CREATE EXTERNAL TABLE wide (a int, who struct<name:string>) PARTITIONED BY (n string) "+
		"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://wide-logs/'"); err != nil {
		w.t.Fatal(err)
	}
	for _, n := range []int{0, partitions - 1} {
		if err := w.client.put(w.t.Context(), "wide-logs", fmt.Sprintf("n=%05d/x.json", n), `{"a":1,"b":"B","who":{"name":"ann","id":7}}`); err != nil {
			w.t.Fatal(err)
		}
	}
	var err error
	if w.before, err = w.reader.Table(w.t.Context(), "wide"); err != nil {
		w.t.Fatal(err)
	}
	var parts []refresh.Partition
	for i := range partitions {
		parts = append(parts, w.partition(fmt.Sprintf("%05d", i)))
	}
	for chunk := range slices.Chunk(parts, 100) {
		if err := w.late.Add(w.t.Context(), w.before, chunk); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *wide) partition(n string) refresh.Partition {
	return refresh.Partition{Values: []string{n}, Location: "s3://wide-logs/n=" + n + "/"}
}

// ask runs queries until ctx ends, and says which failed or was answered wrong.
func (w *wide) ask(ctx context.Context, asked *atomic.Int64) error {
	for {
		for _, sql := range []string{"SELECT count(*), faults.Count(a), faults.Count(who.name), min(a) FROM wide", "SELECT 2, 2, 2, max(a) FROM wide"} {
			result, err := w.search.Run(ctx, sql)
			if err == nil {
				var rows [][]*string
				if rows, err = result.All(); err == nil && (len(rows) != 1 || *rows[0][0] != "2" || *rows[0][1] != "2" || *rows[0][2] != "2" || *rows[0][3] != "1") {
					return fmt.Errorf("%s: another answer after %d queries", sql, asked.Load())
				}
			}
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%s: after %d queries: %w", sql, asked.Load(), err)
			}
			asked.Add(1)
		}
	}
}

// addLate adds a partition as a refresh does that read the table's facts before.
func (w *wide) addLate(i int) {
	w.t.Helper()
	if err := w.late.Add(w.t.Context(), w.before, []refresh.Partition{w.partition(fmt.Sprintf("late%d", i))}); err != nil {
		w.t.Fatal(err)
	}
}

// check finds every partition where it was, with the new columns.
func (w *wide) check(partitions, late int) {
	w.t.Helper()
	found := 0
	for p, err := range w.tables.All(w.t.Context(), w.before, "") {
		if err != nil {
			w.t.Fatal(err)
		}
		if found++; p.Location != w.partition(p.Values[0]).Location {
			w.t.Errorf("%+v", p)
		}
	}
	if found != partitions+late {
		w.t.Errorf("%d partitions, there were %d", found, partitions+late)
	}
	d, err := w.tables.Describe(w.t.Context(), "wide")
	if err != nil {
		w.t.Fatal(err)
	}
	want := []glue.Column{{Name: "a", Type: "bigint"}, {Name: "who", Type: "struct<name:string,id:bigint>"}, {Name: "b", Type: "string"}}
	if !slices.Equal(d.Columns, want) || !d.Created.Equal(w.before.ID.Created) {
		w.t.Errorf("%+v", d)
	}
	result, err := w.search.Run(w.t.Context(), "SELECT faults.Count(b), sum(who.id) FROM wide")
	if err != nil {
		w.t.Fatal(err)
	}
	rows, err := result.All()
	if err != nil || len(rows) != 1 || *rows[0][0] != "2" || *rows[0][1] != "14" {
		w.t.Errorf("the new columns: %v %v", rows, err)
	}
}

// TestARebuildWaitsForPartitionsThatARefreshStillAdds has one added after the
// last pass over the others, by a refresh that read the table's facts before.
func TestARebuildWaitsForPartitionsThatARefreshStillAdds(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	conf := confDir(t, "wide", rebuildConf)
	schema := t.TempDir() + "/schema.sql"
	write(t, schema, "b string")
	stack := served(t, conf, t.TempDir())
	w := newWide(t, stack.url)
	w.create(10)
	c, _, err := config.Load(conf)
	if err != nil {
		t.Fatal(err)
	}
	router, err := table.New(c.Buckets)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range environment(stack.url) {
		if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value)
		}
	}
	stderr := onLine{"waiting", func() { w.addLate(1) }}
	r := rebuilder{tables: &tables{app: &app{stdout: io.Discard, stderr: stderr}, c: c, rules: router}, late: 2 * time.Second, change: &tableChange{Origin: infer.Origin{Schema: schema}, yes: true}}
	if err := r.run(t.Context(), "wide"); err != nil || !r.out.Settled || r.out.Changed != 11 {
		t.Errorf("%v %+v", err, r.out)
	}
}

// onLine calls do when a line with the word is written.
type onLine struct {
	word string
	do   func()
}

func (o onLine) Write(p []byte) (int, error) {
	if strings.Contains(string(p), o.word) {
		o.do()
	}
	return len(p), nil
}
