package local_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"athenarefresh/internal/local"
)

// filled is a directory with objects, messages and a table, and what is in it.
func filled(t *testing.T) (dir string, database []byte) {
	t.Helper()
	dir = t.TempDir()
	s := start(t, local.Options{Data: dir})
	queue := s.createQueue(t, "q", forS3("q"))
	s.createNotified(t, "bkt", "q")
	for i := range 60 {
		key := fmt.Sprintf("%d/%s", i, strings.Repeat("k", 100))
		s.put(t, "bkt", key, key)
		s.send(t, queue, strings.Repeat("m", 3000))
	}
	s.makeBuckets(t, "results")
	if err := s.statement(t.Context(), s.as(local.AccessKey), "CREATE DATABASE db"); err != nil {
		t.Fatal(err)
	}
	s.stop()
	database, err := os.ReadFile(filepath.Join(dir, "local.db"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, database
}

func bodies(t *testing.T, dir string) int {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(dir, "objects"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// TestADamagedDatabaseTakesNothingWithIt: it is said, and every body is still there.
func TestADamagedDatabaseTakesNothingWithIt(t *testing.T) {
	dir, database := filled(t)
	path := filepath.Join(dir, "local.db")
	before := bodies(t, dir)
	random := rand.New(rand.NewPCG(1, 2))
	damage := map[string]func() []byte{
		"gone":        func() []byte { return nil },
		"emptied":     func() []byte { return []byte{} },
		"text":        func() []byte { return []byte(strings.Repeat("not a database\n", 1000)) },
		"one page":    func() []byte { return database[:4096] },
		"cut off":     func() []byte { return database[:len(database)/2/4096*4096] },
		"a few bytes": func() []byte { return database[:100] },
		"zeros":       func() []byte { return make([]byte, len(database)) },
	}
	for name, of := range damage {
		content := of()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if content == nil {
			os.Remove(path)
		}
		stack, err := local.Open(local.Options{Data: dir})
		if !errors.Is(err, local.ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			stack.Close()
		}
		if after := bodies(t, dir); after != before {
			t.Fatalf("%s: of %d bodies %d are left", name, before, after)
		}
	}
	// Any page that is overwritten is noticed, or was not used. (A few bytes within a
	// page may be taken for what they are not; bbolt has no checksums of pages.)
	noticed := 0
	for page := range len(database) / 4096 {
		broken := append([]byte{}, database...)
		for i := range 4096 {
			broken[page*4096+i] = byte(random.Uint32())
		}
		other := t.TempDir()
		if err := os.WriteFile(filepath.Join(other, "local.db"), broken, 0o600); err != nil {
			t.Fatal(err)
		}
		stack, err := local.Open(local.Options{Data: other})
		if err != nil {
			noticed++
			continue
		}
		stack.Close()
	}
	if noticed < 5 {
		t.Errorf("only %d of %d were noticed", noticed, len(database)/4096)
	}
}

func TestWhatIsNoDatabaseIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "local.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Open(local.Options{Data: dir}); err == nil || !strings.Contains(err.Error(), "it is no file but d") {
		t.Errorf("a folder: %v", err)
	}
}
