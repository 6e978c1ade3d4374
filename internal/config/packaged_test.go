package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func packaged(t *testing.T, c *Config) *Config {
	t.Helper()
	global, lambda, err := c.Packaged()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string][]byte{"global.json": global, "lambda.json": lambda} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return load(t, dir)
}

// TestThePackagedFilesLoadAsTheConfiguration loads what the function gets: all
// that it reads is there, and what only deployment reads has its default.
func TestThePackagedFilesLoadAsTheConfiguration(t *testing.T) {
	for _, dir := range []string{"documented", "documented-older", "everything-set"} {
		want := load(t, "testdata/"+dir)
		plain := byDefault()
		want.Enabled = true
		want.Schedule, want.ReconcileEvery = plain.Schedule, plain.ReconcileEvery
		want.KMSKeyARN, want.AlarmTopicARN, want.NotifyFrom = "", "", nil
		equal(t, packaged(t, load(t, "testdata/"+dir)), want,
			"if the function reads it, name it in packagedSettings (packaged.go); if only deployment does, give it its default in this test")
	}
}

// TestEverySettingIsForSomebody: it is packaged for the function, or deploy tells
// Terraform.
func TestEverySettingIsForSomebody(t *testing.T) {
	deploy, comments := textOf(t, "../deploy/variables.go"), commented(t)
	for _, f := range (&file{}).fields(&Config{}) {
		if !slices.Contains(packagedSettings, f.name) && !strings.Contains(deploy, "c."+comments[f.name].field) {
			t.Errorf("%s is neither in packagedSettings nor among the variables of internal/deploy/variables.go: nobody reads it", f.name)
		}
	}
}

// TestOnlyWhatTheFunctionReadsChangesItsPackage keeps a changed schedule from
// becoming a new version of the function.
func TestOnlyWhatTheFunctionReadsChangesItsPackage(t *testing.T) {
	bytesOf := func(section string) []byte {
		_, lambda, err := (&Config{Prefix: "p", Sections: map[string]json.RawMessage{sectionName: json.RawMessage(section)}}).Packaged()
		if err != nil {
			t.Fatal(err)
		}
		return lambda
	}
	base := bytesOf(`{"timeout": 60, "buckets": {"b": "<prefix>"}}`)
	for _, same := range []string{
		`{"buckets":{"b":"<prefix>"},"timeout":60}`,
		`{"timeout": 60, "buckets": {"b": "<prefix>"}, "schedule_expression": "rate(1 hour)", "enabled": false, "alarm_topic_arn": "x", "current_version": "7"}`,
	} {
		if d := cmp.Diff(string(base), string(bytesOf(same))); d != "" {
			t.Errorf("%s is packaged otherwise:\n%s", same, d)
		}
	}
	if other := bytesOf(`{"timeout": 61, "buckets": {"b": "<prefix>"}}`); bytes.Equal(other, base) || !strings.Contains(string(other), "61") {
		t.Errorf("a timeout of 61 is packaged as\n%s", other)
	}
}
