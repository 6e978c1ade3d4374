package main

import (
	"bufio"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var record = flag.Bool("record", false, "write docs/demo.svg, the README's recording, anew")

const recording = "../../docs/demo.svg"

// spoken is a line of a recording, and how long after the start it was printed.
type spoken struct {
	text string
	at   time.Duration
}

// recorded runs the demo.
func recorded(t *testing.T) []spoken {
	t.Helper()
	cmd := exec.Command("athena-refresh", "demo")
	cmd.Dir = t.TempDir()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	list := []spoken{{text: "$ athena-refresh demo"}}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		list = append(list, spoken{lines.Text(), time.Since(begun)})
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestTheRecordingIsOfARun: what README.md shows is what the program prints, but
// for its times and its address. With -record it becomes so.
func TestTheRecordingIsOfARun(t *testing.T) {
	if testing.Short() && !*record {
		t.Skip("-short: it runs a process")
	}
	t.Parallel()
	now := recorded(t)
	if *record {
		if err := os.WriteFile(recording, []byte(drawn(now)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var said []string
	for _, l := range now {
		said = append(said, steady(l.text))
	}
	var shown []string
	for _, line := range textsOf(t, recording) {
		shown = append(shown, steady(line))
	}
	if d := cmp.Diff(said, shown); d != "" {
		t.Errorf("docs/demo.svg isn't what the demo prints; go test ./cmd/athena-refresh -run Recording -record\n%s", d)
	}
}

// differs is what differs from run to run: the address and times.
var differs = regexp.MustCompile(`127\.0\.0\.1:\d+|[\d.,]+ m?s\b`)

func steady(line string) string { return differs.ReplaceAllString(line, "…") }

// textsOf are the lines of text of a drawing.
func textsOf(t *testing.T, name string) (lines []string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in string
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if err == io.EOF {
			return lines
		} else if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if in = token.Name.Local; in == "text" {
				lines = append(lines, "")
			}
		case xml.EndElement:
			in = ""
		case xml.CharData:
			if in == "text" {
				lines[len(lines)-1] += string(token)
			}
		}
	}
}

// drawn is a terminal in which the lines appear when they were printed. Where
// nothing moves all of them are there.
func drawn(list []spoken) string {
	const lineHeight, top = 18, 44
	var b strings.Builder
	height := top + lineHeight*len(list) + 8
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 %[1]d" width="860" height="%[1]d" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13">
<style>text{fill:#d6deeb;white-space:pre}.c{fill:#7fdbca}.h{fill:#82aaff;font-weight:bold}.g{fill:#addb67}@keyframes w{from,to{visibility:hidden}}</style>
<rect width="860" height="%[1]d" rx="8" fill="#011627"/><circle cx="20" cy="18" r="6" fill="#ef5350"/><circle cx="40" cy="18" r="6" fill="#ffeb95"/><circle cx="60" cy="18" r="6" fill="#22da6e"/>
`, height)
	for i, l := range list {
		class := ""
		switch {
		case i == 0:
			class = ` class="c"`
		case regexp.MustCompile(`^\d\. `).MatchString(l.text):
			class = ` class="h"`
		case regexp.MustCompile(`rows of|searchable`).MatchString(l.text):
			class = ` class="g"`
		}
		var text strings.Builder
		xml.EscapeText(&text, []byte(l.text)) // a strings.Builder takes all
		fmt.Fprintf(&b, "<text xml:space=\"preserve\" x=\"16\" y=\"%d\" style=\"animation:w %.2fs\"%s>%s</text>\n", top+lineHeight*i, l.at.Seconds(), class, text.String())
	}
	return b.String() + "</svg>\n"
}
