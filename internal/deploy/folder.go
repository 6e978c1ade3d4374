package deploy

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// readZip takes a zip as it is.
func readZip(file string) (Bundle, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Bundle{}, fmt.Errorf("read the package: %w", err)
	}
	if !bytes.HasPrefix(data, []byte("PK")) {
		return Bundle{}, fmt.Errorf("%s is no zip", file)
	}
	return newBundle(data)
}

// packFolder packs the files of a folder. The same files are the same zip.
func packFolder(dir string) (Bundle, error) {
	var files []bundleFile
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := os.Stat(path) // what a link points at
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no file", path)
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		mode := fs.FileMode(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		files = append(files, bundleFile{filepath.ToSlash(name), mode, data})
		return err
	})
	if err != nil {
		return Bundle{}, fmt.Errorf("pack %s: %w", dir, err)
	}
	if len(files) == 0 {
		return Bundle{}, fmt.Errorf("pack %s: it is empty", dir)
	}
	return zipped(files)
}
