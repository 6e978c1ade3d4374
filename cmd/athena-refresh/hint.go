package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"athenarefresh/internal/config"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

// errUndone says that the command did what it could, printed that, and left
// something undone.
var errUndone = errors.New("something was left undone")

// complain prints an error for a person, with its hint. What is wrong with
// the configuration has a line for each thing.
func (a *app) complain(err error) {
	if problems, ok := errors.AsType[config.Errors](err); ok {
		for _, p := range problems {
			a.tell(slog.LevelError, p.String(), "")
		}
		return
	}
	a.tell(slog.LevelError, strings.TrimRight(err.Error(), "\n"), a.paste(faults.HintOf(err)))
}

// say prints a line for a person, or several. Some of their words are
// strangers': of files, of services, of the command line.
func (a *app) say(text string) { a.tell(slog.LevelInfo, text, "") }

// tell is say, or with --log-format json a line of the log: then stderr is for
// programs.
func (a *app) tell(level slog.Level, text, hint string) {
	if a.logFormat == "json" {
		var attrs []any
		if hint != "" {
			attrs = []any{"hint", hint}
		}
		a.log(slog.LevelInfo).Log(context.Background(), level, text, attrs...)
		return
	}
	switch level {
	case slog.LevelError:
		text = "athena-refresh: " + text
	case slog.LevelWarn:
		text = "warning: " + text
	}
	if hint != "" {
		text += "\nhint: " + hint
	}
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintln(a.stderr, terminal.Escape(line))
	}
}

// paste has the commands in a text read the configuration that this run read,
// so that they can be pasted as they stand.
func (a *app) paste(text string) string {
	if a.conf == defaultConf {
		return text
	}
	a.list.Do(func() { a.configured = configured((&app{}).root()) })
	return a.configured.ReplaceAllStringFunc(text, func(command string) string {
		return strings.Replace(command, " ", " --conf "+faults.Word(a.conf)+" ", 1)
	})
}

// configured finds the commands in a text that read the configuration: all but pages
// of help, and what is about the program itself.
func configured(root *cobra.Command) *regexp.Regexp {
	var names []string
	for _, c := range root.Commands() {
		if !c.IsAdditionalHelpTopicCommand() && !slices.Contains([]string{"completion", "help", "man", "version"}, c.Name()) {
			names = append(names, c.Name())
		}
	}
	return regexp.MustCompile(`\bathena-refresh (` + strings.Join(names, "|") + `)\b`)
}

// advise says what to do next. What --json prints is for programs, whose
// authors know that.
func (a *app) advise(text string) {
	if !a.json {
		a.say("hint: " + a.paste(text))
	}
}
