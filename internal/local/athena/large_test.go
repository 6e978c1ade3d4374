//go:build cgo && !race

// How long something takes says nothing under the race detector.

package athena

import (
	"strings"
	"testing"
	"time"
)

// TestSelectReadsAMillionRecords: a document of 20 MB, more than a line may have, that
// compresses a hundred to one, takes 2 s of the processors' time: what grew faster
// than the number of records would take longer than the seconds that a SELECT has.
func TestSelectReadsAMillionRecords(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes seconds")
	}
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(`CREATE EXTERNAL TABLE ct (eventname STRING) ROW FORMAT SERDE 'com.amazon.emr.hive.serde.CloudTrailSerde'
		STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat' OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
		LOCATION 's3://b/AWSLogs/'`)
	s.put("AWSLogs/1/f.json.gz", gzipped(`{"Records":[`+strings.Repeat(`{"eventName":"Alike"},`, 1_000_000)+`{"eventName":"Last"}]}`))
	s.engine.limit = 5 * time.Minute // by the clock, whoever else is busy
	begun := used(t)
	s.want("SELECT count(*) FROM ct WHERE eventname IN ('Alike', 'Last')", []string{"1000001"})
	if worked := used(t) - begun; worked > selectTime {
		t.Errorf("it took %v of the processors", worked)
	}
}
