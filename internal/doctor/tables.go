package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/table"
)

func database(err error, name string) Finding {
	if err != nil {
		return unread(catalogError(err), "glue:GetTables on "+name, known(Wrong, name, faults.New("database_missing", faults.Args{"database": name})))
	}
	return ok("it exists")
}

func (x *examination) table(ctx context.Context, name string) Finding {
	if _, err := x.database(); errors.Is(catalogError(err), ErrMissing) {
		return unchecked("see database", "")
	}
	tab, err := x.Facts.Catalog.Table(ctx, name)
	if err != nil {
		return unread(catalogError(err), "glue:GetTable on "+name, missingTable(name, x.Router.RulesFor(name)))
	}
	return judgeTable(tab, x.Router.RulesFor(name))
}

// missingTable: its messages wait, and are tried again for a day at least.
func missingTable(name string, rules []table.TableRule) Finding {
	return known(Wrong, name, faults.New("table_missing", faults.Args{"table": name, "create": "athena-refresh " + Creation(name, rules)}))
}

// Creation is the command that makes a table, of its source, of StreamAlert's
// schema of alerts or of what is there.
func Creation(name string, rules []table.TableRule) string {
	_, known := schema.Named(table.SourceOf(rules))
	switch {
	case known:
		return "table create " + name
	case name == "alerts":
		return "table create alerts --schema alerts"
	case len(rules) > 0:
		return "table create " + name + " --from " + rules[0].Location()
	}
	return "table create " + name + " --schema FILE"
}

// catalogError puts the catalog's sentinels in the words of this package.
func catalogError(err error) error {
	switch {
	case errors.Is(err, refresh.ErrDatabaseMissing), errors.Is(err, refresh.ErrTableMissing):
		return fmt.Errorf("%w: %w", ErrMissing, err)
	case errors.Is(err, refresh.ErrAccessDenied):
		return fmt.Errorf("%w: %w", ErrDenied, err)
	}
	return err
}

// judgeTable judges a table by what settling a message would say of it.
func judgeTable(tab refresh.Table, rules []table.TableRule) Finding {
	var asked []string
	for _, f := range rules {
		if !f.Named {
			continue // it feeds whatever table its keys name
		}
		why := accepts(tab, f)
		switch why.Reason {
		case "":
		case refresh.ProjectedTable:
			return warning(why.Detail+": nothing is added, and nothing needs to be", fmt.Sprintf(`make the rule that feeds it {"ignore": true} (rule %d of bucket %s)`, f.Rule, f.Bucket))
		default:
			return wrong(fmt.Sprintf("%s; what lands for it is parked (%s)", why.Detail, why.Reason), mend(why.Reason, tab, f))
		}
		asked = append(asked, f.Bucket)
	}
	if buckets := table.BucketsOf(slices.DeleteFunc(slices.Clone(rules), func(f table.TableRule) bool { return !byTimeAlone(f) })); len(buckets) > 1 {
		return warning(fmt.Sprintf("%s feed it, and its partitions are of a time alone: of what both have at one time the second is parked (%s)", strings.Join(buckets, " and "), refresh.LocationConflict),
			"give each bucket a table of its own, or its rules a key that tells the buckets apart")
	}
	if at := bucketOf(tab.ID.Location); len(asked) > 0 && !slices.Contains(asked, at) {
		return warning(fmt.Sprintf("it is at %s, but is fed from %s; its partitions will be there", tab.ID.Location, strings.Join(asked, ", ")),
			"athena-refresh table show "+tab.ID.Name+"; a partition may be anywhere, but whoever searches must be allowed to read there")
	}
	return ok("%s", described(tab))
}

// byTimeAlone says whether a rule names a table and its partitions only the time.
func byTimeAlone(f table.TableRule) bool {
	return f.Named && !slices.ContainsFunc(f.Samples, func(values []string) bool { return slices.Contains(values, "") })
}

// accepts is what a table says to a rule's partitions; one way to write the
// layout that fits is enough.
func accepts(tab refresh.Table, f table.TableRule) (why refresh.Answer) {
	for _, values := range f.Samples {
		if why = tab.Accepts(f.Keys, values, f.Parquet); why.Reason == "" {
			break
		}
	}
	return why
}

// mend is what to do about a table that can't have what a rule places there.
func mend(reason refresh.Reason, tab refresh.Table, f table.TableRule) string {
	if reason == refresh.PartitionKeysMismatch || reason == refresh.InvalidValue {
		return fmt.Sprintf("correct rule %d of bucket %s, or make the table again with the keys %s: athena-refresh table drop %s, then %s",
			f.Rule, f.Bucket, strings.Join(f.Keys, ", "), tab.ID.Name, Creation(tab.ID.Name, []table.TableRule{f}))
	}
	return fmt.Sprintf("correct rule %d of bucket %s (%s), or name another table there", f.Rule, f.Bucket, f.Layout)
}

func described(tab refresh.Table) string {
	return fmt.Sprintf("partitioned by %s, at %s", strings.Join(tab.KeyNames(), ", "), tab.ID.Location)
}

// bucketOf is the bucket of a location.
func bucketOf(location string) string {
	_, rest, _ := strings.Cut(location, "://")
	bucket, _, _ := strings.Cut(rest, "/")
	return bucket
}
