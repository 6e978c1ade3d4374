package table

import "testing"

func TestAPartitionInsideAnother(t *testing.T) {
	for name, c := range map[string]struct {
		locations []string
		inner     string
		outer     string
	}{
		"an hour in a day":     {[]string{"s3://b/2018/03/01/05/", "s3://b/2018/03/01/"}, "s3://b/2018/03/01/05/", "s3://b/2018/03/01/"},
		"the other way round":  {[]string{"s3://b/2018/03/01/", "s3://b/2018/03/01/05/"}, "s3://b/2018/03/01/05/", "s3://b/2018/03/01/"},
		"the nearest":          {[]string{"s3://b/", "s3://b/1/", "s3://b/1/2/3/"}, "s3://b/1/2/3/", "s3://b/1/"},
		"a bucket as a whole":  {[]string{"s3://b/", "s3://b/1/"}, "s3://b/1/", "s3://b/"},
		"neighbours":           {[]string{"s3://b/1/", "s3://b/10/", "s3://b/1-/"}, "s3://b/10/", ""},
		"the same folder":      {[]string{"s3://b/1/", "s3://b/1/"}, "s3://b/1/", "s3://b/1/"},
		"another bucket":       {[]string{"s3://b/1/", "s3://c/1/2/"}, "s3://c/1/2/", ""},
		"a location of no URL": {[]string{"b/1/", "b/1/2/"}, "b/1/2/", "b/1/"},
	} {
		n := NewNesting()
		for _, l := range c.locations {
			n.Add(l)
		}
		if got := n.Around(c.inner); got != c.outer || n.Any() != (c.outer != "") {
			t.Errorf("%s: %q, any %t, want %q", name, got, n.Any(), c.outer)
		}
	}
}
