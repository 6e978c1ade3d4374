package coverage

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestQueuesOfOneNameHaveAFileEach: what is known of one says nothing of another's.
func TestQueuesOfOneNameHaveAFileEach(t *testing.T) {
	caches := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", caches)
	t.Setenv("HOME", caches)
	here := DefaultFile("queue", "http://127.0.0.1:4566", "us-east-1")
	if !strings.HasPrefix(filepath.Base(here), "queue-") || !strings.HasPrefix(here, caches) {
		t.Error(here)
	}
	if again := DefaultFile("queue", "http://127.0.0.1:4566", "us-east-1"); again != here {
		t.Errorf("%s, then %s", here, again)
	}
	if there := DefaultFile("queue", "", "us-east-1"); there == here {
		t.Errorf("both have %s", here)
	}
}

func TestWithoutAFolderForCachesNoFileIsKept(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", filepath.Join(t.TempDir(), "none"))
	t.Setenv("HOME", filepath.Join(t.TempDir(), "none"))
	if file := DefaultFile("queue"); file != "" {
		t.Error(file)
	}
}
