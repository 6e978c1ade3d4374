package deploy

import (
	"slices"
	"strings"
	"testing"
)

const (
	queueARN = "arn:aws:sqs:us-east-1:123456789012:p_streamalert_athena_s3_notifications"
	oldQueue = "arn:aws:sqs:us-east-1:123456789012:p_old"
	topicARN = "arn:aws:sns:us-east-1:123456789012:audit"
	created  = "s3:ObjectCreated:*"
)

func wish() Wish {
	return Wish{ID: OurID, Queue: queueARN, Former: []string{oldQueue}, Events: []string{created}}
}

func ourEntry() Entry {
	return Entry{ID: OurID, Kind: ToQueue, ARN: queueARN, Events: []string{created}}
}

func toTopic(id string, filter []FilterRule, events ...string) Entry {
	return Entry{ID: id, Kind: ToTopic, ARN: topicARN, Events: events, Filter: filter}
}

func TestOnlyOurEntryIsTouched(t *testing.T) {
	removed := toTopic("audit", nil, "s3:ObjectRemoved:*")
	former := Entry{ID: OurID, Kind: ToQueue, ARN: oldQueue, Events: []string{created}}
	narrow := Entry{ID: OurID, Kind: ToQueue, ARN: queueARN, Events: []string{"s3:ObjectCreated:Put"}}
	elsewhere := Entry{ID: OurID, Kind: ToQueue, ARN: "arn:aws:sqs:us-east-1:123456789012:q_other", Events: []string{"s3:ObjectRemoved:Delete"}}
	sameID := toTopic(OurID, nil, "s3:ObjectRemoved:*")
	second := ourEntry()
	second.ID = OurID + "-2"
	byHand := Entry{ID: "tf-s3-queue-2018", Kind: ToQueue, ARN: queueARN, Events: []string{created}}
	absent := wish()
	absent.Absent = true

	for name, c := range map[string]struct {
		wish      Wish
		now, next []Entry
	}{
		"nothing there":                  {wish(), nil, []Entry{ourEntry()}},
		"behind somebody else's":         {wish(), []Entry{removed}, []Entry{removed, ourEntry()}},
		"there already, in its place":    {wish(), []Entry{ourEntry(), removed}, []Entry{ourEntry(), removed}},
		"narrowed by hand":               {wish(), []Entry{narrow, removed}, []Entry{ourEntry(), removed}},
		"to the queue that was ours":     {wish(), []Entry{removed, former}, []Entry{removed, ourEntry()}},
		"there twice":                    {wish(), []Entry{former, removed, ourEntry()}, []Entry{ourEntry(), removed}},
		"another deployment's":           {wish(), []Entry{elsewhere}, []Entry{elsewhere, second}},
		"our id is a topic's":            {wish(), []Entry{sameID}, []Entry{sameID, second}},
		"under the other id":             {wish(), []Entry{sameID, second}, []Entry{sameID, second}},
		"made by hand for our queue":     {wish(), []Entry{byHand}, []Entry{byHand}},
		"by hand and ours (moto allows)": {wish(), []Entry{byHand, ourEntry()}, []Entry{byHand}},
		"away":                           {absent, []Entry{removed, ourEntry(), former, elsewhere}, []Entry{removed, elsewhere}},
		"away, made by hand":             {absent, []Entry{byHand}, []Entry{byHand}},
		"away, nothing there":            {absent, nil, nil},
	} {
		for _, bridge := range []bool{false, true} {
			got := merge(Notifications{c.now, bridge}, c.wish)
			if want := (Notifications{c.next, bridge}); !got.Next.equal(want) || got.Overlap != nil {
				t.Errorf("%s: got %v, overlap %v, want %v", name, got.Next, got.Overlap, want)
			}
		}
	}
}

func TestSomebodyElsesRuleIsInTheWayOnlyWhereS3SaysSo(t *testing.T) {
	prefix := func(p string) []FilterRule { return []FilterRule{{"Prefix", p}} }
	logs := wish()
	for name, c := range map[string]struct {
		entry   Entry
		overlap bool
	}{
		"all created":            {toTopic("t", nil, created), true},
		"one kind of created":    {toTopic("t", nil, "s3:ObjectCreated:Copy"), true},
		"among others":           {toTopic("t", nil, "s3:ObjectRemoved:*", "s3:ObjectCreated:Put"), true},
		"of some keys":           {toTopic("t", prefix("a/"), created), true},
		"removed":                {toTopic("t", nil, "s3:ObjectRemoved:*"), false},
		"restored":               {toTopic("t", prefix(""), "s3:ObjectRestore:*"), false},
		"our queue, part of it":  {Entry{ID: "x", Kind: ToQueue, ARN: queueARN, Events: []string{"s3:ObjectCreated:Put"}}, true},
		"our queue, some keys":   {Entry{ID: "x", Kind: ToQueue, ARN: queueARN, Events: []string{created}, Filter: prefix("a")}, true},
		"a function":             {Entry{ID: "f", Kind: ToFunction, ARN: "arn:f", Events: []string{created}}, true},
		"an event of the future": {toTopic("t", nil, "s3:ObjectAnnotation:*"), false},
	} {
		now := Notifications{Entries: []Entry{c.entry}}
		got := merge(now, logs)
		if (got.Overlap != nil) != c.overlap {
			t.Errorf("%s: overlap %v", name, got.Overlap)
		}
		if c.overlap && !got.Next.equal(now) {
			t.Errorf("%s: it is in the way, and would be changed to %v", name, got.Next)
		}
	}
}

func TestPrefixesAndSuffixesOverlapAsS3HasIt(t *testing.T) {
	entry := func(prefix, suffix string) Entry {
		e := toTopic("t", nil, created)
		if prefix != "" {
			e.Filter = append(e.Filter, FilterRule{"prefix", prefix})
		}
		if suffix != "" {
			e.Filter = append(e.Filter, FilterRule{"Suffix", suffix})
		}
		return e
	}
	for _, c := range []struct {
		a, b    Entry
		overlap bool
	}{
		{entry("a/", ""), entry("b/", ""), false},
		{entry("a/", ""), entry("a/b/", ""), true},
		{entry("", ".json"), entry("", ".gz"), false},
		{entry("", ".json"), entry("", "x.json"), true},
		{entry("a/", ".json"), entry("a/", ".gz"), false},
		{entry("a/", ".json"), entry("a/b/", ".json"), true},
		{entry("a+b", ""), entry("a%20b", ""), true},
		{entry("a%zz", ""), entry("a%zz", ""), true},
	} {
		if c.a.overlaps(c.b) != c.overlap || c.b.overlaps(c.a) != c.overlap {
			t.Errorf("%v and %v: overlap %v, want %v", c.a.Filter, c.b.Filter, c.a.overlaps(c.b), c.overlap)
		}
	}
}

// entriesOf makes entries of a fuzzer's text: a line each.
func entriesOf(text string) (list []Entry) {
	for line := range strings.Lines(text) {
		f := append(strings.Fields(line), "", "", "", "", "")
		e := Entry{ID: f[0], Kind: Kind(f[1]), ARN: f[2], Events: strings.Split(f[3], ",")}
		if f[4] != "" {
			e.Filter = []FilterRule{{"prefix", f[4]}}
		}
		list = append(list, e)
	}
	return list
}

// FuzzMerge holds merge to its promises, whatever is there.
func FuzzMerge(f *testing.F) {
	f.Add("audit topic arn:t s3:ObjectRemoved:*\nathena-refresh queue "+queueARN+" s3:ObjectCreated:*\n", true, false)
	f.Add("athena-refresh topic arn:t s3:ObjectRemoved:* a%2\nathena-refresh-2 queue "+oldQueue+" s3:ObjectCreated:Put\n", false, true)
	f.Add("x queue "+queueARN+" s3:ObjectCreated:*\n", false, false)
	f.Fuzz(func(t *testing.T, text string, bridge, absent bool) {
		w := wish()
		w.Absent = absent
		now := Notifications{entriesOf(text), bridge}
		before := Notifications{slices.Clone(now.Entries), bridge}
		m := merge(now, w)
		if !now.equal(before) {
			t.Fatal("merge changed what it was given")
		}
		others := func(n Notifications) Notifications {
			return Notifications{slices.DeleteFunc(slices.Clone(n.Entries), w.ours), n.EventBridge}
		}
		if !others(m.Next).equal(others(now)) {
			t.Fatalf("somebody else's entries were %v, are %v", others(now), others(m.Next))
		}
		ours := len(m.Next.Entries) - len(others(m.Next).Entries)
		switch {
		case m.Overlap != nil:
			if !m.Next.equal(now) {
				t.Fatal("something is in the way, and it was changed nevertheless")
			}
			return
		case absent && ours != 0, m.Served != nil && ours != 0, !absent && m.Served == nil && ours != 1:
			t.Fatalf("%d entries of ours, absent %v, served %v: %v", ours, absent, m.Served, m.Next)
		}
		if again := merge(m.Next, w); !again.Next.equal(m.Next) {
			t.Fatalf("merged again, %v becomes %v", m.Next, again.Next)
		}
	})
}
