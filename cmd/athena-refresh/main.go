package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/terminal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitUndone = 3 // something was parked or is to be tried again
)

// run is the whole program, but for the process around it: results go to
// stdout, everything else to stderr. When ctx ends it finishes the round in
// hand. It returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: terminal.Input(ctx, stdin), stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errUndone):
		return exitUndone
	case !a.began:
		if faults.HintOf(err) == "" {
			err = faults.Hint(err, "athena-refresh help lists the commands, athena-refresh help COMMAND says more")
		}
		a.complain(err)
		return exitUsage
	}
	a.complain(err)
	return exitFailed
}
