package main

import (
	"slices"
	"strings"
	"testing"
)

// Whoever pastes a hint at three in the morning works on the deployment that
// the hint speaks of.
func TestCommandsInHintsReadTheSameConfiguration(t *testing.T) {
	for _, c := range []struct{ conf, text, want string }{
		{"conf", `"athena-refresh doctor" looks`, `"athena-refresh doctor" looks`},
		{"prod", `"athena-refresh doctor" looks, athena-refresh table create x`, `"athena-refresh --conf prod doctor" looks, athena-refresh --conf prod table create x`},
		{"prod", "athena-refresh discover s3://logs/", "athena-refresh --conf prod discover s3://logs/"},
		{"its conf", "athena-refresh once", "athena-refresh --conf 'its conf' once"},
		{"a'$1`b", "athena-refresh once", "athena-refresh --conf 'a'\\''$1`b' once"},
		{"", "athena-refresh once", "athena-refresh --conf '' once"},
		{"prod", `{"Id":"athena-refresh","QueueArn":"…"}, athena-refresh help config`, `{"Id":"athena-refresh","QueueArn":"…"}, athena-refresh help config`},
		{"prod", "athena-refresh adds partitions", "athena-refresh adds partitions"},
	} {
		a := &app{conf: c.conf}
		if got := a.paste(c.text); got != c.want {
			t.Errorf("%s, --conf %q: %s", c.text, c.conf, got)
		}
	}
}

// TestEveryCommandInAHintIsToldItsConfiguration: but for those that read none.
func TestEveryCommandInAHintIsToldItsConfiguration(t *testing.T) {
	root, a := (&app{}).root(), &app{conf: "prod"}
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	var without []string
	for _, c := range root.Commands() {
		if text := "athena-refresh " + c.Name(); a.paste(text) == text {
			without = append(without, c.Name())
		}
	}
	want := []string{"completion", "help", "man", "version"}
	for _, topic := range topics() {
		want = append(want, topic.Name())
	}
	slices.Sort(without)
	slices.Sort(want)
	if !slices.Equal(without, want) {
		t.Errorf("without --conf: %s\nwant: %s", strings.Join(without, ", "), strings.Join(want, ", "))
	}
}
