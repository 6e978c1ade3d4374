package sample

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// mostListed bounds how many files are looked at to choose from.
const mostListed = 5000

// Local takes a sample of a file, or of the files of a folder.
func Local(ctx context.Context, from string, limits Limits) (*Sample, error) {
	var all []candidate
	full := errors.New("enough")
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() || path != from && !readable(filepath.ToSlash(rel)) {
			return nil
		}
		if all = append(all, candidate{path, func(context.Context) (io.ReadCloser, error) { return os.Open(path) }}); len(all) == mostListed {
			return full
		}
		return ctx.Err()
	})
	if err != nil && !errors.Is(err, full) {
		return nil, fmt.Errorf("take a sample: %w", err)
	}
	return take(ctx, all, limits)
}
