package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"athenarefresh/internal/aws/glue"
	localglue "athenarefresh/internal/local/glue"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"

	"go.etcd.io/bbolt"
)

var reconciled = flag.Int("partitions", 12_000, "how many partitions TestReconcileOfManyPartitions compares")

// largeTable serves a stack whose table alerts has n partitions, an hour each,
// and a folder with objects for every one of them. It is written behind the
// stack's back: through the front door it would take an hour.
func largeTable(t *testing.T, conf string, n, objects int) *process {
	t.Helper()
	data := t.TempDir()
	stack, err := serve(conf, data) // makes the bucket and the table
	if err == nil {
		err = stack.stop()
	}
	if err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(filepath.Join(data, "local.db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := localglue.New(db, "123456789012")
	if err != nil {
		t.Fatal(err)
	}
	table, err := catalog.Table("large_streamalert", "alerts")
	if err != nil {
		t.Fatal(err)
	}
	for from := 0; from < n; from += 20_000 {
		var parts []localglue.PartitionInput
		for i := from; i < min(n, from+20_000); i++ {
			sd := *table.StorageDescriptor
			sd.Location = "s3://large.streamalerts/" + folderOf(i)
			parts = append(parts, localglue.PartitionInput{Values: []string{hourOf(i).Format("2006-01-02-15")}, StorageDescriptor: &sd})
		}
		if err := catalog.AddPartitions("large_streamalert", "alerts", parts, false); err != nil {
			t.Fatal(err)
		}
		err := db.Update(func(tx *bbolt.Tx) error {
			bucket := tx.Bucket([]byte("s3.objects")).Bucket([]byte("large.streamalerts"))
			for i := from; i < min(n, from+20_000); i++ {
				for o := range objects {
					if err := bucket.Put(fmt.Appendf(nil, "%s%04d.json.gz", folderOf(i), o), []byte(`{"Body":"none","Size":1,"MD5":"AAAA","Sequencer":1}`)); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return served(t, conf, data)
}

func hourOf(i int) time.Time {
	return time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Hour)
}

func folderOf(i int) string { return "alerts/" + hourOf(i).Format("2006/01/02/15/") }

// comparison is what a run of "reconcile --json" printed last, and took.
type comparison struct {
	reconcileSummary
	took   time.Duration
	cpu    time.Duration // its own, not the stack's
	memory int64         // most that it ever held, bytes
}

func compare(t *testing.T, stack *process, conf string, args ...string) comparison {
	t.Helper()
	cmd := exec.Command("athena-refresh", append([]string{"reconcile", "--json", "--list-rate", "1000000", "--conf", conf}, args...)...)
	cmd.Env = append(environment(stack.url), asUsual)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	begun := time.Now()
	out, err := cmd.Output()
	if code := cmd.ProcessState.ExitCode(); code != exitDone && code != exitUndone {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	c := comparison{took: time.Since(begun), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), memory: cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &c.reconcileSummary); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestReconcileShowsTheSameExamples: tables are compared beside each other, so that
// what they find comes in any order.
func TestReconcileShowsTheSameExamples(t *testing.T) {
	var found []reconcile.Finding
	for _, key := range []string{"a", "b", "c", "d"} {
		found = append(found, reconcile.Finding{Kind: reconcile.Unplaced, Bucket: "b", Key: key, Reason: "no_layout_match"})
	}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}} {
		for n, want := range []string{"", "a", "ab", "abc", "abcd", "abcd"} {
			var out bytes.Buffer
			d := &reconcileOutput{app: &app{stdout: &out}, told: &reconcileFlags{examples: n}, examples: map[reconcile.Kind][]reconcile.Finding{}}
			for _, i := range order {
				if err := d.add(found[i]); err != nil {
					t.Fatal(err)
				}
			}
			if err := d.finish(&reconcile.Summary{Unplaced: map[refresh.Reason]int{"no_layout_match": 4}}, true); err != nil {
				t.Fatal(err)
			}
			shown := ""
			for line := range strings.Lines(out.String()) {
				if key, ok := strings.CutPrefix(line, "  s3://b/"); ok {
					shown += key[:1]
				}
			}
			if shown != want {
				t.Errorf("found as %v, %d of them are %q, want %q", order, n, shown, want)
			}
		}
	}
}

// TestReconcileOfManyPartitions: with -partitions 300000 it is the figure that
// the design asks for, under 60 s and 256 MiB. A run that is killed in the
// middle costs nothing: what it added is added, and the next one does the rest.
func TestReconcileOfManyPartitions(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	conf := confDir(t, "large", `{"athena_partition_refresh_config": {"catalog": "glue"}}`)
	n := *reconciled
	stack := largeTable(t, conf, n, 2)
	c := compare(t, stack, conf)
	got := c.Tables["alerts"]
	t.Logf("%d partitions, %d objects: %v, CPU %v, %d MiB, %d listings", got.Partitions, 2*n, c.took.Round(time.Millisecond), c.cpu.Round(time.Millisecond), c.memory>>20, c.Listings)
	if c.Left != 0 || got.Partitions != n || got.Folders != n {
		t.Errorf("%+v", c.reconcileSummary)
	}
	if c.Listings > 2*n/1000+3*64+20 {
		t.Errorf("%d listings", c.Listings)
	}
	if c.memory > 256<<20 {
		t.Errorf("%d MiB", c.memory>>20)
	}
	if n >= 300_000 && c.took > time.Minute {
		t.Errorf("it took %v", c.took)
	}

	// Every tenth partition is gone, and a run that mends is killed on its way.
	missing := n / 10
	var gone []refresh.Partition
	for i := range missing {
		gone = append(gone, refresh.Partition{Values: []string{hourOf(10 * i).Format("2006-01-02-15")}})
	}
	cfg := awsOf(stack.url)
	tab := refresh.Table{ID: refresh.TableID{Database: "large_streamalert", Name: "alerts"}}
	if err := errors.Join(glue.NewMender(cfg, glue.NewReader(cfg, tab.ID.Database)).Drop(t.Context(), tab, gone)...); err != nil {
		t.Fatal(err)
	}
	if c := compare(t, stack, conf); c.Tables["alerts"].Missing != missing {
		t.Fatalf("%d missing of %d", c.Tables["alerts"].Missing, missing)
	}
	cmd := exec.Command("athena-refresh", "reconcile", "--fix", "--json", "--conf", conf)
	cmd.Env = environment(stack.url)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // the first that it mended
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	c = compare(t, stack, conf, "--fix")
	got = c.Tables["alerts"]
	t.Logf("after a kill: %d of %d were left, added in %v, %d MiB", got.Missing, missing, c.took.Round(time.Millisecond), c.memory>>20)
	if c.Left != 0 || got.Missing != got.Added || got.Missing >= missing {
		t.Errorf("after a kill: %+v", got)
	}
	if c = compare(t, stack, conf); c.Left != 0 || c.Tables["alerts"].Partitions != n {
		t.Errorf("in the end: %+v", c.reconcileSummary)
	}
}

// TestADaemonFindsWhatWasNeverNotified, and says when it last looked.
func TestADaemonFindsWhatWasNeverNotified(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	conf := confDir(t, "lost", `{"athena_partition_refresh_config": {"trigger": "queue", "reconcile_every": "rate(1 hour)"}}`)
	stack := served(t, conf, t.TempDir())
	client := newClient(stack.url)
	for i := range 3 {
		if err := client.put(t.Context(), "lost.streamalerts", folderOf(i)+"a.json", "{}"); err != nil {
			t.Fatal(err)
		}
	}
	if lost, err := client.receive(t.Context(), "lost_streamalert_athena_s3_notifications"); err != nil || len(lost) < 3 {
		t.Fatal(lost, err)
	}
	metrics, stop := daemonWithPages(t, conf, stack.url)
	defer stop()
	s := soak{t: t, metrics: metrics}
	until(t, "it compared", time.Minute, func() bool { return s.read()["athena_refresh_reconcile_timestamp_seconds"] > 0 })
	m := s.read()
	if m[`athena_refresh_reconcile_differences{kind="missing"}`] != 3 || m[`athena_refresh_reconcile_mended{kind="missing"}`] != 3 || m["athena_refresh_statements_total"] != 1 {
		t.Errorf("metrics %v", m)
	}
	reader := glue.NewReader(awsOf(stack.url), "lost_streamalert")
	tab, err := reader.Table(t.Context(), "alerts")
	if err != nil {
		t.Fatal(err)
	}
	var values [][]string
	for i := range 3 {
		values = append(values, []string{hourOf(i).Format("2006-01-02-15")})
	}
	if parts, err := reader.Partitions(t.Context(), tab, values); err != nil || len(parts) != 3 {
		t.Errorf("partitions %v, %v", parts, err)
	}
}
