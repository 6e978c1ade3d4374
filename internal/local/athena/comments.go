package athena

import "strings"

// blankComments makes spaces of a query's comments, and leaves all else where it
// is. DuckDB takes a /* within a comment for another one, which Trino doesn't,
// and takes hours for a hundred thousand of them.
func blankComments(query string) (string, error) {
	b := []byte(query)
	for i := 0; i < len(b); {
		rest := query[i:]
		n := 1
		switch {
		case rest[0] == '\'' || rest[0] == '"':
			n = quotedLength(rest)
		case strings.HasPrefix(rest, "--"):
			if n = strings.IndexAny(rest, "\r\n"); n < 0 {
				n = len(rest)
			}
			blank(b[i : i+n])
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return "", userFailure(typeSyntax, "SYNTAX_ERROR: %s: mismatched input '/'. The comment has no end", linePosition(query, i))
			}
			n = end + 4
			blank(b[i : i+n])
		}
		i += n
	}
	return string(b), nil
}

// quotedLength is the length of the text or name that s begins with, all of s if
// it has no end. A doubled quote begins another one, which makes no difference.
func quotedLength(s string) int {
	if end := strings.IndexByte(s[1:], s[0]); end >= 0 {
		return end + 2
	}
	return len(s)
}

// blank keeps line ends, as places are counted by them.
func blank(comment []byte) {
	for i, c := range comment {
		if c != '\r' && c != '\n' {
			comment[i] = ' '
		}
	}
}
