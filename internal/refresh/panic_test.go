package refresh_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

// TestACallThatPanicsCostsItsTableAlone: a bug in a client, before or after the
// effect of its call, must not end the process with everything in hand.
func TestACallThatPanicsCostsItsTableAlone(t *testing.T) {
	for _, method := range []string{"Tables", "Table", "Partitions", "Check", "Add"} {
		for _, after := range []bool{false, true} {
			t.Run(method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					g := newRig(t)
					g.create("a", "b")
					left := 1
					g.catalog.SetFault(func(_ context.Context, c catalogtest.Call) error {
						if c.Method == method && c.After == after && left > 0 {
							left--
							panic("a bug")
						}
						return nil
					})
					switch {
					case method == "Tables": // asked for once a table was found missing
						g.settle("c/2018/03/01/05/x")
						g.settle("d/2018/03/01/05/x")
					case method == "Add" && after: // it was read back
						g.must(refresh.Done, nil, "a/2018/03/01/05/x")
					default:
						g.must(refresh.Retry, []refresh.Reason{refresh.CatalogError}, "a/2018/03/01/05/x")
					}
					if left > 0 {
						t.Fatalf("%s was never called", method)
					}
					time.Sleep(time.Minute)
					g.must(refresh.Done, nil, "b/2018/03/01/05/x")
					g.must(refresh.Done, nil, "a/2018/03/01/05/x")
				})
			})
		}
	}
}

// unfit is a Writer with a bug where no call is made.
type unfit struct {
	refresh.Writer
	table string
}

func (u *unfit) Fits(t refresh.Table, parts []refresh.Partition) int {
	if t.ID.Name == u.table {
		panic("a bug")
	}
	return u.Writer.Fits(t, parts)
}

func TestARoundThatPanicsCostsItsTableAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &unfit{table: "a"}
		var log bytes.Buffer
		g := newRig(t, func(o *refresh.Options) {
			u.Writer, o.Catalog.Writer = o.Catalog.Writer, u
			o.Log = slog.New(slog.NewTextHandler(&log, nil))
		})
		g.create("a", "b")
		g.must(refresh.Retry, []refresh.Reason{refresh.CatalogError}, "a/2018/03/01/05/x", "a/2018/03/01/06/x", "b/2018/03/01/05/x")
		if !strings.Contains(log.String(), `"a round panicked" table=a panic="a bug"`) {
			t.Errorf("log: %s", log.String())
		}
		g.must(refresh.Done, nil, "b/2018/03/01/05/x")
		u.table = ""
		time.Sleep(time.Minute)
		g.must(refresh.Done, nil, "a/2018/03/01/05/x", "a/2018/03/01/06/x")
	})
}

// buggy is a Folders with a bug: what it looks into is looked into between calls
// of the catalog.
type buggy struct{ left int }

func (b *buggy) Empty(context.Context, string) (bool, error) {
	if b.left--; b.left >= 0 {
		panic("a bug")
	}
	return false, nil
}

func TestALookThatPanicsCostsItsTableAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := newRig(t, func(o *refresh.Options) {
			o.Folders, o.Log = &buggy{left: 1}, slog.New(slog.NewTextHandler(&log, nil))
		})
		g.create("a", "b")
		g.before("Add", fails(refresh.ErrFolderDenied))
		g.must(refresh.Retry, []refresh.Reason{refresh.CatalogError}, "a/2018/03/01/05/x")
		if !strings.Contains(log.String(), `"a round panicked" table=a panic="a bug"`) {
			t.Errorf("log: %s", log.String())
		}
		g.before("Add", fails(nil))
		g.must(refresh.Done, nil, "b/2018/03/01/05/x")
		time.Sleep(time.Hour)
		g.must(refresh.Done, nil, "a/2018/03/01/05/x", "a/2018/03/01/06/x")
	})
}
