package hiveql

import (
	"fmt"
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
