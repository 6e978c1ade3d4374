// Package gotest reads what test binaries print.
package gotest

import (
	"regexp"
	"strings"
	"time"
)

var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// running is a test in the trace of a panic that it didn't live to report.
var running = regexp.MustCompile(`\.(Test\w+)[.(]`)

// Failed is the first test that failed, the innermost of its line, or what the
// binary said of its end instead.
func Failed(out string) string {
	all := failed.FindAllStringSubmatch(out, -1)
	if all == nil {
		if m := running.FindStringSubmatch(out); m != nil {
			return m[1]
		}
		return Line(out, "panic: ")
	}
	name := all[0][1]
	for _, m := range all {
		if strings.HasPrefix(m[1], name+"/") {
			name = m[1]
		}
	}
	return name
}

// Line is the first line that holds a text.
func Line(out, text string) string {
	for line := range strings.Lines(out) {
		if strings.Contains(line, text) {
			return strings.TrimSpace(line)
		}
	}
	return "no line with " + text
}

var passed = regexp.MustCompile(`(?m)^--- PASS: (\w+) \((\S+)\)`)

// Slower are the tests that took longer than d, by what -test.v printed.
func Slower(out string, d time.Duration) (names []string) {
	for _, m := range passed.FindAllStringSubmatch(out, -1) {
		if took, err := time.ParseDuration(m[2]); err == nil && took > d {
			names = append(names, m[1])
		}
	}
	return names
}
