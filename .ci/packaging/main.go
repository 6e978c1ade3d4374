// Packaging makes what a release is handed out as, byte for byte the same of
// the same files: entries in the order of their names, nobody's, of the time that
// SOURCE_DATE_EPOCH has (seconds since 1970).
//
//	packaging tar [-flat] DIR OUT.tar.gz   a folder, under its own name; -flat: what is in it
//	packaging zip [-flat] DIR OUT.zip
//	packaging image ARCH DIR OUT.tar NAME:TAG
//
// An image has no base: the files of DIR, and the certificates of Mozilla's
// list, as the pinned golang.org/x/crypto/x509roots has them. "docker load",
// "podman load" and "crane push" take it.
package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "packaging:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	at := time.Unix(seconds, 0).UTC()
	flat := len(args) == 4 && args[1] == "-flat"
	if flat {
		args = slices.Delete(args, 1, 2)
	}
	switch {
	case len(args) == 3 && (args[0] == "tar" || args[0] == "zip"):
		root := filepath.Base(args[1])
		if flat {
			root = ""
		}
		list, err := entries(args[1], root)
		if err != nil {
			return err
		}
		if args[0] == "zip" {
			return written(args[2], func(w io.Writer) error { return writeZip(w, list, at) })
		}
		return written(args[2], func(w io.Writer) error { return writeTarGz(w, list, at) })
	case len(args) == 5 && args[0] == "image":
		return written(args[3], func(w io.Writer) error { return writeImage(w, args[1], args[2], args[4], at) })
	}
	return errors.New("usage: tar|zip [-flat] DIR OUT, image ARCH DIR OUT NAME:TAG")
}

// written makes a file, or none.
func written(out string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return fmt.Errorf("make %s: %w", out, err)
	}
	return os.WriteFile(out, b.Bytes(), 0o644)
}

// entry is a file or a folder of an archive.
type entry struct {
	name string
	mode fs.FileMode // 0755 or 0644, and whether it is a folder
	data []byte
}

// entries are what is in a folder, in order, named below root.
func entries(dir, root string) (list []entry, err error) {
	err = filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		e := entry{name: path.Join(root, filepath.ToSlash(rel)), mode: 0o644}
		switch {
		case d.IsDir():
			e.name, e.mode = e.name+"/", fs.ModeDir|0o755
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is neither file nor folder", file)
		default:
			if info.Mode()&0o100 != 0 {
				e.mode = 0o755
			}
			if e.data, err = os.ReadFile(file); err != nil {
				return err
			}
		}
		if e.name != "./" && e.name != "/" { // the root of what has none
			list = append(list, e)
		}
		return nil
	})
	return list, err
}

func writeTarGz(w io.Writer, list []entry, at time.Time) error {
	z := gzip.NewWriter(w)
	return errors.Join(writeTar(z, list, at), z.Close())
}

func writeTar(w io.Writer, list []entry, at time.Time) error {
	t := tar.NewWriter(w)
	for _, e := range list {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: int64(e.mode.Perm()), Size: int64(len(e.data)), ModTime: at, Format: tar.FormatPAX}
		if e.mode.IsDir() {
			h.Typeflag = tar.TypeDir
		}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(e.data); err != nil {
			return err
		}
	}
	return t.Close()
}

func writeZip(w io.Writer, list []entry, at time.Time) error {
	z := zip.NewWriter(w)
	for _, e := range list {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: at}
		h.SetMode(e.mode)
		f, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := f.Write(e.data); err != nil {
			return err
		}
	}
	return z.Close()
}

// nobody is who the daemon is in an image: no user of any machine.
const nobody = "65532:65532"

func writeImage(w io.Writer, arch, dir, tag string, at time.Time) error {
	list, err := entries(dir, "")
	if err != nil {
		return err
	}
	for _, folder := range []string{"etc/", "etc/ssl/", "etc/ssl/certs/"} {
		list = append(list, entry{name: folder, mode: fs.ModeDir | 0o755})
	}
	list = append(list, entry{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, data: certificates()})
	var files bytes.Buffer
	if err := writeTar(&files, list, at); err != nil {
		return err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files.Bytes())), nil })
	if err != nil {
		return err
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return err
	}
	config = config.DeepCopy()
	config.Architecture, config.OS, config.Created = arch, "linux", v1.Time{Time: at}
	config.Config = v1.Config{
		Entrypoint: []string{"/athena-refresh"}, Cmd: []string{"run", "--conf", "/conf", "--listen", ":8463"},
		User: nobody, ExposedPorts: map[string]struct{}{"8463/tcp": {}},
	}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		return err
	}
	ref, err := name.NewTag(tag)
	if err != nil {
		return err
	}
	return tarball.Write(ref, img, w)
}

// certificates are the roots that Mozilla trusts without conditions.
func certificates() []byte {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
		}
	}
	return b.Bytes()
}
