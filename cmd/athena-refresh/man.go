package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// man writes the manual pages, for whoever makes a package of the program. It is
// not cobra's own generator: that takes the texts for Markdown, which they are not.
func (a *app) man() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write a manual page for each command into a folder",
		Hidden: true,
		Args:   exactly(1, "man: name a folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return fmt.Errorf("write the manual: %w", err)
			}
			cmd.Root().InitDefaultCompletionCmd()
			return writeManual(args[0], cmd.Root())
		},
	}
}

// writeManual writes the page of a command and those of the ones below it.
func writeManual(dir string, cmd *cobra.Command) error {
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	if err := os.WriteFile(filepath.Join(dir, name+".1"), []byte(manualPage(name, cmd)), 0o666); err != nil {
		return fmt.Errorf("write the manual: %w", err)
	}
	for _, sub := range cmd.Commands() {
		if sub.Hidden {
			continue
		}
		if err := writeManual(dir, sub); err != nil {
			return err
		}
	}
	return nil
}

// manualPage is a page in man(7)'s macros. Long texts stand as they are: they
// are laid out already.
func manualPage(name string, cmd *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %q 1 \"\" athena-refresh\n.SH NAME\n%s \\- %s\n", strings.ToUpper(name), roff(name), roff(cmd.Short))
	if cmd.Runnable() {
		fmt.Fprintf(&b, ".SH SYNOPSIS\n.nf\n%s\n.fi\n", roff(cmd.UseLine()))
	}
	asIs(&b, "DESCRIPTION", longText(cmd))
	asIs(&b, "EXAMPLES", cmd.Example)
	manualFlags(&b, "OPTIONS", cmd.NonInheritedFlags())
	manualFlags(&b, "GLOBAL OPTIONS", cmd.InheritedFlags())
	var also []string
	if cmd.HasParent() {
		also = append(also, strings.ReplaceAll(cmd.Parent().CommandPath(), " ", "-"))
	}
	for _, sub := range cmd.Commands() {
		if !sub.Hidden {
			also = append(also, name+"-"+sub.Name())
		}
	}
	fmt.Fprintf(&b, ".SH SEE ALSO\n%s(1)\n", roff(strings.Join(also, "(1), ")))
	return b.String()
}

// longText is a command's text; a page of help that is made when it is asked for
// is asked for.
func longText(cmd *cobra.Command) string {
	if cmd.Runnable() || cmd.HasSubCommands() || cmd.Long != "" {
		return cmd.Long
	}
	var b strings.Builder
	cmd.SetOut(&b)
	cmd.HelpFunc()(cmd, nil)
	return b.String()
}

func asIs(b *strings.Builder, title, text string) {
	if text != "" {
		fmt.Fprintf(b, ".SH %s\n.nf\n%s\n.fi\n", title, roff(strings.TrimRight(text, "\n")))
	}
}

func manualFlags(b *strings.Builder, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(f)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(strings.TrimSpace("--"+f.Name+" "+value)), roff(usage))
	})
}

// roff escapes what troff would read as its own: backslashes, dashes (which it
// would make hyphens), and a dot or quote that begins a line.
func roff(text string) string {
	lines := strings.Split(strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
