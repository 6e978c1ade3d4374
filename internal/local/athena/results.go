package athena

import (
	"bufio"
	"bytes"
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

type resultSet struct {
	Rows              []row
	ResultSetMetadata struct{ ColumnInfo []columnInfo }
}

type resultsPage struct {
	ResultSet   resultSet
	UpdateCount int64
	NextToken   string `json:",omitempty"`
}

// apiResults pages through a result. A SELECT's first row is its header.
func (e *Engine) apiResults(ctx context.Context, in resultsInput) (out resultsPage, err error) {
	size := 1000
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 1 || size > 1000 {
		return out, invalidRequest("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 1000", size)
	}
	r, err := e.mustFind(in.QueryExecutionID)
	if err != nil {
		return out, err
	}
	if err := r.checkResults(); err != nil {
		return out, err
	}
	if err := e.callerOf(ctx).reads(r.ResultConfiguration.OutputLocation); err != nil {
		return out, err
	}
	out.ResultSet.Rows = []row{}
	out.ResultSet.ResultSetMetadata.ColumnInfo = r.Columns
	if r.Columns == nil {
		out.ResultSet.ResultSetMetadata.ColumnInfo = []columnInfo{}
	}
	offset, err := resultOffset(in.NextToken)
	if err != nil {
		return out, err
	}
	if in.NextToken == "" && r.StatementType == "DML" {
		out.ResultSet.Rows = append(out.ResultSet.Rows, headerRow(r.Columns))
	}
	err = e.readRows(&out, in.QueryExecutionID, offset, size)
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

func headerRow(cols []columnInfo) row {
	var h row
	for _, c := range cols {
		h.Data = append(h.Data, datum{&c.Name})
	}
	return h
}

// resultOffset reads a token: the offset of a row in the file.
func resultOffset(token string) (int64, error) {
	if token == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(token, 10, 64)
	if err != nil || n < 0 {
		return 0, invalidRequest("Invalid NextToken")
	}
	return n, nil
}

// readRows fills the page up with rows from offset on.
func (e *Engine) readRows(out *resultsPage, id string, offset int64, size int) error {
	f, err := os.Open(e.rowsPath(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // no rows
	}
	if err != nil {
		return fmt.Errorf("open rows: %w", err)
	}
	defer f.Close()
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return fmt.Errorf("seek rows: %w", err)
	}
	in := bufio.NewReader(f)
	for len(out.ResultSet.Rows) < size {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read rows: %w", err)
		}
		offset += int64(len(line))
		r, err := decodeRow(line)
		if err != nil {
			return err
		}
		out.ResultSet.Rows = append(out.ResultSet.Rows, r)
	}
	if _, err := in.Peek(1); err == nil {
		out.NextToken = strconv.FormatInt(offset, 10)
	}
	return nil
}

func decodeRow(line []byte) (row, error) {
	var values []*string
	if err := json.Unmarshal(bytes.TrimSpace(line), &values); err != nil {
		return row{}, invalidRequest("Invalid NextToken")
	}
	r := row{Data: make([]datum, len(values))}
	for i, v := range values {
		r.Data[i].VarCharValue = v
	}
	return r, nil
}
