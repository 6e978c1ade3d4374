package hiveql

import (
	"cmp"
	"maps"
	"strings"
)

// The classes that stand for STORED AS and ROW FORMAT DELIMITED.
const (
	LazySimpleSerDe = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
	ParquetSerDe    = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
	OrcSerDe        = "org.apache.hadoop.hive.ql.io.orc.OrcSerde"

	TextInputFormat     = "org.apache.hadoop.mapred.TextInputFormat"
	TextOutputFormat    = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
	ParquetInputFormat  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
	ParquetOutputFormat = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
	orcInputFormat      = "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat"
	orcOutputFormat     = "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat"
)

// createTable reads what follows CREATE [EXTERNAL] TABLE.
func (p *parser) createTable(external bool) Statement {
	s := &CreateTable{External: external, IfNotExists: p.accept("IF NOT EXISTS")}
	s.Name = p.tableName()
	if p.at("AS") || p.at("LIKE") || p.at("WITH") {
		return nil
	}
	if p.at("(") {
		s.Columns = p.columns()
	}
	for p.err == nil && p.tableClause(s) {
	}
	if p.at("AS") || p.at("CLUSTERED") {
		return nil
	}
	s.fillFormats()
	return s
}

// tableClause reads one clause after the columns. Hive wants them in one
// order; they are taken in any here, as Athena's users write them.
func (p *parser) tableClause(s *CreateTable) bool {
	switch {
	case p.accept("COMMENT"):
		s.Comment = p.text()
	case p.accept("PARTITIONED BY"):
		s.PartitionKeys = p.columns()
	case p.accept("ROW FORMAT SERDE"):
		s.SerDe = p.text()
		if p.accept("WITH SERDEPROPERTIES") {
			s.SerDeProperties = p.properties()
		}
	case p.accept("ROW FORMAT DELIMITED"):
		s.SerDe, s.SerDeProperties = LazySimpleSerDe, p.delimiters()
	case p.accept("WITH SERDEPROPERTIES"):
		if s.SerDeProperties == nil {
			s.SerDeProperties = map[string]string{}
		}
		maps.Copy(s.SerDeProperties, p.properties())
	case p.accept("STORED AS"):
		p.storedAs(s)
	case p.accept("LOCATION"):
		s.Location = p.text()
	case p.accept("TBLPROPERTIES"):
		s.Properties = p.properties()
	default:
		return false
	}
	return true
}

// columns reads (name type [COMMENT '…'], …).
func (p *parser) columns() []Column {
	var cols []Column
	p.list("(", func() {
		c := Column{Name: p.columnName(), Type: p.parseType(0)}
		c.Comment = p.textAfter("COMMENT")
		cols = append(cols, c)
	})
	p.expect(")")
	return cols
}

// delimiters are the clauses of ROW FORMAT DELIMITED and the properties in which
// Hive keeps them ("colelction.delim" is Hive's own spelling).
var delimiters = map[string]string{
	"FIELDS TERMINATED BY":           "field.delim",
	"ESCAPED BY":                     "escape.delim",
	"COLLECTION ITEMS TERMINATED BY": "colelction.delim",
	"MAP KEYS TERMINATED BY":         "mapkey.delim",
	"LINES TERMINATED BY":            "line.delim",
	"NULL DEFINED AS":                "serialization.null.format",
}

func (p *parser) delimiters() map[string]string {
	m := map[string]string{}
	for again := true; again; {
		again = false
		for clause, property := range delimiters {
			if p.accept(clause) {
				m[property], again = p.text(), true
			}
		}
	}
	if fields, ok := m["field.delim"]; ok {
		m["serialization.format"] = fields
	}
	return m
}

// formats are the SerDe and the classes that stand for STORED AS.
var formats = map[string][3]string{
	"PARQUET":     {ParquetSerDe, ParquetInputFormat, ParquetOutputFormat},
	"PARQUETFILE": {ParquetSerDe, ParquetInputFormat, ParquetOutputFormat},
	"ORC":         {OrcSerDe, orcInputFormat, orcOutputFormat},
	"ORCFILE":     {OrcSerDe, orcInputFormat, orcOutputFormat},
	"TEXTFILE":    {LazySimpleSerDe, TextInputFormat, TextOutputFormat},
}

// storedAs reads a format's name or its two classes.
func (p *parser) storedAs(s *CreateTable) {
	if p.accept("INPUTFORMAT") {
		s.InputFormat = p.text()
		p.expect("OUTPUTFORMAT")
		s.OutputFormat = p.text()
		return
	}
	format, ok := formats[strings.ToUpper(p.tok.text)]
	if !ok {
		p.fail("PARQUET, TEXTFILE, ORC or INPUTFORMAT")
		return
	}
	p.next()
	s.SerDe, s.InputFormat, s.OutputFormat = cmp.Or(s.SerDe, format[0]), format[1], format[2]
}

// fillFormats gives a table without STORED AS the format that Hive gives it.
func (s *CreateTable) fillFormats() {
	if s.InputFormat == "" {
		s.InputFormat, s.OutputFormat = TextInputFormat, TextOutputFormat
	}
	s.SerDe = cmp.Or(s.SerDe, LazySimpleSerDe)
	if s.SerDe == LazySimpleSerDe && s.SerDeProperties == nil {
		s.SerDeProperties = map[string]string{"serialization.format": "1"}
	}
}
