package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"
)

const engineRepair = "repair"

// repairLine is a line of reconcile --engine repair --json.
type repairLine struct {
	Type string `json:"type"` // "repair"
	Line string `json:"line"` // Athena's
}

// repair has Athena look for a table's folders itself, and prints what it says.
func (a *app) repair(ctx context.Context, athena *query.Client, catalog refresh.Reader, router *table.Router, name string) error {
	t, err := catalog.Table(ctx, name)
	if err != nil {
		return explainAWS("reconcile "+name, err)
	}
	if why := cantRepair(router.Feeds(name), &t); why != "" {
		return hint(fmt.Errorf("reconcile --engine repair %s: %s", name, why), "athena-refresh reconcile --fix %s adds what Athena can't see", name)
	}
	stop := terminal.Progress(a.stderr, func() string { return "Athena looks at every folder" })
	result, err := athena.Run(ctx, "MSCK REPAIR TABLE `"+name+"`")
	stop()
	var failed *query.Failed
	switch {
	case errors.As(err, &failed):
		return hint(fmt.Errorf("MSCK REPAIR TABLE %s: %w", name, err),
			"one folder whose name Hive would write otherwise fails it as a whole: athena-refresh reconcile --fix %s adds all others", name)
	case err != nil:
		return explainAWS("reconcile "+name, err)
	}
	return a.sayRepaired(ctx, result)
}

func (a *app) sayRepaired(ctx context.Context, result *query.Result) error {
	for row, err := range result.Rows(ctx) {
		if err != nil {
			return queryError(err)
		}
		line := strings.Join(texts(row, ""), "\t")
		if a.json {
			err = printJSON(a.stdout, repairLine{"repair", line})
		} else {
			err = a.printf("Athena: %s\n", terminal.Escape(line))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cantRepair says why MSCK REPAIR TABLE would find none of a table's folders, or
// "": it looks directly below the table's location for folders key=value, with
// the table's keys in their order.
func cantRepair(feeds []table.Feed, t *refresh.Table) string {
	if why := t.Refuses(); why.Reason != "" {
		return why.Detail
	}
	var keys []string
	for _, k := range t.Keys {
		keys = append(keys, k.Name)
	}
	why := ""
	for _, f := range feeds {
		switch {
		case !f.KeyValue:
			why = fmt.Sprintf("Athena sees only folders named key=value, and those of %s are not", f.Layout)
		case !slices.Equal(f.Keys, keys):
			why = fmt.Sprintf("Athena sees only folders in the order of the table's keys, %s; those of bucket %s are in the order %s",
				strings.Join(keys, ", "), f.Bucket, strings.Join(f.Keys, ", "))
		case !strings.HasPrefix(refresh.Folder(t.ID.Location), "s3://"+f.Bucket+"/"):
			why = fmt.Sprintf("Athena sees only what is below the table's location, %s; bucket %s feeds it", t.ID.Location, f.Bucket)
		default:
			return ""
		}
	}
	return why
}
