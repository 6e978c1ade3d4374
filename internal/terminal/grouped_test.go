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
	log, rest := Grouped(slog.NewTextHandler(&out, nil))
	for i := range 1000 {
		log.Info("record", "outcome", "retry", "reason", "table_missing", "bucket", "b", "key", fmt.Sprint("web/", i),
			"why", fmt.Sprintf("read table web: table does not exist: operation error Glue: GetTable, RequestID: %d", i))
	}
	log.Warn("record", "outcome", "park", "reason", "no_layout_match", "bucket", "b", "key", "x")
	log.Info("record", "outcome", "retry", "reason", "table_missing", "bucket", "b", "key", "app/1", "why", "read table app: table does not exist: operation error")
	log.Error("the catalog does not work")
	log.Error("the catalog does not work")
	rest()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 6 || !strings.Contains(lines[0], "key=web/0 ") || !strings.Contains(lines[5], "key=web/999 ") || !strings.HasSuffix(lines[5], "more_like_it=998") {
		t.Errorf("%d lines:\n%s", len(lines), out.String())
	}
}
