package trino

import (
	"strings"
)

// modify gives the call behind @ what stands with an aggregate: DISTINCT, ORDER
// BY, FILTER and OVER.
func (a *analyzer) modify(n Node, body string, sc *scope, over string) (string, error) {
	before, call, ok := strings.Cut(body, "@")
	if !ok {
		return body, nil
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
		orders, err := a.orders(m, sc, nil, false, false)
		if err != nil {
			return "", err
		}
		inside += " ORDER BY " + orders
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
		filter, err := a.boolean(f, sc)
		if err != nil {
			return "", err
		}
		out += " FILTER (WHERE " + filter + ")"
	}
	rest, err := a.modify(n, after, sc, over)
	return out + over + rest, err
}

// window analyses a call with OVER.
func (a *analyzer) window(n Node, sc *scope) (expr, error) {
	var parts []string
	partitions, err := a.exprs(children(n, "partitions"), sc)
	if err != nil {
		return expr{}, err
	}
	for i, p := range partitions {
		if partitions[i].sql, err = a.key(n, p.sql, p.typ); err != nil {
			return expr{}, err
		}
	}
	if len(partitions) > 0 {
		parts = append(parts, "PARTITION BY "+sqls(partitions))
	}
	if len(children(n, "orders")) > 0 {
		orders, err := a.orders(n, sc, nil, false, false)
		if err != nil {
			return expr{}, err
		}
		parts = append(parts, "ORDER BY "+orders)
	}
	frame, err := a.frame(n, sc)
	if err != nil {
		return expr{}, err
	}
	if frame != "" {
		parts = append(parts, frame)
	}
	nodes := children(n, "children")
	for _, member := range []string{"offset_expr", "default_expr"} {
		if c := child(n, member); c != nil {
			nodes = append(nodes, c)
		}
	}
	if len(children(n, "arg_orders")) > 0 || n["exclude_clause"] != "NO_OTHER" {
		return expr{}, a.refuse(n, "a window with EXCLUDE or ORDER BY of arguments")
	}
	name := strings.ToLower(str(n, "function_name"))
	if name == "count_star" {
		name = "count"
	}
	e, kind, err := a.callKind(n, name, nodes, sc, " OVER ("+strings.Join(parts, " ")+")")
	if err == nil && kind == "" {
		err = a.errorf("FUNCTION_NOT_WINDOW", n, "Not a window function: %s", name)
	}
	return e, err
}

func (a *analyzer) frame(n Node, sc *scope) (string, error) {
	start, end := str(n, "start"), str(n, "end")
	if start == "UNBOUNDED_PRECEDING" && end == "CURRENT_ROW_RANGE" {
		return "", nil
	}
	mode := ""
	bound := func(kind, member string) (string, error) {
		for _, m := range []string{"ROWS", "RANGE", "GROUPS"} {
			if rest, ok := strings.CutSuffix(kind, "_"+m); ok {
				kind, mode = rest, m
			}
		}
		if rest, ok := strings.CutPrefix(kind, "EXPR_"); ok {
			e, err := a.expr(child(n, member), sc)
			if err == nil && (mode != "ROWS" || !e.typ.isInteger()) {
				err = a.refuse(n, "a window frame by %s of a value", mode)
			}
			return e.sql + " " + rest, err
		}
		return strings.ReplaceAll(kind, "_", " "), nil
	}
	from, err := bound(start, "start_expr")
	if err != nil {
		return "", err
	}
	to, err := bound(end, "end_expr")
	if mode == "" {
		mode = "RANGE"
	}
	return mode + " BETWEEN " + from + " AND " + to, err
}
