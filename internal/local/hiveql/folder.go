package hiveql

import (
	"fmt"
	"strconv"
	"strings"
)

// FolderName writes a partition as Hive names its folder: k1=v1/k2=v2, with
// the characters that Hive's FileUtils escapes as %XX.
func FolderName(keys, values []string) string {
	var b strings.Builder
	for i, k := range keys {
		if i > 0 {
			b.WriteByte('/')
		}
		escapeFolder(&b, k)
		b.WriteByte('=')
		escapeFolder(&b, values[i])
	}
	return b.String()
}

func escapeFolder(b *strings.Builder, s string) {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == 0x7f || strings.IndexByte(`"#%'*/:=?\{[]^`, c) >= 0 {
			fmt.Fprintf(b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
}

// UnescapeFolder reads %XX as Hive, Spark and Trino do: one character for each
// (not UTF-8), anything else as it stands.
func UnescapeFolder(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteRune(rune(v))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
