package main

import (
	"strings"
	"testing"
	"unicode"
)

func TestErrorsDriveNoTerminal(t *testing.T) {
	for name, args := range map[string][]string{
		"a missing folder": {"explain", "--conf", "\x1b[31m", "b", "k"},
		"a missing file":   {"replay", "--conf", confDir(t, "p", `{}`), "\x1b]0;x\x07"},
		"a wrong setting":  {"explain", "--conf", confDir(t, "p", `{"athena_partition_refresh_config": {"\u001b[31m\u009b": 1}}`), "b", "k"},
	} {
		t.Run(name, func(t *testing.T) {
			_, stderr, code := invoke(t, "", args...)
			if code != exitFailed {
				t.Errorf("exit code %d, want %d", code, exitFailed)
			}
			if i := strings.IndexFunc(stderr, func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }); i >= 0 || stderr == "" {
				t.Errorf("%q can drive a terminal (at %d)", stderr, i)
			}
		})
	}
}
