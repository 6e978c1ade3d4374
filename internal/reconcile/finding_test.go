package reconcile

import "testing"

func TestAFindingInWords(t *testing.T) {
	part := Finding{Table: "web", Keys: []string{"dt"}, Values: []string{"2026-01-02"}, Location: "s3://b/2/"}
	with := func(change func(*Finding)) Finding { f := part; change(&f); return f }
	for want, f := range map[string]Finding{
		"s3://b/x/y: no_layout_match":                                         {Kind: Unplaced, Bucket: "b", Key: "x/y", Reason: "no_layout_match"},
		"web (dt=2026-01-02) at s3://b/2/: mended":                            with(func(f *Finding) { f.Kind, f.Mended, f.Detail = Missing, true, "x" }),
		"web (dt=2026-01-02) at s3://b/2/, in the catalog at s3://b/1/: a: b": with(func(f *Finding) { f.Kind, f.Catalog, f.Reason, f.Detail = Elsewhere, "s3://b/1/", "a", "b" }),
		"web (dt=2026-01-02) at s3://b/1/: its folder has objects of other kinds": with(func(f *Finding) {
			f.Kind, f.Location, f.Catalog, f.Detail = Empty, "", "s3://b/1/", "its folder has objects of other kinds"
		}),
	} {
		if got := f.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
