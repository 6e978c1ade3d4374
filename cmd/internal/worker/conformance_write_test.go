package worker

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

func hostile(t *testing.T, s *suite) {
	table := s.create(daily("t"))
	var parts []refresh.Partition
	for i, v := range catalogtest.Hostile() {
		parts = append(parts, part(fmt.Sprintf("s3://bucket/t/%d/%s/", i, v), v))
	}
	s.add(table, parts)
}

func severalKeys(t *testing.T, s *suite) {
	table := s.create(refresh.Table{
		ID:   refresh.TableID{Name: "t", Location: "s3://bucket/t/"},
		Keys: []refresh.Key{{Name: "b", Type: "string"}, {Name: "a", Type: "string"}, {Name: "date", Type: "string"}},
	})
	s.add(table, []refresh.Partition{
		part("s3://bucket/t/1/", "x", "y", "z"),
		part("s3://bucket/t/2/", "y", "x", "z"),
		part("s3://bucket/t/3/", "x/y", "y", "z"),
		part("s3://bucket/t/4/", "x", "y/y", "z"),
	})
}

func numbers(t *testing.T, s *suite) {
	table := s.create(refresh.Table{
		ID: refresh.TableID{Name: "t", Location: "s3://bucket/t/"},
		Keys: []refresh.Key{
			{Name: "year", Type: "int"}, {Name: "month", Type: "tinyint"}, {Name: "n", Type: "bigint"}, {Name: "s", Type: "smallint"}, {Name: "hour", Type: "string"},
		},
	})
	s.add(table, []refresh.Partition{
		part("s3://bucket/t/1/", "2018", "3", "9223372036854775807", "-1", "07"),
		part("s3://bucket/t/2/", "0", "-128", "-9223372036854775808", "32767", "7"),
	})
}

// existing loses a race: the partition is not there when it is looked up, and
// is there, elsewhere, when it is added.
func existing(t *testing.T, s *suite) {
	table := s.create(daily("t"))
	mine := []refresh.Partition{part("s3://bucket/t/mine/", "a"), part("s3://bucket/t/mine/", "b")}
	theirs := part("s3://bucket/t/theirs/", "a")
	s.missing(table, mine)
	s.addBehind("t", theirs)
	err := s.catalog.Add(s.ctx, table, mine)
	s.find(table, mine[:1], []refresh.Partition{theirs})
	if err == nil {
		s.find(table, mine, []refresh.Partition{theirs, mine[1]})
	}
}

func asManyAsFit(t *testing.T, s *suite) {
	table := s.create(daily("t"))
	var parts []refresh.Partition
	for i := range 1500 {
		parts = append(parts, part(fmt.Sprintf("s3://bucket/t/%0200d/", i), fmt.Sprintf("it's %d", i)))
	}
	s.add(table, parts)
}

// cancelled looks for partitions that come into being after Add returned.
func cancelled(t *testing.T, s *suite) {
	table := s.create(daily("t"))
	for i := range 8 {
		parts := []refresh.Partition{part("s3://bucket/t/a/", fmt.Sprint(i)), part("s3://bucket/t/b/", fmt.Sprint(i, "b"))}
		s.missing(table, parts)
		ctx, cancel := context.WithCancel(s.ctx)
		if i == 0 {
			cancel()
		} else {
			time.AfterFunc(time.Duration(i)*3*time.Millisecond, cancel)
		}
		err := s.catalog.Add(ctx, table, parts)
		cancel()
		if i == 0 && err == nil {
			t.Error("Add with a ctx that had ended returned nil")
		}
		before := s.all("t")
		if i == 0 && len(before) > 0 {
			t.Errorf("Add with a ctx that had ended added %q", before)
		}
		if err == nil && len(before) == 0 {
			t.Error("Add returned nil and added nothing")
		}
		time.Sleep(20 * time.Millisecond) // the time in which a late one would show
		s.same(s.all("t"), before)
	}
}

func (s *suite) all(table string) []refresh.Partition {
	s.t.Helper()
	parts, err := s.behind.AllPartitions(s.ctx, table)
	if err != nil {
		s.t.Fatal(err)
	}
	return parts
}

func concurrent(t *testing.T, s *suite) {
	var wg sync.WaitGroup
	for i := range 8 {
		name := fmt.Sprintf("t%d", i)
		table := s.create(daily(name))
		wg.Go(func() {
			for n := range 5 {
				p := []refresh.Partition{part(fmt.Sprintf("s3://bucket/%s/%d/", name, n), fmt.Sprint(n))}
				if err := addOne(s, table, p); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	wg.Wait()
	for i := range 8 {
		if got := s.all(fmt.Sprintf("t%d", i)); len(got) != 5 {
			t.Errorf("table %d has %d partitions, want 5", i, len(got))
		}
	}
}

// addOne is add for a goroutine that may not end the test.
func addOne(s *suite, table refresh.Table, p []refresh.Partition) error {
	if _, err := s.catalog.Partitions(s.ctx, table, valuesOf(p)); err != nil {
		return err
	}
	return s.catalog.Add(s.ctx, table, p)
}
