package notify

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

func TestAFiltersValueIsEncodedLikeAForm(t *testing.T) {
	for value, want := range map[string]string{"a/b": "a/b", "a+b": "a b", "a%20b%2B": "a b+", "a%zz": "a%zz", "": ""} {
		if got := Decoded(value); got != want {
			t.Errorf("%s: got %q, want %q", value, got, want)
		}
	}
}
