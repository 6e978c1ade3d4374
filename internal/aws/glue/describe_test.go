package glue

import (
	"fmt"
	"slices"
	"testing"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schema"
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

// Of a table's properties only those that say how files are read are a schema's.
func TestASchemaIsAShapeOfTheTable(t *testing.T) {
	d := &Description{Shape: Shape{Format: schema.Format{Properties: map[string]string{"skip.header.line.count": "1", "owner": "me"}}}}
	columns := []hiveql.Column{{Name: "a", Type: hiveql.Type{Name: "bigint"}, Comment: "x"}}
	for want, f := range map[string]schema.Format{
		"map[skip.header.line.count:]":  schema.JSON(),
		"map[skip.header.line.count:2]": schema.CSV(",", "", "", 2),
		"map[]":                         schema.CSV(",", "", "", 1),
	} {
		to := d.ShapeFor(&schema.Schema{Columns: columns, Format: f})
		if fmt.Sprint(to.Properties) != want || to.SerDe != f.SerDe || !slices.Equal(to.Columns, []Column{{"a", "bigint", "x"}}) {
			t.Errorf("%+v, want %s", to, want)
		}
	}
}
