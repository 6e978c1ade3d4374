package discover

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// dated are the forms in which folders are usually dated, each as it is written
// in a template and as it looks. Those of several folders come first, longest
// first, then those of one.
var dated = []struct {
	template string
	looks    []*regexp.Regexp
}{
	form("{yyyy}/{MM}/{dd}/{HH}/{mm}/", year, month, day, hour, minute),
	form("{yyyy}/{MM}/{dd}/{HH}/", year, month, day, hour),
	form("{yyyy}/{MM}/{dd}/", year, month, day),
	form("{yyyy}/{M}/{d}/{H}/", year, shortMonth, shortDay, shortHour),
	form("{yyyy}/{M}/{d}/", year, shortMonth, shortDay),
	form("{yyyy}-{MM}-{dd}/{HH}/", year+"-"+month+"-"+day, hour),
	form("{yyyy}{MM}{dd}/{HH}/", year+month+day, hour),
	form("{yyyy}-{MM}-{dd}-{HH}/", year+"-"+month+"-"+day+"-"+hour),
	form("{yyyy}-{MM}-{dd}T{HH}/", year+"-"+month+"-"+day+"T"+hour),
	form("{yyyy}-{MM}-{dd}/", year+"-"+month+"-"+day),
	form("{yyyy}_{MM}_{dd}/", year+"_"+month+"_"+day),
	form("{yyyy}.{MM}.{dd}/", year+`\.`+month+`\.`+day),
	form("{yyyy}{MM}{dd}{HH}/", year+month+day+hour),
	form("{yyyy}{MM}{dd}/", year+month+day),
	form("{dd}-{MM}-{yyyy}/", day+"-"+month+"-"+year),
	form("{yyyy}-{MM}/", year+"-"+month),
	form("{yyyy}/{MM}/", year, month),
	form("{yyyy}/", year),
}

const (
	year       = `(?:19|20|21)\d\d`
	month      = `(?:0[1-9]|1[0-2])`
	day        = `(?:0[1-9]|[12]\d|3[01])`
	hour       = `(?:[01]\d|2[0-3])`
	minute     = `[0-5]\d`
	shortMonth = `(?:[1-9]|1[0-2])`
	shortDay   = `(?:[1-9]|[12]\d|3[01])`
	shortHour  = `(?:\d|1\d|2[0-3])`
)

func form(template string, elements ...string) (f struct {
	template string
	looks    []*regexp.Regexp
}) {
	f.template = template
	for _, e := range elements {
		f.looks = append(f.looks, regexp.MustCompile(`^`+e+`$`))
	}
	return f
}

var (
	keyValue   = regexp.MustCompile(`^([A-Za-z0-9_-]+)=(.*)$`)
	timeInName = regexp.MustCompile(year + `[-_.]?` + month + `[-_.]?` + day)
)

// shape is what the folders of some keys have in common: folders with names,
// then a run of key=value or of a date.
type shape struct {
	before []map[string]bool // the names seen at each place before the run
	keys   []string          // of a run of key=value
	date   string            // template of a run that is a date
	after  int               // folders behind the run: inside of the partition
}

// mostNames is how many names are kept of a place: more is many.
const mostNames = 200

// read finds the run in a key's folders: the first date, or the first key=value
// and all that follow it directly.
func read(key string) (*shape, bool) {
	folders := strings.Split(key, "/")
	folders = folders[:len(folders)-1]
	for at := range folders {
		s := &shape{}
		end := at
		for end < len(folders) && keyValue.MatchString(folders[end]) {
			s.keys = append(s.keys, strings.ToLower(keyValue.FindStringSubmatch(folders[end])[1]))
			end++
		}
		if end == at {
			s.date, end = dateAt(folders, at)
		}
		if end == at {
			continue
		}
		for _, f := range folders[:at] {
			s.before = append(s.before, map[string]bool{f: true})
		}
		s.after = len(folders) - end
		return s, true
	}
	return nil, false
}

// dateAt finds the date that begins at a folder, the longest form that fits.
func dateAt(folders []string, at int) (template string, end int) {
	for _, f := range dated {
		if at+len(f.looks) > len(folders) {
			continue
		}
		fits := true
		for i, look := range f.looks {
			fits = fits && look.MatchString(folders[at+i])
		}
		if fits {
			return f.template, at + len(f.looks)
		}
	}
	return "", at
}

// datedFolder tells whether a key has a run at all.
func datedFolder(key string) bool {
	_, ok := read(key)
	return ok
}

// id is equal for keys that one rule may take: as deep, with the same run.
// A first folder that is a name belongs to it, so that a mess is not one table.
func (s *shape) id() string {
	first := ""
	if len(s.before) > 1 {
		for name := range s.before[0] {
			first = name
		}
	}
	return strings.Join(append([]string{first, strings.Repeat("/", len(s.before)), s.date}, s.keys...), "|")
}

// see adds what another key of the shape has at its places.
func (s *shape) see(o *shape) {
	for i, names := range o.before {
		for name := range names {
			if len(s.before[i]) < mostNames {
				s.before[i][name] = true
			}
		}
	}
}

// rules proposes what takes the shape. Names that are always the same are
// constants. Where the last folder before key=value has several names, each is a
// table; other names are partition keys.
func (s *shape) rules(name string) []Rule {
	constant := 0
	for constant < len(s.before) && len(s.before[constant]) == 1 {
		constant++
	}
	prefix := ""
	for _, names := range s.before[:constant] {
		for n := range names {
			prefix += n + "/"
			name = n
		}
	}
	if strings.Contains(prefix, "*") {
		return nil // in a rule it would stand for any folder
	}
	switch {
	case constant == len(s.before) && s.keys != nil:
		return []Rule{{Prefix: prefix, Layout: "hive", Keys: s.keys, Table: tableName(name)}}
	case constant == len(s.before):
		return []Rule{{Prefix: prefix, Layout: literal(prefix) + s.date, Table: tableName(name)}}
	case s.keys != nil && constant == len(s.before)-1:
		var rules []Rule
		for _, n := range sorted(s.before[constant]) {
			if strings.Contains(n, "*") {
				continue
			}
			rules = append(rules, Rule{Prefix: prefix + n + "/", Layout: "hive", Keys: s.keys, Table: tableName(n)})
		}
		return rules
	}
	layout := literal(prefix)
	for i := constant; i < len(s.before); i++ {
		if len(s.before[i]) == 1 {
			layout += literal(sorted(s.before[i])[0]) + "/"
			continue
		}
		layout += "{" + capture(i-constant) + "}/"
	}
	for _, k := range s.keys {
		layout += k + "={" + strings.ReplaceAll(k, "-", "_") + "}/"
	}
	return []Rule{{Prefix: prefix, Layout: layout + s.date, Table: tableName(name)}}
}

// capture names the folders that vary.
func capture(i int) string {
	if i == 0 {
		return "name"
	}
	return "name" + strconv.Itoa(i+1)
}

// literal is text of a template that stands for itself.
func literal(text string) string {
	if strings.ContainsAny(text, "{}[]*") {
		return "" // no template can say it: the rule is refused, and the files stay unplaced
	}
	return text
}

func sorted(names map[string]bool) (list []string) {
	for n := range names {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

// tableName makes a folder's name a table's.
func tableName(folder string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '_'
	}, folder)
	if name = strings.Trim(name, "_"); name == "" {
		return "logs"
	}
	return name
}
