//go:build cgo

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// person sits at a terminal of 24 lines at which the program runs.
type person struct {
	t        *testing.T
	terminal *os.File

	mu   sync.Mutex
	seen string // since they last waited
}

// sitDown starts the program at a terminal that is its own, so that Ctrl-C is a key.
func sitDown(t *testing.T, env []string, args ...string) (*person, *exec.Cmd) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { master.Close() })
	var n, unlocked int32
	size := [4]uint16{24, 80}
	for request, arg := range map[uintptr]unsafe.Pointer{syscall.TIOCSPTLCK: unsafe.Pointer(&unlocked), syscall.TIOCGPTN: unsafe.Pointer(&n), syscall.TIOCSWINSZ: unsafe.Pointer(&size)} {
		if _, _, no := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(arg)); no != 0 {
			t.Fatal(no)
		}
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	cmd := exec.Command("athena-refresh", args...)
	cmd.Env = append(env, "TERM=xterm", "XDG_CACHE_HOME="+t.TempDir())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	p := &person{t: t, terminal: master}
	go p.look() // ends with the terminal
	return p, cmd
}

func (p *person) look() {
	b := make([]byte, 4096)
	for {
		n, err := p.terminal.Read(b)
		p.mu.Lock()
		p.seen += string(b[:n])
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// types presses keys.
func (p *person) types(keys string) {
	p.t.Helper()
	if _, err := p.terminal.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// waits until the terminal shows a text.
func (p *person) waits(text string) {
	p.t.Helper()
	until(p.t, fmt.Sprintf("the terminal shows %q", text), time.Minute, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		_, after, ok := strings.Cut(p.seen, text)
		if ok {
			p.seen = after
		}
		return ok
	})
}

const ctrlC = "\x03"

// TestCtrlCCancelsTheQueryAndNotThePrompt, nor does it end the prompt where nothing
// runs. The statement would count for hours.
func TestCtrlCCancelsTheQueryAndNotThePrompt(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	conf := confDir(t, "slow", `{"athena_partition_refresh_config": {}}`)
	stack := served(t, conf, t.TempDir())
	p, cmd := sitDown(t, environment(stack.url), "query", "--conf", conf)
	p.waits("athena> ")
	p.types("SELECT count(*) FROM " + strings.Repeat("UNNEST(sequence(1, 10000)) CROSS JOIN ", 3) + "UNNEST(sequence(1, 10000));\r")
	p.waits("(Ctrl-C cancels)")
	p.types(ctrlC)
	p.waits("cancelled")
	p.waits("athena> ")
	p.types("SELECT 2" + ctrlC)
	p.waits("athena> ")
	p.types("\\d\r")
	p.waits("alerts")
	p.waits("athena> ")
	p.types("\\q\r")
	if err := cmd.Wait(); err != nil {
		t.Errorf("the prompt ended with %v", err)
	}
}

// TestAPromptThatIsEndedLeavesNothing: what ends processes asks once, and then kills.
func TestAPromptThatIsEndedLeavesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	logs, temporary := t.TempDir(), t.TempDir()
	for hour := range 3 {
		folder := filepath.Join(logs, "web", "2026", "01", "02", fmt.Sprintf("%02d", hour))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, "a.json"), `{"id":"x"}`)
	}
	p, cmd := sitDown(t, append(environment("http://127.0.0.1:1"), "TMPDIR="+temporary), "open", "--yes", logs)
	p.waits("athena> ")
	if names, err := os.ReadDir(temporary); err != nil || len(names) != 1 {
		t.Fatalf("it keeps %v in the folder of what is temporary, %v", names, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it goes on")
	}
	if names, err := os.ReadDir(temporary); err != nil || len(names) > 0 {
		t.Errorf("it leaves %v, %v", names, err)
	}
}
