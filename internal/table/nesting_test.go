package table

import "testing"

func TestAPartitionInsideAnother(t *testing.T) {
	for name, c := range map[string]struct {
		locations []string
		inner     string
		outer     string
		taken     int
	}{
		"an hour in a day":     {[]string{"s3://b/2018/03/01/05/", "s3://b/2018/03/01/"}, "s3://b/2018/03/01/05/", "s3://b/2018/03/01/", 0},
		"the other way round":  {[]string{"s3://b/2018/03/01/", "s3://b/2018/03/01/05/"}, "s3://b/2018/03/01/05/", "s3://b/2018/03/01/", 0},
		"the nearest":          {[]string{"s3://b/", "s3://b/1/", "s3://b/1/2/3/"}, "s3://b/1/2/3/", "s3://b/1/", 0},
		"a bucket as a whole":  {[]string{"s3://b/", "s3://b/1/"}, "s3://b/1/", "s3://b/", 0},
		"neighbours":           {[]string{"s3://b/1/", "s3://b/10/", "s3://b/1-/"}, "s3://b/10/", "", 0},
		"the same folder":      {[]string{"s3://b/1/", "s3://b/1/"}, "s3://b/1/", "", 1},
		"another bucket":       {[]string{"s3://b/1/", "s3://c/1/2/"}, "s3://c/1/2/", "", 0},
		"a location of no URL": {[]string{"b/1/", "b/1/2/"}, "b/1/2/", "b/1/", 0},
	} {
		n, taken := NewNesting(), 0
		for _, l := range c.locations {
			if n.Add(l) {
				taken++
			}
		}
		if got := n.Around(c.inner); got != c.outer || n.Any() != (c.outer != "") || taken != c.taken {
			t.Errorf("%s: %q, any %t, %d taken, want %q, %d", name, got, n.Any(), taken, c.outer, c.taken)
		}
	}
}
