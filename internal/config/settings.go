package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"athenarefresh/internal/schedule"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"
)

// field is a member that an object may have. read nil: it is accepted and
// ignored.
type field struct {
	name string
	read func(value) error
}

// settings reads our section of lambda.json into c, which holds the defaults.
func (f *file) settings(section value, c *Config) {
	fields := f.fields(c)
	for _, name := range ignored {
		fields = append(fields, field{name: name})
	}
	f.object(section, "", false, fields)
	c.Buckets = withAlerts(c.Buckets, c.Prefix)
	f.doubts(section, c)
}

// fields are the settings, each with what reads it into c.
func (f *file) fields(c *Config) []field {
	name := func(to *string, check func(string) error) func(value) error {
		return func(v value) error {
			var s string
			err := text(&s, func(s string) error { return check(expand(s, c.Prefix)) })(v)
			if err == nil {
				*to = expand(s, c.Prefix)
			}
			return err
		}
	}
	return []field{
		{"enabled", boolean(&c.Enabled)},
		{"enable_metrics", boolean(&c.EnableMetrics)},
		{"log_level", choice(&c.LogLevel, map[string]slog.Level{"info": slog.LevelInfo, "debug": slog.LevelDebug})},
		{"memory", number(&c.MemoryMB, 128, 10240, "MB")},
		{"timeout", seconds(&c.Timeout, 1, 900)},
		{"schedule_expression", expression(&c.Schedule)},
		{"buckets", func(v value) error { return f.buckets(v, c) }},
		{"database_name", name(&c.Database, checkDatabase)},
		{"queue_name", name(&c.Queue, checkQueue)},
		{"results_bucket", name(&c.ResultsBucket, CheckBucket)},
		{"workgroup", name(&c.WorkGroup, checkWorkGroup)},
		{"trigger", choice(&c.Trigger, named(TriggerSchedule, TriggerQueue))},
		{"catalog", choice(&c.Catalog, named(Catalogs()...))},
		{"statements_in_flight", number(&c.StatementsInFlight, 1, 20, "statements")},
		{"reconcile_every", expression(&c.ReconcileEvery)},
		{"kms_key_arn", text(&c.KMSKeyARN, checkKey)},
		{"alarm_topic_arn", text(&c.AlarmTopicARN, checkTopic)},
		{"notify_from", f.list("notify_from", "a list of account ids, and of ARNs of SNS topics and EventBridge rules", &c.NotifyFrom, uniquely(checkNotifier))},
	}
}

// ignored are the members that StreamAlert's own tooling writes and that mean
// nothing here.
var ignored = []string{
	"handler", "source_bucket", "source_object_key", "source_current_hash", "current_version",
	"third_party_libraries", "refresh_type", "refresh_interval", "file_format", "concurrency_limit",
	"log_retention_days", "metric_alarms", "vpc_config",
}

// doubts warns of what is obeyed, but perhaps not what was meant.
func (f *file) doubts(section value, c *Config) {
	for _, m := range section.members() {
		switch m.name {
		case "refresh_type":
			f.refreshType(m.value, c)
		case "vpc_config":
			f.warning(m.at, m.name, "is ignored: the function runs outside of any VPC", "remove it")
		case "notify_from":
			f.foreignRules(m.value, c)
		case "queue_name":
			if checkQueue(c.Queue+deadLetters) != nil {
				f.warning(m.value.at, m.name, fmt.Sprintf("leaves no room for %q, the suffix of its dead-letter queue", deadLetters),
					fmt.Sprintf("at most %d characters, if this tool is to create the queues", 80-len(deadLetters)))
			}
		}
	}
}

// foreignRules warns of rules that can't send as the service EventBridge does:
// to a queue of another account it sends as a role of the rule's own.
// (EventBridge user guide, "Sending and receiving events between AWS accounts".)
func (f *file) foreignRules(v value, c *Config) {
	items, _ := v.is.([]value)
	for i, item := range items {
		arn, _ := item.is.(string)
		if kind, account := NotifierOf(arn); kind == Rule && account != c.Account {
			f.warning(item.at, fmt.Sprintf("notify_from[%d]", i), "is a rule of another account, which can't send to this queue by itself",
				"have it send to this account's event bus, and name a rule of that here")
		}
	}
}

// refreshType warns of buckets that an older file maps there, in
// add_hive_partition or repair_hive_table, and that nothing else maps.
func (f *file) refreshType(v value, c *Config) {
	for _, how := range v.members() {
		for _, m := range how.members() {
			name := expand(m.name, c.Prefix)
			mapped := slices.ContainsFunc(c.Buckets, func(b table.Bucket) bool { return b.Name == name })
			if !mapped && !m.example() {
				f.warning(m.at, under(under("refresh_type", how.name), m.name), "is ignored: this bucket feeds no table", "map it in buckets")
			}
		}
	}
}

// expand puts the prefix where a name says <prefix>.
func expand(name, prefix string) string { return strings.ReplaceAll(name, "<prefix>", prefix) }

// object reads an object's members by their names. In an open object others
// are someone else's; else they are refused, as is any name that is there twice.
func (f *file) object(v value, path string, open bool, fields []field) {
	if !v.isObject() {
		f.problem(v.at, path, wrongKind("an object", v))
		return
	}
	seen := map[string]int{}
	for _, m := range v.members() {
		i := slices.IndexFunc(fields, func(x field) bool { return x.name == m.name })
		switch first, twice := seen[m.name]; {
		case i < 0 && (open || m.example()):
		case i < 0:
			f.problem(m.at, under(path, m.name), fmt.Errorf("no such setting: did you mean %q?", nearest(m.name, fields)))
		case twice:
			line, _ := position(f.data, first)
			f.problem(m.at, under(path, m.name), fmt.Errorf("is there twice, first in line %d", line))
		case fields[i].read != nil:
			if err := fields[i].read(m.value); err != nil {
				f.problem(m.value.at, under(path, m.name), err)
			}
		}
		if _, twice := seen[m.name]; !twice {
			seen[m.name] = m.at
		}
	}
}

// example recognises "...": "...", which StreamAlert's documentation has where
// it leaves something out.
func (m member) example() bool { return m.name == "..." && m.is == "..." }

func (v value) isObject() bool {
	_, ok := v.is.([]member)
	return ok
}

// members are an object's; none where v is no object.
func (v value) members() []member {
	all, _ := v.is.([]member)
	return all
}

// member is the last of an object's that has a name.
func (v value) member(name string) (found value, ok bool) {
	for _, m := range v.members() {
		if m.name == name {
			found, ok = m.value, true
		}
	}
	return found, ok
}

// under is the path of a member; a name that would be hard to read is quoted.
func under(path, name string) string {
	plain := name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
	switch {
	case !plain:
		return path + "[" + strconv.Quote(name) + "]"
	case path == "":
		return name
	}
	return path + "." + name
}

func wrongKind(want string, v value) error { return fmt.Errorf("must be %s, not %s", want, v.kind()) }

// text reads a string that passes check; nil: any.
func text(to *string, check func(string) error) func(value) error {
	return func(v value) error {
		s, ok := v.is.(string)
		if !ok {
			if n, ok := v.is.(json.Number); ok {
				return hint(`write "`+n.String()+`"`, "%s", wrongKind("a string", v))
			}
			return wrongKind("a string", v)
		}
		if check != nil {
			if err := check(s); err != nil {
				return err
			}
		}
		*to = s
		return nil
	}
}

func boolean(to *bool) func(value) error {
	return func(v value) error {
		b, ok := v.is.(bool)
		if !ok {
			return wrongKind("true or false", v)
		}
		*to = b
		return nil
	}
}

// number reads a whole number, or a string that holds one, as older files do.
func number(to *int, least, most int, unit string) func(value) error {
	return func(v value) error {
		var digits string
		switch n := v.is.(type) {
		case json.Number:
			digits = n.String()
		case string:
			digits = n
		default:
			return wrongKind("a number", v)
		}
		n, err := strconv.Atoi(digits)
		if err != nil && !errors.Is(err, strconv.ErrRange) || strings.HasPrefix(digits, "+") {
			return fmt.Errorf("%q is not a whole number", digits)
		}
		if err != nil || n < least || n > most {
			return fmt.Errorf("%s is out of range: %d to %d %s", digits, least, most, unit)
		}
		*to = n
		return nil
	}
}

func seconds(to *time.Duration, least, most int) func(value) error {
	return func(v value) error {
		var n int
		if err := number(&n, least, most, "seconds")(v); err != nil {
			return err
		}
		*to = time.Duration(n) * time.Second
		return nil
	}
}

func choice[T any](to *T, choices map[string]T) func(value) error {
	return func(v value) error {
		var word string
		if err := text(&word, nil)(v); err != nil {
			return err
		}
		chosen, ok := choices[word]
		if !ok {
			return fmt.Errorf(`must be "%s", not %q`, strings.Join(slices.Sorted(maps.Keys(choices)), `" or "`), word)
		}
		*to = chosen
		return nil
	}
}

// named are the choices that are words themselves.
func named[T ~string](all ...T) map[string]T {
	choices := map[string]T{}
	for _, one := range all {
		choices[string(one)] = one
	}
	return choices
}

func expression(to *schedule.Schedule) func(value) error {
	return func(v value) error {
		var s string
		if err := text(&s, checkText)(v); err != nil {
			return err
		}
		parsed, err := schedule.Parse(s)
		if err != nil {
			return err
		}
		*to = parsed
		return nil
	}
}

// nearest is the name of fields that takes the fewest edits to make of name.
func nearest(name string, fields []field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	best, _ := terminal.Nearest(name, names)
	return best
}
