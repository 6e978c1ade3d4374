package terminal

import "strings"

// Nearest is the one of names, the first of several, that takes the fewest edits to
// make of a name, and how many. "" of none. Upper and lower case are the same.
func Nearest(name string, names []string) (best string, edits int) {
	for _, other := range names {
		if d := Edits(name, other); best == "" || d < edits {
			best, edits = other, d
		}
	}
	return best, edits
}

// Edits counts the edits between two names: bytes put in, left out, exchanged for
// another, or with their neighbour.
func Edits(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := range len(a) {
		rows[2][0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d := min(rows[1][j+1]+1, rows[2][j]+1, rows[1][j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, rows[0][j-1]+1)
			}
			rows[2][j+1] = d
		}
		rows[0], rows[1], rows[2] = rows[1], rows[2], rows[0]
	}
	return rows[1][len(b)]
}
