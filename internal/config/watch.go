package config

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/table"
)

// Stamp tells the files of a configuration from other ones.
type Stamp struct {
	Time time.Time `json:"time"` // when the newer of them was last changed
	Hash string    `json:"hash"` // the beginning of their SHA-256
}

// hashed is how many bytes of it a person compares.
const hashed = 4

// StampOf is the stamp of the files in dir. Whoever loads them reads it first.
func StampOf(dir string) Stamp { return stampOf(openBoth(dir)) }

func stampOf(global, lambda *file) Stamp {
	h := sha256.New()
	for _, f := range []*file{global, lambda} {
		h.Write(f.sum[:])
	}
	s := Stamp{global.changed, hex.EncodeToString(h.Sum(nil)[:hashed])}
	if lambda.changed.After(s.Time) {
		s.Time = lambda.changed
	}
	s.Time = s.Time.UTC().Truncate(time.Second)
	return s
}

// Change is what became of a configuration's files.
type Change struct {
	Stamp    Stamp
	Config   *Config // nil if they are refused
	Warnings []Warning
	Refused  []string      // why they can't be obeyed, a line for each problem
	Router   *table.Router // of buckets; nil if the old ones stay
	// Restart names the settings, but buckets and log_level, that differ from those
	// that the process began with. Where account.… is among them buckets is too: its
	// names are made of the prefix, and its queue and tables are that account's.
	Restart []string
}

// Obey has a log obey log_level by its level, unless that is nil, and says there what
// else is obeyed from now on; obeyed is the hash of what was until then.
func (c *Change) Obey(log *slog.Logger, level *slog.LevelVar, obeyed string) {
	for _, p := range c.Refused {
		log.Error("the configuration is refused, the old one stays", "hash", c.Stamp.Hash, "obeyed", obeyed, "problem", p)
	}
	if c.Refused != nil {
		return
	}
	for _, w := range c.Warnings {
		log.Warn("configuration", "warning", w.String())
	}
	again := "log_level was read again; the old buckets stay, because the new ones belong to another account or prefix"
	if c.Router != nil {
		again = "buckets and log_level are read again"
	}
	if level != nil {
		level.Set(c.Config.LogLevel)
	}
	log.Info(again, "configuration", c.Stamp.Hash, "configuration_of", c.Stamp.Time)
	if c.Restart != nil {
		log.Warn("restart to have the other settings obeyed", "settings", c.Restart)
	}
}

// looking is how often the files are looked at. What is read is obeyed when it was
// the same twice: an editor may write in pieces.
const looking = 2 * time.Second

// Watch calls changed whenever the files in dir are others than they were, until
// ctx ends. begun is what the process began with, at its stamp.
func Watch(ctx context.Context, dir string, begun *Config, at Stamp, changed func(Change)) {
	obeyed, last := at.Hash, at.Hash
	tick := time.NewTicker(looking)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		global, lambda := openBoth(dir)
		hash := stampOf(global, lambda).Hash
		if hash != obeyed && hash == last {
			obeyed = hash
			changed(changeOf(begun, global, lambda))
		}
		last = hash
	}
}

func changeOf(begun *Config, global, lambda *file) Change {
	ch := Change{Stamp: stampOf(global, lambda)}
	c, warnings, err := read(global, lambda)
	if err == nil {
		ch.Router, err = table.New(c.Buckets)
	}
	if err != nil {
		ch.Refused = strings.Split(err.Error(), "\n")
		return ch
	}
	ch.Config, ch.Warnings, ch.Restart = c, warnings, others(begun, c)
	if slices.Contains(ch.Restart, "buckets") {
		ch.Router = nil
	}
	return ch
}

// others names the settings that differ, but for those that are read again.
func others(a, b *Config) (names []string) {
	alike := func(c Config) Config {
		c.Buckets, c.LogLevel, c.Sections = nil, 0, nil
		return c
	}
	if reflect.DeepEqual(alike(*a), alike(*b)) {
		return nil
	}
	before, after := a.settings(), b.settings()
	all := maps.Clone(before)
	maps.Copy(all, after)
	for name := range all {
		if name != "buckets" && name != "log_level" && before[name] != after[name] {
			names = append(names, name)
		}
	}
	if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, "account.") }) {
		names = append(names, "buckets")
	}
	slices.Sort(names)
	return names
}

// settings are the account's, and those of our section as they are written, without
// the space between.
func (c *Config) settings() map[string]string {
	settings := map[string]string{"account.prefix": c.Prefix, "account.region": c.Region, "account.aws_account_id": c.Account}
	var compact bytes.Buffer
	var section map[string]json.RawMessage
	if json.Compact(&compact, c.Sections[sectionName]) == nil {
		json.Unmarshal(compact.Bytes(), &section) // it was read before
	}
	for name, value := range section {
		settings[name] = string(value)
	}
	return settings
}
