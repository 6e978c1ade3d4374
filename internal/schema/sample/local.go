package sample

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// MostListed bounds how many files are looked at to choose from.
const MostListed = 5000

// Path is a file that may be taken.
func Path(path string) Candidate {
	return Candidate{path, func(context.Context) (io.ReadCloser, error) { return os.Open(path) }}
}

// Local takes a sample of a file, or of the files of a folder.
func Local(ctx context.Context, from string, limits Limits) (*Sample, error) {
	var all []Candidate
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
		if all = append(all, Path(path)); len(all) == MostListed {
			return fs.SkipAll
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("take a sample: %w", err)
	}
	return Take(ctx, all, limits)
}
