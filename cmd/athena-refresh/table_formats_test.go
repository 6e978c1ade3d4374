//go:build cgo

package main

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"os/exec"
	"testing"

	"athenarefresh/internal/demo"
	"athenarefresh/internal/local/athena/parquettest"
)

// TestATableMadeOfASampleReadsWhatLands lands files of every format, makes a
// table of what they look like, refreshes, and finds what they hold.
func TestATableMadeOfASampleReadsWhatLands(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	conf := confDir(t, "made", `{"athena_partition_refresh_config": {"buckets": {
		"made-logs": [{"prefix": "AWSLogs/", "layout": "cloudtrail", "table": "trail"}, {"layout": "{table}/{yyyy}-{MM}-{dd}/"}],
		"made-parquet": [{"layout": "streamalert-parquet"}],
		"made-flow": [{"source": "vpcflow"}]}}}`)
	stack := served(t, conf, t.TempDir())
	m := &made{t: t, conf: conf, client: newClient(stack.url), env: environment(stack.url)}

	trail, err := demo.Files("")
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(trail, "*")
	if err != nil || len(names) < 20 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		body, err := fs.ReadFile(trail, name)
		if err != nil {
			t.Fatal(err)
		}
		m.put("made-logs", "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/02/"+name, string(body))
	}
	m.put("made-logs", "quoted/2026-01-02/a.csv", "Id,Name,note\n1,\"a, b\",\n2,c,\"say \"\"x\"\"\"\n")
	m.put("made-logs", "plain/2026-01-02/a.tsv.gz", zipped(t, "host\tn\trate\tdate\nweb\t7\t0.5\t2026-01-02\ndb\t\t2\t\n"))
	m.put("made-logs", "nested/2026-01-02/a.json.gz", zipped(t, `{"a":{"b":[{"c":1},{"c":2}]},"x-y":"z","dt":"mine","tags":{"k:1":"v"}}`+"\n"))
	m.put("made-parquet", "parquet/columns/dt=2026-01-02-03/a.parquet", parquettest.File(t, "SELECT 1::INTEGER AS ID, {'a': 'x', 'n': 2} AS who, [1.5, 2.5]::DOUBLE[] AS list, DATE '2026-01-02' AS day, 'no' AS dt"))

	m.put("made-flow", "AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/01/02/a.log.parquet",
		parquettest.File(t, "SELECT '203.0.113.9' AS srcaddr, 22::INTEGER AS dstport, 'us-east-1' AS region, 'REJECT' AS action"))
	for _, name := range []string{"trail", "quoted", "plain", "nested"} {
		m.run("table", "create", name, "--from", "s3://made-logs/"+map[bool]string{true: "AWSLogs/", false: name + "/"}[name == "trail"], "--yes")
	}
	m.run("table", "create", "columns", "--from", "s3://made-parquet/parquet/columns/", "--yes")
	m.run("table", "create", "vpcflow", "--from", "s3://made-flow/", "--yes")
	m.run("once")

	m.finds("SELECT count(*), faults.Count(eventid), count(DISTINCT useridentity.type) > 1, faults.Count(eventcategory), min(region) FROM trail", "1233,1233,true,1233,us-east-1")
	m.finds("SELECT count(*) FROM trail WHERE json_extract_scalar(requestparameters, '$.bucketName') IS NOT NULL AND eventsource = 's3.amazonaws.com'", "")
	m.finds("SELECT id, name, note FROM quoted ORDER BY id", "1,\"a, b\",\"\"\n2,c,\"say \"\"x\"\"\"")
	m.finds("SELECT host, n + 1, rate, date FROM plain ORDER BY host", "db,,2.0,\"\"\nweb,8,0.5,2026-01-02")
	m.finds("SELECT a.b[2].c, x_y, dt_in_file, dt, tags['k:1'] FROM nested", "2,z,mine,2026-01-02,v")
	m.finds("SELECT region, srcaddr, dstport, action, bytes FROM vpcflow", "us-east-1,203.0.113.9,22,REJECT,")
	m.finds("SELECT id, who.a, who.n, list[2], day, dt FROM columns", "1,x,2,2.5,2026-01-02,2026-01-02-03")
}

// made is the test under way.
type made struct {
	t      *testing.T
	conf   string
	client *client
	env    []string
}

func (m *made) put(bucket, key, body string) {
	m.t.Helper()
	if err := m.client.put(m.t.Context(), bucket, key, body); err != nil {
		m.t.Fatal(err)
	}
}

// run runs the program and returns what it printed.
func (m *made) run(args ...string) string {
	m.t.Helper()
	cmd := exec.Command("athena-refresh", append(args, "--conf", m.conf)...)
	cmd.Env = m.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		m.t.Fatalf("%q: %v: %s%s", args, err, out.String(), errs.String())
	}
	return out.String()
}

// finds runs a query; want "" is any answer but none and 0.
func (m *made) finds(query, want string) {
	m.t.Helper()
	_, rows, _ := bytes.Cut([]byte(m.run("query", query)), []byte("\n"))
	got := string(bytes.TrimSpace(rows))
	if want == "" && (got == "" || got == "0") || want != "" && got != want {
		m.t.Errorf("%s\ngot  %s\nwant %s", query, got, want)
	}
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
