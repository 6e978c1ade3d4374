package prompt

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/terminal"
)

// names are what may be completed and what may have been meant.
type names struct {
	read    time.Time
	tables  []string
	columns map[string][]Column
}

// keywords are the words of a search. "\d" and its like are commands.
var keywords = strings.Fields(`SELECT FROM WHERE GROUP BY ORDER LIMIT HAVING DISTINCT AS AND OR NOT IN LIKE BETWEEN IS NULL JOIN LEFT ON
INNER RIGHT FULL OUTER USING WITH UNION INTERSECT EXCEPT ALL UNNEST CROSS VALUES TRUE FALSE FOR CASE WHEN THEN ELSE END CAST TRY_CAST EXISTS COUNT SUM MIN MAX AVG DESC ASC SHOW TABLES PARTITIONS DESCRIBE CREATE TABLE`)

// namesFor is how long the names of tables are taken for granted; patience is how
// long a completion waits for them.
const (
	namesFor = 30 * time.Second
	patience = 2 * time.Second
)

// refresh reads the tables, at most every half minute, and of the tables that a
// statement names the columns, once.
func (p *Prompt) refresh(ctx context.Context, sql string) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	if time.Since(p.names.read) > namesFor {
		tables, err := p.DB.Tables(ctx)
		if err != nil {
			return // nothing to offer
		}
		p.names = names{read: time.Now(), tables: tables, columns: map[string][]Column{}}
	}
	for _, w := range word.FindAllString(strings.ToLower(sql), -1) {
		if _, known := p.names.columns[w]; known || !slices.Contains(p.names.tables, w) {
			continue
		}
		if columns, err := p.DB.Columns(ctx, w); err == nil {
			p.names.columns[w] = columns
		}
	}
}

var word = regexp.MustCompile(`[A-Za-z0-9_-]+`)

// complete offers what may stand where the cursor is.
func (p *Prompt) complete(ctx context.Context, line string, pos int) (head string, offers []string, tail string) {
	runes := []rune(line)
	before, tail := string(runes[:pos]), string(runes[pos:])
	at := len(before)
	for at > 0 && (isWord(before[at-1]) || before[at-1] == '\\') {
		at--
	}
	head, begun := before[:at], before[at:]
	p.refresh(ctx, line)
	return head, p.names.offers(head, begun), tail
}

func isWord(c byte) bool {
	return c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
}

// offers are the names that begin with what was begun. Behind FROM and JOIN, and
// \d, they are tables; elsewhere columns of the tables that are named come first.
func (n names) offers(head, begun string) (list []string) {
	add := func(all []string) {
		for _, name := range all {
			if len(name) >= len(begun) && strings.EqualFold(name[:len(begun)], begun) && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	fields := strings.Fields(strings.ToUpper(head))
	if len(fields) > 0 && slices.Contains([]string{"FROM", "JOIN", `\D`, "DESCRIBE", "PARTITIONS", "TABLE"}, fields[len(fields)-1]) {
		add(n.tables)
		return list
	}
	for _, t := range n.tables {
		for _, c := range n.columns[t] {
			add([]string{c.Name})
		}
	}
	words := slices.Clone(keywords)
	if begun != "" && strings.ToLower(begun) == begun {
		for i := range words {
			words[i] = strings.ToLower(words[i])
		}
	}
	add(words)
	add(n.tables)
	return list
}

// unknown finds the name that an error of Athena says isn't there.
var unknown = regexp.MustCompile(`(?i)(?:Column '([^']+)' cannot be resolved|Table '?(?:[\w-]+\.)*([\w-]+)'? (?:does not exist|not found)|Function '?(\w+)'? not registered|no such table:? '?([\w-]+)|mismatched input '(\w+)')`)

// Quoted is a table's or a column's name as a statement has it.
func Quoted(name string) string {
	if bare.MatchString(name) && !slices.Contains(keywords, strings.ToUpper(name)) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

var bare = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// Mended adds to an error of a statement what may have been meant.
func (p *Prompt) Mended(ctx context.Context, err error, sql string) error {
	m := unknown.FindStringSubmatch(err.Error())
	if first := word.FindString(sql); m == nil && first != "" && !slices.Contains(keywords, strings.ToUpper(first)) {
		m = []string{"", "", "", "", "", first} // no statement begins so
	}
	if m == nil {
		return err
	}
	p.refresh(ctx, sql)
	all := slices.Clone(p.names.tables)
	switch {
	case m[1] != "":
		all = nil
		for _, columns := range p.names.columns {
			for _, c := range columns {
				all = append(all, c.Name)
			}
		}
	case m[5] != "":
		all = keywords
	}
	name := strings.ToLower(strings.Join(m[1:], ""))
	if best, edits := terminal.Nearest(name, all); edits > 0 && edits <= len(name)/2 {
		return fmt.Errorf("%w\nDid you mean %s?", err, best)
	}
	return err
}
