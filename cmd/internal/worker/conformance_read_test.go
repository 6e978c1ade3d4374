package worker

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"athenarefresh/internal/refresh"
)

func listsTables(t *testing.T, s *suite) {
	names, err := s.catalog.Tables(s.ctx)
	if err != nil || len(names) > 0 {
		t.Fatalf("Tables of an empty database: %q, %v", names, err)
	}
	var want []string
	for i := range 120 { // more than Glue returns at once
		name := fmt.Sprintf("t%03d", i)
		want = append(want, name)
		if err := s.behind.CreateTable(s.ctx, daily(name)); err != nil {
			t.Fatal(err)
		}
	}
	names, err = s.catalog.Tables(s.ctx)
	if slices.Sort(names); err != nil || !slices.Equal(names, want) {
		t.Errorf("Tables: %q, %v; want %q", names, err, want)
	}
}

func databaseMissing(t *testing.T, s *suite) {
	if err := s.catalog.Check(s.ctx); err != nil {
		t.Errorf("Check of an empty database: %v", err)
	}
	if err := s.behind.DropDatabase(s.ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.catalog.Tables(s.ctx); !errors.Is(err, refresh.ErrDatabaseMissing) {
		t.Errorf("Tables without a database: %v", err)
	}
	if err := s.catalog.Check(s.ctx); !errors.Is(err, refresh.ErrDatabaseMissing) {
		t.Errorf("Check without a database: %v", err)
	}
	_, err := s.catalog.Table(s.ctx, "t")
	if !errors.Is(err, refresh.ErrDatabaseMissing) && !errors.Is(err, refresh.ErrTableMissing) {
		t.Errorf("Table without a database: %v", err)
	}
}

func tableMissing(t *testing.T, s *suite) {
	if _, err := s.catalog.Table(s.ctx, "t"); !errors.Is(err, refresh.ErrTableMissing) {
		t.Errorf("Table: %v", err)
	}
	p := part("s3://bucket/t/a/", "a")
	gone := s.create(daily("t"))
	s.missing(gone, []refresh.Partition{p})
	s.drop("t")
	if _, err := s.catalog.Partitions(s.ctx, gone, [][]string{p.Values}); !errors.Is(err, refresh.ErrTableMissing) {
		t.Errorf("Partitions of a table that was dropped: %v", err)
	}
	if err := s.catalog.Add(s.ctx, gone, []refresh.Partition{p}); !errors.Is(err, refresh.ErrTableMissing) {
		t.Errorf("Add to a table that was dropped: %v", err)
	}
}

func tableFacts(t *testing.T, s *suite) {
	keys := []refresh.Key{{Name: "region", Type: "string"}, {Name: "account", Type: "bigint"}, {Name: "dt", Type: "date"}}
	got := s.create(refresh.Table{ID: refresh.TableID{Name: "t", Location: "s3://bucket/some where/'t'/"}, Keys: keys})
	switch {
	case !slices.Equal(got.Keys, keys):
		t.Errorf("keys: %v, want %v", got.Keys, keys)
	case got.ID.Name != "t" || got.ID.Catalog != "" || got.ID.Created.IsZero() || got.ID.Location != "s3://bucket/some where/'t'/":
		t.Errorf("identity: %+v", got.ID)
	case got.Kind != refresh.Hive || got.Parquet:
		t.Errorf("kind and format: %+v", got)
	}
	parquet := daily("p")
	parquet.Parquet = true
	if got := s.create(parquet); !got.Parquet {
		t.Errorf("a Parquet table: %+v", got)
	}
	if got := s.create(refresh.Table{ID: refresh.TableID{Name: "flat", Location: "s3://bucket/flat/"}}); len(got.Keys) != 0 || got.Kind != refresh.Hive {
		t.Errorf("table without partition keys: %+v", got)
	}
}

func kinds(t *testing.T, s *suite) {
	for i, want := range []refresh.Table{
		{Kind: refresh.Hive},
		{Kind: refresh.Hive, KindName: hudi},
		{Kind: refresh.Projected},
		{Kind: refresh.NotHive, KindName: iceberg},
		{Kind: refresh.NotHive, KindName: delta},
		{Kind: refresh.NotHive, KindName: view},
	} {
		spec := daily(fmt.Sprintf("t%d", i))
		spec.Kind, spec.KindName = want.Kind, want.KindName
		got := s.create(spec)
		if got.Kind != want.Kind {
			t.Errorf("kind %d: read as %d, want %d", i, got.Kind, want.Kind)
		}
		if want.Kind == refresh.NotHive && got.KindName == "" {
			t.Errorf("kind %d: has no name", i)
		}
	}
}

// reCreated allows for a catalog that tells times to the second only.
func reCreated(t *testing.T, s *suite) {
	old := s.create(daily("t"))
	if again := s.table("t"); again.ID != old.ID {
		t.Errorf("the same table read twice: %+v, then %+v", old.ID, again.ID)
	}
	for began := time.Now(); ; {
		s.drop("t")
		if now := s.create(daily("t")); now.ID != old.ID {
			return
		}
		if time.Since(began) > 3*time.Second {
			t.Fatalf("a table created anew for 3 s has the identity of the first: %+v", old.ID)
		}
	}
}

func link(t *testing.T, s *suite) {
	target := s.create(daily("target"))
	d, ok := s.behind.(*onGlue)
	if !ok {
		t.Skip("links are Glue's")
	}
	if err := d.Link(s.ctx, "link", "target"); err != nil {
		t.Fatal(err)
	}
	got := s.table("link")
	if got.ID != target.ID {
		t.Errorf("identity through a link: %+v, want %+v", got.ID, target.ID)
	}
	p := part("s3://bucket/target/a/", "a")
	s.add(got, []refresh.Partition{p})
	s.find(target, []refresh.Partition{p}, []refresh.Partition{p})
}

func findsPartitions(t *testing.T, s *suite) {
	table := s.create(daily("t"))
	stored := []refresh.Partition{
		part("s3://bucket/t/a/", "a"),
		part("s3://bucket/t/no slash", "b"),
		part("s3://else where//x%3A/", "c d"),
		part("s3://bucket/t/é/", "é:'\\"),
	}
	for _, p := range stored {
		s.addBehind("t", p)
	}
	asked := append([]refresh.Partition{part("", "missing"), part("", "A")}, stored[1:]...)
	s.find(table, asked, stored[1:])
	s.find(table, asked[:1], nil)
	s.find(table, nil, nil)
}

func thousand(t *testing.T, s *suite) {
	table := s.create(daily("t"))
	var asked, stored []refresh.Partition
	for i := range 1000 {
		p := part(fmt.Sprintf("s3://bucket/t/%d/", i), fmt.Sprint(i))
		if asked = append(asked, p); i%50 == 0 {
			s.addBehind("t", p)
			stored = append(stored, p)
		}
	}
	s.find(table, asked, stored)
}

func remembersNothing(t *testing.T, s *suite) {
	p := part("s3://bucket/t/a/", "a")
	table := s.create(daily("t"))
	s.find(table, []refresh.Partition{p}, nil)
	s.addBehind("t", p)
	s.find(table, []refresh.Partition{p}, []refresh.Partition{p})
	s.drop("t")
	if _, err := s.catalog.Table(s.ctx, "t"); !errors.Is(err, refresh.ErrTableMissing) {
		t.Errorf("Table after it was dropped: %v", err)
	}
	s.find(s.create(daily("t")), []refresh.Partition{p}, nil)
}
