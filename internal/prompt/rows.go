package prompt

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"athenarefresh/internal/terminal"
)

// Printer prints the rows of an answer: Row is called for each, Close last.
type Printer struct {
	Row   func([]*string) error
	Close func() error
}

// Rows prints rows: "table" is for a person, "json" an object a line, anything else CSV.
func Rows(format string, w io.Writer, columns []Column) Printer {
	switch format {
	case "table":
		return Table(w, terminal.Width(w), "", columns)
	case "json":
		return Printer{func(r []*string) error { return jsonLine(w, columns, r) }, nothing}
	}
	out := bufio.NewWriter(w)
	if len(columns) > 0 {
		header := make([]*string, len(columns))
		for i := range columns {
			header[i] = &columns[i].Name
		}
		CSVLine(out, header)
	}
	return Printer{func(r []*string) error { return CSVLine(out, r) }, out.Flush}
}

func nothing() error { return nil }

// Table prints rows side by side, in lines of a width.
func Table(w io.Writer, width int, indent string, columns []Column) Printer {
	if len(columns) == 0 {
		return Printer{func([]*string) error { return nil }, nothing}
	}
	t := &terminal.Table{Width: width, Indent: indent}
	for _, c := range columns {
		t.Header, t.Right = append(t.Header, c.Name), append(t.Right, c.Numeric)
	}
	t.To(w)
	return Printer{func(r []*string) error { return t.Row(Texts(r, "NULL")) }, t.Close}
}

// Texts are the values of a row, with a text for NULL.
func Texts(row []*string, null string) []string {
	list := make([]string, len(row))
	for i, v := range row {
		list[i] = null
		if v != nil {
			list[i] = *v
		}
	}
	return list
}

// CSVLine writes a line of RFC 4180, but for its end, which is \n. NULL is an empty
// field, an empty string "", as in Athena's own files. After an error w writes
// nothing more.
func CSVLine(w *bufio.Writer, row []*string) error {
	for i, v := range row {
		if i > 0 {
			w.WriteByte(',')
		}
		switch {
		case v == nil:
		case *v == "" || (*v)[0] == ' ' || strings.ContainsAny(*v, ",\"\r\n"):
			w.WriteString(`"` + strings.ReplaceAll(*v, `"`, `""`) + `"`)
		default:
			w.WriteString(*v)
		}
	}
	return w.WriteByte('\n')
}

// jsonLine writes an object with the columns in their order. Numbers and booleans
// are JSON's, all else is a string, as Athena hands it out.
func jsonLine(w io.Writer, columns []Column, row []*string) error {
	line := []byte("{")
	for i, c := range columns {
		if i > 0 {
			line = append(line, ',')
		}
		line = append(append(line, jsonString(c.Name)...), ':')
		line = append(line, jsonValue(c, row[i])...)
	}
	_, err := w.Write(terminal.EscapeJSON(append(line, "}\n"...)))
	return err
}

func jsonValue(c Column, v *string) []byte {
	switch {
	case v == nil:
		return []byte("null")
	case c.Numeric && json.Valid([]byte(*v)):
		return []byte(*v)
	case c.Type == "boolean":
		if b, err := strconv.ParseBool(*v); err == nil {
			return strconv.AppendBool(nil, b)
		}
	}
	return jsonString(*v)
}

func jsonString(s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // there is none of a text
	}
	return text
}
