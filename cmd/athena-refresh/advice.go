package main

import (
	"regexp"
	"strings"
)

// named are the commands of this program that a text names, but for help,
// which reads no configuration.
var named = regexp.MustCompile(`\bathena-refresh (doctor|explain|lambda|local|once|parked|query|reconcile|replay|run|status|table)\b`)

// paste has the commands in a text read the configuration that this run read,
// so that they can be pasted as they stand.
func (a *app) paste(text string) string {
	if a.conf == defaultConf {
		return text
	}
	return named.ReplaceAllStringFunc(text, func(command string) string {
		return strings.Replace(command, " ", " --conf "+word(a.conf)+" ", 1)
	})
}

// word makes one word of the shell of a text.
func word(s string) string {
	if s != "" && !strings.ContainsFunc(s, special) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// special says whether a character may mean something to a shell.
func special(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("_-./:=@%+,", r)
}

// advise says what to do next. What --json prints is for programs, whose
// authors know that.
func (a *app) advise(text string) {
	if !a.json {
		a.say("hint: " + a.paste(text))
	}
}
