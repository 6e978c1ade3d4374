package hiveql

import (
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
	parquetInputFormat  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
	parquetOutputFormat = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
	orcInputFormat      = "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat"
	orcOutputFormat     = "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat"
)

// createTable reads what follows CREATE [EXTERNAL] TABLE.
func (p *parser) createTable(external bool) Statement {
	s := &CreateTable{External: external, IfNotExists: p.ifNotExists()}
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
	case p.at("COMMENT"):
		s.Comment = p.optionalComment()
	case p.acceptWords("PARTITIONED", "BY"):
		s.PartitionKeys = p.columns()
	case p.acceptWords("ROW", "FORMAT", "SERDE"):
		s.SerDe = p.text()
		if p.acceptWords("WITH", "SERDEPROPERTIES") {
			s.SerDeProperties = p.properties()
		}
	case p.acceptWords("ROW", "FORMAT", "DELIMITED"):
		s.SerDe, s.SerDeProperties = LazySimpleSerDe, p.delimiters()
	case p.acceptWords("WITH", "SERDEPROPERTIES"):
		if s.SerDeProperties == nil {
			s.SerDeProperties = map[string]string{}
		}
		maps.Copy(s.SerDeProperties, p.properties())
	case p.acceptWords("STORED", "AS"):
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
	p.expect("(")
	for {
		c := Column{Name: p.columnName(), Type: p.parseType(0)}
		c.Comment = p.optionalComment()
		cols = append(cols, c)
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return cols
}

// delimiters reads the clauses of ROW FORMAT DELIMITED into the properties in
// which Hive keeps them ("colelction.delim" is Hive's own spelling).
func (p *parser) delimiters() map[string]string {
	m := map[string]string{}
	for {
		switch {
		case p.acceptWords("FIELDS", "TERMINATED", "BY"):
			m["field.delim"] = p.text()
			m["serialization.format"] = m["field.delim"]
			if p.acceptWords("ESCAPED", "BY") {
				m["escape.delim"] = p.text()
			}
		case p.acceptWords("ESCAPED", "BY"):
			m["escape.delim"] = p.text()
		case p.acceptWords("COLLECTION", "ITEMS", "TERMINATED", "BY"):
			m["colelction.delim"] = p.text()
		case p.acceptWords("MAP", "KEYS", "TERMINATED", "BY"):
			m["mapkey.delim"] = p.text()
		case p.acceptWords("LINES", "TERMINATED", "BY"):
			m["line.delim"] = p.text()
		case p.acceptWords("NULL", "DEFINED", "AS"):
			m["serialization.null.format"] = p.text()
		default:
			return m
		}
	}
}

// storedAs reads a format's name or its two classes.
func (p *parser) storedAs(s *CreateTable) {
	if p.accept("INPUTFORMAT") {
		s.InputFormat = p.text()
		p.expect("OUTPUTFORMAT")
		s.OutputFormat = p.text()
		return
	}
	serde := ""
	switch strings.ToUpper(p.tok.text) {
	case "PARQUET", "PARQUETFILE":
		serde, s.InputFormat, s.OutputFormat = ParquetSerDe, parquetInputFormat, parquetOutputFormat
	case "ORC", "ORCFILE":
		serde, s.InputFormat, s.OutputFormat = OrcSerDe, orcInputFormat, orcOutputFormat
	case "TEXTFILE":
		serde, s.InputFormat, s.OutputFormat = LazySimpleSerDe, TextInputFormat, TextOutputFormat
	default:
		p.fail("PARQUET, TEXTFILE, ORC or INPUTFORMAT")
		return
	}
	p.next()
	if s.SerDe == "" {
		s.SerDe = serde
	}
}

// fillFormats gives a table without STORED AS the format that Hive gives it.
func (s *CreateTable) fillFormats() {
	if s.InputFormat == "" {
		s.InputFormat, s.OutputFormat = TextInputFormat, TextOutputFormat
	}
	if s.SerDe == "" {
		s.SerDe = LazySimpleSerDe
	}
	if s.SerDe == LazySimpleSerDe && s.SerDeProperties == nil {
		s.SerDeProperties = map[string]string{"serialization.format": "1"}
	}
}
