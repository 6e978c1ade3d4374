package athena

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/refresh"
)

func tableOf(keys ...refresh.Key) refresh.Table {
	return refresh.Table{ID: refresh.TableID{Database: "db", Name: "t"}, Keys: keys}
}

var dt = refresh.Key{Name: "dt", Type: "string"}

func TestStatementIsTheSpecifications(t *testing.T) {
	for _, c := range []struct {
		table refresh.Table
		parts []refresh.Partition
		want  string
	}{
		{tableOf(dt), []refresh.Partition{{Values: []string{"2018-03-01-05"}, Location: "s3://b/t/2018/03/01/05/"}},
			"ALTER TABLE `db`.`t` ADD IF NOT EXISTS PARTITION (`dt`='2018-03-01-05') LOCATION 's3://b/t/2018/03/01/05/'"},
		{tableOf(refresh.Key{Name: "account"}, refresh.Key{Name: "year", Type: "int"}),
			[]refresh.Partition{
				{Values: []string{"007", "7"}, Location: "s3://b/t/a/"},
				{Values: []string{`O'B\rien`, "-7"}, Location: "s3://b/t/it's/"},
			},
			"ALTER TABLE `db`.`t` ADD IF NOT EXISTS PARTITION (`account`='007', `year`=7) LOCATION 's3://b/t/a/'" +
				` PARTITION (` + "`account`" + `='O\'B\\rien', ` + "`year`" + `='-7') LOCATION 's3://b/t/it\'s/'`},
		{tableOf(refresh.Key{Name: "ok", Type: "boolean"}, refresh.Key{Name: "at", Type: "timestamp"}),
			[]refresh.Partition{{Values: []string{"false", "2018-03-01 05:06:07"}, Location: "s3://b/t/"}},
			"ALTER TABLE `db`.`t` ADD IF NOT EXISTS PARTITION (`ok`=false, `at`='2018-03-01 05:06:07') LOCATION 's3://b/t/'"},
	} {
		got, err := Statement(c.table, c.parts)
		if d := cmp.Diff(c.want, got); err != nil || d != "" {
			t.Errorf("Statement: %v\n%s", err, d)
		}
	}
}

func TestStatementRefusesWhatHiveWouldReadDifferently(t *testing.T) {
	integer := refresh.Key{Name: "n", Type: "int"}
	for name, c := range map[string]struct {
		key             refresh.Key
		value, location string
	}{
		"a control character":                 {dt, "a\nb", "s3://b/"},
		"NUL":                                 {dt, "a\x00b", "s3://b/"},
		"a C1 control character":              {dt, "a\u0085b", "s3://b/"},
		"a variable":                          {dt, "${x}", "s3://b/"},
		"a variable in the location":          {dt, "x", "s3://b/${x}/"},
		"what is not UTF-8":                   {dt, "\xff", "s3://b/"},
		"leading zeros of a number":           {integer, "007", "s3://b/"},
		"a plus sign":                         {integer, "+7", "s3://b/"},
		"minus nought":                        {integer, "-0", "s3://b/"},
		"a number that its type doesn't hold": {integer, "2147483648", "s3://b/"},
		"no number":                           {integer, "x", "s3://b/"},
		"no value of a number":                {integer, "", "s3://b/"},
		"a back-quote in a name":              {refresh.Key{Name: "a`b"}, "x", "s3://b/"},
		"no name":                             {refresh.Key{}, "x", "s3://b/"},
	} {
		p := refresh.Partition{Values: []string{c.value}, Location: c.location}
		if s, err := Statement(tableOf(c.key), []refresh.Partition{p}); err == nil {
			t.Errorf("%s is written: %s", name, s)
		}
	}
	if s, err := Statement(tableOf(dt), []refresh.Partition{{Values: []string{"a", "b"}}}); err == nil {
		t.Errorf("more values than keys are written: %s", s)
	}
}

func TestFitsFillsAStatementToTheByte(t *testing.T) {
	for _, text := range []string{"a", "é", "it's", `\`} {
		var parts []refresh.Partition
		for i := range 9000 {
			parts = append(parts, refresh.Partition{Values: []string{fmt.Sprint(i)}, Location: "s3://b/" + strings.Repeat(text, 100) + "/"})
		}
		table := tableOf(dt)
		n := fits(table, parts)
		s, err := Statement(table, parts[:n])
		if err != nil || !utf8.ValidString(s) {
			t.Errorf("%q: %d partitions that fit can't be written: %v", text, n, err)
		}
		if _, err := Statement(table, parts[:n+1]); err == nil {
			t.Errorf("%q: one more than %d fits too", text, n)
		}
		bad := refresh.Partition{Values: []string{"${x}"}} // takes no room
		if with := fits(table, append([]refresh.Partition{bad}, parts...)); with != n+1 {
			t.Errorf("%q: %d fit behind one that can't be written, want %d", text, with-1, n)
		}
		room := maxStatement - len(s) // the last of them fills it, or is a byte too long
		last := parts[n-1].Location
		if parts[n-1].Location = last + strings.Repeat("x", room); fits(table, parts) != n {
			t.Errorf("%q: %d of %d fit that fill a statement", text, fits(table, parts), n)
		}
		if parts[n-1].Location += "x"; fits(table, parts) != n-1 {
			t.Errorf("%q: %d of %d fit that are a byte too long", text, fits(table, parts), n)
		}
	}
}

func TestAStatementIsAtMost262144Bytes(t *testing.T) {
	write := func(padding int) (string, error) {
		return Statement(tableOf(dt), []refresh.Partition{{Values: []string{"x"}, Location: "s3://b/" + strings.Repeat("x", padding)}})
	}
	short, err := write(0)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := write(262_144 - len(short)); err != nil || len(s) != 262_144 {
		t.Errorf("262,144 bytes: %d, %v", len(s), err)
	}
	if s, err := write(262_145 - len(short)); err == nil {
		t.Errorf("%d bytes are written", len(s))
	}
}

func TestFitsIsAtLeastOneAndAtMostFiveThousand(t *testing.T) {
	huge := refresh.Partition{Values: []string{"x"}, Location: strings.Repeat("x", maxStatement)}
	tiny := make([]refresh.Partition, 6000)
	for i := range tiny {
		tiny[i] = refresh.Partition{Values: []string{fmt.Sprint(i)}}
	}
	table := tableOf(refresh.Key{Name: "d"})
	if n := fits(table, []refresh.Partition{huge, tiny[0]}); n != 1 {
		t.Errorf("%d fit where the first is too long by itself", n)
	}
	if n := fits(table, tiny); n != maxClauses {
		t.Errorf("%d of 6,000 tiny ones fit", n)
	}
	bad := refresh.Partition{Values: []string{"${x}"}}
	if n := fits(table, []refresh.Partition{bad, tiny[0], bad}); n != 3 {
		t.Errorf("%d fit where two of three can't be written", n)
	}
}

func TestStatementsHoldAllPartitionsInOrder(t *testing.T) {
	var parts []refresh.Partition
	for i := range 6000 {
		parts = append(parts, refresh.Partition{Values: []string{fmt.Sprint(i)}, Location: fmt.Sprintf("s3://b/%0100d/", i)})
	}
	for rest := parts; len(rest) > 0; {
		n := fits(tableOf(dt), rest)
		s, err := Statement(tableOf(dt), rest[:n])
		if err != nil || n == len(parts) {
			t.Fatalf("%d of %d partitions fit into a statement: %v", n, len(parts), err)
		}
		clauses := parse(t, s).Partitions
		if len(clauses) != n {
			t.Fatalf("%d of %d partitions are in a statement", len(clauses), n)
		}
		for i, c := range clauses {
			if c.Spec[0].Value != rest[i].Values[0] || c.Location != rest[i].Location {
				t.Fatalf("partition %d is %v", i, c)
			}
		}
		rest = rest[n:]
	}
}

func parse(t *testing.T, s string) *hiveql.AddPartitions {
	t.Helper()
	parsed, err := hiveql.Parse(s)
	if err != nil {
		t.Fatalf("Hive refuses %q: %v", s, err)
	}
	add, ok := parsed.(*hiveql.AddPartitions)
	if !ok {
		t.Fatalf("Hive reads %q as a %T", s, parsed)
	}
	return add
}

// FuzzStatement: whatever is written is read back by Hive's grammar as exactly
// the partitions that were meant, and nothing else.
func FuzzStatement(f *testing.F) {
	for i, v := range catalogtest.Hostile() {
		f.Add(v, "s3://b/"+v+"/", v, int64(i))
	}
	f.Fuzz(func(t *testing.T, value, location, key string, n int64) {
		table := tableOf(refresh.Key{Name: "k" + key, Type: "string"}, refresh.Key{Name: "n", Type: "bigint"})
		parts := []refresh.Partition{
			{Values: []string{value, fmt.Sprint(n)}, Location: location},
			{Values: []string{"plain", "0"}, Location: "s3://b/plain/"},
		}
		s, err := Statement(table, parts)
		if err != nil || value == "" || value == "__HIVE_DEFAULT_PARTITION__" || location == "" {
			return // what no partition has (docs/rules.md 3)
		}
		if strings.ContainsAny(s, "\r\n") {
			t.Fatalf("%q is more than one line", s)
		}
		add := parse(t, s)
		if add.Table != (hiveql.TableName{Database: "db", Table: "t"}) || !add.IfNotExists || len(add.Partitions) != 2 {
			t.Fatalf("%q is read as %+v", s, add)
		}
		for i, p := range parts {
			c := add.Partitions[i]
			if len(c.Spec) != 2 || c.Spec[0].Value != p.Values[0] || c.Spec[1].Value != p.Values[1] || c.Location != p.Location {
				t.Errorf("%q is read as %+v, want %+v", s, c, p)
			}
		}
	})
}
