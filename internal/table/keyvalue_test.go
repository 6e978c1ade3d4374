package table

import "testing"

func TestKeyValueFolders(t *testing.T) {
	for name, c := range map[string]struct {
		rule Rule
		want string // of its spellings
	}{
		"hive":                       {Rule{Layout: "hive", Table: "t", Keys: []string{"Year", "m"}}, "y"},
		"streamalert":                {Rule{Table: "t"}, "yyn"},
		"streamalert-data":           {Rule{Layout: "streamalert-data"}, "yyn"},
		"streamalert-parquet":        {Rule{Layout: "streamalert-parquet"}, "yy"},
		"cloudtrail":                 {Rule{Layout: "cloudtrail", Table: "t"}, "nn"},
		"a template":                 {Rule{Layout: "x/a={a}/b={b}/", Table: "t"}, "y"},
		"a template, other order":    {Rule{Layout: "x/a={a}/b={b}/", Table: "t", Partition: []KeyTemplate{{"b", "{b}"}, {"a", "{a}"}}}, "n"},
		"a template, other names":    {Rule{Layout: "x/a={n}/", Table: "t"}, "n"},
		"a template, keys apart":     {Rule{Layout: "a={a}/x/b={b}/", Table: "t"}, "n"},
		"a template, folders below":  {Rule{Layout: "a={a}/x/", Table: "t"}, "n"},
		"a value made of parts":      {Rule{Layout: "day={yyyy}{MM}{dd}/", Table: "t", Partition: []KeyTemplate{{"day", "{yyyy}-{MM}-{dd}"}}}, "n"},
		"a value as it stands":       {Rule{Layout: "day={yyyy}-{MM}/", Table: "t", Partition: []KeyTemplate{{"day", "{yyyy}-{MM}"}}}, "y"},
		"a value that is padded":     {Rule{Layout: "dt={yyyy}-{M}/", Table: "t"}, "n"},
		"a value of other constants": {Rule{Layout: "a=web-{a}/", Table: "t", Partition: []KeyTemplate{{"a", "api-{a}"}}}, "n"},
		"a folder without its key":   {Rule{Layout: "x{a}/", Table: "t", Partition: []KeyTemplate{{"a", "x{a}"}}}, "n"},
		"a value without a constant": {Rule{Layout: "a=x{a}/", Table: "t"}, "n"},
	} {
		r, err := compile(&c.rule)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for i := range r.layout.spellings {
			got += map[bool]string{true: "y", false: "n"}[r.layout.spellings[i].keyValue(r.layout.keys)]
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
