package athena

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// redact removes from Athena's reason whatever the statement itself said of its
// partitions: strangers write keys, and a folder named "access denied" must not
// speak for Athena. A service may name a part of a location (without its last
// slash, without its bucket, a folder above it, the folder's name alone) and
// may have it quoted or encoded. What it says in its own words stays, also
// where somebody named a folder "table".
func redact(reason string, parts []refresh.Partition) string {
	reason = unescaped(reason)
	for _, s := range sentTexts(parts) {
		reason = strings.ReplaceAll(reason, s, "…")
	}
	return reason
}

// misleading says whether a name could be taken for a service's words, by itself
// or beside a word of the service's. A single word that says nothing, such as
// "database", may be the service's own.
func misleading(name string) bool {
	return textVerdict(name) != errPart || len(name) >= len("not found") && strings.Contains(name, " ")
}

// sentTexts are the texts that we sent in the parts' locations and values, the
// longest first, so that none is left in pieces.
func sentTexts(parts []refresh.Partition) []string {
	all := map[string]bool{}
	add := func(s string) {
		all[s], all[escaper.Replace(s)], all[url.QueryEscape(s)], all[strings.ReplaceAll(s, " ", "+")] = true, true, true, true
	}
	for _, p := range parts {
		location := strings.TrimSuffix(p.Location, "/")
		names := append(strings.Split(location, "/"), p.Values...)
		for _, name := range names {
			if misleading(name) {
				add(name)
			}
		}
		bucket, key, ok := table.CutLocation(location)
		if !ok {
			continue
		}
		add("s3://" + bucket)
		for i, c := range key + "/" { // one folder alone may be called anything
			if above := key[:i]; c == '/' && strings.Contains(above, "/") {
				add(above)
			}
		}
	}
	list := make([]string, 0, len(all))
	for s := range all {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return list
}

// unescaped undoes %XX, and leaves what is none.
func unescaped(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
