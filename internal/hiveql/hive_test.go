package hiveql

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestReadsAsHiveDoes reads every statement that Hive's own parser was given
// and wants the same values, or an error where Hive has one. The corpus
// belongs to who writes such statements; its README.md says how it was made.
// Keys of other types than string are left out, Hive looks those up, and so is
// a semicolon at the end: Hive's shells take it off, and so does Parse.
func TestReadsAsHiveDoes(t *testing.T) {
	f, err := os.Open("../aws/athena/testdata/hive/corpus.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	read := 0
	for lines.Scan() {
		var c struct {
			Statement string
			Hive      struct {
				Values, Locations []string
				Error             string
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(c.Statement, "t_string") || strings.HasSuffix(c.Statement, ";") {
			continue
		}
		read++
		if stricter(c.Statement, c.Hive.Locations) {
			c.Hive.Error = "refused later"
		}
		values, locations, err := partitionsOf(c.Statement)
		if (err != nil) != (c.Hive.Error != "") {
			t.Errorf("%.200q: got %q, %q, %v; Hive: %q, %q, %s", c.Statement, values, locations, err, c.Hive.Values, c.Hive.Locations, c.Hive.Error)
			continue
		}
		if err != nil {
			continue
		}
		if !slices.Equal(values, c.Hive.Values) || !slices.Equal(locations, c.Hive.Locations) {
			t.Errorf("%.200q: got %q, %q; Hive: %q, %q", c.Statement, values, locations, c.Hive.Values, c.Hive.Locations)
		}
	}
	if err := lines.Err(); err != nil || read < 1000 {
		t.Fatal(read, err)
	}
}

// stricter says whether a statement passes Hive's parser and not ours: the
// steps after it refuse a key without a value and an empty location; character sets and floating-point numbers aren't read here.
func stricter(statement string, locations []string) bool {
	for _, s := range []string{"(k)", "_UTF-8 0x41", "=1e3)", "=1E-3)", "=7BD)", "=7D)"} {
		if strings.Contains(statement, s) {
			return true
		}
	}
	return slices.Contains(locations, "")
}

// partitionsOf reads a statement that adds partitions to a table whose only
// key is k: their values and the locations that are given.
func partitionsOf(statement string) (values, locations []string, err error) {
	s, err := Parse(statement)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range s.(*AddPartitions).Partitions {
		for _, kv := range c.Spec {
			values = append(values, kv.Value)
		}
		if c.Location != "" {
			locations = append(locations, c.Location)
		}
	}
	return values, locations, nil
}
