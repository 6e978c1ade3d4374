package trino

import (
	"slices"
	"strings"

	"athenarefresh/internal/duck"
)

// from writes an item of FROM and adds its columns to the scope.
func (a *analyzer) from(n Node, sc *scope) string {
	if n["sample"] != nil {
		panic(a.refuse(n, "TABLESAMPLE"))
	}
	switch n["type"] {
	case "EMPTY":
		return ""
	case "BASE_TABLE":
		return a.baseTable(n, sc)
	case "SUBQUERY":
		return a.derived(n, sc)
	case "JOIN":
		return a.join(n, sc)
	case "EXPRESSION_LIST":
		return a.values(n, sc)
	case "TABLE_FUNCTION":
		return a.unnest(n, sc)
	}
	panic(a.refuse(n, "%v in FROM", n["type"]))
}

// bring adds the columns of a relation that DuckDB knows by alias.
func (a *analyzer) bring(n Node, sc *scope, alias string, relation []string, columns []column) {
	if name := strings.ToLower(str(n, "alias")); name != "" && name != "valueslist" {
		relation = []string{name}
	}
	columns = a.rename(n, columns, lower(texts(n, "column_name_alias")))
	for _, c := range columns {
		c.relation, c.sql = relation, alias+"."+c.sql
		sc.columns = append(sc.columns, c)
	}
}

// placed are a query's columns by their place.
func placed(columns []column) []column {
	out := slices.Clone(columns)
	for i := range out {
		out[i].sql = place0(i)
	}
	return out
}

func (a *analyzer) baseTable(n Node, sc *scope) string {
	catalog, database, name := strings.ToLower(str(n, "catalog_name")), strings.ToLower(str(n, "schema_name")), strings.ToLower(str(n, "table_name"))
	alias := a.name("t")
	if w := sc.withQuery(name); w != nil && database == "" {
		a.bring(n, sc, alias, []string{name}, placed(w.columns))
		return w.sql + " AS " + alias
	}
	t, err := a.tables(catalog, database, name, a.place(n))
	if err != nil {
		panic(mistake{err})
	}
	var columns []column
	for _, c := range t.Columns {
		columns = append(columns, column{name: c.Name, typ: c.Type, sql: duck.Ident(c.Name), hidden: c.Hidden})
	}
	a.bring(n, sc, alias, []string{t.Database, name}, columns)
	return t.SQL + " AS " + alias
}

func (a *analyzer) derived(n Node, sc *scope) string {
	// DuckDB's parser doesn't tell LATERAL from others, so none sees what stands on
	// its left.
	r := a.query(child(child(n, "subquery"), "node"), sc.outer)
	alias := a.name("t")
	a.bring(n, sc, alias, nil, placed(r.columns))
	return "(" + r.sql + ") AS " + alias
}

func (a *analyzer) values(n Node, sc *scope) string {
	var cells [][]expr
	var types []Type
	for _, row := range list[[]any](n, "values") {
		exprs := make([]expr, len(row))
		for i, c := range row {
			c, _ := c.(Node)
			e := a.expr(c, sc)
			exprs[i] = e
			if len(cells) == 0 {
				types = append(types, e.typ)
			} else if len(row) != len(types) {
				panic(a.errorf("TYPE_MISMATCH", n, "Values rows have mismatched sizes: %d, %d", len(types), len(row)))
			} else if t, ok := common(types[i], e.typ); ok {
				types[i] = t
			} else {
				panic(a.errorf("TYPE_MISMATCH", c, "Values rows have mismatched types: %s, %s", types[i], e.typ))
			}
		}
		cells = append(cells, exprs)
	}
	written := make([]string, len(cells))
	for i, row := range cells {
		var items []string
		for j, e := range row {
			sql, _ := coerce(e, types[j])
			items = append(items, sql)
		}
		written[i] = "(" + strings.Join(items, ", ") + ")"
	}
	var columns []column
	var names []string
	for i, t := range types {
		columns = append(columns, column{typ: t, sql: place0(i)})
		names = append(names, place0(i))
	}
	alias := a.name("t")
	a.bring(n, sc, alias, nil, columns)
	return "(VALUES " + strings.Join(written, ", ") + ") AS " + alias + "(" + strings.Join(names, ", ") + ")"
}

func (a *analyzer) join(n Node, sc *scope) string {
	kind := str(n, "join_type")
	if ref := n["ref_type"]; ref != "REGULAR" && ref != "CROSS" || !slices.Contains([]string{"INNER", "LEFT", "RIGHT", "OUTER", "FULL"}, kind) {
		panic(a.refuse(n, "a join of this kind: %v %s", n["ref_type"], kind))
	}
	before := len(sc.columns)
	left := a.from(child(n, "left"), sc)
	middle := len(sc.columns)
	rightNode := child(n, "right")
	right := a.from(rightNode, sc)
	if rightNode["type"] == "JOIN" {
		right = "(" + right + ")"
	}
	if kind == "OUTER" {
		kind = "FULL"
	}
	if using := lower(texts(n, "using_columns")); len(using) > 0 {
		on := a.using(n, sc, kind, before, middle, using)
		return left + " " + kind + " JOIN " + right + " ON " + on
	}
	if child(n, "condition") == nil {
		return left + " CROSS JOIN " + right
	}
	on := a.boolean(child(n, "condition"), sc)
	return left + " " + kind + " JOIN " + right + " ON " + on
}

// using joins by columns of one name, which come first and have no relation.
func (a *analyzer) using(n Node, sc *scope, kind string, before, middle int, names []string) string {
	left, right := slices.Clone(sc.columns[before:middle]), slices.Clone(sc.columns[middle:])
	var merged []column
	var on []string
	for _, name := range names {
		i := slices.IndexFunc(left, func(c column) bool { return c.name == name })
		j := slices.IndexFunc(right, func(c column) bool { return c.name == name })
		if i < 0 || j < 0 {
			panic(a.errorf("COLUMN_NOT_FOUND", n, "Column '%s' is missing from a side of the join", name))
		}
		l, r := expr{sql: left[i].sql, typ: left[i].typ}, expr{sql: right[j].sql, typ: right[j].typ}
		on = append(on, a.compare(n, "=", l, r).sql)
		c := column{name: name, typ: l.typ, sql: l.sql}
		switch kind {
		case "RIGHT":
			c.typ, c.sql = r.typ, r.sql
		case "FULL":
			if !l.typ.same(r.typ) {
				panic(a.refuse(n, "FULL JOIN USING columns of two types"))
			}
			c.sql = "coalesce(" + l.sql + ", " + r.sql + ")"
		}
		merged = append(merged, c)
		left, right = slices.Delete(left, i, i+1), slices.Delete(right, j, j+1)
	}
	sc.columns = append(append(append(sc.columns[:before:before], merged...), left...), right...)
	return strings.Join(on, " AND ")
}

// unnest writes UNNEST of arrays and maps.
func (a *analyzer) unnest(n Node, sc *scope) string {
	f := child(n, "function")
	if name := strings.ToLower(str(f, "function_name")); name != "unnest" {
		panic(a.errorf("FUNCTION_NOT_FOUND", n, "Table function '%s' not registered", name))
	}
	arguments := children(f, "children")
	names := len(texts(n, "column_name_alias"))
	if n["with_ordinality"] == "WITH_ORDINALITY" {
		names--
	}
	// Trino makes a column of each field of a row; Athena makes one of the row, as
	// its pages have it: UNNEST(rulegrouplist) AS t(allrulegroups).
	whole := names == len(arguments)
	var inner, outer, lengths []string
	var columns []column
	alias := a.name("t")
	add := func(list string, t Type) {
		c := place0(len(inner))
		inner = append(inner, "unnest("+list+") AS "+c)
		outer = append(outer, alias+"."+c+" AS "+place0(len(columns)))
		columns = append(columns, column{typ: t, sql: place0(len(columns))})
	}
	for _, arg := range arguments {
		e := a.expr(arg, sc)
		switch {
		case e.typ.Base == "map":
			add("map_keys("+e.sql+")", e.typ.Elems[0])
			add("map_values("+e.sql+")", e.typ.Elems[1])
			lengths = append(lengths, "cardinality("+e.sql+")")
		case e.typ.Base == "array" && e.typ.Elems[0].Base == "row" && !whole:
			c := place0(len(inner))
			inner = append(inner, "unnest("+e.sql+") AS "+c)
			for i, t := range e.typ.Elems[0].Elems {
				outer = append(outer, field(alias+"."+c, i)+" AS "+place0(len(columns)))
				columns = append(columns, column{name: e.typ.Elems[0].Fields[i], typ: t, sql: place0(len(columns))})
			}
			lengths = append(lengths, "len("+e.sql+")")
		case e.typ.Base == "array":
			add(e.sql, e.typ.Elems[0])
			lengths = append(lengths, "len("+e.sql+")")
		default:
			panic(a.errorf("INVALID_FUNCTION_ARGUMENT", arg, "Cannot unnest type: %s", e.typ))
		}
	}
	if n["with_ordinality"] == "WITH_ORDINALITY" {
		add("range(1, 1 + CAST(greatest("+strings.Join(lengths, ", ")+") AS BIGINT))", tBigint)
	}
	a.bring(n, sc, alias, nil, columns)
	return "LATERAL (SELECT " + strings.Join(outer, ", ") + " FROM (SELECT " + strings.Join(inner, ", ") + ") AS " + alias + ") AS " + alias
}
