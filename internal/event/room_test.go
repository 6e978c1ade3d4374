//go:build !race

// For the race detector the compiler has slices.Grow take its room twice.

package event

import (
	"runtime"
	"strings"
	"testing"
)

// filled is a body of 1 MiB that repeats something.
func filled(before, each, after string) string {
	n := (1<<20 - len(before) - len(after)) / len(each)
	return before + strings.TrimSuffix(strings.Repeat(each, n), ",") + after
}

// TestTheWorstBodiesTakeARecordForEachObject: what is taken to read a body of
// 1 MiB, garbage too, is little more than the records that become of it.
func TestTheWorstBodiesTakeARecordForEachObject(t *testing.T) {
	trail, records := `{"s3Bucket":"b","s3ObjectKey":[`, `{"Records":[`
	deep := filled(trail, `"a",`, `]}`)[:120_001] + `"]}`
	for range maxSNS {
		deep = sns(deep)
	}
	for name, c := range map[string]struct {
		body    string
		records int
		most    uint64 // MB
	}{
		"empty keys":               {filled(trail, `"",`, `]}`), 1, 1},
		"keys that are numbers":    {filled(trail, `0,`, `]}`), 1, 1},
		"keys of one letter":       {filled(trail, `"a",`, `]}`), 262_136, 20},
		"every second key empty":   {filled(trail, `"a","",`, `]}`), 299_584, 23},
		"records of two reasons":   {filled(records, `0,{},`, `]}`), 2, 1},
		"records of three reasons": {filled(records, `0,{},{"eventName":"x","s3":{}},`, `]}`), 3, 1},
		"a long list twice":        {filled(trail, `"a",`, `],"s3ObjectKey":[]}`), 1, 1},
		"three times in SNS":       {deep, 30_000, 7},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := Parse(c.body)
		runtime.ReadMemStats(&after)
		taken := (after.TotalAlloc - before.TotalAlloc) / 1e6
		t.Logf("%s: %d bytes, %d records, %d MB", name, len(c.body), len(got), taken)
		if len(got) < c.records-20 || len(got) > c.records || taken > c.most {
			t.Errorf("%s: %d records in %d MB, want %d in %d", name, len(got), taken, c.records, c.most)
		}
	}
}
