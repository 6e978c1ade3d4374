package hiveql

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Ident writes a name, in back-quotes if it is no plain word or a reserved one.
func Ident(name string) string {
	if isPlain(name) && firstWord.MatchString(name) && !isReserved(name) {
		return name
	}
	return Quoted(name)
}

// Quoted writes a name in back-quotes.
func Quoted(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// Literal writes a text as Hive reads it.
func Literal(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

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
	b.WriteString("CREATE ")
	if s.External {
		b.WriteString("EXTERNAL ")
	}
	b.WriteString("TABLE ")
	if s.IfNotExists {
		b.WriteString("IF NOT EXISTS ")
	}
	if s.Name.Database != "" {
		b.WriteString(Quoted(s.Name.Database) + ".")
	}
	b.WriteString(Quoted(s.Name.Table) + " (\n" + columnList(s.Columns, "  ", ",\n") + "\n)")
	if s.Comment != "" {
		b.WriteString("\nCOMMENT " + Literal(s.Comment))
	}
	if len(s.PartitionKeys) > 0 {
		b.WriteString("\nPARTITIONED BY (" + columnList(s.PartitionKeys, "", ", ") + ")")
	}
	s.writeFormat(&b)
	if s.Location != "" {
		b.WriteString("\nLOCATION " + Literal(s.Location))
	}
	if len(s.Properties) > 0 {
		b.WriteString("\nTBLPROPERTIES (" + propertyList(s.Properties) + ")")
	}
	return b.String()
}

func (s *CreateTable) writeFormat(b *strings.Builder) {
	parquet := s.SerDe == ParquetSerDe && s.InputFormat == parquetInputFormat && s.OutputFormat == parquetOutputFormat
	if !parquet || len(s.SerDeProperties) > 0 {
		fmt.Fprintf(b, "\nROW FORMAT SERDE %s", Literal(s.SerDe))
	}
	if len(s.SerDeProperties) > 0 {
		b.WriteString("\nWITH SERDEPROPERTIES (" + propertyList(s.SerDeProperties) + ")")
	}
	switch {
	case parquet:
		b.WriteString("\nSTORED AS PARQUET")
	case s.InputFormat != TextInputFormat || s.OutputFormat != TextOutputFormat:
		fmt.Fprintf(b, "\nSTORED AS INPUTFORMAT %s\nOUTPUTFORMAT %s", Literal(s.InputFormat), Literal(s.OutputFormat))
	}
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
