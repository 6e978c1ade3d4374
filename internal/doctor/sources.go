package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/source"
	"athenarefresh/internal/table"
)

// source is of a table whose rules name a source that says how it is read.
func (x *examination) source(ctx context.Context, name, of string, page *schema.Schema) Finding {
	is, err := x.Facts.Schema(ctx, name)
	if err != nil {
		return unread(catalogError(err), "glue:GetTable on "+name, unchecked("see table", ""))
	}
	return compared(name, of, &is, page)
}

// compared holds a table against what its source has. Writers let people choose
// formats and fields, so only what can't be meant is a warning.
func compared(name, of string, is, page *schema.Schema) Finding {
	rebuild := fmt.Sprintf("athena-refresh table rebuild %s; --dry-run shows what it changes", name)
	lines := page.Properties[schema.SkipHeaderLines]
	switch {
	case !is.IsParquet() && !page.IsParquet() && page.ByName() != is.ByName():
		return warning(fmt.Sprintf("it reads files by %s, those of source %s are documented for %s", is.SerDe, of, page.SerDe), rebuild)
	case lines != "" && !is.ByName() && !is.HasHeader():
		return warning(fmt.Sprintf("the first lines of each file of source %s are no records (%s of them): the table reads them as rows", of, lines), rebuild)
	}
	lacks := missing(is.Columns, page.Columns)
	if is.ByName() && !is.IsParquet() && page.ByName() && len(lacks) > 0 {
		return warning(fmt.Sprintf("source %s has columns that it doesn't have: %s", of, strings.Join(lacks, ", ")), rebuild)
	}
	what := "it is as source " + of + " has it"
	if len(lacks) > 0 {
		what = fmt.Sprintf("it has a selection of source %s's columns, which is right where its files have that", of)
	}
	if shared(of) {
		what += "; what lands in its folders beside its own files, queries have to leave out"
	}
	return ok("%s", what)
}

func missing(has, of []hiveql.Column) (names []string) {
	for _, c := range of {
		if !slices.ContainsFunc(has, func(h hiveql.Column) bool { return h.Name == c.Name }) {
			names = append(names, c.Name)
		}
	}
	return names
}

// shared says whether a source's files are told from others in their folder by
// their names.
func shared(name string) bool {
	s, _ := source.Named(name)
	return slices.ContainsFunc(s.Rules, func(r table.Rule) bool { return r.Files != nil })
}
