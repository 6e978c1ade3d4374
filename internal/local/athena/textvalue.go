//go:build cgo

package athena

import (
	"cmp"
	"fmt"

	"athenarefresh/internal/duck"
	"athenarefresh/internal/hiveql"
)

// textValue is a field as a value of a column's type: a whole number's fraction is
// cut off, and only true and false are booleans (RegexSerDe: all but true is
// false).
func (f *fileFormat) textValue(field string, t hiveql.Type) (string, error) {
	cast := "TRY_CAST(%[1]s AS " + duckType(t) + ")"
	switch t.Name {
	case "map", "struct", "uniontype":
		return "", userFailure(typeUnsupported, "NOT_SUPPORTED: The local stack does not read %s columns of text files", t.Name)
	case "array":
		field = fmt.Sprintf("string_split(%s, %s)", field, duck.Literal(cmp.Or(f.properties["colelction.delim"], "\x02")))
	}
	if f.serde == openCSVSerDe && duckType(t) != "VARCHAR" {
		return csvValue(field, t), nil
	}
	switch t.Name {
	case "tinyint", "smallint", "int", "bigint":
		cast = "CASE WHEN regexp_full_match(%[1]s, '[+-]?[0-9]+([.][0-9]*)?') THEN TRY_CAST(string_split(%[1]s, '.')[1] AS " + duckType(t) + ") END"
	case "boolean":
		cast = "CASE lower(%[1]s) WHEN 'true' THEN true WHEN 'false' THEN false END"
		if f.serde == regexSerDe {
			cast = "(lower(%[1]s) = 'true')"
		}
	}
	return fmt.Sprintf(cast, field), nil
}

// csvValue is a field of OpenCSVSerde's, all of which are text to it. Athena makes
// numbers of them, and fails on an empty one; dates and times it takes as
// numbers of days and milliseconds (user guide, "Open CSV SerDe"), which was
// never compared.
func csvValue(field string, t hiveql.Type) string {
	why := "'HIVE_BAD_DATA: Error parsing field value ''' || " + field + " || ''' as " + t.Name + "'"
	value := fmt.Sprintf("TRY_CAST(%s AS %s)", field, duckType(t))
	switch t.Name {
	case "tinyint", "smallint", "int", "bigint", "double", "float", "decimal", "boolean":
	default:
		value = "NULL"
		why = "'NOT_SUPPORTED: The local stack does not read columns of " + t.Name + " with OpenCSVSerde: make it a string' || left(" + field + ", 0)"
	}
	return fmt.Sprintf("CASE WHEN %[1]s IS NOT NULL THEN coalesce(%[2]s, CAST(trino_fail(%[3]s) AS %[4]s)) END", field, value, why, duckType(t))
}
