package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/config"
	"athenarefresh/internal/prompt"
	"athenarefresh/internal/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
)

func (a *app) query() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "query [SQL]",
		Short: "Search the tables with Athena",
		Long: `Query runs a statement through Athena, in the work group and the database of the
configuration, and prints the rows: as a table on a terminal, as CSV otherwise.
Without SQL it is a prompt, with a history and completion; off a terminal it reads
statements from stdin.`,
		Example: `  athena-refresh query "SELECT rule_name, count(*) FROM alerts GROUP BY 1"`,
		Args: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"", "table", "csv", "json"}, format) {
				return fmt.Errorf("query: --format %s: it is table, csv or json", format)
			}
			if len(args) > 1 {
				return errors.New("query: one statement, in quotes")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			cfg, err := a.aws(cmd.Context(), c)
			if err != nil {
				return err
			}
			search := searcher(cfg, c)
			switch {
			case len(args) == 1:
				return a.search(cmd.Context(), search, args[0], a.rowFormat(format))
			case terminal.Is(a.stdin):
				ctx, stop := a.undisturbed(cmd.Context())
				defer stop()
				return a.prompt(ctx, search, glue.NewTables(cfg, c.Database))
			}
			return a.answers(cmd.Context(), search, a.statements(), a.rowFormat(format))
		},
	}
	a.jsonFlag(cmd)
	cmd.Flags().StringVar(&format, "format", "", "table, csv or json (default table on a terminal, else csv)")
	return cmd
}

// rowFormat is the format that was asked for, or the one that suits stdout.
func (a *app) rowFormat(asked string) string {
	switch {
	case a.json:
		return "json"
	case asked != "":
		return asked
	case terminal.Is(a.stdout):
		return "table"
	}
	return "csv"
}

func searcher(cfg aws.Config, c *config.Config) *query.Client {
	return query.New(cfg, query.Options{Database: c.Database, WorkGroup: c.WorkGroup, ResultsBucket: c.ResultsBucket})
}

// search runs a statement and prints its rows in a format.
func (a *app) search(ctx context.Context, client *query.Client, sql, format string) error {
	stop := terminal.Progress(a.stderr, func() string { return "Athena works on it" })
	result, err := client.Run(ctx, sql)
	stop()
	if err != nil {
		return queryError(err)
	}
	print := rowPrinter(format, a.stdout, result.Columns)
	for row, err := range result.Rows(ctx) {
		if err != nil {
			return queryError(err)
		}
		if err := print.row(row); err != nil {
			return fmt.Errorf("write a result: %w", err)
		}
	}
	if err := print.close(); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	return nil
}

// queryError leaves Athena's own words as they are.
func queryError(err error) error {
	var failed *query.Failed
	if errors.As(err, &failed) {
		return err
	}
	return explainAWS("query", err)
}

// printer prints the rows of a result; row is called for each, close last.
type printer struct {
	row   func(query.Row) error
	close func() error
}

func rowPrinter(format string, w io.Writer, columns []query.Column) printer {
	switch format {
	case "json":
		return jsonRows(w, columns)
	case "table":
		return tableRows(w, "", columns)
	}
	return csvRows(w, columns)
}

// csvRows prints a header and the rows; NULL is an empty field, an empty
// string "", as in Athena's own files.
func csvRows(w io.Writer, columns []query.Column) printer {
	out := bufio.NewWriter(w)
	begun := len(columns) == 0
	begin := func() {
		if begun {
			return
		}
		begun = true
		header := make(query.Row, len(columns))
		for i := range columns {
			header[i] = &columns[i].Name
		}
		prompt.CSVLine(out, header)
	}
	return printer{
		row: func(r query.Row) error {
			begin()
			return prompt.CSVLine(out, r)
		},
		close: func() error {
			begin()
			return out.Flush()
		},
	}
}

func texts(r query.Row, null string) []string {
	cells := make([]string, len(r))
	for i, v := range r {
		cells[i] = null
		if v != nil {
			cells[i] = *v
		}
	}
	return cells
}

// tableRows prints columns for a person.
func tableRows(w io.Writer, indent string, columns []query.Column) printer {
	t := &terminal.Table{Width: terminal.Width(w), Indent: indent}
	for _, c := range columns {
		t.Header, t.Right = append(t.Header, c.Name), append(t.Right, c.Numeric())
	}
	t.To(w)
	if len(columns) == 0 {
		return printer{row: func(query.Row) error { return nil }, close: func() error { return nil }}
	}
	return printer{row: func(r query.Row) error { return t.Row(texts(r, "NULL")) }, close: t.Close}
}

// jsonRows prints an object a line, with the columns in their order. Numbers
// and booleans are JSON's, all else is a string, as Athena hands it out.
func jsonRows(w io.Writer, columns []query.Column) printer {
	return printer{
		row: func(r query.Row) error {
			var b bytes.Buffer
			b.WriteByte('{')
			for i, c := range columns {
				if i > 0 {
					b.WriteByte(',')
				}
				name, err := json.Marshal(c.Name)
				if err != nil {
					return err
				}
				b.Write(append(name, ':'))
				value, err := jsonValue(c, r[i])
				if err != nil {
					return err
				}
				b.Write(value)
			}
			b.WriteByte('}')
			return printJSON(w, json.RawMessage(b.Bytes()))
		},
		close: func() error { return nil },
	}
}

func jsonValue(c query.Column, v *string) ([]byte, error) {
	switch {
	case v == nil:
		return []byte("null"), nil
	case c.Numeric() && json.Valid([]byte(*v)):
		return []byte(*v), nil
	case c.Type == "boolean":
		if b, err := strconv.ParseBool(*v); err == nil {
			return json.Marshal(b)
		}
	}
	return json.Marshal(*v)
}
