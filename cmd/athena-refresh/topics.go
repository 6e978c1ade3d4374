package main

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/source"

	"github.com/spf13/cobra"
)

// help is cobra's command of that name, except that an unknown topic is an
// error.
func help(root *cobra.Command) *cobra.Command {
	find := func(args []string) *cobra.Command {
		cmd, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return nil
		}
		return cmd
	}
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Say more about a command or a topic",
		Args: func(_ *cobra.Command, args []string) error {
			if find(args) == nil {
				return faults.Hint(fmt.Errorf("help %s: no such command or topic", strings.Join(args, " ")), "athena-refresh help lists them")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd := find(args)
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, c := range root.Commands() {
				if !c.Hidden {
					names = append(names, c.Name())
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// The texts of the topics; what is known of each source follows the last.
var (
	//go:embed help/config.txt
	configTopic string
	//go:embed help/layouts.txt
	layoutsTopic string
	//go:embed help/sources.txt
	sourcesIntroduction string
)

// topics are pages of help that belong to no command.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "config", Short: "The configuration: conf/global.json and conf/lambda.json", Long: strings.TrimSpace(configTopic)},
		{Use: "layouts", Short: "The layouts: how partitions are read out of keys", Long: strings.TrimSpace(layoutsTopic)},
		sourcesTopic(),
	}
}

// sourcesTopic is made of the sources' pages, when it is asked for.
func sourcesTopic() *cobra.Command {
	cmd := &cobra.Command{Use: "sources", Short: "The sources: the logs that the program knows"}
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		text, err := describeSources()
		if err != nil {
			text = err.Error() // the tests read the pages
		}
		fmt.Fprintln(cmd.OutOrStdout(), text)
	})
	return cmd
}

// describeSources is a paragraph for each source: its title, the table and its
// keys, and where a file of it lies.
func describeSources() (string, error) {
	var b strings.Builder
	b.WriteString(sourcesIntroduction)
	for _, p := range source.Pages() {
		at, err := p.Example()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n%s: %s\n  {\"source\": %q}, table %s, keys %s\n  %s\n", p.Name, p.Title, p.Name, at.Table, strings.Join(at.Keys, ", "), p.Keys[0])
	}
	return strings.TrimSpace(b.String()), nil
}

// errInterrupted is what a command returns that Ctrl-C ended after the round in
// hand.
var errInterrupted = errors.New("interrupted")
