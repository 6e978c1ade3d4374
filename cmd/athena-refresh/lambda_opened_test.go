//go:build cgo

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestDeployWhatWasOpened deploys what open --save kept of a folder, of which the
// bucket is named: the function serves, and the bucket notifies its queue.
func TestDeployWhatWasOpened(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	dir := filepath.Join(t.TempDir(), "logs")
	if err := os.MkdirAll(filepath.Join(dir, "web/2026-01-02"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "web/2026-01-02/a.json"), `{"n":1}`)
	conf := filepath.Join(t.TempDir(), "conf")
	if _, errs, err := program("open", dir, "--query", "SELECT n FROM web", "--save", conf, "--bucket", "example-logs"); err != nil {
		t.Fatal(err, errs)
	}
	a.bucket("example-logs")
	a.bucket("logs.streamalerts")
	if last, changes := a.deploy(0, conf); last["version"] != "1" || changes < 20 {
		t.Fatalf("%v, %d changes", last, changes)
	}
	a.serves("logs_streamalert_athena_partition_refresh", "1")
	a.notifies("example-logs", true)
}
