package discover

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// dated are the forms in which folders are usually dated, as a template has them:
// those of several folders first, longest first, then those of one. Minutes are
// folders inside of an hour's partition.
var dated = strings.Fields(`
	{yyyy}/{MM}/{dd}/{HH}/
	{yyyy}/{MM}/{dd}/
	{yyyy}/{M}/{d}/{H}/
	{yyyy}/{M}/{d}/
	{yyyy}-{MM}-{dd}/{HH}/
	{yyyy}/{MM}-{dd}/
	{yyyy}-{MM}/{dd}/
	{dd}/{MM}/{yyyy}/
	{yyyy}{MM}{dd}/{HH}/
	{yyyy}-{MM}-{dd}-{HH}/  {yyyy}-{MM}-{dd}T{HH}/  {yyyy}-{MM}-{dd}_{HH}/
	{yyyy}{MM}{dd}T{HH}/    {yyyy}{MM}{dd}-{HH}/
	{yyyy}-{MM}-{dd}/       {yyyy}_{MM}_{dd}/       {yyyy}.{MM}.{dd}/
	{yyyy}{MM}{dd}{HH}{mm}/ {yyyy}{MM}{dd}{HH}/     {yyyy}{MM}{dd}/
	{dd}-{MM}-{yyyy}/
	{yyyy}-{MM}/
	{yyyy}/{MM}/
	{yyyy}/`)

const (
	year  = `(?:19|20|21)\d\d`
	month = `(?:0[1-9]|1[0-2])`
	day   = `(?:0[1-9]|[12]\d|3[01])`
)

// looks are the forms' looks, by their place.
var looks = func() (list []*regexp.Regexp) {
	fields := strings.NewReplacer("{yyyy}", year, "{MM}", month, "{dd}", day, "{HH}", `(?:[01]\d|2[0-3])`, "{mm}", `[0-5]\d`,
		"{M}", `(?:[1-9]|1[0-2])`, "{d}", `(?:[1-9]|[12]\d|3[01])`, "{H}", `(?:\d|1\d|2[0-3])`, ".", `\.`)
	for _, form := range dated {
		list = append(list, regexp.MustCompile("^"+fields.Replace(form)))
	}
	return list
}()

var (
	keyValue   = regexp.MustCompile(`^([A-Za-z0-9_-]+)=(.*)$`)
	timeInName = regexp.MustCompile(year + `[-_.]?` + month + `[-_.]?` + day)
	named      = regexp.MustCompile(`^([A-Za-z_.-]*)(` + year + `)([-_.]?)(` + month + `)([-_.]?)(` + day + `)([A-Za-z_.-]*)$`) // a date with a word
	finer      = regexp.MustCompile(`^(?i:min|minutes?|sec|seconds?)$`)                                                         // keys of what lies inside of an hour
	account    = regexp.MustCompile(`^\d{12}$`)
	region     = regexp.MustCompile(`^(?:af|ap|ca|cn|eu|il|me|mx|sa|us)(?:-gov|-iso[a-z]?)?-[a-z]+-\d$`)
)

// step is a folder of a shape, or those of a date.
type step struct {
	key  string // of key=value
	date string // template of a date
	// names are the others' that were seen, each with an example key: more than
	// mostNames are many.
	names map[string]string
}

const mostNames = 200

// shape is what the folders of some keys have in common, up to the last that is a
// date or key=value. What is below is inside of the partition.
type shape struct {
	steps []step
	keys  []string // that have it
}

// read finds the shape of a key's folders; false if there is no date and no
// key=value.
func read(key string) (*shape, bool) {
	s := &shape{keys: []string{key}}
	folders := strings.Split(key, "/")
	end, dated := 0, false
	seen := map[string]bool{}
	for folders = folders[:len(folders)-1]; len(folders) > 0; {
		template, n := dateAt(folders)
		m := keyValue.FindStringSubmatch(folders[0])
		switch {
		case template != "" && !dated:
			s.steps, folders, dated = append(s.steps, step{date: template}), folders[n:], true
			end = len(s.steps)
			continue
		case m != nil && (seen[strings.ToLower(m[1])] || seen["hour"] && finer.MatchString(m[1])):
			folders = nil
			continue
		case m != nil:
			s.steps = append(s.steps, step{key: m[1]})
			seen[strings.ToLower(m[1])] = true
			end = len(s.steps)
		default:
			s.steps = append(s.steps, step{names: map[string]string{folders[0]: key}})
		}
		folders = folders[1:]
	}
	s.steps = s.steps[:end]
	return s, end > 0
}

// dateAt finds the date that a path begins with, the longest form that fits, and
// how many folders it has.
func dateAt(folders []string) (template string, n int) {
	path := strings.Join(folders, "/") + "/"
	for i, form := range dated {
		if looks[i].MatchString(path) {
			return form, strings.Count(form, "/")
		}
	}
	if m := named.FindStringSubmatch(folders[0]); m != nil {
		return m[1] + "{yyyy}" + m[3] + "{MM}" + m[5] + "{dd}" + m[7] + "/", 1
	}
	return "", 0
}

// id is equal for keys that one rule may take.
func (s *shape) id() string {
	var parts []string
	for _, st := range s.steps {
		parts = append(parts, strings.ToLower(st.key)+"|"+st.date)
	}
	return strings.Join(parts, "/")
}

// see adds what keys of the same shape, or of one inside of it, have at its steps.
func (s *shape) see(o *shape) {
	s.keys = append(s.keys, o.keys...)
	for i := range s.steps {
		for name, key := range o.steps[i].names {
			if len(s.steps[i].names) < mostNames {
				s.steps[i].names[name] = key
			}
		}
	}
}

// split makes a shape of each name at a step.
func (s *shape) split(at int) (parts []*shape) {
	by := map[string]*shape{}
	for _, key := range s.keys {
		one, _ := read(key)
		one.steps = one.steps[:len(s.steps)]
		one.steps[len(s.steps)-1].date = s.steps[len(s.steps)-1].date
		name := one.steps[at].one()
		if by[name] == nil {
			by[name] = one
			parts = append(parts, one)
		} else {
			by[name].see(one)
		}
	}
	return parts
}

// within tells whether a shape's partitions would lie inside of another's, as
// hours do in days. Nothing larger than a day holds others.
func (s *shape) within(o *shape) bool {
	n := len(o.steps) - 1
	if len(s.steps) <= n || !strings.HasPrefix(s.id()+"/", o.id()) || s.id() == o.id() {
		return false
	}
	if s.steps[n].date != o.steps[n].date && !strings.HasSuffix(o.steps[n].date, "d}/") {
		return false
	}
	for i := range n {
		if names := o.steps[i].names; names != nil && !slices.ContainsFunc(sorted(s.steps[i].names), func(name string) bool { return names[name] != "" }) {
			return false
		}
	}
	return true
}

// one is a name that the folder has.
func (st *step) one() string {
	for name := range st.names {
		return name
	}
	return ""
}

// several tells whether the folders of a step have several names of their own.
func (st *step) several() bool { return len(st.names) > 1 && st.well() == "" }

// well is what all of a step's folders are known to be, whether several were seen
// or one.
func (st *step) well() string {
	for what, look := range map[string]*regexp.Regexp{"account": account, "region": region} {
		if len(st.names) > 0 && !slices.ContainsFunc(sorted(st.names), func(n string) bool { return !look.MatchString(n) }) {
			return what
		}
	}
	return ""
}

// rule proposes what takes the shape. Names that are always the same are
// constants, the last of them is the table's; those that vary are partition keys.
func (s *shape) rule(name string) Rule {
	var prefix, layout, keys []string
	taken := map[string]bool{}
	for _, st := range s.steps {
		taken[strings.ToLower(st.key)] = true
	}
	constant, hive, leading := 0, true, true
	for _, st := range s.steps {
		if st.names == nil {
			hive, leading = hive && st.key != "", false
			if st.key != "" {
				keys = append(keys, strings.ToLower(st.key))
				layout = append(layout, "{"+strings.ToLower(st.key)+"=}/")
			} else {
				layout = append(layout, st.date)
			}
			continue
		}
		text, plain := st.constant()
		hive = hive && leading && text != ""
		if text != "" && leading {
			name, constant = text, len(prefix)+1
		}
		if text == "" || !plain {
			layout = append(layout, "{"+capture(st.well(), taken)+"}/")
		} else {
			layout = append(layout, text+"/")
		}
		if text == "" {
			text = "*"
		}
		if leading {
			prefix = append(prefix, text+"/")
		}
	}
	r := Rule{Prefix: strings.Join(prefix[:constant], ""), Layout: strings.Join(layout, ""), Table: tableName(name)}
	if hive {
		r.Layout, r.Keys = "hive", keys
	}
	return r
}

// starred is a folder of the shape that a rule can't name, "" if there is none: in
// a prefix a * stands for any folder.
func (s *shape) starred() string {
	for _, st := range s.steps {
		if text, _ := st.constant(); strings.Contains(text, "*") {
			return text
		}
		if st.names == nil {
			break
		}
	}
	return ""
}

// constant is the name that all folders of a step have, "" if it varies, and
// whether a template can say it.
func (st *step) constant() (name string, plain bool) {
	if len(st.names) != 1 || st.well() != "" {
		return "", false
	}
	name = st.one()
	return name, !strings.ContainsAny(name, "{}[]*")
}

// capture names folders that vary: by what they are known to be, or else name,
// name2 and so on.
func capture(well string, taken map[string]bool) string {
	name := cmp.Or(well, "name")
	for n := 2; taken[name]; n++ {
		name = cmp.Or(well, "name") + strconv.Itoa(n)
	}
	taken[name] = true
	return name
}

func sorted[V any](names map[string]V) []string { return slices.Sorted(maps.Keys(names)) }

// tableName makes a folder's name a table's.
func tableName(folder string) string {
	name := strings.Trim(notInTables.ReplaceAllString(strings.ToLower(folder), "_"), "_")
	return cmp.Or(name, "logs")
}

var notInTables = regexp.MustCompile(`[^a-z0-9]`)
