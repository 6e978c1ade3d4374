package terminal

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestWhatFaresAlikeIsOneLine: of a thousand objects of a missing table two are
// named, with how many there are.
func TestWhatFaresAlikeIsOneLine(t *testing.T) {
	var out bytes.Buffer
	log, rest := Grouped(slog.NewTextHandler(&out, nil), func(r slog.Record) (string, bool) { return r.Message, r.Level < slog.LevelError })
	for i := range 1000 {
		log.Info("table missing", "key", fmt.Sprint("web/", i))
	}
	log.Warn("no layout", "key", "x")
	log.Info("another table missing", "key", "app/1")
	log.Error("the catalog does not work")
	log.Error("the catalog does not work")
	rest()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 6 || !strings.Contains(lines[0], "key=web/0") || !strings.Contains(lines[5], "key=web/999 ") || !strings.HasSuffix(lines[5], "more_like_it=998") {
		t.Errorf("%d lines:\n%s", len(lines), out.String())
	}
}
