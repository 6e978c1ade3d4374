package main

import "testing"

// Whoever pastes a hint at three in the morning works on the deployment that
// the hint speaks of.
func TestCommandsInHintsReadTheSameConfiguration(t *testing.T) {
	for _, c := range []struct{ conf, text, want string }{
		{"conf", `"athena-refresh doctor" looks`, `"athena-refresh doctor" looks`},
		{"prod", `"athena-refresh doctor" looks, athena-refresh table create x`, `"athena-refresh --conf prod doctor" looks, athena-refresh --conf prod table create x`},
		{"its conf", "athena-refresh once", "athena-refresh --conf 'its conf' once"},
		{"a'$1`b", "athena-refresh once", "athena-refresh --conf 'a'\\''$1`b' once"},
		{"", "athena-refresh once", "athena-refresh --conf '' once"},
		{"prod", `{"Id":"athena-refresh","QueueArn":"…"}, athena-refresh help config`, `{"Id":"athena-refresh","QueueArn":"…"}, athena-refresh help config`},
	} {
		a := &app{conf: c.conf}
		if got := a.paste(c.text); got != c.want {
			t.Errorf("%s, --conf %q: %s", c.text, c.conf, got)
		}
	}
}
