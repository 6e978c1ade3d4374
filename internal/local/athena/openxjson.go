package athena

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

const openxSerDe = "org.openx.data.jsonserde.JsonSerDe"

// openxRow reads a line as the OpenX SerDe does: what begins like no object is a
// row of NULLs, of several objects the first counts, and one that is broken fails
// the query unless ignore.malformed.json says otherwise. (Trino,
// OpenXJsonDeserializer.)
type openxRow struct {
	folder *rowFolder
	ignore bool
}

// fields returns the object with its names folded, and what is wrong with the line.
func (r *openxRow) fields(line string) ([]*string, error) {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "{") && !strings.HasPrefix(line, "[") {
		return []*string{nil, nil}, nil
	}
	row, err := r.first(line)
	switch {
	case err == nil:
		return []*string{&row, nil}, nil
	case r.ignore:
		return []*string{nil, nil}, nil
	}
	why := err.Error()
	return []*string{nil, &why}, nil
}

func (r *openxRow) first(line string) (string, error) {
	object := json.RawMessage(line)
	if !json.Valid(object) { // or there is something after it
		if err := json.NewDecoder(strings.NewReader(line)).Decode(&object); err != nil {
			return "", fmt.Errorf("Row is not a valid JSON Object - JSONException: %w", err) //lint:ignore ST1005 the SerDe's own words
		}
	}
	if bytes.HasPrefix(object, []byte("[")) {
		return "", fmt.Errorf("NOT_SUPPORTED: The local stack does not read rows that are JSON lists")
	}
	folded, err := r.folder.fold(object)
	return string(folded), err
}

// openxSQL reads lines of JSON. What is wrong with one names its file, and is seen
// whatever a query asks for: so it is a condition, and not a column.
func (s *scan) openxSQL(format *fileFormat, files []scanFile, f *functions) string {
	row := f.text(&openxRow{format.folder(rowType(s.columns)), format.ignoreMalformed()})
	uris := make([]string, len(files))
	for i, file := range files {
		uris[i] = file.uri
	}
	var cols []string
	for _, c := range s.columns {
		cols = append(cols, fmt.Sprintf(`struct_extract("$r", %s) AS %s`, literal(c.name), ident(c.name)))
	}
	cols = append(cols, s.keyColumns(files, `"$f"`)...)
	return fmt.Sprintf(`SELECT %s FROM (SELECT json_transform("$l"[1], %s) AS "$r", "$f" FROM (SELECT %s AS "$l", file_index AS "$f" FROM %s) WHERE CASE WHEN "$l"[2] IS NULL THEN true ELSE error("$l"[2] || ' of ' || %s[CAST("$f" AS BIGINT) + 1]) END)`,
		strings.Join(cols, ", "), structure(s.columns), row("line"), linesSQL(files, 0), literals(uris))
}
