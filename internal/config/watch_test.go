package config

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestAChangedConfigurationIsSeen: once it was the same twice, whether it can be
// obeyed, and which of its settings only a restart can.
func TestAChangedConfigurationIsSeen(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	section := func(settings string) { write("lambda.json", `{"athena_partition_refresh_config": {`+settings+`}}`) }
	write("global.json", goodGlobal)
	section(`"timeout": 60`)
	begun := StampOf(dir)
	c, _, err := Load(dir)
	if err != nil || begun.Hash == "" || begun.Time.IsZero() {
		t.Fatalf("%+v, %v", begun, err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		seen, all := make(chan Change, 10), 0
		go Watch(ctx, dir, c, begun, func(ch Change) { seen <- ch })
		after := func(d time.Duration, n int) (last Change) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			for ; len(seen) > 0; all++ {
				last = <-seen
			}
			if all != n {
				t.Fatalf("%d changes, want %d", all, n)
			}
			return last
		}
		after(time.Hour, 0)
		section(`"timeout": 60, "buckets": {"logs": "web"}`)
		after(looking, 0) // it may be half of it
		ch := after(looking, 1)
		if ch.Refused != nil || len(ch.Restart) != 0 || len(ch.Config.Buckets) != 2 || ch.Stamp.Hash == begun.Hash {
			t.Errorf("buckets: %+v", ch)
		}
		section(`"timeout": `)
		if ch := after(2*looking, 2); ch.Refused == nil || !strings.Contains(ch.Refused[0], "lambda.json:1:") {
			t.Errorf("broken: %+v", ch)
		}
		after(time.Hour, 2) // and is said once
		section(`"timeout": 70, "log_level": "debug", "queue_name": "q"`)
		if ch := after(2*looking, 3); ch.Refused != nil || !slices.Equal(ch.Restart, []string{"queue_name", "timeout"}) {
			t.Errorf("others: %+v", ch)
		}
		write("global.json", strings.Replace(goodGlobal, `"p"`, `"moved"`, 1))
		if ch := after(2*looking, 4); ch.Refused != nil || ch.Router != nil || !slices.Contains(ch.Restart, "account.prefix") {
			t.Errorf("another prefix: %+v", ch)
		}
		write("global.json", goodGlobal)
		if ch := after(2*looking, 5); ch.Router == nil {
			t.Errorf("as it was: %+v", ch)
		}
		if err := os.Remove(filepath.Join(dir, "lambda.json")); err != nil {
			t.Fatal(err)
		}
		if ch := after(2*looking, 6); ch.Refused == nil {
			t.Errorf("gone: %+v", ch)
		}
		if err := syscall.Mkfifo(filepath.Join(dir, "lambda.json"), 0o600); err != nil {
			t.Fatal(err)
		}
		if ch := after(2*looking, 7); ch.Refused == nil || !strings.Contains(ch.Refused[0], "a pipe") {
			t.Errorf("a pipe: %+v", ch)
		}
		cancel()
		synctest.Wait()
	})
}

// TestAChangeIsSaidByTheLevelOfItsTime: what warns of the new files by the old level,
// that they are obeyed by the new one.
func TestAChangeIsSaidByTheLevelOfItsTime(t *testing.T) {
	var said strings.Builder
	level := new(slog.LevelVar)
	log := slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: level}))
	c := &Change{Config: &Config{LogLevel: slog.LevelError}, Warnings: []Warning{{Message: "odd"}}, Restart: []string{"timeout"}}
	c.Obey(log, level, "old")
	if s := said.String(); level.Level() != slog.LevelError || strings.Count(s, "\n") != 1 || !strings.Contains(s, "odd") {
		t.Errorf("%s: %s", level, s)
	}
	said.Reset()
	c.Config.LogLevel = slog.LevelInfo
	c.Obey(log, level, "old")
	if s := said.String(); !strings.Contains(s, "the old buckets stay") || !strings.Contains(s, "restart") {
		t.Errorf("%s", s)
	}
	said.Reset()
	(&Change{Refused: []string{"one", "two"}}).Obey(log, level, "old")
	if s := said.String(); strings.Count(s, "obeyed=old") != 2 || strings.Count(s, "\n") != 2 {
		t.Errorf("refused: %s", s)
	}
}
