// Package table says which partition of which table an S3 object belongs to,
// by the object's bucket and key alone.
//
// It is pure: it reads no clock, no network and no catalog, so the same object
// always gets the same answer, and everything it decides can be shown to a
// person without touching AWS. Keys are written by strangers; every value that
// leaves this package has been checked against what a partition, a location
// and a table name may hold.
//
// The shapes of keys that it knows are [Layout]s: rules such as
// "{table}/{yyyy}/{MM}/{dd}/{HH}/" that are compiled once, when the
// configuration is read, into short lists of element matchers. The named
// layouts are written in the same language as an operator's own templates.
package table

import "strings"

// Reason is why an object has the outcome it has: one word of a fixed list
// that is the same in the log, the metrics, the dead-letter message and
// explain.
type Reason string

// The reasons that can be found out without a catalog.
const (
	Malformed        Reason = "malformed"          // park: the bucket's name or the key is empty
	UnknownBucket    Reason = "unknown_bucket"     // park: the configuration has no such bucket
	Placeholder      Reason = "placeholder"        // ignore: a console's or Hadoop's marker for a folder
	IgnoredByRule    Reason = "ignored_by_rule"    // ignore: the first matching rule says so
	Companion        Reason = "companion"          // ignore: a source's writer lands it beside its logs
	ErrorOutput      Reason = "error_output"       // ignore: Firehose's folder for what it could not deliver
	Hidden           Reason = "hidden"             // ignore: a name that no engine reads, or a staging folder
	NoLayoutMatch    Reason = "no_layout_match"    // park: no rule or no run of the layout's shape fits
	InvalidTimestamp Reason = "invalid_timestamp"  // park: the run has the shape of a time that no calendar has
	NoTableElement   Reason = "no_table_element"   // park: the element that names the table is missing or empty
	InvalidTableName Reason = "invalid_table_name" // park: not [A-Za-z0-9_]{1,255}
	TableNotAllowed  Reason = "table_not_allowed"  // park: the table is another bucket's
	InvalidLocation  Reason = "invalid_location"   // park: the folder can't be written as a LOCATION
	InvalidValue     Reason = "invalid_value"      // park: a partition value that no engine can hold
)

// Outcome is what becomes of an object.
type Outcome string

const (
	Place  Outcome = "partition" // it belongs to a partition
	Ignore Outcome = "ignore"    // it needs none
	Park   Outcome = "park"      // the rules can't say: a person has to look
)

// Partition is a folder of a table and the values that stand for it.
type Partition struct {
	Table    string   // in lower case
	Keys     []string // names of the partition keys, lower case, in the layout's order; shared, not to be changed
	Values   []string // one for each of Keys
	Location string   // "s3://bucket/folder/", with one trailing slash
}

// Describe is the partition for a person, with what strangers wrote as it is:
// "osquery (dt=2018-01-01-00) at s3://…".
func (p *Partition) Describe() string {
	list := make([]string, len(p.Keys))
	for i, k := range p.Keys {
		list[i] = k + "=" + p.Values[i]
	}
	return p.Table + " (" + strings.Join(list, ", ") + ") at " + p.Location
}

// CutLocation takes s3://bucket/key apart, and says whether it is one.
func CutLocation(text string) (bucket, key string, ok bool) {
	text, ok = strings.CutPrefix(text, "s3://")
	bucket, key, _ = strings.Cut(text, "/")
	return bucket, key, ok
}

// Placement is the answer for one object.
type Placement struct {
	Outcome   Outcome
	Reason    Reason    // "" where Outcome is Place
	Detail    string    // for people: what in the key decided it; quoted where it holds a stranger's text
	Partition Partition // where Outcome is Place
	Parquet   bool      // the layout asks for a table of Parquet files
}

// Bucket is a bucket's rules; the first whose prefix matches a key decides.
type Bucket struct {
	Name  string
	Rules []Rule
}

// Rule sends the keys of a bucket that match it to a table.
type Rule struct {
	// Prefix is a plain string prefix of the key; the element "*" stands for
	// one non-empty element, "**/" at its beginning for any. "" matches every key.
	Prefix string
	// File is a pattern (*, ?) of the key's last element; "" matches every one.
	File string
	// Ignore: matching objects need no partition; all below but Companion is unused.
	Ignore bool
	// Layout is a named layout ("streamalert", "hive", …) or a template.
	Layout string
	// Table is a name or a pattern of captures such as "{schema}_{t}"; needed
	// where the layout doesn't capture {table}.
	Table string
	// Keys are the partition keys of the layout "hive", in their order.
	Keys []string
	// Partition overrides the partition keys of a layout, in order.
	Partition []KeyTemplate

	// The rest is how package source spells out a rule's "source".

	// Source is its name. The rule matches only keys that have the layout's shape.
	Source string
	// Files are patterns of which the key's last element fits one; nil: any.
	Files []string
	// Except are shapes that the rule doesn't match.
	Except []Shape
	// Companion is the shape of what the rule ignores, after all other rules.
	Companion *Shape
	// Number is the rule's in the configuration, from 1; 0: its place in the list.
	Number int
}

// Shape is a sort of keys: where they lie and what their last element looks like.
type Shape struct {
	Layout     string   // a template; "": anywhere
	Files, Not []string // patterns of the last element: one of these, none of those; nil: any
}

// KeyTemplate makes the value of one partition key of a template's captures:
// {"day", "{yyyy}-{MM}-{dd}"}.
type KeyTemplate struct{ Key, Value string }
