package trino

import (
	"strings"
)

// modify gives the call behind @ what stands with an aggregate: DISTINCT, ORDER
// BY, FILTER and OVER.
func (a *analyzer) modify(n Node, body string, sc *scope, over string) string {
	before, call, ok := strings.Cut(body, "@")
	if !ok {
		return body
	}
	open := strings.IndexByte(call, '(')
	depth, end := 0, open
	for ; end < len(call); end++ {
		switch call[end] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			break
		}
	}
	inside, after := call[open+1:end], call[end+1:]
	if n["distinct"] == true && !strings.HasPrefix(inside, "DISTINCT ") {
		inside = "DISTINCT " + inside
	}
	if m := child(n, "order_bys"); len(children(m, "orders")) > 0 {
		inside += " ORDER BY " + a.orders(m, sc, nil, false, false)
	}
	if n["ignore_nulls"] == true {
		inside += " IGNORE NULLS"
	}
	out := before + call[:open+1] + inside + ")"
	f := child(n, "filter")
	if f == nil {
		f = child(n, "filter_expr")
	}
	if f != nil {
		out += " FILTER (WHERE " + a.boolean(f, sc) + ")"
	}
	return out + over + a.modify(n, after, sc, over)
}

// window analyses a call with OVER.
func (a *analyzer) window(n Node, sc *scope) expr {
	var parts []string
	partitions := a.exprs(children(n, "partitions"), sc)
	for i, p := range partitions {
		partitions[i].sql = a.key(n, p.sql, p.typ)
	}
	if len(partitions) > 0 {
		parts = append(parts, "PARTITION BY "+sqls(partitions))
	}
	if len(children(n, "orders")) > 0 {
		parts = append(parts, "ORDER BY "+a.orders(n, sc, nil, false, false))
	}
	if frame := a.frame(n, sc); frame != "" {
		parts = append(parts, frame)
	}
	nodes := children(n, "children")
	for _, member := range []string{"offset_expr", "default_expr"} {
		if c := child(n, member); c != nil {
			nodes = append(nodes, c)
		}
	}
	if len(children(n, "arg_orders")) > 0 || n["exclude_clause"] != "NO_OTHER" {
		panic(a.refuse(n, "a window with EXCLUDE or ORDER BY of arguments"))
	}
	name := strings.ToLower(str(n, "function_name"))
	if name == "count_star" {
		name = "count"
	}
	return a.callOver(n, name, nodes, sc, " OVER ("+strings.Join(parts, " ")+")")
}

func (a *analyzer) frame(n Node, sc *scope) string {
	start, end := str(n, "start"), str(n, "end")
	if start == "UNBOUNDED_PRECEDING" && end == "CURRENT_ROW_RANGE" {
		return ""
	}
	mode := ""
	bound := func(kind, member string) string {
		for _, m := range []string{"ROWS", "RANGE", "GROUPS"} {
			if rest, ok := strings.CutSuffix(kind, "_"+m); ok {
				kind, mode = rest, m
			}
		}
		if rest, ok := strings.CutPrefix(kind, "EXPR_"); ok {
			e := a.expr(child(n, member), sc)
			if mode != "ROWS" || !e.typ.isInteger() {
				panic(a.refuse(n, "a window frame by %s of a value", mode))
			}
			return e.sql + " " + rest
		}
		return strings.ReplaceAll(kind, "_", " ")
	}
	from, to := bound(start, "start_expr"), bound(end, "end_expr")
	if mode == "" {
		mode = "RANGE"
	}
	return mode + " BETWEEN " + from + " AND " + to
}
