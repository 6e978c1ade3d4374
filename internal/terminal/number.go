package terminal

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Thousands is a number as people read it: "1,234".
func Thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Counts is ": a 1, b 2", sorted by name, or nothing.
func Counts[K ~string](before string, counts map[K]int) string {
	if len(counts) == 0 {
		return ""
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", k, counts[k]))
	}
	return before + strings.Join(parts, ", ")
}

// Milliseconds is a time as people read it: what landed yesterday was not
// searchable after 86,400,000 ms.
func Milliseconds(n int64) string {
	d := time.Duration(n) * time.Millisecond
	if d < 10*time.Second {
		return fmt.Sprintf("%d ms", n)
	}
	return d.Round(time.Second).String()
}

// Bytes is a number of bytes as people read it: "1.5 MB", of 1,024 KB each.
func Bytes(n int64) string {
	units := []string{"bytes", "KB", "MB", "GB", "TB", "PB"}
	x, i := float64(n), 0
	for ; x >= 1024 && i < len(units)-1; i++ {
		x /= 1024
	}
	switch {
	case n == 1:
		return "1 byte"
	case i == 0:
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %s", x, units[i])
}
