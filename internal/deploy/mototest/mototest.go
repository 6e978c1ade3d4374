// Package mototest serves moto, an AWS for tests, with what it gets wrong put
// right (server.py says what).
package mototest

import (
	"bufio"
	_ "embed"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed server.py
var server []byte

// Key is the access key whose calls are noted.
const Key = "DEPLOYER"

// Start serves moto until the test ends, and returns its address; server.py says
// which args it takes. Where there is no moto the test is skipped, but not in CI;
// with -short it always is.
func Start(t testing.TB, args ...string) (url string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: needs moto")
	}
	if out, err := exec.Command("python3", "-c", "import moto.server").CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("moto can't be had: %v: %s", err, out)
		}
		t.Skipf("needs python3 with moto (pip install 'moto[server]'): %v", err)
	}
	file := filepath.Join(t.TempDir(), "server.py")
	if err := os.WriteFile(file, server, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", append([]string{file}, args...)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // it serves until its standard input ends
		stdin.Close()
		if _, err := io.Copy(io.Discard, stdout); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("moto: %v: %s", err, &said)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	_, url, ok := strings.Cut(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		t.Fatalf("moto said %q, %v: %s", line, err, &said)
	}
	return url
}
