package doctor

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// Reserved is the name below which a probe's object lies, as far as a layout
// leaves the choice; it is in the object's name in any case.
const Reserved = "athena-refresh-probe"

// target is where a probe's object goes, and which partition it should get.
type target struct {
	key    string
	tab    refresh.Table
	values []string // as the catalog has them
	folder string   // the partition's location
}

// captures are what a template leaves open: {name}, or {name:pattern}.
var captures = regexp.MustCompile(`\{([^{}:]+)(?::([^{}]*))?\}`)

// omissible is what a template may lack.
var omissible = regexp.MustCompile(`\[[^\[\]]*\]`)

// spelled fills in a template: times are of a moment, whatever else it captures is
// a word.
func spelled(template string, at time.Time, tableName, word string) string {
	fields := map[string]string{"yyyy": "2006", "MM": "01", "M": "1", "dd": "02", "d": "2", "HH": "15", "mm": "04", "ss": "05"}
	text := strings.Replace(omissible.ReplaceAllString(template, ""), "**/", Reserved+"/", 1)
	return captures.ReplaceAllStringFunc(text, func(found string) string {
		parts := captures.FindStringSubmatch(found)
		name, pattern := parts[1], parts[2]
		switch {
		case fields[name] != "":
			return at.Format(fields[name])
		case name == "H":
			return fmt.Sprint(at.Hour())
		case name == "table":
			return tableName
		case pattern != "":
			return strings.ReplaceAll(pattern, "*", word)
		}
		return word
	})
}

// named is a file's name that fits a pattern and holds a mark.
func named(pattern, mark string) string {
	if !strings.Contains(pattern, "*") {
		return mark
	}
	return strings.ReplaceAll(strings.Replace(pattern, "*", mark, 1), "*", "x")
}

// keys are those that a probe of a rule may have; the router says which are of
// any use. A word may have to be a number.
func keys(r table.Rule, at time.Time, tableName, mark string) (list []string) {
	patterns := append([]string{r.File}, r.Files...)
	for _, template := range table.Templates(r.Layout, r.Keys) {
		for _, word := range []string{Reserved, "0", at.Format("2006-01-02"), at.Format("2006")} {
			prefix := strings.ReplaceAll(strings.Replace(r.Prefix, "**/", Reserved+"/", 1), "*", Reserved)
			folder := spelled(template, at, tableName, word)
			for _, p := range patterns {
				file := strings.ReplaceAll(named(p, Reserved+"-"+mark), "?", "x")
				list = append(list, prefix+folder+file, folder+file)
			}
		}
	}
	return list
}

// aim finds a key in a bucket that the rules place in a table that is there and
// takes it.
func aim(b table.Bucket, router *table.Router, tables []refresh.Table, at time.Time, mark string) (target, bool) {
	for _, r := range b.Rules {
		if r.Ignore || r.Companion != nil {
			continue
		}
		for _, tab := range tables {
			if tab.Refuses().Reason != "" {
				continue
			}
			for _, key := range keys(r, at, tab.ID.Name, mark) {
				p := router.Place(b.Name, key)
				if p.Outcome != table.Place || p.Partition.Table != tab.ID.Name {
					continue
				}
				if values, _, why := tab.Values(&p); why.Reason == "" {
					return target{key, tab, values, p.Partition.Location}, true
				}
			}
		}
	}
	return target{}, false
}
