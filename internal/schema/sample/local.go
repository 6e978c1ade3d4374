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

// MostListed bounds how many files are looked at to choose from.
const MostListed = 5000

// Paths takes a sample of these files.
func Paths(ctx context.Context, paths []string, limits Limits) (*Sample, error) {
	var all []Candidate
	for _, path := range paths {
		all = append(all, Candidate{path, func(context.Context) (io.ReadCloser, error) { return os.Open(path) }})
	}
	return Take(ctx, all, limits)
}

// Local takes a sample of a file, or of the files of a folder.
func Local(ctx context.Context, from string, limits Limits) (*Sample, error) {
	var all []Candidate
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
		if all = append(all, Candidate{path, func(context.Context) (io.ReadCloser, error) { return os.Open(path) }}); len(all) == MostListed {
			return full
		}
		return ctx.Err()
	})
	if err != nil && !errors.Is(err, full) {
		return nil, fmt.Errorf("take a sample: %w", err)
	}
	return Take(ctx, all, limits)
}
