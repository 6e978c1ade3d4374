package s3events

import "testing"

func TestANameCoversItsFamilyAndNoOther(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{Created, Created, true},
		{Created, "s3:ObjectCreated:Put", true},
		{"s3:ObjectCreated:Put", Created, false},
		{"s3:ObjectCreated:Put", "s3:ObjectCreated:Put", true},
		{"s3:ObjectCreated:Put", "s3:ObjectCreated:PutX", false},
		{"s3:ObjectRemoved:*", "s3:ObjectCreated:Put", false},
		{Created, "s3:ObjectCreatedX:Put", false},
	} {
		if got := Covers(c.pattern, c.name); got != c.want {
			t.Errorf("%s covers %s: %v", c.pattern, c.name, got)
		}
	}
}

func TestListsShareAnEventWhicheverIsTheWider(t *testing.T) {
	put, removed := "s3:ObjectCreated:Put", "s3:ObjectRemoved:*"
	for _, c := range []struct {
		a, b []string
		want bool
	}{
		{[]string{removed, Created}, []string{put}, true},
		{[]string{put}, []string{removed, Created}, true},
		{[]string{put}, []string{removed, "s3:ObjectCreated:Copy"}, false},
		{nil, []string{Created}, false},
	} {
		if got := Overlap(c.a, c.b); got != c.want {
			t.Errorf("%q and %q share an event: %v", c.a, c.b, got)
		}
	}
}

func TestAFiltersValueIsEncodedLikeAForm(t *testing.T) {
	for value, want := range map[string]string{"a/b": "a/b", "a+b": "a b", "a%20b%2B": "a b+", "a%zz": "a%zz", "": ""} {
		if got := Decoded(value); got != want {
			t.Errorf("%s: got %q, want %q", value, got, want)
		}
	}
}

func TestAFilterThatIsNotEncodedMatchesNoKey(t *testing.T) {
	for _, c := range []struct {
		prefix, suffix, key string
		want                bool
	}{
		{"", "", "a b=c", true},
		{"k%3D1", "", "k=1/zz", true},
		{"k=1", "", "k=1/zz", false},
		{"a+b", "", "a b/zz", true},
		{"a b", "", "a b/zz", false},
		{"a+b", "", "a+b/zz", false},
		{"a%2Bb", "", "a+b/zz", true},
		{"", "%3D.gz", "k=.gz", true},
		{"", "=.gz", "k=.gz", false},
		{"k", "x", "k", false},
	} {
		if got := Matches(c.prefix, c.suffix, c.key); got != c.want {
			t.Errorf("%q…%q and %q: %v", c.prefix, c.suffix, c.key, got)
		}
	}
}
