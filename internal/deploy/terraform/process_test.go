//go:build unix

package terraform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"athenarefresh/internal/deploy"
)

// The test's own program stands in for terraform, and for its provider: FAKE_TERRAFORM
// is the folder that it writes into, FAKE_ENDS how it ends.
func TestMain(m *testing.M) {
	if dir := os.Getenv("FAKE_TERRAFORM"); dir != "" {
		os.Exit(fake(dir, os.Args[1:]))
	}
	os.Exit(m.Run())
}

func fake(dir string, args []string) int {
	switch args[0] {
	case "version":
		fmt.Printf(`{"terraform_version": %q}`, os.Getenv("FAKE_VERSION"))
	case "apply":
		return fakeApply(dir)
	case "provide":
		time.Sleep(10 * time.Minute)
	}
	return 0
}

// fakeApply takes the lock, works until it is interrupted, and ends as it is told.
func fakeApply(dir string) int {
	note := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			panic(err)
		}
	}
	signals := make(chan os.Signal, 9)
	signal.Notify(signals, os.Interrupt)
	program, err := os.Executable()
	if err != nil {
		panic(err)
	}
	provider := exec.Command(program, "provide")
	if err := provider.Start(); err != nil {
		panic(err)
	}
	note("provider", strconv.Itoa(provider.Process.Pid))
	note("lock", "")
	note("group", strconv.Itoa(syscall.Getpgrp()))
	fmt.Println(`{"type":"apply_start","hook":{"resource":{"addr":"a"}}}`)

	<-signals
	interrupts := 1
	for end := time.After(300 * time.Millisecond); ; { // what is under way
		select {
		case <-signals:
			interrupts++
			continue
		case <-end:
		}
		break
	}
	switch os.Getenv("FAKE_ENDS") {
	case "never":
		select {}
	case "without its state":
		note("errored.tfstate", "{}") // in its working folder, as terraform does
		if err := os.WriteFile("errored.tfstate", []byte("{}"), 0o600); err != nil {
			panic(err)
		}
	default:
		note("state", strconv.Itoa(interrupts)+" interrupt")
	}
	if err := errors.Join(provider.Process.Kill(), os.Remove(filepath.Join(dir, "lock"))); err != nil {
		panic(err)
	}
	return 1
}

// faked is a Terraform with the program faked, and the folder that it writes into.
func faked(t *testing.T, ends string) (*Terraform, string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin, dir := t.TempDir(), t.TempDir()
	if err := os.Symlink(program, filepath.Join(bin, "terraform")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("HOME", t.TempDir())
	t.Setenv("FAKE_TERRAFORM", dir)
	t.Setenv("FAKE_ENDS", ends)
	t.Setenv("FAKE_VERSION", "1.11.4")
	tf, err := New(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(tf.dir) })
	return tf, dir
}

func noted(dir, name string) string {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return string(text)
}

// TestTerraformIsInterruptedOnceAndMayEndInOrder: a second interrupt would have
// it leave without writing its state.
func TestTerraformIsInterruptedOnceAndMayEndInOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it waits for processes")
	}
	for name, want := range map[string]error{"by Ctrl-C": context.Canceled, "at the limit": deploy.ErrTooLong} {
		t.Run(name, func(t *testing.T) {
			tf, dir := faked(t, "in order")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if want == deploy.ErrTooLong {
				tf.limit = 3 * time.Second
			}
			err := tf.Apply(ctx, func(deploy.Step) {
				if want == context.Canceled {
					cancel()
				}
			})
			if !errors.Is(err, want) {
				t.Errorf("error %v", err)
			}
			if got := noted(dir, "state"); got != "1 interrupt" {
				t.Errorf("the state has %q", got)
			}
			if _, err := os.Stat(filepath.Join(dir, "lock")); err == nil {
				t.Error("the lock was left behind")
			}
			if group := noted(dir, "group"); group == strconv.Itoa(syscall.Getpgrp()) {
				t.Error("it is in our process group: a terminal's Ctrl-C would reach it twice")
			}
		})
	}
}

// TestATerraformThatDoesNotEndIsKilledWithAllThatItStarted and nobody is told
// that it ended in order.
func TestATerraformThatDoesNotEndIsKilledWithAllThatItStarted(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it waits for processes")
	}
	tf, dir := faked(t, "never")
	tf.patience = time.Second
	ctx, cancel := context.WithCancel(t.Context())
	begun := time.Now()
	err := tf.Apply(ctx, func(deploy.Step) { cancel() })
	if !errors.Is(err, deploy.ErrKilled) || errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if took := time.Since(begun); took < tf.patience || took > 30*time.Second {
		t.Errorf("it was killed after %v", took)
	}
	provider, err := strconv.Atoi(noted(dir, "provider"))
	if err != nil {
		t.Fatal(err)
	}
	for range 100 { // init has to reap it
		if gone(provider) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	syscall.Kill(provider, syscall.SIGKILL)
	t.Error("what it started is still there")
}

// gone: there is no such process, or what is left of it runs no more.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) != nil
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(state, "Z")
}

// TestAStateThatCouldNotBeWrittenIsKept: it is all that is known of what was made.
func TestAStateThatCouldNotBeWrittenIsKept(t *testing.T) {
	tf, _ := faked(t, "without its state")
	ctx, cancel := context.WithCancel(t.Context())
	err := tf.Apply(ctx, func(deploy.Step) { cancel() })
	var unwritten *deploy.UnwrittenError
	if !errors.As(err, &unwritten) || !strings.Contains(unwritten.Push, "-chdir="+tf.dir+" state push errored.tfstate") {
		t.Fatalf("error %v", err)
	}
	if err := tf.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(unwritten.File); err != nil {
		t.Error(err)
	}
}

// TestWithoutTerraformOpenTofuDoes: with neither it is said which there could be.
func TestWithoutTerraformOpenTofuDoes(t *testing.T) {
	faked(t, "in order") // its environment
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, names := range [][]string{{"terraform"}, {"tofu"}, {"tofu", "terraform"}, nil} {
		bin := t.TempDir()
		for _, name := range names {
			if err := os.Symlink(program, filepath.Join(bin, name)); err != nil {
				t.Fatal(err)
			}
		}
		t.Setenv("PATH", bin)
		tf, err := New(t.Context(), Options{})
		if len(names) == 0 {
			if !errors.Is(err, deploy.ErrNoTerraform) {
				t.Errorf("without either: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%v: %v", names, err)
		}
		if got := filepath.Base(tf.path); got != names[len(names)-1] {
			t.Errorf("with %v it is %s", names, got)
		}
		if err := tf.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestATerraformThatIsTooOldIsRefused(t *testing.T) {
	for version, want := range map[string]bool{"1.9.8": false, "0.15.3": false, "1.10.0": true, "1.11.0-rc1": true, "2.0.0": true, "unknown": false} {
		tf, _ := faked(t, "")
		t.Setenv("FAKE_VERSION", version)
		tf.env = append(tf.env, "FAKE_VERSION="+version)
		if err := tf.recent(t.Context()); (err == nil) != want {
			t.Errorf("version %s: %v", version, err)
		}
	}
}
