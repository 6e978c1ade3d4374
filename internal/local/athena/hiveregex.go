package athena

import (
	"github.com/dlclark/regexp2"

	"athenarefresh/internal/local/athena/trino"
	"athenarefresh/internal/local/glue"
)

const regexSerDe = "org.apache.hadoop.hive.serde2.RegexSerDe"

// regexRow splits a line as RegexSerDe does: the groups of an expression that
// fits the whole line are the columns. All are NULL where it doesn't fit.
type regexRow struct{ pattern *regexp2.Regexp }

// newRegexRow reads the SerDe's properties. The expression is Java's, which
// looks ahead and back, as those on AWS's own pages do ("^(?!#)").
func newRegexRow(t *glue.Table, properties map[string]string) (*regexRow, error) {
	expression := properties["input.regex"]
	if expression == "" {
		return nil, userFailure(typeSchema, "HIVE_INVALID_METADATA: %s.%s: RegexSerDe has no input.regex in its SERDEPROPERTIES", t.DatabaseName, t.Name)
	}
	options := regexp2.RegexOptions(regexp2.None)
	if properties["input.regex.case.insensitive"] == "true" {
		options |= regexp2.IgnoreCase
	}
	pattern, err := regexp2.Compile(`\A(?:`+expression+`)\z`, options)
	if err != nil {
		return nil, userFailure(typeSchema, "HIVE_INVALID_METADATA: %s.%s: the local stack can't read input.regex: %v", t.DatabaseName, t.Name, err)
	}
	pattern.MatchTimeout = trino.Patience
	return &regexRow{pattern}, nil
}

// row returns the groups; nil is NULL.
func (r *regexRow) row(line string) (any, error) {
	m, err := trino.Within(func() (*regexp2.Match, error) { return r.pattern.FindStringMatch(line) })
	if m == nil || err != nil {
		return []any{}, err
	}
	groups := m.Groups()[1:]
	fields := make([]any, len(groups))
	for i, g := range groups {
		if len(g.Captures) > 0 {
			fields[i] = g.String()
		}
	}
	return fields, nil
}
