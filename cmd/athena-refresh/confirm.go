package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/terminal"
)

// errNotConfirmed is of a command that asked, and was told no.
var errNotConfirmed = errors.New("nothing was changed")

// confirm asks on the terminal, unless --yes said it. Who isn't there to answer has
// to have said so.
func (a *app) confirm(question string, yes bool) error {
	if yes {
		return nil
	}
	answer, err := a.ask(question+" [y/N] ", "--yes")
	if err != nil {
		return err
	}
	if s := strings.ToLower(answer); s != "y" && s != "yes" {
		return errNotConfirmed
	}
	return nil
}

// ask prints a question and reads the line that answers it.
func (a *app) ask(question, flag string) (string, error) {
	if !terminal.Is(a.stdin) {
		return "", faults.Hint(errors.New("this asks first, and there is no terminal to ask at"), "%s in a script", flag)
	}
	fmt.Fprint(a.stderr, terminal.Escape(question))
	line, err := bufio.NewReader(a.stdin).ReadString('\n')
	switch {
	case errors.Is(err, context.Canceled):
		return "", fmt.Errorf("%w: %w", errInterrupted, errNotConfirmed)
	case err != nil && line == "":
		return "", errNotConfirmed
	}
	return strings.TrimSpace(line), nil
}
