package athena

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/refresh"
)

// hiveCases is where the statements go that Hive is to read: testdata/hive/README.md.
var hiveCases = flag.String("hive-cases", "", "write the corpus's cases to this file, for Hive to read")

// hiveCase is a line of testdata/hive/corpus.ndjson: a value and a location,
// the statement that adds them or why none is written, and what Hive's parser
// makes of the statement. A statement of someone else's has neither.
type hiveCase struct {
	Type      string    `json:"type,omitempty"`
	Value     *string   `json:"value,omitempty"`
	Location  string    `json:"location,omitempty"`
	Refused   string    `json:"refused,omitempty"`
	Statement string    `json:"statement,omitempty"`
	Hive      *hiveRead `json:"hive,omitempty"`
}

// hiveRead is what Hive understood, or its error.
type hiveRead struct {
	Values    []string `json:"values,omitempty"`
	Locations []string `json:"locations,omitempty"`
	Error     string   `json:"error,omitempty"`
}

func TestHiveReadsBackWhatIsWritten(t *testing.T) {
	cases := cases()
	if *hiveCases != "" {
		writeCases(t, cases)
		return
	}
	corpus := readCorpus(t)
	if len(corpus) != len(cases) {
		t.Fatalf("the corpus has %d lines, there are %d cases: make it anew", len(corpus), len(cases))
	}
	written := 0
	for i, c := range cases {
		got := corpus[i]
		hive := got.Hive
		got.Hive = nil
		if d := cmp.Diff(c, got); d != "" {
			t.Fatalf("line %d is not what is written now (-now +corpus): make the corpus anew\n%s", i+1, d)
		}
		if c.Value == nil || c.Refused != "" {
			continue
		}
		written++
		want := &hiveRead{Values: []string{*c.Value}, Locations: []string{c.Location}}
		if d := cmp.Diff(want, hive); d != "" {
			t.Errorf("line %d: Hive reads %s otherwise (-want +Hive):\n%s", i+1, c.Statement, d)
		}
	}
	if written < 200 {
		t.Errorf("only %d statements are written", written)
	}
}

func readCorpus(t *testing.T) (corpus []hiveCase) {
	t.Helper()
	f, err := os.Open("testdata/hive/corpus.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c hiveCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		corpus = append(corpus, c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return corpus
}

func writeCases(t *testing.T, cases []hiveCase) {
	t.Helper()
	f, err := os.Create(*hiveCases)
	if err != nil {
		t.Fatal(err)
	}
	out := json.NewEncoder(f)
	out.SetEscapeHTML(false)
	for _, c := range cases {
		if err := out.Encode(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// cases are the corpus's, without what Hive says.
func cases() (all []hiveCase) {
	for _, v := range hostileValues() {
		all = append(all, writtenCase("string", v, "s3://b/"+v+"/"))
	}
	for _, typ := range []string{"tinyint", "smallint", "int", "bigint"} {
		for _, v := range []string{"0", "7", "-7", "127", "-128", "32767", "2147483647", "-2147483648", "9223372036854775807", "-9223372036854775808", "007", "-0"} {
			all = append(all, writtenCase(typ, v, "s3://b/"))
		}
	}
	for _, l := range foreignLiterals() {
		all = append(all,
			hiveCase{Statement: "ALTER TABLE db.t_string ADD PARTITION (k=" + l + ")"},
			hiveCase{Statement: "ALTER TABLE db.t_string ADD PARTITION (k='x') LOCATION " + l})
	}
	for _, s := range foreignStatements {
		all = append(all, hiveCase{Statement: s})
	}
	return all
}

func writtenCase(typ, value, location string) hiveCase {
	c := hiveCase{Type: typ, Value: &value, Location: location}
	table := refresh.Table{ID: refresh.TableID{Database: "db", Name: "t_" + typ}, Keys: []refresh.Key{{Name: "k", Type: typ}}}
	statement, err := Statement(table, []refresh.Partition{{Values: []string{value}, Location: location}})
	if c.Statement = statement; err != nil {
		c.Refused = err.Error()
	}
	return c
}

// hostileValues are every ASCII character, alone and within a value, and
// whatever else a reader of literals, statements or names may trip over.
func hostileValues() []string {
	var all []string
	for c := range 0x80 {
		all = append(all, string(rune(c)), fmt.Sprintf("a%cb", c), fmt.Sprintf(`\%c`, c), fmt.Sprintf(`%c\`, c))
	}
	return append(all,
		"O'Brien", "O''Brien", `O\'Brien`, `"quoted"`, `""`, "''", `'"'`, "`back`", `\\`, `\\\`, `a\d`, `trailing\`, `trailing\\`, `trailing\'`,
		`\u00e9`, `\u0027`, `\\u0027`, `\047`, `\\047`, `\134'`, `\x27`, "%27", "%", "%%", "%s", `\%`, `\_`, "100%25",
		"${x}", "a${x}b", "$${x}", "$x", "$ {x}", "{x}", "${hiveconf:x}", `$\{x}`,
		"a;b", ";", "; DROP TABLE t", "a--b", "-- comment", "--", "/* comment */", "*/", "/*", "#", "') LOCATION 's3://x/' PARTITION (k='", `\') LOCATION \'s3://x/`,
		"=", "k=v", "k='v'", ",", "()", "NULL", "null", "true", "DATE '2024-02-29'", "007", "7L", "-0", "1e3", "1.50", "2024-02-29 10:02",
		"日本", "é", "e\u0301", "\u0301", "Ａ", "😀", "👩‍👩‍👧", "\U0010ffff", "\ufffd", "\ufeff", "a\ufeffb", "\u2028", "\u2029", "\u00a0", "\u3000", "\u200b", "\u202e", "\u2018\u2019", "ʼ", "＇", "\u0085", "\u009f", "\x7f",
		" ", "  ", " a ", "\r\n", "a\r\nb", "\t", strings.Repeat(`\`, 100), strings.Repeat("'", 100), strings.Repeat(`'"\`+"`é😀", 100), strings.Repeat("x", 5000),
		`mixed 'single' "double" \back\ `+"`tick`"+` %41 ${ é 日本 😀 ; -- /* */`, `mixed 'single' "double" \back\ `+"`tick`"+` %41 é 日本 😀 ; -- /* */`,
	)
}

// foreignLiterals are literals as other tools or an attacker write them, and
// what isn't one.
func foreignLiterals() []string {
	var all []string
	for c := range 0x80 {
		all = append(all, fmt.Sprintf(`'a\%cb'`, c), fmt.Sprintf("'a%cb'", c), fmt.Sprintf("'a'%c'b'", c))
	}
	for _, digits := range []string{"0", "1", "7", "8", "9", "00", "07", "12", "18", "000", "001", "011", "047", "101", "134", "177", "178", "181", "200", "277", "377", "400", "0471", "1011"} {
		all = append(all, `'\`+digits+`'`, `'\`+digits+`z'`)
	}
	for _, digits := range []string{"", "0", "00", "00e", "00e9", "00E9", "00e9z", "00g9", "000z", "zzzz", "-001", "+041", "0027", "005c", "0000", "000a", "d83d", "ude00", "d83d\\ude00", "ffff", "fffe", "feff", "2028", "００ｅ９", "٠٠٤١"} {
		all = append(all, `'\u`+digits+`'`, `"a\u`+digits+`b"`)
	}
	return append(all,
		`''`, `""`, `'a'`, `"a"`, `'a"b'`, `"a'b"`, `'a''b'`, `"a""b"`, `'a'"b"`, `''''`, `''''''`, `"""`, `'''`, `'a`, `a'`, `'a\'`, `'a\\'`, `'a\\\'`, `"a\"`, `"a\""`, `'\`, `\'a\'`,
		`'a' 'b'`, `'a' "b"`, "'a'\n'b'", "'a' /* c */ 'b'", "'a' -- c\n 'b'", "'a'--c", `'a' + 'b'`, `'a' || 'b'`, `'a'b`, `a'b'`,
		`'\u00''41'`, `'\u0''041'`, `'\04''7'`, `'\'''`, `'a\''b'`, `'a'/**/`, `'a\
b'`, "'a\nb'", "'a\r\nb'", "'\\\n'", `'\😀'`, `'\é'`, `'\日本'`, `'😀'`, `'日本'`, "'e\u0301'", "'\u2028'", "'\ufeff'", "\ufeff'a'", "'\u0000'", "\u2018a\u2019", "＇a＇", "\u00a0'a'",
		"`a`", "a", "k", "NULL", "true", "FALSE", "7", "007", "-7", "+7", "0", "-0", "1.50", "1.", ".5", "1e3", "1E-3", "7L", "7S", "7Y", "7BD", "7D", "7LL", "7l", "127Y", "128Y", "32768S", "9223372036854775807L", "9223372036854775808L", "0x7", "9223372036854775808", "123456789012345678901234567890", "1 2", "- 7", "--7",
		`DATE '2024-02-29'`, `date '2024-02-29'`, `DATE '2024-02-30'`, `DATE 'x'`, `DATE`, `TIMESTAMP '2024-02-29 10:02:03'`, `TIMESTAMP 'x'`, `CURRENT_DATE`, `INTERVAL '1' DAY`, `_utf8 'a'`, `_UTF-8 0x41`, `x'41'`, `concat('a')`, `('a')`, `${x}`, `'${x}'`, `'${hiveconf:x}'`, `'%27'`, `'a;b'`, `'a';`, `;'a'`, `'--'`, `'/*'`, `'a'#`, "'"+strings.Repeat("x", 5000)+"'", `'`+strings.Repeat(`\\`, 200)+`'`, strings.Repeat(`'a'`, 200),
	)
}

// foreignStatements hold literals in other places.
var foreignStatements = []string{
	`ALTER TABLE db.t_string ADD PARTITION (k='') LOCATION ''`,
	`ALTER TABLE db.t_string ADD PARTITION (k='a') LOCATION 's3://b/a' PARTITION (k='b') LOCATION 's3://b/b'`,
	`ALTER TABLE db.t_string ADD PARTITION (k='a') LOCATION 's3://b/a', PARTITION (k='b') LOCATION 's3://b/b'`,
	`ALTER TABLE db.t_string ADD PARTITION (k='a') LOCATION 's3://b/a' LOCATION 's3://b/b'`,
	`ALTER TABLE db.t_string ADD PARTITION ('k'='a')`,
	`ALTER TABLE db.t_string ADD PARTITION ("k"='a')`,
	"ALTER TABLE db.t_string ADD PARTITION (`k`='a')",
	"ALTER TABLE db.t_string ADD PARTITION (`K`='a')",
	`ALTER TABLE db.t_string ADD PARTITION (k='a';)`,
	`ALTER TABLE db.t_string ADD PARTITION (k='a');`,
	`ALTER TABLE db.t_string ADD PARTITION (k='a'); DROP TABLE t`,
	`ALTER TABLE db.t_string ADD PARTITION (k='a') -- comment`,
	`ALTER TABLE db.t_string ADD PARTITION (k='a') /* comment */`,
	`ALTER TABLE db.t_string ADD PARTITION (k='a') # comment`,
	"ALTER TABLE db.t_string ADD PARTITION (k=--'a'\n'b')",
	"ALTER TABLE\tdb.t_string\nADD\r\nPARTITION\f(k='a')",
	"ALTER TABLE db.t_string ADD PARTITION (k\v='a')",
	"ALTER TABLE db.t_string ADD PARTITION (k\u00a0='a')",
	`ALTER TABLE db.t_string ADD PARTITION (k=='a')`,
	`ALTER TABLE db.t_string ADD PARTITION (k)`,
	`ALTER TABLE db.t_string ADD PARTITION ()`,
	`ALTER TABLE db.t_string ADD PARTITION (k='a',)`,
	`ALTER TABLE db.t_string ADD IF NOT EXISTS PARTITION (k='a')`,
	`ALTER TABLE db.t_int ADD PARTITION (k='-007')`,
	`ALTER TABLE db.t_int ADD PARTITION (k='007')`,
	`ALTER TABLE db.t_int ADD PARTITION (k=007)`,
	`ALTER TABLE db.t_int ADD PARTITION (k=-7)`,
	`ALTER TABLE db.t_string ADD IF EXISTS PARTITION (k='a')`,
}
