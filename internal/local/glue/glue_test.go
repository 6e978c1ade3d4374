package glue

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

type stack struct {
	testing.TB
	ctx     context.Context
	path    string
	db      *bbolt.DB
	catalog *Catalog
	client  *sdk.Client
}

func newStack(t testing.TB) *stack {
	s := &stack{TB: t, ctx: t.Context(), path: filepath.Join(t.TempDir(), "db")}
	s.open()
	server := httptest.NewServer(s.catalog.Service())
	t.Cleanup(func() {
		server.Close()
		if err := s.db.Close(); err != nil {
			t.Error(err)
		}
	})
	s.client = sdk.New(sdk.Options{Region: "us-east-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})
	return s
}

func (s *stack) open() {
	s.Helper()
	db, err := bbolt.Open(s.path, 0o600, &bbolt.Options{NoSync: true, Timeout: time.Second})
	if err != nil {
		s.Fatal(err)
	}
	if s.catalog, err = New(db, "123456789012"); err != nil {
		s.Fatal(err)
	}
	s.db = db
}

var database, table = aws.String("db"), aws.String("t")

func descriptor(location string) *types.StorageDescriptor {
	return &types.StorageDescriptor{Location: &location, Columns: []types.Column{{Name: aws.String("A"), Type: aws.String("int")}},
		SerdeInfo: &types.SerDeInfo{SerializationLibrary: aws.String("x.Y"), Parameters: map[string]string{"k": "v"}}}
}

// withTable creates db.t with the given keys, all strings unless name:type.
func (s *stack) withTable(keys ...string) *stack {
	s.Helper()
	var cols []types.Column
	for _, k := range keys {
		name, typ, ok := strings.Cut(k, ":")
		if !ok {
			typ = "string"
		}
		cols = append(cols, types.Column{Name: &name, Type: &typ})
	}
	_, err := s.client.CreateDatabase(s.ctx, &sdk.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("DB")}})
	if err != nil {
		s.Fatal(err)
	}
	_, err = s.client.CreateTable(s.ctx, &sdk.CreateTableInput{DatabaseName: database, TableInput: &types.TableInput{
		Name: aws.String("T"), PartitionKeys: cols, StorageDescriptor: descriptor("s3://b/t/"), TableType: aws.String("EXTERNAL_TABLE")}})
	if err != nil {
		s.Fatal(err)
	}
	return s
}

func input(values ...string) types.PartitionInput {
	return types.PartitionInput{Values: values, StorageDescriptor: descriptor("s3://b/" + strings.Join(values, "/"))}
}

func (s *stack) add(parts ...types.PartitionInput) []types.PartitionError {
	s.Helper()
	out, err := s.client.BatchCreatePartition(s.ctx, &sdk.BatchCreatePartitionInput{DatabaseName: database, TableName: table, PartitionInputList: parts})
	if err != nil {
		s.Fatal(err)
	}
	return out.Errors
}

func TestDatabasesAndTables(t *testing.T) {
	s := newStack(t).withTable("dt")
	_, err := s.client.CreateDatabase(s.ctx, &sdk.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("Db")}})
	var exists *types.AlreadyExistsException
	if !errors.As(err, &exists) {
		t.Errorf("a database twice: %v", err)
	}
	got, err := s.client.GetTable(s.ctx, &sdk.GetTableInput{DatabaseName: aws.String("dB"), Name: aws.String("T")})
	if err != nil {
		t.Fatal(err)
	}
	g := got.Table
	if *g.Name != "t" || *g.DatabaseName != "db" || *g.VersionId != "0" || *g.CatalogId != "123456789012" || g.IsRegisteredWithLakeFormation || *g.StorageDescriptor.Columns[0].Name != "a" {
		t.Errorf("%+v", g)
	}
	if d := time.Since(*g.CreateTime); d < -time.Second || d > time.Minute {
		t.Errorf("created %s ago", d)
	}
	in := &types.TableInput{Name: aws.String("t"), Parameters: map[string]string{"x": "y"}, PartitionKeys: g.PartitionKeys, StorageDescriptor: g.StorageDescriptor}
	if _, err := s.client.UpdateTable(s.ctx, &sdk.UpdateTableInput{DatabaseName: database, TableInput: in}); err != nil {
		t.Fatal(err)
	}
	updated, err := s.catalog.Table("db", "t")
	if err != nil || updated.VersionID != "1" || !updated.CreateTime.Equal(*g.CreateTime) || updated.Parameters["x"] != "y" {
		t.Errorf("%+v, %v", updated, err)
	}
	if _, err := s.client.DeleteTable(s.ctx, &sdk.DeleteTableInput{DatabaseName: database, Name: table}); err != nil {
		t.Fatal(err)
	}
	if err := s.catalog.CreateTable("db", TableInput{Name: "t"}); err != nil {
		t.Fatal(err)
	}
	if again, err := s.catalog.Table("db", "t"); err != nil || !again.CreateTime.After(*g.CreateTime) {
		t.Errorf("a table that is created again has the old time of creation: %v, %v", again, err)
	}
}

func TestMissingThingsAreNamed(t *testing.T) {
	s := newStack(t).withTable("dt")
	calls := map[string]func() error{
		"Database nope not found.": func() error {
			_, err := s.client.GetTable(s.ctx, &sdk.GetTableInput{DatabaseName: aws.String("nope"), Name: table})
			return err
		},
		"Table nope not found.": func() error {
			_, err := s.client.GetTable(s.ctx, &sdk.GetTableInput{DatabaseName: database, Name: aws.String("nope")})
			return err
		},
		"Cannot find partition.": func() error {
			_, err := s.client.GetPartition(s.ctx, &sdk.GetPartitionInput{DatabaseName: database, TableName: table, PartitionValues: []string{"x"}})
			return err
		},
	}
	for message, call := range calls {
		var missing *types.EntityNotFoundException
		if err := call(); !errors.As(err, &missing) || *missing.Message != message {
			t.Errorf("want %q, got %v", message, err)
		}
	}
}

func TestDroppedTableTakesItsPartitionsAlong(t *testing.T) {
	s := newStack(t).withTable("dt")
	s.add(input("1"))
	if _, err := s.client.DeleteDatabase(s.ctx, &sdk.DeleteDatabaseInput{Name: database}); err != nil {
		t.Fatal(err)
	}
	s.withTable("dt")
	if _, err := s.catalog.Partition("db", "t", []string{"1"}); !Is(err, CodeNotFound) {
		t.Errorf("a partition outlived its table: %v", err)
	}
}

func TestGetTablesPagesAndFilters(t *testing.T) {
	s := newStack(t).withTable()
	for i := range 7 {
		if err := s.catalog.CreateTable("db", TableInput{Name: fmt.Sprintf("x%d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.catalog.CreateDatabase(DatabaseInput{Name: "db2"}); err != nil {
		t.Fatal(err)
	}
	if err := s.catalog.CreateTable("db2", TableInput{Name: "x9"}); err != nil {
		t.Fatal(err)
	}
	names := func(in *sdk.GetTablesInput) (all []string) {
		in.DatabaseName = database
		pages := sdk.NewGetTablesPaginator(s.client, in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(s.ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range page.TableList {
				all = append(all, *table.Name)
			}
		}
		return all
	}
	everything := []string{"t", "x0", "x1", "x2", "x3", "x4", "x5", "x6"}
	for _, size := range []int32{1, 3, 8, 100} {
		if d := cmp.Diff(everything, names(&sdk.GetTablesInput{MaxResults: aws.Int32(size), AttributesToGet: []types.TableAttributes{types.TableAttributesName}})); d != "" {
			t.Errorf("pages of %d: %s", size, d)
		}
	}
	for expression, want := range map[string][]string{
		"x[12]": {"x1", "x2"}, "x*": everything[1:], "*": everything, ".*": everything, "*1": {"x1"}, "x.*": everything[1:], "*x*.*": everything[1:],
		"x[1-3]*": {"x1", "x2", "x3"}, `x\d*`: everything[1:], "X1|x2": {"x1", "x2"}, "x": nil, `\w`: {"t"}, "": everything,
	} {
		if d := cmp.Diff(want, names(&sdk.GetTablesInput{Expression: &expression})); d != "" {
			t.Errorf("%s: %s", expression, d)
		}
	}
	if _, err := s.client.GetTables(s.ctx, &sdk.GetTablesInput{DatabaseName: database, Expression: aws.String("x[")}); err == nil || !strings.Contains(err.Error(), "InvalidInputException") {
		t.Errorf("x[: %v", err)
	}
}

func TestBatchCreateReportsEachItem(t *testing.T) {
	s := newStack(t).withTable("dt", "h")
	s.add(input("1", "a"))
	failed := s.add(input("1", "a"), input("1", "b"), input("short"))
	if len(failed) != 2 || *failed[0].ErrorDetail.ErrorCode != CodeExists || *failed[1].ErrorDetail.ErrorCode != CodeInvalidInput {
		t.Errorf("%+v", failed)
	}
	if d := cmp.Diff([]string{"1", "a"}, failed[0].PartitionValues); d != "" {
		t.Error(d)
	}
	var many []types.PartitionInput
	for i := range 101 {
		many = append(many, input("2", fmt.Sprint(i)))
	}
	_, err := s.client.BatchCreatePartition(s.ctx, &sdk.BatchCreatePartitionInput{DatabaseName: database, TableName: table, PartitionInputList: many})
	var invalid *types.InvalidInputException
	if !errors.As(err, &invalid) {
		t.Errorf("101 partitions: %v", err)
	}
	out, err := s.client.BatchGetPartition(s.ctx, &sdk.BatchGetPartitionInput{DatabaseName: database, TableName: table,
		PartitionsToGet: []types.PartitionValueList{{Values: []string{"1", "b"}}, {Values: []string{"1", "none"}}, {Values: []string{"1", "a"}}}})
	if err != nil || len(out.Partitions) != 2 || len(out.UnprocessedKeys) != 0 {
		t.Errorf("%+v, %v", out, err)
	}
	p := out.Partitions[0]
	if *p.StorageDescriptor.Location != "s3://b/1/b" || p.StorageDescriptor.SerdeInfo.Parameters["k"] != "v" || p.CreationTime == nil || *p.TableName != "t" {
		t.Errorf("%+v", p)
	}
	deleted, err := s.client.BatchDeletePartition(s.ctx, &sdk.BatchDeletePartitionInput{DatabaseName: database, TableName: table,
		PartitionsToDelete: []types.PartitionValueList{{Values: []string{"1", "a"}}, {Values: []string{"1", "none"}}}})
	if err != nil || len(deleted.Errors) != 1 || *deleted.Errors[0].ErrorDetail.ErrorCode != CodeNotFound {
		t.Errorf("%+v, %v", deleted, err)
	}
	updated, err := s.client.BatchUpdatePartition(s.ctx, &sdk.BatchUpdatePartitionInput{DatabaseName: database, TableName: table,
		Entries: []types.BatchUpdatePartitionRequestEntry{
			{PartitionValueList: []string{"1", "b"}, PartitionInput: &types.PartitionInput{Values: []string{"1", "b"}, StorageDescriptor: descriptor("s3://b/moved/")}},
			{PartitionValueList: []string{"1", "a"}, PartitionInput: &types.PartitionInput{Values: []string{"1", "a"}}},
		}})
	if err != nil || len(updated.Errors) != 1 {
		t.Errorf("%+v, %v", updated, err)
	}
	if p, err := s.catalog.Partition("db", "t", []string{"1", "b"}); err != nil || p.Location() != "s3://b/moved/" {
		t.Errorf("%v, %v", p, err)
	}
}

func TestValuesAreStoredExactly(t *testing.T) {
	s := newStack(t).withTable("x", "y")
	values := []string{"O'Brien", `a\d`, "\x00", "\x01", "\x01\x02", "\x00\x01", "é日本", "%3A", " ", "a/b=c", ""}
	for _, a := range values {
		for _, b := range values {
			if failed := s.add(input(a, b)); len(failed) > 0 {
				t.Fatalf("%q, %q: %v", a, b, *failed[0].ErrorDetail.ErrorMessage)
			}
		}
	}
	n := 0
	for p, err := range s.catalog.Partitions("db", "t", nil) {
		if err != nil {
			t.Fatal(err)
		}
		if p.Location() != "s3://b/"+strings.Join(p.Values, "/") {
			t.Errorf("%q is at %q", p.Values, p.Location())
		}
		n++
	}
	if n != len(values)*len(values) {
		t.Errorf("%d partitions, want %d", n, len(values)*len(values))
	}
}

func (s *stack) matching(in sdk.GetPartitionsInput) []string {
	s.Helper()
	in.DatabaseName, in.TableName = database, table
	all := []string{}
	pages := sdk.NewGetPartitionsPaginator(s.client, &in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(s.ctx)
		if err != nil {
			s.Fatalf("%s: %v", aws.ToString(in.Expression), err)
		}
		for _, p := range page.Partitions {
			all = append(all, strings.Join(p.Values, "/"))
		}
	}
	return all
}

func TestGetPartitionsFilters(t *testing.T) {
	s := newStack(t).withTable("dt", "n:int", "d:decimal(10,2)")
	s.add(input("a", "1", "1.5"), input("b", "02", "-3"), input("it's", "10", "0"), input(HiveDefault, "7", "7"))
	for expression, want := range map[string]string{
		"":                            "__HIVE_DEFAULT_PARTITION__/7/7 a/1/1.5 b/02/-3 it's/10/0",
		"  ":                          "__HIVE_DEFAULT_PARTITION__/7/7 a/1/1.5 b/02/-3 it's/10/0",
		"dt = 'a'":                    "a/1/1.5",
		"((dt in ('a', 'b')))":        "a/1/1.5 b/02/-3",
		"((dt >= 'a' AND dt < 'b'))":  "a/1/1.5",
		"DT <> 'a'":                   "b/02/-3 it's/10/0",
		"NOT dt = 'a'":                "b/02/-3 it's/10/0",
		"dt = 'it''s'":                "it's/10/0",
		"dt IS NULL":                  "__HIVE_DEFAULT_PARTITION__/7/7",
		"dt IS NOT NULL AND n > 5":    "it's/10/0",
		"n = 2":                       "b/02/-3",
		"n BETWEEN 2 AND 9":           "__HIVE_DEFAULT_PARTITION__/7/7 b/02/-3",
		"n NOT IN (1, 2, 7)":          "it's/10/0",
		"5 < n":                       "__HIVE_DEFAULT_PARTITION__/7/7 it's/10/0",
		"n >= '10'":                   "it's/10/0",
		"d <= 0":                      "b/02/-3 it's/10/0",
		"dt LIKE '_'":                 "a/1/1.5 b/02/-3",
		"dt LIKE '%t%' OR d = 1.50":   "a/1/1.5 it's/10/0",
		"dt NOT LIKE '%'":             "",
		"dt='a' OR dt='b' AND n=100":  "a/1/1.5",
		"(dt='a' OR dt='b') AND n!=1": "b/02/-3",
	} {
		got := strings.Join(s.matching(sdk.GetPartitionsInput{Expression: &expression}), " ")
		if got != want {
			t.Errorf("%q: %q, want %q", expression, got, want)
		}
	}
	for _, expression := range []string{"dt =", "nope = 'a'", "dt = 'a", "dt = 'a' dt = 'b'", "n = 'x'", "n = 1e999999999", "dt", "()", strings.Repeat("NOT ", 500) + "dt='a'", strings.Repeat("(", 2000), "dt = '" + strings.Repeat("x", 2048) + "'"} {
		_, err := s.client.GetPartitions(s.ctx, &sdk.GetPartitionsInput{DatabaseName: database, TableName: table, Expression: &expression})
		var invalid *types.InvalidInputException
		if !errors.As(err, &invalid) {
			t.Errorf("%.40q: %v", expression, err)
		}
	}
}

// TestPartitionsAreComparedByTheTypesOfTheirKeys, and a literal of another type
// is the caller's mistake.
func TestPartitionsAreComparedByTheTypesOfTheirKeys(t *testing.T) {
	s := newStack(t).withTable("day:date", "at:timestamp", "n:bigint", "d:decimal(20,2)", "c:varchar(10)", "f:double")
	s.add(input("2022-01-31", "2022-01-31 23:59:59.999999999", "9", "2.60", "a", "1"),
		input("2022-02-01", "2022-02-01 00:00:00.000", "10", "3e14", "b", "1"))
	for expression, want := range map[string]string{
		"day = '2022-02-01'":                              "2022-02-01",
		"day < DATE '2022-02-01'":                         "2022-01-31",
		"day IN ('2024-02-29', '2022-02-01')":             "2022-02-01",
		"at = '2022-02-01 00:00:00'":                      "2022-02-01",
		"at > '2022-01-31 23:59:59.999999998' AND n < 10": "2022-01-31",
		"at = TIMESTAMP '2022-02-01 00:00:00.000000000'":  "2022-02-01",
		"n > 9":                  "2022-02-01",
		"n = '9'":                "2022-01-31",
		"d = 2.6":                "2022-01-31",
		"d BETWEEN 2 AND 3e10":   "2022-01-31",
		"c LIKE '_' AND c > 'a'": "2022-02-01",
	} {
		got := s.matching(sdk.GetPartitionsInput{Expression: &expression})
		if len(got) != 1 || !strings.HasPrefix(got[0], want+"/") {
			t.Errorf("%s: %v, want %s", expression, got, want)
		}
	}
	refused := func(code string, expressions ...string) {
		t.Helper()
		for _, expression := range expressions {
			_, err := s.client.GetPartitions(s.ctx, &sdk.GetPartitionsInput{DatabaseName: database, TableName: table, Expression: &expression})
			if !strings.Contains(fmt.Sprint(err), code+": ") {
				t.Errorf("%s: %v, want %s", expression, err, code)
			}
		}
	}
	refused("InvalidInputException", "day = 'test'", "day = '2022-02-32'", "day = 20220201", "at = '2022-02-01'", "at = '2022-02-15 00:00:00.'",
		"n = 'test'", "n IN (2.5)", "n = 1e3", "d = 'x'", "d = 1e999", "n LIKE '1%'", "d LIKE '2'", "day LIKE '2022%'", "at NOT LIKE '2022%'", "f = 1")
	s.add(input("not a day", "x", "y", "z", "c", "1"))
	refused("InvalidStateException", "day > '2022-01-01'", "n > 0")
}

func TestGetPartitionsPagesAndSegments(t *testing.T) {
	s := newStack(t).withTable("dt")
	var want []string
	for i := range 95 {
		want = append(want, fmt.Sprintf("%02d", i))
		s.add(input(want[i]))
	}
	for _, size := range []int32{1, 7, 95, 1000} {
		if d := cmp.Diff(want, s.matching(sdk.GetPartitionsInput{MaxResults: aws.Int32(size)})); d != "" {
			t.Errorf("pages of %d: %s", size, d)
		}
	}
	var dealt []string
	for i := range 5 {
		part := s.matching(sdk.GetPartitionsInput{MaxResults: aws.Int32(4), Segment: &types.Segment{SegmentNumber: int32(i), TotalSegments: aws.Int32(5)}})
		if len(part) == 0 || len(part) == 95 {
			t.Errorf("segment %d has %d partitions", i, len(part))
		}
		dealt = append(dealt, part...)
	}
	slices.Sort(dealt)
	if d := cmp.Diff(want, dealt); d != "" {
		t.Errorf("the segments together: %s", d)
	}
	out, err := s.client.GetPartitions(s.ctx, &sdk.GetPartitionsInput{DatabaseName: database, TableName: table, ExcludeColumnSchema: aws.Bool(true)})
	if err != nil || out.Partitions[0].StorageDescriptor.Columns != nil || out.Partitions[0].StorageDescriptor.SerdeInfo == nil {
		t.Errorf("%v, %v", out, err)
	}
}

// What clients ask beside is answered, empty.
func TestSmallCalls(t *testing.T) {
	s := newStack(t).withTable("dt")
	if _, err := s.client.GetPartitionIndexes(s.ctx, &sdk.GetPartitionIndexesInput{DatabaseName: database, TableName: table}); err != nil {
		t.Error(err)
	}
	if out, err := s.client.GetTableVersions(s.ctx, &sdk.GetTableVersionsInput{DatabaseName: database, TableName: table}); err != nil || len(out.TableVersions) != 1 {
		t.Error(out, err)
	}
	if _, err := s.client.GetColumnStatisticsForTable(s.ctx, &sdk.GetColumnStatisticsForTableInput{DatabaseName: database, TableName: table, ColumnNames: []string{"a"}}); err != nil {
		t.Error(err)
	}
	if _, err := s.client.GetColumnStatisticsForPartition(s.ctx, &sdk.GetColumnStatisticsForPartitionInput{DatabaseName: database, TableName: table, ColumnNames: []string{"a"}, PartitionValues: []string{"1"}}); err != nil {
		t.Error(err)
	}
	if _, err := s.client.GetUserDefinedFunctions(s.ctx, &sdk.GetUserDefinedFunctionsInput{DatabaseName: database, Pattern: aws.String("*")}); err != nil {
		t.Error(err)
	}
	if _, err := s.client.GetTags(s.ctx, &sdk.GetTagsInput{ResourceArn: aws.String("arn:aws:glue:us-east-1:000000000000:database/db")}); err != nil {
		t.Error(err)
	}
	out, err := s.client.BatchDeleteTable(s.ctx, &sdk.BatchDeleteTableInput{DatabaseName: database, TablesToDelete: []string{"t", "nope"}})
	if err != nil || len(out.Errors) != 1 {
		t.Error(out, err)
	}
}

func TestCatalogSurvivesReopening(t *testing.T) {
	s := newStack(t).withTable("dt")
	s.add(input("1"))
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	s.open()
	if p, err := s.catalog.Partition("db", "t", []string{"1"}); err != nil || p.StorageDescriptor.SerdeInfo.SerializationLibrary != "x.Y" {
		t.Error(p, err)
	}
}

func FuzzFilter(f *testing.F) {
	f.Add("((dt >= 'a' AND n < 5)) OR NOT dt IN ('x', 'it''s')")
	f.Add("dt LIKE '%_%' and n between 1 and 2 or dt is not null")
	keys := []Column{{Name: "dt", Type: "string"}, {Name: "n", Type: "int"}}
	f.Fuzz(func(t *testing.T, src string) {
		f, err := parseFilter(src, keys)
		if err != nil {
			if !Is(err, CodeInvalidInput) {
				t.Fatal(err)
			}
			return
		}
		f.keeps([]string{"a", "1"})
		f.keeps([]string{HiveDefault, ""})
	})
}

// A table with 300,000 partitions: a lookup of 1,000 of them.
func BenchmarkBatchGetPartition(b *testing.B) {
	for _, n := range []int{1_000, 300_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newStack(b).withTable("dt")
			var parts []PartitionInput
			var keys []valueList
			for i := range n {
				v := []string{fmt.Sprintf("2024-01-01-%06d", i)}
				parts = append(parts, PartitionInput{Values: v, StorageDescriptor: &StorageDescriptor{Location: "s3://b/t/" + v[0] + "/"}})
				if i%(n/1000) == 0 {
					keys = append(keys, valueList{v})
				}
			}
			if err := s.catalog.AddPartitions("db", "t", parts, true); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				out, err := s.catalog.apiBatchGetPartition(request{DatabaseName: "db", TableName: "t", PartitionsToGet: keys})
				if found := out["Partitions"].([]*Partition); err != nil || len(found) != 1000 {
					b.Fatal(len(found), err)
				}
			}
		})
	}
}
