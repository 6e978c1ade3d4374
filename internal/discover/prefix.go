package discover

import (
	"cmp"
	"context"
	"iter"
	"regexp"
	"slices"
	"strings"

	"athenarefresh/internal/source"
	"athenarefresh/internal/table"
)

// lead finds the prefix that is missing in front of a folder's keys, where the
// folder is a copy of a part of a bucket: with it the keys fit a source. It tries
// the end of path, the folder's own, then what the names of AWS's files tell of the
// folders above them, then AWSLogs/. "" if none fits.
func (r *Result) lead(ctx context.Context, path string) string {
	var keys []string
	for _, t := range r.Tables {
		keys = append(keys, t.Examples...)
	}
	for _, g := range slices.Concat(r.Unplaced, r.Ignored) {
		keys = append(keys, g.Examples...)
	}
	for _, lead := range slices.Concat(above(path), byName(keys), constants()) {
		with, err := Look(ctx, anyBucket, anyBucket, func(context.Context) iter.Seq2[File, error] {
			return func(yield func(File, error) bool) {
				for _, key := range keys {
					if !yield(File{Key: lead + key}, nil) {
						return
					}
				}
			}
		}, nil)
		if err == nil && slices.ContainsFunc(with.Tables, func(t *Table) bool { return t.beginsWith(lead) }) {
			return lead
		}
	}
	return ""
}

// sources tells whether a table is of a source.
func (r *Result) sources() bool {
	return slices.ContainsFunc(r.Tables, func(t *Table) bool { return t.Source != "" })
}

// beginsWith tells whether a table is of a source whose own folder comes first in
// a lead: it isn't a folder of anybody's that the lead has become.
func (t *Table) beginsWith(lead string) bool {
	first, _, _ := strings.Cut(lead, "/")
	s, ok := source.Named(t.Source)
	return ok && strings.HasPrefix(s.Rules[0].Layout, "**/"+first+"/")
}

// constants are the folders that sources' keys begin with. Where the rest of a key
// has no text of its own, anybody's dated folder would fit it: that is left out.
func constants() (list []string) {
	for _, s := range source.All() {
		for _, r := range s.Rules {
			layout := strings.TrimPrefix(r.Layout, "**/")
			lead := layout[:strings.IndexAny(layout+"{", "{[")]
			lead = lead[:strings.LastIndexByte(lead, '/')+1]
			rest := ownText.FindString(captured.ReplaceAllString(layout[len(lead):], ""))
			if lead != "" && rest != "" && !slices.Contains(list, lead) {
				list = append(list, lead)
			}
		}
	}
	return list
}

// ownText is a folder's name, and no date's or key's.
var ownText = regexp.MustCompile(`(?:^|[/\]])[A-Za-z][A-Za-z0-9-]*/`)

// above are the ends of a path that begin as sources' keys do.
func above(path string) (list []string) {
	path = strings.Trim(path, "/") + "/"
	for _, c := range constants() {
		if i := strings.LastIndex("/"+path, "/"+c); i >= 0 {
			list = append(list, path[i:])
		}
	}
	return list
}

// byName are the leads that files' names tell, told most often first: the example
// of a source's page shows where in a name its account and its region stand, and
// which folders they are.
func byName(keys []string) []string {
	told := map[string]int{}
	for _, e := range specimens() {
		for _, key := range keys {
			if lead := e.lead(key); lead != "" {
				told[lead]++
			}
		}
	}
	return slices.SortedFunc(slices.Values(sorted(told)), func(a, b string) int { return cmp.Or(told[b]-told[a], strings.Compare(a, b)) })
}

// specimen is a key of a source's page: its folders, where $1 is a value that its
// file's name has first.
type specimen struct {
	folders []string
	file    *regexp.Regexp
}

// awsNamed is a key whose file is called after its account and what is above it.
var awsNamed = regexp.MustCompile(`^AWSLogs/[^=]*/[^/]*\d{12}_[^/]*$`)

// specimens are those of the pages of AWS's sources.
func specimens() (list []specimen) {
	for _, w := range writers() {
		page, _ := source.PageOf(w.source.Name)
		for _, key := range page.Keys {
			if p := w.router.Place(anyBucket, key); p.Outcome == table.Place && awsNamed.MatchString(key) {
				list = append(list, specimenOf(key, p.Partition.Values))
			}
		}
	}
	return list
}

func specimenOf(key string, values []string) specimen {
	folders := strings.Split(key, "/")
	file := regexp.QuoteMeta(folders[len(folders)-1])
	var e specimen
	for _, v := range values {
		v = regexp.QuoteMeta(v)
		if i := strings.Index(file, v); i >= 0 && len(v) > 2 {
			file = file[:i] + "([^_./]+)" + file[i+len(v):]
		}
	}
	end := strings.LastIndex(file, "([^_./]+)")
	if strings.Count(file, "([^_./]+)") < 2 { // anybody's name could be so
		return e
	}
	e.file = regexp.MustCompile("^" + file[:end] + "([^_./]+)")
	name := e.file.FindStringSubmatch(folders[len(folders)-1])
	for _, f := range folders[:len(folders)-1] {
		if i := slices.Index(name[1:], f); i >= 0 {
			f = "$" + string(rune('1'+i))
		} else if slices.Contains(values, f) {
			f = "$0" // which nothing tells
		}
		e.folders = append(e.folders, f)
	}
	return e
}

// lead is what is missing in front of a key, should it be such a one.
func (e *specimen) lead(key string) string {
	folders := strings.Split(key, "/")
	missing := len(e.folders) - (len(folders) - 1)
	if e.file == nil || missing < 1 {
		return ""
	}
	lead := strings.Join(e.folders[:missing], "/") + "/"
	m := e.file.FindStringSubmatchIndex(folders[len(folders)-1])
	if m == nil || strings.Contains(lead, "$0") {
		return ""
	}
	return string(e.file.ExpandString(nil, lead, folders[len(folders)-1], m))
}
