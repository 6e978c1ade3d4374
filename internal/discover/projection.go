package discover

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"athenarefresh/internal/source"
)

// Property is a property of a table.
type Property struct{ Name, Value string }

// mostEnumerated is how many values of a key a person would list by hand.
const mostEnumerated = 20

// Projection is how Athena would compute the table's partitions itself: the
// properties of its table. nil where it can't: a key with many values, or a
// folder that follows from none. Where it can, nothing has to be added, and
// this program is not needed.
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
		values := sorted(t.values[i])
		switch {
		case key == "dt" && format != "":
			list = append(list, dates(key, format, values[0])...)
		case !slices.ContainsFunc(values, func(v string) bool { return !aDay.MatchString(v) }):
			list = append(list, dates(key, "yyyy-MM-dd", values[0])...)
		case len(values) <= mostEnumerated && !slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, ",") }):
			list = append(list, Property{"projection." + key + ".type", "enum"}, Property{"projection." + key + ".values", strings.Join(values, ",")})
		default:
			return nil
		}
		if !strings.Contains(location, "${"+key+"}") {
			return nil
		}
	}
	return append(list, Property{"storage.location.template", "s3://" + bucket + "/" + location})
}

// layout is the template that the table's rule stands for: of folders key=value
// it is made, and a source with several has none.
func (t *Table) layout() (string, bool) {
	switch {
	case t.Source != "":
		s, ok := source.Named(t.Source)
		if !ok || len(s.Rules) != 1 || s.Rules[0].Partition != nil {
			return "", false
		}
		return s.Rules[0].Layout, true
	case t.Rule.Layout == "hive":
		layout := "**/"
		for _, k := range t.Rule.Keys {
			layout += k + "={" + k + "}/"
		}
		return layout, true
	}
	return t.Rule.Layout, true
}

// timeRun is the time of a template, from its first field to its last.
var timeRun = regexp.MustCompile(`\{yyyy\}(?:[^{}\[\]*]*\{(?:MM|dd|HH|mm)\})*`)

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
		format := strings.NewReplacer("{", "", "}", "").Replace(timeRun.FindString(shape))
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
	unit := "DAYS"
	switch {
	case strings.Contains(format, "HH"):
		unit = "HOURS"
	case !strings.Contains(format, "dd"):
		unit = "MONTHS"
	}
	return []Property{
		{"projection." + key + ".type", "date"}, {"projection." + key + ".format", format},
		{"projection." + key + ".range", written(format, first) + ",NOW"},
		{"projection." + key + ".interval", "1"}, {"projection." + key + ".interval.unit", unit},
	}
}

// written writes a time of ours, its parts joined by "-", in another format.
func written(format, value string) string {
	parts := strings.Split(value, "-")
	for i, field := range []string{"yyyy", "MM", "dd", "HH", "mm"} {
		if i < len(parts) {
			format = strings.Replace(format, field, parts[i], 1)
		}
	}
	return format
}

// String is the property as TBLPROPERTIES has it.
func (p Property) String() string { return fmt.Sprintf("'%s'='%s'", p.Name, p.Value) }
