//go:build cgo

package athena

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/local/athena/trino"
)

// trinoURL makes the corpus anew: go test -run TestCorpus -trino http://127.0.0.1:8080
// asks that Trino, whose session is UTC, each statement of testdata/trino.ndjson
// and writes there what it answers. The file was recorded with Trino 476, the
// server as it comes, started with a Hive catalog on the embedded stack.
var trinoURL = flag.String("trino", "", "the URL of a Trino whose answers are recorded")

const corpusFile = "testdata/trino.ndjson"

// answer is what Trino says of a statement.
type answer struct {
	SQL   string   `json:"sql"`
	Types []string `json:"types,omitempty"`
	Rows  [][]any  `json:"rows,omitempty"`
	Error string   `json:"error,omitempty"`
}

func readCorpus(t *testing.T) (all []answer) {
	body, err := os.ReadFile(corpusFile)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	for {
		var a answer
		if err := d.Decode(&a); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
}

// TestCorpus: what Trino was asked is answered as Trino did, or refused by name.
func TestCorpus(t *testing.T) {
	all := readCorpus(t)
	if *trinoURL != "" {
		recordCorpus(t, all)
		return
	}
	s := newStack(t)
	s.run("CREATE DATABASE db")
	var mu sync.Mutex
	refused := 0
	differ := map[int]string{}
	work := make(chan int)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			// What the engine does for each SELECT, in one session.
			session, err := openSession(t.Context(), []string{s.objects.dir}, "db")
			if err != nil {
				t.Error(err)
				return
			}
			defer session.Close()
			for i := range work {
				got := s.answer(session, all[i].SQL)
				mu.Lock()
				if isRefusal(got) && all[i].Error != got.Error {
					if refused++; testing.Verbose() {
						t.Logf("%s: %s", all[i].SQL, got.SQL)
					}
				} else if why := all[i].differs(got); why != "" {
					differ[i] = why
				}
				mu.Unlock()
			}
		})
	}
	for i := range all {
		work <- i
	}
	close(work)
	workers.Wait()
	for i, a := range all {
		if differ[i] != "" {
			t.Errorf("%s: %s", a.SQL, differ[i])
		}
	}
	t.Logf("%d statements, %d refused", len(all), refused)
	if len(all) < 800 || refused > len(all)/12 {
		t.Errorf("%d of %d statements are refused", refused, len(all))
	}
}

// answer runs a statement without the API around it.
func (s *stack) answer(session *session, query string) answer {
	q := s.engine.newSelection("db")
	q.query, q.session = query, session
	err := q.translate(s.Context())
	if err == nil {
		err = trino.Register(q.Conn, q.registered, q.rewritten)
	}
	if err == nil {
		err = q.answer(s.Context())
	}
	if err != nil {
		f := failureOf(q.failure(s.Context(), err))
		return answer{SQL: f.reason, Error: strings.SplitN(f.reason, ":", 2)[0]}
	}
	return answerOf(s.T, &q.out)
}

func answerOf(t *testing.T, out *result) answer {
	a := answer{}
	for _, c := range out.columns {
		a.Types = append(a.Types, c.Type)
	}
	for line := range bytes.Lines(out.rows) {
		var row []any
		if err := json.Unmarshal(line, &row); err != nil {
			t.Error(err)
		}
		a.Rows = append(a.Rows, row)
	}
	return a
}

// isRefusal says whether the local stack says of itself that it can't.
func isRefusal(a answer) bool {
	return a.Error != "" && (strings.Contains(strings.ToLower(a.SQL), "the local stack") || strings.Contains(a.SQL, "never compared"))
}

func (a answer) differs(got answer) string {
	switch {
	case a.Error != got.Error && a.Error != "" && got.Error != "" && sameClass(a.Error, got.Error):
		return ""
	case a.Error != got.Error:
		return fmt.Sprintf("%v %s %.200s, Trino %v %s", got.Rows, got.Error, got.SQL, a.Rows, a.Error)
	case a.Error != "":
		return ""
	}
	want := make([][]any, len(a.Rows))
	ordered := strings.Contains(a.SQL, "ORDER BY")
	for i, row := range a.Rows {
		for j, v := range row {
			typ, err := trino.ParseType(a.Types[j])
			if err != nil {
				return err.Error()
			}
			if i == 0 && typ.AthenaName() != got.Types[j] {
				return fmt.Sprintf("the type is %s, Trino's %s", got.Types[j], a.Types[j])
			}
			want[i] = append(want[i], trinoText(typ, v))
		}
	}
	x, y := comparable(want, a.Types, ordered), comparable(got.Rows, a.Types, ordered)
	if x != y {
		return fmt.Sprintf("%s, Trino %s", y, x)
	}
	return ""
}

// sameClass: what Trino finds when it runs, and what when it reads.
func sameClass(a, b string) bool {
	class := func(code string) string {
		switch code {
		case "GENERIC_INTERNAL_ERROR": // mod(5, 0)
			return "DIVISION_BY_ZERO"
		case "SYNTAX_ERROR", "TYPE_MISMATCH", "COLUMN_NOT_FOUND", "FUNCTION_NOT_FOUND", "INVALID_LITERAL", "MISMATCHED_COLUMN_ALIASES", "INVALID_COLUMN_REFERENCE",
			"NOT_SUPPORTED", "MISSING_GROUP_BY", "EXPRESSION_NOT_AGGREGATE", "AMBIGUOUS_NAME", "NESTED_AGGREGATION", "FUNCTION_NOT_WINDOW", "FUNCTION_NOT_AGGREGATE",
			"TYPE_NOT_FOUND", "EXPRESSION_NOT_IN_DISTINCT", "MISSING_OVER", "EXPRESSION_NOT_SCALAR", "NESTED_WINDOW", "MISSING_SCHEMA_NAME", "TABLE_NOT_FOUND", "MISSING_ORDER_BY", "INVALID_ARGUMENTS",
			"INVALID_WINDOW_FRAME", "GENERIC_USER_ERROR", "AMBIGUOUS_FUNCTION_CALL", "INVALID_PARAMETER_USAGE", "EXPRESSION_NOT_CONSTANT":
			return "analysis"
		}
		return code
	}
	return class(a) == class(b)
}

// comparable writes rows; their order counts where the statement orders them,
// that of a map's entries never does.
func comparable(rows [][]any, types []string, ordered bool) string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		for j, v := range row {
			text := "NULL"
			switch v := v.(type) {
			case string:
				text = v
			case *string:
				if v != nil {
					text = *v
				}
			}
			if strings.Contains(types[j], "map(") {
				b := []byte(text)
				slices.Sort(b)
				text = string(b)
			}
			lines[i] += text + "|"
		}
	}
	if !ordered {
		slices.Sort(lines)
	}
	return strings.Join(lines, "\n")
}

// trinoText writes a value of Trino's protocol as Athena's results have it.
func trinoText(t trino.Type, v any) *string {
	if v == nil {
		return nil
	}
	text := func(t trino.Type, v any) string {
		if s := trinoText(t, v); s != nil {
			return *s
		}
		return "null"
	}
	out := fmt.Sprint(v)
	switch v := v.(type) {
	case json.Number:
		if t.Base == "double" || t.Base == "real" {
			f, _ := v.Float64()
			out = trino.JavaFloat(f, map[string]int{"real": 32, "double": 64}[t.Base])
		}
	case string:
		if t.Base == "varbinary" {
			b, _ := base64.StdEncoding.DecodeString(v)
			out = strings.TrimSpace(fmt.Sprintf("% x", b))
		}
	case []any:
		var parts []string
		for i, e := range v {
			if t.Base == "array" {
				parts = append(parts, text(t.Elems[0], e))
				continue
			}
			name := t.Fields[i]
			parts = append(parts, cmp.Or(name, fmt.Sprint("field", i))+"="+text(t.Elems[i], e))
		}
		out = "[" + strings.Join(parts, ", ") + "]"
		if t.Base == "row" {
			out = "{" + strings.Join(parts, ", ") + "}"
		}
	case map[string]any:
		var parts []string
		for k, e := range v {
			parts = append(parts, k+"="+text(t.Elems[1], e))
		}
		out = "{" + strings.Join(parts, ", ") + "}"
	}
	return &out
}

func recordCorpus(t *testing.T, all []answer) {
	work := make(chan int)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for i := range work {
				a, err := askTrino(all[i].SQL)
				if err != nil {
					t.Error(err)
				}
				all[i] = a
			}
		})
	}
	for i := range all {
		work <- i
	}
	close(work)
	workers.Wait()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, a := range all {
		if err := e.Encode(a); err != nil {
			t.Fatal(err)
		}
	}
	if t.Failed() {
		return
	}
	if err := os.WriteFile(corpusFile, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// askTrino speaks Trino's client protocol: a POST, then each page's next.
func askTrino(query string) (answer, error) {
	a := answer{SQL: query}
	method, url, body := http.MethodPost, strings.TrimRight(*trinoURL, "/")+"/v1/statement", query
	for url != "" {
		r, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			return a, err
		}
		for k, v := range map[string]string{"User": "record", "Catalog": "hive", "Schema": "default", "Time-Zone": "UTC"} {
			r.Header.Set("X-Trino-"+k, v)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return a, err
		}
		var page struct {
			NextURI string
			Columns []struct{ Type string }
			Data    [][]any
			Error   *struct{ ErrorName, Message string }
		}
		d := json.NewDecoder(resp.Body)
		d.UseNumber()
		err = errors.Join(d.Decode(&page), resp.Body.Close())
		if resp.StatusCode == http.StatusServiceUnavailable {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if err != nil {
			return a, fmt.Errorf("%s: %w", query, err)
		}
		if page.Error != nil {
			return answer{SQL: query, Error: page.Error.ErrorName}, nil
		}
		if page.Columns != nil && a.Types == nil {
			for _, c := range page.Columns {
				a.Types = append(a.Types, c.Type)
			}
		}
		a.Rows = append(a.Rows, page.Data...)
		method, url, body = http.MethodGet, page.NextURI, ""
	}
	return a, nil
}
