package refresh

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"athenarefresh/internal/table"
)

// A value is text in a key, and text in the catalog. What a query makes of it
// depends on the type of the table's key: text that the type can't hold is NULL,
// or fails the query. What it can hold can often be written in several ways, and
// writers differ in which they store. We write the canonical form, and look for
// these:
//
//	type           canonical              others may have stored
//	tinyint … int  7                      as in the key, 07
//	decimal(p,s)   1.5                    as in the key, 1.50 (all of s)
//	float, double  1.5                    as in the key, 1.0 for 1
//	boolean        true                   as in the key
//	date           2026-01-02             as in the key
//	timestamp      2026-01-02 03:04:05    as in the key, 2026-01-02 03:04:05.0
//	char(n)        without spaces at end  as in the key, filled up to n
//	varchar(n)     as in the key
//	any other      as in the key

// forms are the ways to write one value: the canonical one, the key's, and
// another that some writers store.
type forms [3]string

// formsOf returns a value's forms; false where the type can't hold it.
func formsOf(hiveType, value string) (s forms, ok bool) {
	base, arguments := hiveType, []int(nil)
	if m := typeArguments.FindStringSubmatch(hiveType); m != nil {
		base = m[1]
		for _, a := range strings.Split(m[2], ",") {
			n, err := strconv.Atoi(strings.TrimSpace(a))
			if err != nil {
				return forms{value, value, value}, true // no type of Hive's
			}
			arguments = append(arguments, n)
		}
	}
	canonical, other, ok := formsAs(base, arguments, value)
	return forms{canonical, value, other}, ok
}

var typeArguments = regexp.MustCompile(`^(\w+)\s*\(([^()]*)\)$`)

func formsAs(base string, arguments []int, value string) (canonical, other string, ok bool) {
	if bits := (Key{Type: base}).Bits(); bits > 0 {
		return integerForms(value, bits)
	}
	switch base {
	case "decimal", "numeric", "dec":
		return decimalForms(value, arguments)
	case "float":
		return floatForms(value, 32)
	case "double", "double precision":
		return floatForms(value, 64)
	case "boolean":
		canonical = strings.ToLower(value)
		return canonical, canonical, canonical == "true" || canonical == "false"
	case "date":
		t, err := time.Parse("2006-1-2", value)
		canonical = t.Format(time.DateOnly)
		return canonical, canonical, err == nil && t.Year() > 0
	case "timestamp":
		return timestampForms(value)
	case "char":
		return charForms(value, arguments)
	case "varchar":
		return value, value, len(arguments) != 1 || utf8.RuneCountInString(value) <= arguments[0]
	}
	return value, value, true
}

// integerForms: some writers store 01 and others 1, whatever the folder is called.
func integerForms(value string, bits int) (canonical, other string, ok bool) {
	n, err := strconv.ParseInt(value, 10, bits)
	canonical = strconv.FormatInt(n, 10)
	if other = canonical; len(canonical) == 1 {
		other = "0" + canonical
	}
	return canonical, other, err == nil
}

var decimalShape = regexp.MustCompile(`^([+-]?)0*(\d*?)(?:\.(\d*?)0*)?$`)

// decimalForms: Hive's decimal without arguments is decimal(10,0). One with more
// digits than the type has would be rounded, so the type can't hold it.
func decimalForms(value string, arguments []int) (canonical, other string, ok bool) {
	precision, scale := 10, 0
	if len(arguments) > 0 {
		precision = arguments[0]
	}
	if len(arguments) > 1 {
		scale = arguments[1]
	}
	m := decimalShape.FindStringSubmatch(value)
	if m == nil || !strings.ContainsAny(value, "0123456789") || len(m[2]) > precision-scale || len(m[3]) > scale {
		return value, value, false
	}
	whole := m[2]
	if whole == "" {
		whole = "0"
	}
	if m[1] == "-" && whole+m[3] != "0" {
		whole = "-" + whole
	}
	canonical, other = whole, whole
	if m[3] != "" {
		canonical += "." + m[3]
	}
	if scale > 0 {
		other += "." + m[3] + strings.Repeat("0", scale-len(m[3]))
	}
	return canonical, other, true
}

func floatForms(value string, bits int) (canonical, other string, ok bool) {
	f, err := strconv.ParseFloat(value, bits)
	if err != nil || strings.ContainsAny(value, "xXpPnN_") { // hexadecimal, Inf, NaN
		return value, value, false
	}
	canonical = strconv.FormatFloat(f, 'f', -1, bits)
	if other = canonical; !strings.Contains(canonical, ".") {
		other += ".0"
	}
	return canonical, other, true
}

// timestampShapes are those that both Hive and Trino read; T stands between day
// and time in neither.
var timestampShapes = []string{"2006-1-2 15:4:5.999999999", "2006-1-2 15:4:5", "2006-1-2 15:4", "2006-1-2"}

// timestampForms: Hive writes a fraction in any case.
func timestampForms(value string) (canonical, other string, ok bool) {
	for _, shape := range timestampShapes {
		t, err := time.Parse(shape, value)
		if err != nil || t.Year() == 0 {
			continue
		}
		canonical = t.Format("2006-01-02 15:04:05.999999999")
		if other = canonical; t.Nanosecond() == 0 {
			other += ".0"
		}
		return canonical, other, true
	}
	return value, value, false
}

// charForms: spaces at the end of a char say nothing.
func charForms(value string, arguments []int) (canonical, other string, ok bool) {
	canonical = strings.TrimRight(value, " ")
	if len(arguments) != 1 {
		return canonical, canonical, canonical != ""
	}
	missing := arguments[0] - utf8.RuneCountInString(canonical)
	return canonical, canonical + strings.Repeat(" ", max(missing, 0)), missing >= 0 && canonical != ""
}

// someValue is a value that fits the key's type.
func (k Key) someValue() string {
	for _, v := range []string{"x", "1", "2026-01-02", "true"} {
		if _, ok := formsOf(k.Type, v); ok {
			return v
		}
	}
	return "x"
}

// Identity tells a partition from the table's others, by its values as the
// catalog has them: 1 and 01 are the same where the key is a number. False if
// these are not as many values as the table has keys.
func (tab *Table) Identity(stored []string) (string, bool) {
	if len(stored) != len(tab.Keys) {
		return "", false
	}
	values := make([]string, len(stored))
	for i, v := range stored {
		values[i] = v
		if s, ok := formsOf(tab.Keys[i].Type, v); ok { // else some other writer's
			values[i] = s[0]
		}
	}
	return identity(values), true
}

// AsWritten says whether stored values are just as we would write them, rather
// than 01 where the key is a number.
func (tab *Table) AsWritten(stored []string) bool {
	id, ok := tab.Identity(stored)
	return ok && id == identity(stored)
}

// Values are those of a partition in the order of the table's keys, as the
// catalog would be given them; all are those under which it may have them.
// Where a table that takes partitions can't have this one, why says so.
func (tab *Table) Values(p *table.Placement) (values []string, all [][]string, why Answer) {
	if why = tab.format(p.Parquet); why.Reason == "" {
		all, why = tab.written(&p.Partition)
	}
	if why.Reason != "" {
		return nil, nil, why
	}
	return all[0], all, Answer{}
}

// Accepts returns why the table can't take partitions with these keys, in any
// order, as settling a message would say it; the Reason is "" if it can. values are
// one partition's, as an example; an empty or missing one counts as fitting.
func (tab *Table) Accepts(keys, values []string, parquet bool) Answer {
	if why := tab.Refuses(); why.Reason != "" {
		return why
	}
	p := table.Placement{Partition: table.Partition{Table: tab.ID.Name, Keys: keys}, Parquet: parquet}
	for i, name := range keys {
		value := "x"
		if i < len(values) && values[i] != "" {
			value = values[i]
		} else if at := slices.IndexFunc(tab.Keys, func(k Key) bool { return k.Name == name }); at >= 0 {
			value = tab.Keys[at].someValue()
		}
		p.Partition.Values = append(p.Partition.Values, value)
	}
	_, _, why := tab.Values(&p)
	return why
}

// Refuses says why no partition can be added to the table, whatever it is.
func (tab *Table) Refuses() Answer {
	switch tab.Kind {
	case Projected:
		return Answer{Reason: ProjectedTable, Detail: fmt.Sprintf("Athena computes the partitions of table %s", tab.ID.Name)}
	case NotHive:
		return Answer{Reason: NotAHiveTable, Detail: fmt.Sprintf("table %s is: %s", tab.ID.Name, tab.KindName)}
	}
	return Answer{}
}

// format says why the table can't have an object of the format.
func (tab *Table) format(parquet bool) Answer {
	if parquet && !tab.Parquet {
		return Answer{Reason: FormatMismatch, Detail: fmt.Sprintf("a Parquet file, but table %s is not of Parquet files", tab.ID.Name)}
	}
	return Answer{}
}

// written are a partition's values in the order of the table's keys, as the
// catalog may have them: at most three ways, the canonical one first. If it is
// there under any of them it must not be added again: a query would find its rows
// twice. Where the table's types can't have them, why says so.
func (tab *Table) written(p *table.Partition) (ways [][]string, why Answer) {
	mismatch := len(tab.Keys) != len(p.Keys)
	var all [len(forms{})][]string
	for _, k := range tab.Keys {
		at := slices.Index(p.Keys, k.Name)
		if mismatch = mismatch || at < 0; mismatch {
			break
		}
		f, ok := formsOf(k.Type, p.Values[at])
		if !ok {
			return nil, Answer{Reason: InvalidValue, Detail: fmt.Sprintf("%s=%q is no %s, which the key of table %s is",
				k.Name, p.Values[at], k.Type, tab.ID.Name)}
		}
		for i := range all {
			all[i] = append(all[i], f[i])
		}
	}
	if mismatch {
		return nil, Answer{Reason: PartitionKeysMismatch, Detail: fmt.Sprintf(
			"the layout has the partition keys %s, table %s has %s", strings.Join(p.Keys, ", "), tab.ID.Name, tab.keyList())}
	}
	for _, w := range all {
		if !slices.ContainsFunc(ways, func(o []string) bool { return slices.Equal(o, w) }) {
			ways = append(ways, w)
		}
	}
	return ways, Answer{}
}

func (tab *Table) keyList() string {
	if len(tab.Keys) == 0 {
		return "none"
	}
	var list []string
	for _, k := range tab.Keys {
		list = append(list, k.Name+" "+k.Type)
	}
	return strings.Join(list, ", ")
}

// takes says whether the table's types can have a partition's values.
func (tab *Table) takes(p *table.Partition) bool {
	_, why := tab.written(p)
	return why.Reason == ""
}

// partition is a want as the catalog is to have it, which the table takes.
func (tab *Table) partition(w *want) Partition {
	ways, _ := tab.written(&w.part)
	return Partition{Values: ways[0], Location: w.part.Location}
}
