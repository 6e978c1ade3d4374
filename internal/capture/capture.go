// Package capture reads messages that were captured: their bodies, one a line, or
// what AWS's command line prints of messages, an array of bodies, or bodies over
// many lines. Most lines may be judged ahead, by several goroutines. A [Replay]
// settles them once more.
package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"athenarefresh/internal/faults"
)

// Bodies are the messages of a capture. Next goes to the first.
type Bodies struct {
	Text  string // of the message; "" where Known says enough
	Known int    // its records, where nothing more comes of it
	N     int    // its number, from 1

	lines  *Lines
	ahead  []string // lines that were read and given back, the next one last
	wasted int      // bytes that were read ahead for nothing
	held   []string // bodies that were found at once
	failed error
}

// Read reads bodies one after the other.
func Read(r io.Reader) *Bodies { return &Bodies{lines: NewLines(r)} }

// ReadAhead reads bodies before they are asked for, by as many goroutines as there
// are cores. known returns how many records a notification has, if nothing more
// comes of it: its text is left alone then. Stop has to be called once ctx ended or
// what is read was closed.
func ReadAhead(ctx context.Context, r io.Reader, known func(line []byte) int) (b *Bodies, stop func()) {
	b = Read(r)
	b.lines.more, stop = readAhead(ctx, r, runtime.GOMAXPROCS(0), func(b *block) {
		for i := range b.ends {
			if line := b.line(i); bytes.HasPrefix(line, []byte(notified)) {
				b.known[i] = known(line)
			}
		}
	})
	return b, stop
}

// Is says what a capture is.
const Is = `one body a line is taken (jq -c '.Messages[].Body|fromjson'), or what "aws sqs receive-message --output json" prints`

var errNotJSON = faults.Hint(errors.New("replay: these are messages as AWS's command line prints them, but not as JSON"), Is)

// printedOtherwise is how the formats yaml and text of AWS's command line begin.
var printedOtherwise = regexp.MustCompile(`^(Messages:\n- [A-Z]|MESSAGES\t)`)

// Next goes to the next message; false at the end or after an error.
func (b *Bodies) Next() bool {
	if b.Known = 0; len(b.held) == 0 {
		line, known, ok := b.line()
		switch {
		case !ok:
			return false
		case known > 0:
			b.held, b.Known = append(b.held, ""), known
		case b.N == 0 && b.otherwise(line):
			b.failed = errNotJSON
			return false
		default:
			b.held = b.found(line)
		}
	}
	b.Text, b.held = b.held[0], b.held[1:]
	b.N++
	return true
}

// Err says why Next returned false, nil at the end of the capture.
func (b *Bodies) Err() error {
	if b.failed != nil {
		return b.failed
	}
	return b.lines.Err()
}

// line reads a line: its text, or what is known of a body of which nothing more
// comes, whose text is left alone.
func (b *Bodies) line() (text string, known int, ok bool) {
	if last := len(b.ahead) - 1; last >= 0 {
		text, b.ahead = b.ahead[last], b.ahead[:last]
		return text, 0, true
	}
	if !b.lines.Next() {
		return "", 0, false
	}
	if known = b.lines.known(); known == 0 {
		text = b.lines.Text()
	}
	return text, known, true
}

// textLine reads a line's text, whatever is known of it.
func (b *Bodies) textLine() (text string, ok bool) {
	text, known, ok := b.line()
	if known > 0 {
		text = b.lines.Text()
	}
	return text, ok
}

func (b *Bodies) giveBack(lines []string) {
	for _, line := range slices.Backward(lines) {
		b.ahead = append(b.ahead, line)
	}
}

func (b *Bodies) otherwise(first string) bool {
	if first != "Messages:" {
		return printedOtherwise.MatchString(first)
	}
	second, ok := b.textLine()
	if ok {
		b.giveBack([]string{second})
	}
	return printedOtherwise.MatchString(first + "\n" + second)
}

// found are the bodies that a line holds or begins.
func (b *Bodies) found(line string) []string {
	text := strings.TrimSpace(line)
	switch {
	case !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "["):
		return []string{line}
	case text[0] == '{' && strings.HasSuffix(text, "}"), text[0] == '[' && strings.HasSuffix(text, "]"):
		return messages(line)
	}
	if list := b.pretty(line); list != nil {
		return list
	}
	return []string{line}
}

// mostPretty bounds what is read ahead: of one document, and for nothing in all.
const mostPretty = 64 << 20

// pretty reads a document that a line begins and doesn't end. Where that becomes
// none the lines are lines all the same, and it is nil.
func (b *Bodies) pretty(first string) (list []string) {
	read := &ahead{from: b, lines: []string{first}, rest: first + "\n", room: mostPretty - b.wasted}
	for d := json.NewDecoder(read); ; {
		var document json.RawMessage
		if d.Decode(&document) != nil {
			b.giveBack(read.lines[1:])
			b.wasted = mostPretty - read.room
			return nil
		}
		list = append(list, messages(string(document))...)
		behind, err := io.ReadAll(d.Buffered())
		if err == nil && strings.TrimSpace(string(behind)+read.rest) == "" {
			return list
		}
	}
}

// ahead reads lines of a capture, no more than are asked for.
type ahead struct {
	from  *Bodies
	lines []string
	rest  string // of the last line
	room  int    // for so many bytes
}

// Read implements io.Reader.
func (a *ahead) Read(to []byte) (int, error) {
	if a.rest == "" {
		line, ok := a.from.textLine()
		if !ok {
			return 0, io.EOF
		}
		a.lines, a.rest, a.room = append(a.lines, line), line+"\n", a.room-len(line)-1
	}
	if a.room < 0 {
		return 0, io.EOF
	}
	n := copy(to, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// notified is how S3's begin, and nothing that AWS's command line prints.
const notified = `{"Records":[`

// messages are the bodies that a document stands for: those of what "aws sqs
// receive-message" prints, those of an array, or itself.
func messages(document string) []string {
	if strings.HasPrefix(document, notified) {
		return []string{document}
	}
	if list := received(document); list != nil {
		return list
	}
	var elements []json.RawMessage
	if strings.TrimSpace(document)[0] != '[' || json.Unmarshal([]byte(document), &elements) != nil || len(elements) == 0 {
		return []string{document}
	}
	var list []string
	for _, e := range elements {
		var text string
		switch {
		case e[0] == '"' && json.Unmarshal(e, &text) == nil:
			list = append(list, text)
		case e[0] == '{':
			list = append(list, messages(string(e))...)
		default:
			return []string{document}
		}
	}
	return list
}

// printed is a message as "aws sqs receive-message" prints it.
type printed struct {
	ReceiptHandle string
	Body          *string
}

// received are the bodies of one or several of them, nil for anything else.
func received(text string) (list []string) {
	var all struct {
		Messages []printed
		printed
	}
	if !strings.Contains(text, `"ReceiptHandle"`) || json.Unmarshal([]byte(text), &all) != nil {
		return nil
	}
	if all.Messages == nil {
		all.Messages = []printed{all.printed}
	}
	for _, m := range all.Messages {
		if m.Body == nil || m.ReceiptHandle == "" {
			return nil
		}
		list = append(list, *m.Body)
	}
	return list
}
