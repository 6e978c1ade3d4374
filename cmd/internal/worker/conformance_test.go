package worker

import (
	"context"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/config"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// behind changes the database behind the Catalog's back, as other people's
// tools do. Its names and locations are taken as they are.
type behind interface {
	CreateTable(ctx context.Context, t refresh.Table) error
	DropTable(ctx context.Context, name string) error
	DropDatabase(ctx context.Context) error
	AddPartition(ctx context.Context, table string, p refresh.Partition) error
	// AllPartitions returns what the table has, in no order.
	AllPartitions(ctx context.Context, table string) ([]refresh.Partition, error)
}

// TestCatalogs: each sentence of the interfaces of package refresh, for every
// catalog that there is, and for the one that tests use.
func TestCatalogs(t *testing.T) {
	cfg := localStack(t)
	everyCatalogIsMade(t, cfg)
	for name, test := range map[string]func(*testing.T, *suite){
		"ListsTables":                       listsTables,
		"SaysThatTheDatabaseIsMissing":      databaseMissing,
		"SaysThatATableIsMissing":           tableMissing,
		"ReadsATablesFacts":                 tableFacts,
		"TellsKindsApart":                   kinds,
		"SeesAReCreatedTable":               reCreated,
		"FollowsALink":                      link,
		"FindsPartitionsAsStored":           findsPartitions,
		"FindsAThousandPartitions":          thousand,
		"RemembersNothing":                  remembersNothing,
		"AddsHostileValuesExactly":          hostile,
		"AddsBySeveralKeysInTheTablesOrder": severalKeys,
		"AddsByNumbers":                     numbers,
		"LeavesAnExistingPartitionAlone":    existing,
		"AddsAsManyAsFit":                   asManyAsFit,
		"AddsNothingAfterCtxEnded":          cancelled,
		"AddsToSeveralTablesAtOnce":         concurrent,
	} {
		for _, catalog := range append(config.Catalogs(), inMemory) {
			t.Run(name+"/"+string(catalog), func(t *testing.T) {
				t.Parallel()
				side, err := openSide(t, cfg, catalog, string(catalog)+"_"+strings.ToLower(name))
				if err != nil {
					t.Fatal(err)
				}
				test(t, &suite{side, t, t.Context()})
			})
		}
	}
}

// everyCatalogIsMade stops a test where a catalog of the configuration is none here.
func everyCatalogIsMade(t *testing.T, cfg aws.Config) {
	t.Helper()
	for _, name := range config.Catalogs() {
		func() {
			defer func() {
				if why := recover(); why != nil {
					t.Fatalf("config.Catalogs has %q, and loggedCatalog in catalog.go has no case for it: %v", name, why)
				}
			}()
			_, closeCatalog := Catalog(cfg, &config.Config{Catalog: name})
			closeCatalog()
		}()
	}
}

type suite struct {
	*side
	t   *testing.T
	ctx context.Context
}

// daily is a table with one key, as most are.
func daily(name string) refresh.Table {
	return refresh.Table{ID: refresh.TableID{Name: name, Location: "s3://bucket/" + name + "/"}, Keys: []refresh.Key{{Name: "dt", Type: "string"}}}
}

func (s *suite) create(t refresh.Table) refresh.Table {
	s.t.Helper()
	if err := s.behind.CreateTable(s.ctx, t); err != nil {
		s.t.Fatalf("create table %s: %v", t.ID.Name, err)
	}
	return s.table(t.ID.Name)
}

func (s *suite) table(name string) refresh.Table {
	s.t.Helper()
	t, err := s.catalog.Table(s.ctx, name)
	if err != nil {
		s.t.Fatalf("Table(%s): %v", name, err)
	}
	return t
}

func (s *suite) drop(name string) {
	s.t.Helper()
	if err := s.behind.DropTable(s.ctx, name); err != nil {
		s.t.Fatalf("drop table %s: %v", name, err)
	}
}

func (s *suite) addBehind(table string, p refresh.Partition) {
	s.t.Helper()
	if err := s.behind.AddPartition(s.ctx, table, p); err != nil {
		s.t.Fatalf("add partition %q behind the catalog's back: %v", p.Values, err)
	}
}

// missing looks partitions up that must not exist: what every Add follows.
func (s *suite) missing(t refresh.Table, parts []refresh.Partition) {
	s.t.Helper()
	found, err := s.catalog.Partitions(s.ctx, t, valuesOf(parts))
	if err != nil || len(found) > 0 {
		s.t.Fatalf("Partitions before Add: %v, %v; want none", found, err)
	}
}

// add adds partitions, as many at once as fit, and expects to find exactly
// what was added.
func (s *suite) add(t refresh.Table, parts []refresh.Partition) {
	s.t.Helper()
	for rest := parts; len(rest) > 0; {
		n := s.catalog.Fits(t, rest)
		if n < 1 || n > len(rest) {
			s.t.Fatalf("Fits of %d partitions: %d", len(rest), n)
		}
		for lookup := range slices.Chunk(rest[:n], 1000) {
			s.missing(t, lookup)
		}
		if err := s.catalog.Add(s.ctx, t, rest[:n]); err != nil {
			s.t.Fatalf("Add of %d partitions: %v", n, err)
		}
		rest = rest[n:]
	}
	for lookup := range slices.Chunk(parts, 1000) {
		s.find(t, lookup, lookup)
	}
}

// find looks up the values of parts and expects to find want.
func (s *suite) find(t refresh.Table, parts, want []refresh.Partition) {
	s.t.Helper()
	found, err := s.catalog.Partitions(s.ctx, t, valuesOf(parts))
	if err != nil {
		s.t.Fatalf("Partitions of %s: %v", t.ID.Name, err)
	}
	s.same(found, want)
}

func (s *suite) same(got, want []refresh.Partition) {
	s.t.Helper()
	got, want = sorted(got), sorted(want)
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			s.t.Errorf("partition %q is missing", want[i])
		case i >= len(want):
			s.t.Errorf("partition %q was not expected", got[i])
		case got[i].Location != want[i].Location || !slices.Equal(got[i].Values, want[i].Values):
			s.t.Errorf("found %q, want %q", got[i], want[i])
		}
	}
}

func sorted(parts []refresh.Partition) []refresh.Partition {
	return slices.SortedFunc(slices.Values(parts), func(a, b refresh.Partition) int {
		return slices.Compare(a.Values, b.Values)
	})
}

func valuesOf(parts []refresh.Partition) [][]string {
	values := make([][]string, len(parts))
	for i, p := range parts {
		values[i] = p.Values
	}
	return values
}

func part(location string, values ...string) refresh.Partition {
	return refresh.Partition{Values: values, Location: location}
}
