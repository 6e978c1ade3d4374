package terminal

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// TestAReadEndsWithItsContext, though nothing comes and the stream stays open: a
// prompt at which somebody presses Ctrl-C.
func TestAReadEndsWithItsContext(t *testing.T) {
	silent, _ := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	in := Input(ctx, silent)
	read := make(chan error)
	go func() {
		_, err := in.Read(make([]byte, 1))
		read <- err
	}()
	cancel()
	if err := <-read; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := in.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("a second read: %v", err)
	}
	text, err := io.ReadAll(Input(t.Context(), strings.NewReader("yes\n")))
	if err != nil || string(text) != "yes\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestNothingIsReadAhead: after an answer the next line is the prompt's.
func TestNothingIsReadAhead(t *testing.T) {
	from := strings.NewReader("yes\nSELECT 1\n")
	in := Input(t.Context(), io.LimitReader(from, 4))
	if n, err := in.Read(make([]byte, 4)); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	whole := Input(t.Context(), from)
	if n, err := whole.Read(make([]byte, 3)); n != 3 || err != nil || from.Len() != 6 {
		t.Errorf("%d, %v, %d left", n, err, from.Len())
	}
}

func TestAnInputIsATerminalIfItsStreamIs(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if n, ok := fd(Input(t.Context(), file)); !ok || n != int(file.Fd()) {
		t.Error("the file behind it isn't seen")
	}
	if Is(Input(t.Context(), strings.NewReader(""))) {
		t.Error("a text is no terminal")
	}
}
