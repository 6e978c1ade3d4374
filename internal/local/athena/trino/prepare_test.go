package trino

import (
	"strings"
	"testing"
)

func TestPrepareWritesWhatDuckDBsParserTakes(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT CAST(x AS array(varchar(10)))":             `SELECT CAST ( x AS "~array ( varchar ( 10 ) )" )`,
		"SELECT timestamp '2024-01-01', timestamp":         `SELECT CAST ( '2024-01-01' AS "=timestamp" ) , timestamp`,
		"SELECT interval -'7' day":                         `SELECT CAST ( '7' AS "=interval - day" )`,
		"SELECT interval '1-2' year to month":              `SELECT CAST ( '1-2' AS "=interval  year to month" )`,
		"SELECT f(a, (k, v) -> k + v, x -> g(x, y -> y))":  `SELECT f ( a , lambda k , v : ( k + v ) , lambda x : ( g ( x , lambda y : ( y ) ) ) )`,
		"VALUES 1, (2), (3) + 4 ORDER BY 1":                `VALUES ( 1 ) , ( 2 ) , ( ( 3 ) + 4 ) ORDER BY 1`,
		"SELECT listagg(a, ',') WITHIN GROUP (ORDER BY b)": `SELECT listagg ( a , ',' ORDER BY b )`,
		"SELECT lag(a) IGNORE NULLS OVER ()":               `SELECT lag ( a IGNORE NULLS ) OVER ( )`,
		"SELECT if(a, b), if(a, f(b, c), d)":               `SELECT if ( a , b , NULL ) , if ( a , f ( b , c ) , d )`,
		"SELECT 'it''s -> x', \"a\"\"b\"":                  `SELECT 'it''s -> x' , "a""b"`,
		"SELECT 1e5, .5, a[1].b":                           `SELECT 1e5 , .5 , a [ 1 ] . b`,
	} {
		p, err := Prepare(query)
		if err != nil || p.SQL != want {
			t.Errorf("%s: %v\n got %s\nwant %s", query, err, p.SQL, want)
		}
	}
	for _, query := range []string{"SELECT 1; SELECT 2", "SELECT 1::int", "SELECT {'a': 1}", "SELECT CAST(1)", "SELECT interval '1' week", "SELECT " + strings.Repeat("(", 600)} {
		if _, err := Prepare(query); err == nil {
			t.Errorf("%.40s: taken", query)
		}
	}
}

func TestPlacesComeFromTheQuery(t *testing.T) {
	const query = "SELECT  timestamp '2024-01-01 00:00:00',\n   nope"
	p, err := Prepare(query)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.At(strings.Index(p.SQL, "nope")), strings.Index(query, "nope"); got != want {
		t.Errorf("at %d, want %d", got, want)
	}
}

func TestTypesAreReadAndWritten(t *testing.T) {
	for text, want := range map[string]string{
		"INT": "integer", "varchar(10)": "varchar(10)", "decimal(5,2)": "decimal(5,2)", "double precision": "double", "timestamp": "timestamp(3)",
		"timestamp(6) with time zone": "timestamp(6) with time zone", "array(row(x bigint, varchar))": "array(row(x bigint, varchar))",
		`map(varchar, array<int>)`: "map(varchar, array(integer))", `row("a b" int)`: "row(a b integer)", "interval day to second": "interval day to second",
	} {
		got, err := ParseType(text)
		if err != nil || got.String() != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "nope", "decimal(50)", "array", "map(int)", "row()", "int int", strings.Repeat("array(", 100)} {
		if got, err := ParseType(text); err == nil {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// FuzzPrepare: what strangers write ends, and its places are in the query.
func FuzzPrepare(f *testing.F) {
	for _, seed := range []string{"SELECT 1", "VALUES (1), 2", "SELECT a -> b", "(a, b) -> c", "CAST(x AS", "interval - '1' day to", "f(x) WITHIN GROUP (", "''''", "\"", "1e", "if(", "((((", "))))"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		p, err := Prepare(query)
		if err != nil {
			return
		}
		for i := range len(p.SQL) + 1 {
			if at := p.At(i); at < 0 || at > len(query)+len(p.SQL) {
				t.Fatalf("place %d is %d in %q", i, at, query)
			}
		}
	})
}
