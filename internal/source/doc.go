// Package source is what is known of each writer's logs: where its files lie,
// which of them are no logs, the table that reads them, and what to ask of it.
//
// One source is one page: NAME.md in this folder, to be read and written by
// someone who knows the logs and no Go. To add one:
//
//  1. Write NAME.md, as below; copy the page of a source that is alike.
//  2. Write testdata/NAME.txtar, a few objects as the writer lands them.
//  3. Run "go generate ./internal/source", which names the line of a slip and
//     writes nothing then.
//  4. Run "go test ./internal/source", which says what the page or its sample
//     lacks, and then "go test ./cmd/athena-refresh -run TestSamples", which lands
//     the sample in the embedded AWS and asks the page's queries. The answers that
//     it prints are those of the sample: look whether they are right.
//
// Everything else follows from the pages:
// the rules that {"source": "NAME"} stands for in lambda.json, the tables, the
// help, docs/sources.md and the tests. A page is Markdown:
//
//	# Title in a line, such as: CloudTrail's events
//
//	What it is, and the address of the page that documents it. All text before
//	the first block belongs to this.
//
//	```keys
//	AWSLogs/111122223333/CloudTrail/us-east-1/2023/04/14/x.json.gz
//	```
//
// Keys of files as the writer names them, one a line: tests look where each
// goes. The first is the example that the help shows.
//
//	```rules
//	{"layout": "**/AWSLogs/{account}/Example/{yyyy}/{MM}/{dd}/"}
//	```
//
// The rules that the source stands for, one a line. Each takes only keys that
// have its layout's shape. Members:
//
//	layout     a template, as in lambda.json (athena-refresh help layouts)
//	file       what the file's name has to look like: a pattern, or a list of
//	           patterns of which one fits. * is any text, ? one character,
//	           {yyyy} {MM} {dd} {HH} {mm} {ss} are digits
//	table      the table, where it isn't the source's name with - as _: a
//	           name, or a pattern of captures such as {topic}. Where the layout
//	           captures {table} it has to be here, or in the partition: without
//	           it what the folder says would be lost, and two folders one partition
//	partition  the table's partition keys in their order, each with what it is
//	           made of: {"region": "{region}", "dt": "{yyyy}-{MM}-{dd}"};
//	           without it the layout's names, then dt
//	except     shapes, as companions below, that are not this source's logs
//	           although the layout fits: they go on to the next rule
//
// A template may hold three forms more than people usually need:
//
//	{key=}       a folder key=value as Hive names it: the key in any case, the
//	             value unescaped. {key=text}: with just that value
//	{org:o-*}    a name that begins with this text
//	{account:12} a name of so many digits
//
//	```companions
//	{"layout": "**/AWSLogs/{account}/Example-Digest/"}
//	{"file": "ExampleTestFile"}
//	```
//
// What the writer lands beside its logs and is no log, one shape a line: where
// it lies (layout; anywhere without), what its name looks like (file, as above),
// and with "not" a list of patterns that the name must not fit. They are
// ignored, with the reason companion, where no rule of the bucket took them;
// the source itself never takes them. Where a companion's layout begins with
// the same folder as the rule's, that folder has to be the same one.
//
//	```table
//	CREATE EXTERNAL TABLE example (…) ROW FORMAT SERDE '…' STORED AS … TBLPROPERTIES (…)
//	```
//
// The table as the writer documents it, in Hive's DDL, without PARTITIONED BY
// and LOCATION: those follow from the rule.
//
//	```query What it answers, in a line
//	SELECT …
//	```
//	```answer
//	column,column
//	value,value
//	```
//
// Queries, each followed by the answer that the page's sample gives, as CSV with
// a header. A page without a table, because only the files say what is in them,
// has queries to the table of one of its sample's folders.
//
// The sample is testdata/NAME.txtar: a bucket with a few small objects, made by us
// after the documented format, nobody's data. In front of each object stands its
// key, between "-- " and " --". What lands is gzipped if the key ends in .gz; if
// it ends in .parquet the text is a SELECT of DuckDB's whose rows the file has.
// Companions belong into it too, and the files of others that the folder may hold.
//
//	```sample
//	NAME
//	```
//
// Only where pages share a sample, as those of writers to one folder do: the name
// of the page that has it.
//
//	## What to know
//
//	- Warnings and what decides between versions, as plain text: all that
//	  follows this heading.
//
// go generate collects the rules and companions of all pages in rules.json,
// the only part that the function carries, and makes docs/sources.md and the
// README's list of them.
// Tests hold all three together.
package source

//go:generate go test . -run AreThePages -update
//go:generate go test . -run (Is|Has)ThePages -update
