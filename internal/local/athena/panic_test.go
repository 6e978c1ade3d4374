package athena

import (
	"context"
	"testing"
)

// broken panics at one of its calls.
type broken struct {
	Objects
	list, put bool
}

func (b broken) List(ctx context.Context, bucket, prefix string) ([]Object, error) {
	if b.list {
		panic("list")
	}
	return b.Objects.List(ctx, bucket, prefix)
}

func (b broken) Put(ctx context.Context, bucket, key string, body []byte) error {
	if b.put {
		panic("put")
	}
	return b.Objects.Put(ctx, bucket, key, body)
}

// TestAPanicIsItsStatementsOwn: a statement runs outside of its request, where
// nobody else would catch it.
func TestAPanicIsItsStatementsOwn(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run("CREATE EXTERNAL TABLE t (id string) PARTITIONED BY (dt string) LOCATION 's3://b/t/'")
	sound := s.engine.Objects
	s.engine.Objects = broken{Objects: sound, list: true}
	s.failsWith("MSCK REPAIR TABLE t", "panic: list")
	s.engine.Objects = broken{Objects: sound, put: true}
	s.failsWith("SHOW TABLES", "panic: put")
	s.engine.Objects = sound
	s.run("MSCK REPAIR TABLE t")
}

func TestCommentsAreBlanked(t *testing.T) {
	for in, want := range map[string]string{
		"SELECT /* a /* b */ 1":   "SELECT              1",
		"a -- b\n'--' \"/*\"":     "a     \n'--' \"/*\"",
		"/**/'it''s /* '/*\r\n*/": "    'it''s /* '  \r\n  ",
		"'open --":                "'open --",
		"a --":                    "a   ",
	} {
		if got, err := blankComments(in); err != nil || got != want {
			t.Errorf("%q became %q, %v; want %q", in, got, err, want)
		}
	}
	if _, err := blankComments("1 /*/"); err == nil {
		t.Error("a comment without an end is none")
	}
}
