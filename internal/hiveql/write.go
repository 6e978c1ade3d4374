package hiveql

import (
	"maps"
	"slices"
	"strings"
)

// DDL is the type as a statement has it: as String, with those names of fields
// in back-quotes that Hive takes only so.
func (t Type) DDL() string {
	if len(t.Elems) == 0 {
		return t.String()
	}
	elems := make([]string, len(t.Elems))
	for i, e := range t.Elems {
		elems[i] = e.DDL()
		if t.Name == "struct" {
			elems[i] = Ident(t.Fields[i]) + ":" + elems[i]
		}
	}
	return t.Name + "<" + strings.Join(elems, ",") + ">"
}

// SQL writes the statement, which [Parse] reads back as it is. All names of
// columns stand in back-quotes: each may become a reserved word some day.
func (s *CreateTable) SQL() string {
	var b strings.Builder
	add := func(written bool, parts ...string) {
		if written {
			b.WriteString(strings.Join(parts, ""))
		}
	}
	add(true, "CREATE ")
	add(s.External, "EXTERNAL ")
	add(true, "TABLE ")
	add(s.IfNotExists, "IF NOT EXISTS ")
	add(s.Name.Database != "", Quoted(s.Name.Database), ".")
	add(true, Quoted(s.Name.Table), " (\n", columnList(s.Columns, "  ", ",\n"), "\n)")
	add(s.Comment != "", "\nCOMMENT ", Literal(s.Comment))
	add(len(s.PartitionKeys) > 0, "\nPARTITIONED BY (", columnList(s.PartitionKeys, "", ", "), ")")
	parquet := s.SerDe == ParquetSerDe && s.InputFormat == ParquetInputFormat && s.OutputFormat == ParquetOutputFormat
	plainText := s.InputFormat == TextInputFormat && s.OutputFormat == TextOutputFormat
	add(!parquet || len(s.SerDeProperties) > 0, "\nROW FORMAT SERDE ", Literal(s.SerDe))
	add(len(s.SerDeProperties) > 0, "\nWITH SERDEPROPERTIES (", propertyList(s.SerDeProperties), ")")
	add(parquet, "\nSTORED AS PARQUET")
	add(!parquet && !plainText, "\nSTORED AS INPUTFORMAT ", Literal(s.InputFormat), "\nOUTPUTFORMAT ", Literal(s.OutputFormat))
	add(s.Location != "", "\nLOCATION ", Literal(s.Location))
	add(len(s.Properties) > 0, "\nTBLPROPERTIES (", propertyList(s.Properties), ")")
	return b.String()
}

func columnList(columns []Column, before, between string) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = before + Quoted(c.Name) + " " + c.Type.DDL()
		if c.Comment != "" {
			list[i] += " COMMENT " + Literal(c.Comment)
		}
	}
	return strings.Join(list, between)
}

func propertyList(m map[string]string) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, Literal(k)+"="+Literal(m[k]))
	}
	return strings.Join(list, ", ")
}
