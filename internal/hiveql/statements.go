package hiveql

// create reads what follows CREATE.
func (p *parser) create() Statement {
	if p.accept("DATABASE") || p.accept("SCHEMA") {
		return p.createDatabase()
	}
	external := p.accept("EXTERNAL")
	if !p.at("TABLE") {
		return nil
	}
	p.next()
	return p.createTable(external)
}

func (p *parser) createDatabase() Statement {
	s := &CreateDatabase{IfNotExists: p.accept("IF NOT EXISTS")}
	s.Name = p.plainName()
	s.Comment = p.textAfter("COMMENT")
	s.Location = p.textAfter("LOCATION")
	if p.accept("WITH DBPROPERTIES") {
		s.Properties = p.properties()
	}
	return s
}

// drop reads what follows DROP.
func (p *parser) drop() Statement {
	switch {
	case p.accept("TABLE"):
		s := &DropTable{IfExists: p.accept("IF EXISTS")}
		s.Name = p.tableName()
		return s
	case p.accept("DATABASE"), p.accept("SCHEMA"):
		s := &DropDatabase{IfExists: p.accept("IF EXISTS")}
		s.Name = p.plainName()
		s.Cascade = p.accept("CASCADE")
		if !s.Cascade {
			p.accept("RESTRICT")
		}
		return s
	}
	return nil
}

// alterTable reads what follows ALTER TABLE.
func (p *parser) alterTable() Statement {
	t := p.tableName()
	switch {
	case p.accept("SET TBLPROPERTIES"):
		return &SetTableProperties{t, p.properties()}
	case p.accept("SET LOCATION"):
		return &SetTableLocation{t, p.text()}
	case p.accept("ADD COLUMNS"):
		return &AddColumns{Table: t, Columns: p.columns()}
	case p.accept("REPLACE COLUMNS"):
		return &AddColumns{Table: t, Replace: true, Columns: p.columns()}
	case p.accept("ADD"):
		return p.addPartitions(t)
	case p.accept("DROP"):
		return p.dropPartitions(t)
	case p.accept("PARTITION"):
		return p.setPartitionLocation(t)
	}
	if p.err == nil && p.tok.kind == end {
		p.fail("ADD, DROP, PARTITION, REPLACE or SET")
	}
	return nil
}

func (p *parser) addPartitions(t TableName) Statement {
	s := &AddPartitions{Table: t, IfNotExists: p.accept("IF NOT EXISTS")}
	p.expect("PARTITION")
	for p.err == nil {
		c := PartitionClause{Spec: p.partitionSpec()}
		if p.accept("LOCATION") {
			c.Location = p.location()
		}
		s.Partitions = append(s.Partitions, c)
		if !p.accept("PARTITION") {
			break
		}
	}
	return s
}

func (p *parser) dropPartitions(t TableName) Statement {
	s := &DropPartitions{Table: t, IfExists: p.accept("IF EXISTS")}
	for p.err == nil {
		p.expect("PARTITION")
		s.Specs = append(s.Specs, p.partitionSpec())
		if !p.accept(",") {
			break
		}
	}
	p.accept("PURGE")
	return s
}

func (p *parser) setPartitionLocation(t TableName) Statement {
	s := &SetPartitionLocation{Table: t, Spec: p.partitionSpec()}
	p.expect("SET")
	p.expect("LOCATION")
	s.Location = p.location()
	return s
}

// show reads what follows SHOW.
func (p *parser) show() Statement {
	switch {
	case p.accept("DATABASES"), p.accept("SCHEMAS"):
		return &ShowDatabases{p.pattern()}
	case p.accept("TABLES"):
		return p.showTables()
	case p.accept("PARTITIONS"):
		s := &ShowPartitions{Table: p.tableName()}
		if p.accept("PARTITION") {
			s.Spec = p.partitionSpec()
		}
		return s
	case p.accept("COLUMNS"):
		return p.showColumns()
	case p.accept("CREATE TABLE"):
		return &ShowCreateTable{p.tableName()}
	}
	return nil
}

func (p *parser) showTables() Statement {
	s := &ShowTables{}
	if p.accept("IN") || p.accept("FROM") {
		s.Database = p.plainName()
	}
	s.Pattern = p.pattern()
	return s
}

// showColumns reads [IN|FROM] t [IN|FROM db].
func (p *parser) showColumns() Statement {
	if !p.accept("IN") {
		p.expect("FROM")
	}
	s := &ShowColumns{p.tableName()}
	if p.accept("IN") || p.accept("FROM") {
		s.Table.Database = p.plainName()
	}
	return s
}

// pattern reads [LIKE] 'pattern', "" if there is none.
func (p *parser) pattern() string {
	if p.accept("LIKE") || p.tok.kind == text {
		return p.text()
	}
	return ""
}

// describe reads what follows DESCRIBE.
func (p *parser) describe() Statement {
	if p.at("DATABASE") || p.at("SCHEMA") || p.at("FUNCTION") {
		return nil
	}
	s := &DescribeTable{Extended: p.accept("EXTENDED"), Formatted: p.accept("FORMATTED")}
	p.accept("TABLE")
	s.Table = p.tableName()
	return s
}
