package hiveql

import (
	"fmt"
	"regexp"
	"strings"
)

// FolderName writes a partition as Hive names its folder: k1=v1/k2=v2, with
// the characters that Hive's FileUtils escapes as %XX.
func FolderName(keys, values []string) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = escapedInFolders(k) + "=" + escapedInFolders(values[i])
	}
	return strings.Join(parts, "/")
}

var unfitForFolders = regexp.MustCompile(`[\x00-\x1f\x7f"#%'*/:=?\\{\[\]^]`)

func escapedInFolders(s string) string {
	return unfitForFolders.ReplaceAllStringFunc(s, func(c string) string { return fmt.Sprintf("%%%02X", c[0]) })
}
