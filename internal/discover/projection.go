package discover

import (
	"regexp"
	"slices"
	"strings"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/source"
	"athenarefresh/internal/table"
)

// Property is a property of a table.
type Property struct{ Name, Value string }

// mostEnumerated is how many values of a key a person would list by hand.
const mostEnumerated = 20

// Projection is how Athena would compute the table's partitions itself: the
// properties of its table. nil where they can't say all values for sure: of a key
// with many, or with times that are written in no way that Athena knows. Where they
// can, nothing has to be added, and this program is not needed.
func (t *Table) Projection(bucket string) []Property {
	layout, ok := t.layout()
	if !ok || len(t.Examples) == 0 || strings.HasPrefix(layout, "**/") && len(t.firsts) > 1 {
		return nil // a template names one beginning
	}
	location, format, ok := locate(layout, t.Examples[0])
	if !ok {
		return nil
	}
	list := []Property{{"projection.enabled", "true"}}
	for i, key := range t.Keys {
		if strings.Count(location, "${"+key+"}") != 1 {
			return nil
		}
		values := sorted(t.values[i])
		var p []Property
		switch {
		case key == "dt" && format != "":
			p = dates(key, format, values[0])
		case t.unlike[i]:
			return nil
		case all(values, aDay):
			p = dates(key, "yyyy-MM-dd", values[0])
		case all(values, compactDay):
			p = dates(key, "yyyyMMdd", strings.Join([]string{values[0][:4], values[0][4:6], values[0][6:]}, "-"))
		case clock[key] != "":
			p = t.integers(key, values)
		case len(values) <= mostEnumerated && !slices.ContainsFunc(values, notListed.MatchString):
			p = []Property{{"projection." + key + ".type", "enum"}, {"projection." + key + ".values", strings.Join(values, ",")}}
		}
		if p == nil {
			return nil
		}
		list = append(list, p...)
	}
	return append(list, Property{"storage.location.template", "s3://" + bucket + "/" + location})
}

// clock are the keys that are parts of a time, each with the range of its numbers;
// a year's begins with the first that was seen.
var clock = map[string]string{"year": ",2050", "month": "1,12", "day": "1,31", "hour": "0,23", "minute": "0,59"}

var (
	compactDay = regexp.MustCompile(`^` + year + month + day + `$`)
	aYear      = regexp.MustCompile(`^` + year + `$`)
	aNumber    = regexp.MustCompile(`^\d\d?$`)
	// notListed are values whose list is never whole: numbers, but for an account's, and times.
	notListed = regexp.MustCompile(`,|^\d{1,11}$|^\d{13,}$|` + year + `[-_.]?` + month)
)

func all(values []string, look *regexp.Regexp) bool {
	return !slices.ContainsFunc(values, func(v string) bool { return !look.MatchString(v) })
}

// integers are the properties of a part of a time. nil where its values are none, or
// don't show whether there is a 0 in front of those below 10.
func (t *Table) integers(key string, values []string) []Property {
	list := []Property{{"projection." + key + ".type", "integer"}, {"projection." + key + ".range", clock[key]}}
	if key == "year" {
		list[1].Value = values[0] + clock[key]
		if !all(values, aYear) {
			return nil
		}
		return list
	}
	padded, short := false, false
	for i, k := range t.Keys {
		for v := range t.values[i] {
			padded = padded || clock[k] != "" && len(v) == 2 && v[0] == '0'
			short = short || clock[k] != "" && len(v) == 1
		}
	}
	if padded == short || !all(values, aNumber) {
		return nil
	}
	if padded {
		list = append(list, Property{"projection." + key + ".digits", "2"})
	}
	return list
}

// layout is the template that the table's rule stands for; a source with several
// rules has none.
func (t *Table) layout() (string, bool) {
	switch {
	case t.Source != "":
		s, ok := source.Named(t.Source)
		if !ok || len(s.Rules) != 1 || s.Rules[0].Partition != nil {
			return "", false
		}
		return s.Rules[0].Layout, true
	case t.Rule.Layout == "hive":
		return table.Templates(t.Rule.Layout, t.Rule.Keys)[0], true
	}
	return t.Rule.Layout, true
}

// timeRun is the time of a template, from its first field to its last.
var timeRun = regexp.MustCompile(`\{(?:yyyy|MM?|dd?|HH?|mm)\}(?:[^{}\[\]*]*\{(?:yyyy|MM?|dd?|HH?|mm)\})*`)

// literal is text of a template's time that Athena would take for fields: letters.
var literal = regexp.MustCompile(`((?:^|\})[^{}A-Za-z]*)([A-Za-z]+)`)

// aDay is a value that is a date: of a folder day=2026-01-02.
var aDay = regexp.MustCompile(`^` + year + `-` + month + `-` + day + `$`)

// keyFolder is a folder key=value of a source's template, {key=} or {key=text}.
var keyFolder = regexp.MustCompile(`\{([A-Za-z0-9_-]+)=([^}]*)\}`)

var optional = regexp.MustCompile(`\[[^\]]*\]`)

// locate writes a template as Athena's storage.location.template, with what an
// example key has in front of it, and the format of its time. false where the
// example is not of that shape.
func locate(layout, example string) (location, format string, ok bool) {
	layout = keyFolder.ReplaceAllStringFunc(layout, func(piece string) string {
		m := keyFolder.FindStringSubmatch(piece)
		written := m[1]
		if found := regexp.MustCompile(`(?i)(?:^|/)(` + regexp.QuoteMeta(m[1]) + `)=`).FindStringSubmatch(example); found != nil {
			written = found[1] // as it is in the keys
		}
		if m[2] != "" {
			return written + "=" + m[2]
		}
		return written + "={" + strings.ToLower(m[1]) + "}"
	})
	for _, shape := range []string{optional.ReplaceAllString(layout, ""), strings.NewReplacer("[", "", "]", "").Replace(layout)} {
		anywhere := strings.HasPrefix(shape, "**/")
		shape = strings.TrimPrefix(shape, "**/")
		format := strings.NewReplacer("{", "", "}", "").Replace(literal.ReplaceAllString(timeRun.FindString(shape), "$1'$2'"))
		expression := regexp.QuoteMeta(shape)
		expression = strings.ReplaceAll(expression, `\{yyyy\}`, `\d\d\d\d`)
		expression = regexp.MustCompile(`\\\{(?:MM|dd|HH|mm|ss|M|d|H)\\\}`).ReplaceAllString(expression, `\d\d?`)
		expression = regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(expression, "[^/]*")
		lead := "^()"
		if anywhere {
			lead = "^((?:[^/]+/)*?)"
		}
		m := regexp.MustCompile(lead + expression).FindStringSubmatch(example)
		if m == nil {
			continue
		}
		shape = timeRun.ReplaceAllString(shape, "$${dt}")
		shape = regexp.MustCompile(`(^|[^$])\{([\w-]+)[^}]*\}`).ReplaceAllString(shape, "$1$${$2}")
		return m[1] + shape, format, true
	}
	return "", "", false
}

// dates are the properties of a key that is a time, from the first that was seen.
func dates(key, format, first string) []Property {
	unit := "YEARS"
	for _, u := range []struct{ field, unit string }{{"mm", "MINUTES"}, {"H", "HOURS"}, {"d", "DAYS"}, {"M", "MONTHS"}} {
		if strings.Contains(quoted.ReplaceAllString(format, ""), u.field) {
			unit = u.unit
			break
		}
	}
	return []Property{
		{"projection." + key + ".type", "date"}, {"projection." + key + ".format", format},
		{"projection." + key + ".range", written(format, first) + ",NOW"},
		{"projection." + key + ".interval", "1"}, {"projection." + key + ".interval.unit", unit},
	}
}

var (
	quoted     = regexp.MustCompile(`'[^']*'`)
	formatPart = regexp.MustCompile(`'[^']*'|yyyy|MM?|dd?|HH?|mm`)
)

// written writes a time of ours, its parts joined by "-", in another format.
func written(format, value string) string {
	parts := strings.Split(value, "-")
	return formatPart.ReplaceAllStringFunc(format, func(field string) string {
		i := slices.IndexFunc([]string{"yyyy", "MM", "dd", "HH", "mm"}, func(whole string) bool { return strings.HasPrefix(whole, field) })
		switch {
		case i < 0:
			return strings.Trim(field, "'")
		case i >= len(parts):
			return field
		case len(field) == 1:
			return strings.TrimPrefix(parts[i], "0")
		}
		return parts[i]
	})
}

// String is the property as TBLPROPERTIES has it.
func (p Property) String() string {
	return hiveql.Literal(p.Name) + "=" + hiveql.Literal(p.Value)
}
