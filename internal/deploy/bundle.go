package deploy

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"athenarefresh/internal/config"
)

// Bundle is what Lambda is given to run: a zip, and the hash by which Lambda
// names its content.
type Bundle struct {
	Zip  []byte
	Hash string // base64 of the zip's SHA-256, as CodeSha256 has it
}

// program is the name that Lambda's runtime for binaries starts (Lambda
// developer guide, "provided.al2023").
const program = "bootstrap"

// maxZip is the largest zip that Lambda takes in a request (Lambda quotas).
const maxZip = 50 << 20

// bundleTime stands at every file, so that the same files are the same zip: the
// first time that a zip can tell.
var bundleTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// bundleFile is a file of a zip.
type bundleFile struct {
	name string
	mode fs.FileMode
	data []byte
}

// NewBundle puts the function's program and its configuration together. The
// same program and configuration give the same bytes.
func NewBundle(binary []byte, c *config.Config) (Bundle, error) {
	global, lambda, err := c.Packaged()
	if err != nil {
		return Bundle{}, err
	}
	return zipped([]bundleFile{
		{program, 0o755, binary},
		{"conf/global.json", 0o644, global},
		{"conf/lambda.json", 0o644, lambda},
	})
}

// zipped packs files in the order given.
func zipped(files []bundleFile) (Bundle, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: bundleTime}
		h.SetMode(f.mode)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(f.data)
		}
		if err != nil {
			return Bundle{}, fmt.Errorf("pack %s: %w", f.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return Bundle{}, fmt.Errorf("pack: %w", err)
	}
	return newBundle(b.Bytes())
}

func newBundle(data []byte) (Bundle, error) {
	if len(data) > maxZip {
		return Bundle{}, fmt.Errorf("the zip has %d MiB, Lambda takes %d in a request", len(data)>>20, maxZip>>20)
	}
	sum := sha256.Sum256(data)
	return Bundle{Zip: data, Hash: base64.StdEncoding.EncodeToString(sum[:])}, nil
}

// ErrUnchecked says that nothing tells whether a zip is the one that was released.
var ErrUnchecked = errors.New("there is no checksum to hold it to")

// sums is the file beside a release's files that has their checksums, as
// sha256sum prints them.
const sums = "SHA256SUMS"

// ReadProgram reads the function's program from a file: the program itself, or
// a zip that holds it under its name, bootstrap. It must be one that Lambda can
// start on the architecture, and have the checksum: the given one, a SHA-256 in
// hexadecimal, else that of the file SHA256SUMS beside it. Only a program that
// is no zip, and so was built here, needs none.
func ReadProgram(file, sum string, a Architecture) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the package: %w", err)
	}
	packed := bytes.HasPrefix(data, []byte("PK"))
	if err := hold(data, file, sum); err != nil && (packed || !errors.Is(err, ErrUnchecked)) {
		return nil, fmt.Errorf("check %s: %w", file, err)
	}
	if packed {
		if data, err = unzip(data, program); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
	}
	if err := a.check(data); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return data, nil
}

// hold holds a file's content to its checksum.
func hold(data []byte, file, sum string) error {
	from := "--sha256"
	if sum == "" {
		var err error
		if sum, err = listed(file); err != nil {
			return err
		}
		from = sums
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(data)); !strings.EqualFold(got, sum) {
		return fmt.Errorf("it is not the file that %s speaks of: its SHA-256 is %s, not %s", from, got, sum)
	}
	return nil
}

// listed is the checksum of a file in the SHA256SUMS beside it.
func listed(file string) (string, error) {
	text, err := os.ReadFile(filepath.Join(filepath.Dir(file), sums))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: no %s beside it", ErrUnchecked, sums)
	} else if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 2 && strings.TrimPrefix(f[1], "*") == filepath.Base(file) {
			return f[0], nil
		}
	}
	return "", fmt.Errorf("%w: %s has no line for it", ErrUnchecked, sums)
}

// maxProgram is what Lambda unpacks at most (Lambda quotas).
const maxProgram = 250 << 20

func unzip(data []byte, name string) ([]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	f, err := z.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s at the zip's root", name)
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxProgram+1))
	if err == nil && len(content) > maxProgram {
		err = fmt.Errorf("%s has more than %d MiB", name, maxProgram>>20)
	}
	return content, err
}

// Architecture is what the function runs on.
type Architecture string

// The architectures of Lambda, in its words.
const (
	ARM64 Architecture = "arm64"
	AMD64 Architecture = "x86_64"
)

// architectures are how a program for each is made: Go's word for it, and ELF's.
var architectures = map[Architecture]struct {
	goarch  string
	machine elf.Machine
}{
	ARM64: {"arm64", elf.EM_AARCH64},
	AMD64: {"amd64", elf.EM_X86_64},
}

// check refuses what Lambda could not start: it would say so only when the
// function runs.
func (a Architecture) check(binary []byte) error {
	f, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		return fmt.Errorf("it is no program for Linux: %w", err)
	}
	if f.Machine != architectures[a].machine {
		return fmt.Errorf("it is a program for %s, the function runs on %s", f.Machine, a)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("it needs a C library, which the function may not find: build it with CGO_ENABLED=0")
		}
	}
	return nil
}

// NoBundle stands where Terraform wants a package and none is used: nothing is
// deployed.
var NoBundle = Bundle{Hash: base64.StdEncoding.EncodeToString(make([]byte, sha256.Size))}
