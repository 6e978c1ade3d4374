package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/rogpeppe/go-internal/testscript"
)

// scriptCloudWatch answers for CloudWatch for the rest of the script, in place of
// the stack, which has the metrics of queues only: cloudwatch FILE. A line of the
// file is a metric as it is asked for, and its values, the newest first:
//
//	AWS/Lambda Duration FunctionName=f Sum 1000 2000
//
// Whatever else is asked for has no value.
func scriptCloudWatch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: cloudwatch FILE")
	}
	known := map[string]cbor.List{}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		f := strings.Fields(line)
		name := strings.Join(f[:4], " ")
		for _, v := range f[4:] {
			n, err := strconv.ParseFloat(v, 64)
			ts.Check(err)
			known[name] = append(known[name], cbor.Float64(n))
		}
	}
	s := httptest.NewServer(metricData(known))
	ts.Defer(s.Close)
	ts.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH", s.URL)
}

// metricData answers GetMetricData.
func metricData(known map[string]cbor.List) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		v, err := cbor.Decode(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		results := cbor.List{}
		for _, q := range v.(cbor.Map)["MetricDataQueries"].(cbor.List) {
			q := q.(cbor.Map)
			values, times := append(cbor.List{}, known[metricName(q["MetricStat"].(cbor.Map))]...), cbor.List{}
			for i := range values { // the newest first, a minute apart
				at := time.Now().Add(-time.Duration(i+1) * time.Minute).Truncate(time.Minute)
				times = append(times, &cbor.Tag{ID: 1, Value: cbor.Float64(at.Unix())})
			}
			results = append(results, cbor.Map{"Id": q["Id"], "StatusCode": cbor.String("Complete"), "Timestamps": times, "Values": values})
		}
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
		w.Write(cbor.Encode(cbor.Map{"MetricDataResults": results}))
	}
}

func metricName(stat cbor.Map) string {
	m := stat["Metric"].(cbor.Map)
	d := m["Dimensions"].(cbor.List)[0].(cbor.Map)
	return fmt.Sprintf("%s %s %s=%s %s", m["Namespace"], m["MetricName"], d["Name"], d["Value"], stat["Stat"])
}
