package glue

import (
	"testing"

	"athenarefresh/internal/refresh"
)

func TestWhatIsNoHiveTableHasNoStatement(t *testing.T) {
	for kind, d := range map[string]*Description{
		"view":                         {Table: refresh.Table{Kind: refresh.NotHive, KindName: "view"}},
		"link to other.x":              {Link: "other.x"},
		"table without partition keys": {Shape: Shape{Columns: []Column{{Name: "a", Type: "strange<"}}}},
	} {
		if s, err := d.Statement(); err == nil || d.What() != kind {
			t.Errorf("%s: %s, %v", kind, d.What(), s)
		}
	}
}
