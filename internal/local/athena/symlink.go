//go:build cgo

package athena

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
)

// maxSymlinks bounds a list: it is a stranger's.
const maxSymlinks = 1 << 20 // bytes

// linked are the objects that a list names.
func linked(ctx context.Context, objects Objects, p *scanPartition, list *Object) (files []scanFile, err error) {
	if list.Size > maxSymlinks {
		return nil, userFailure(typeSchema, "HIVE_FILESYSTEM_ERROR: %s is too long for a list of files", list.Key)
	}
	text, err := os.ReadFile(list.Path)
	if err != nil {
		return nil, fmt.Errorf("read the list of files %s: %w", list.Key, err)
	}
	for uri := range strings.Lines(string(text)) {
		if uri = strings.TrimSpace(uri); uri == "" {
			continue
		}
		bucket, key, err := splitLocation(uri)
		if err != nil {
			return nil, userFailure(typeSchema, "HIVE_BAD_DATA: %s names %q: %v", list.Key, uri, err)
		}
		found, err := objects.List(ctx, bucket, key)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", uri, err)
		}
		i := slices.IndexFunc(found, func(o Object) bool { return o.Key == key })
		if i < 0 {
			return nil, userFailure(typeSchema, "HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split %s: there is no such object", uri)
		}
		files = append(files, scanFile{p, found[i].Path, uri, found[i].Size, found[i].Modified})
	}
	return files, nil
}
