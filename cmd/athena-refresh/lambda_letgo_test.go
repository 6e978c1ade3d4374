//go:build unix

package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// renamedState is a terraform whose state has a queue of another name.
const renamedState = `#!/bin/sh
case "$1 $2" in
version*) echo '{"terraform_version": "1.11.4"}' ;;
"show -json") [ -e "$STAND_IN/removed" ] && echo '{"format_version": "1.0"}' && exit
	echo '{"format_version": "1.0", "terraform_version": "1.11.4", "values": {"outputs": {}, "root_module": {"child_modules": [{"address": "module.athena_refresh", "resources": [
	{"address": "module.athena_refresh.aws_sqs_queue.notifications", "mode": "managed", "type": "aws_sqs_queue", "name": "notifications", "schema_version": 0, "values": {"id": "url", "name": "p_old"}}]}]}}}' ;;
"state rm") echo "$@" >>"$STAND_IN/removed" ;;
plan*) echo enough >&2; exit 1 ;;
esac
`

// TestNothingIsLetGoOfBeforeItIsSaidAndNothingElseIsWrong looks at what reaches
// the state.
func TestNothingIsLetGoOfBeforeItIsSaidAndNothingElseIsWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	in := newStandIn(t, renamedState)
	program := filepath.Join(in.dir, "bootstrap")
	write(t, program, emptyProgram())
	for _, c := range []struct {
		args    string
		said    []string
		removes bool
	}{
		{"--processor athena --dry-run", []string{"queue p_old → p_streamalert_athena_s3_notifications", "hint: without --dry-run"}, false},
		{"--processor athena", []string{"The old ones are kept", "  queue p_old → p_streamalert_athena_s3_notifications", "there is no terminal to ask at"}, false},
		{"--processor all --yes", []string{"no section rule_processor_config", "no section alert_processor_config", "queue p_old → "}, false},
		{"--processor athena --yes", []string{"The old ones are kept", "plan: enough"}, true},
	} {
		cmd := in.lambda(append([]string{"deploy", "--package", program}, strings.Fields(c.args)...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != exitFailed {
			t.Errorf("%s: exit code %d", c.args, code)
		}
		for _, want := range c.said {
			if !strings.Contains(stderr.String(), want) {
				t.Errorf("%s: it doesn't say %q:\n%s", c.args, want, &stderr)
			}
		}
		removed, err := os.ReadFile(filepath.Join(in.dir, "removed"))
		if want := "state rm -no-color module.athena_refresh.aws_sqs_queue.notifications\n"; c.removes && string(removed) != want || !c.removes && err == nil {
			t.Errorf("%s: terraform was told %q, %v", c.args, removed, err)
		}
	}
}

// emptyProgram is a program for Linux on arm64 that does nothing: a header.
func emptyProgram() string {
	var b bytes.Buffer
	h := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_AARCH64), Version: uint32(elf.EV_CURRENT), Ehsize: 64}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	if err := binary.Write(&b, binary.LittleEndian, h); err != nil {
		panic(err)
	}
	return b.String()
}
