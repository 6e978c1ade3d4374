package athena

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// maxResult bounds a result: it is held in memory once, to be put whole.
const maxResult = 256 << 20 // bytes of its CSV

// maxValue bounds a value (Athena user guide, service quotas: the size of a
// row or its columns).
const maxValue = 32 << 20

// result collects what a statement answers. Its rows go to the output
// location as Athena writes them, and line by line as JSON into a file of the
// engine's own, from which GetQueryResults pages: it tells NULL from "" and a
// page's token is an offset in it.
type result struct {
	columns []columnInfo
	scanned int64  // bytes of the files that were read
	text    []byte // the body of the output object
	rows    []byte // a JSON array of strings and nulls on each line
}

// addLines adds rows of a DDL statement, each of which is one string, whatever its
// columns are.
func (r *result) addLines(lines []string, columns ...string) error {
	for _, name := range columns {
		r.columns = append(r.columns, columnInfo{CatalogName: "hive", Name: name, Label: name, Type: "string", Nullable: "UNKNOWN"})
	}
	for _, line := range lines {
		r.text = append(append(r.text, line...), '\n')
		if err := r.addRow([]*string{&line}); err != nil {
			return err
		}
	}
	return nil
}

// addCSV adds a row of a SELECT: every value quoted, NULL as nothing.
func (r *result) addCSV(row []*string) error {
	for i, v := range row {
		if v != nil && len(*v) > maxValue {
			return userFailure(typeLimit, "EXCEEDED_VALUE_SIZE: a value has %d bytes, Athena takes %d", len(*v), maxValue)
		}
		if i > 0 {
			r.text = append(r.text, ',')
		}
		if v != nil {
			r.text = append(r.text, '"')
			r.text = append(r.text, strings.ReplaceAll(*v, `"`, `""`)...)
			r.text = append(r.text, '"')
		}
	}
	r.text = append(r.text, '\n')
	return r.addRow(row)
}

func (r *result) addRow(row []*string) error {
	line, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("encode row: %w", err)
	}
	r.rows = append(append(r.rows, line...), '\n')
	if len(r.text) > maxResult {
		return userFailure(typeLimit, "EXCEEDED_RESULT_SIZE: the local stack holds results of up to %d bytes", maxResult)
	}
	return nil
}

// deliver writes a result to its places: the engine's own first, so that a
// result that clients find in S3 can be paged too. The .metadata object holds
// the columns as JSON; Athena's own form of it is not documented.
func (e *Engine) deliver(ctx context.Context, x *execution, r *result) (err error) {
	defer ownPanic(&err)
	if len(r.rows) > 0 {
		if err := os.WriteFile(e.rowsPath(x.QueryExecutionID), r.rows, 0o644); err != nil {
			return fmt.Errorf("write rows: %w", err)
		}
	}
	bucket, key, err := splitLocation(x.ResultConfiguration.OutputLocation)
	if err != nil {
		return err
	}
	metadata, err := json.Marshal(r.columns)
	if err != nil {
		return fmt.Errorf("encode columns: %w", err)
	}
	// A statement that was stopped now has had its effect: it may as well say so.
	ctx = context.WithoutCancel(ctx)
	err = errors.Join(e.Objects.Put(ctx, bucket, key, r.text), e.Objects.Put(ctx, bucket, key+".metadata", metadata))
	if err != nil {
		return userFailure(typeResultWrite, "Unable to write the result to %s: %v", x.ResultConfiguration.OutputLocation, err)
	}
	return nil
}

type resultsInput struct {
	QueryExecutionID string `json:"QueryExecutionId"`
	NextToken        string
	MaxResults       *int
}

type datum struct {
	VarCharValue *string `json:",omitempty"`
}

type row struct{ Data []datum }

func newRow(values []*string) row {
	r := row{Data: make([]datum, len(values))}
	for i, v := range values {
		r.Data[i].VarCharValue = v
	}
	return r
}

// apiResults pages through a result. A SELECT's first row is its header.
func (e *Engine) apiResults(ctx context.Context, in resultsInput) (map[string]any, error) {
	size := 1000
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 1 || size > 1000 {
		return nil, invalidRequest("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 1000", size)
	}
	r, err := e.mustFind(in.QueryExecutionID)
	if err != nil {
		return nil, err
	}
	if err := r.checkResults(); err != nil {
		return nil, err
	}
	if err := e.callerOf(ctx).reads(r.ResultConfiguration.OutputLocation); err != nil {
		return nil, err
	}
	offset, err := strconv.ParseInt(cmp.Or(in.NextToken, "0"), 10, 64) // of a row in the file
	if err != nil || offset < 0 {
		return nil, invalidRequest("Invalid NextToken")
	}
	rows := []row{}
	if in.NextToken == "" && r.StatementType == "DML" {
		var names []*string
		for _, c := range r.Columns {
			names = append(names, &c.Name)
		}
		rows = append(rows, newRow(names))
	}
	rows, next, err := e.readRows(rows, in.QueryExecutionID, offset, size)
	out := map[string]any{
		"ResultSet":   map[string]any{"Rows": rows, "ResultSetMetadata": map[string]any{"ColumnInfo": append([]columnInfo{}, r.Columns...)}},
		"UpdateCount": 0,
	}
	if next != "" {
		out["NextToken"] = next
	}
	return out, err
}

func (r *record) checkResults() error {
	switch r.Status.State {
	case succeeded:
		return nil
	case failed, cancelled:
		return invalidRequest("Query did not finish successfully. Final query state: %s", r.Status.State)
	}
	return invalidRequest("Query has not yet finished. Current state: %s", r.Status.State)
}

// readRows fills a page up with the rows from offset on; next is the token of those
// behind it.
func (e *Engine) readRows(page []row, id string, offset int64, size int) (_ []row, next string, err error) {
	f, err := os.Open(e.rowsPath(id))
	if errors.Is(err, fs.ErrNotExist) {
		return page, "", nil // no rows
	}
	if err != nil {
		return nil, "", fmt.Errorf("open rows: %w", err)
	}
	defer f.Close()
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, "", fmt.Errorf("seek rows: %w", err)
	}
	in := bufio.NewReader(f)
	for len(page) < size {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return page, "", nil
		}
		if err != nil {
			return nil, "", fmt.Errorf("read rows: %w", err)
		}
		offset += int64(len(line))
		var values []*string
		if err := json.Unmarshal(line, &values); err != nil {
			return nil, "", invalidRequest("Invalid NextToken")
		}
		page = append(page, newRow(values))
	}
	if _, err := in.Peek(1); err == nil {
		next = strconv.FormatInt(offset, 10)
	}
	return page, next, nil
}
