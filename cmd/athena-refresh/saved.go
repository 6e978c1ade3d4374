package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/aws/provision"
	"athenarefresh/internal/config"
	"athenarefresh/internal/table"
)

// savedTables is the folder of a configuration that has a file for each table that
// discover or open learnt the columns of: what table create and local make it of.
const savedTables = "tables"

// save writes what was found as a configuration: the rules, and the tables that
// are known.
func (d *discovery) save(ctx context.Context, dir string) error {
	if len(d.Tables) == 0 {
		return hint(errors.New("save the rules: there are none, and nothing was saved: nothing was recognised"), "athena-refresh help layouts says which folders can be")
	}
	if err := os.MkdirAll(filepath.Join(dir, savedTables), 0o755); err != nil {
		return fmt.Errorf("save the rules: %w", err)
	}
	global := map[string]any{"account": map[string]string{"prefix": "logs", "region": "us-east-1", "aws_account_id": "123456789012"}}
	assumed := map[string]string{} // what nobody said
	if d.assumed {
		assumed["bucket"] = d.bucket
	}
	if d.guessed {
		assumed["at"] = d.at
	}
	if len(assumed) > 0 {
		global["assumed"] = assumed
	}
	lambda := map[string]any{"athena_partition_refresh_config": map[string]any{"buckets": map[string]any{d.bucket: d.Rules}}}
	files := map[string][]byte{}
	for name, v := range map[string]any{"global.json": global, "lambda.json": lambda} {
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return fmt.Errorf("save the rules: %w", err)
		}
		files[name] = append(text, '\n')
	}
	for _, t := range d.Tables {
		if l := d.contents(ctx, t); l.err == nil {
			files[savedTable(t.Name)] = []byte(l.schema.Table("", t.Name, t.Keys, "s3://"+d.bucket+"/"+t.Rule.Prefix).SQL() + ";\n")
		}
	}
	for name := range files {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return hint(fmt.Errorf("save the rules: %s is there already", filepath.Join(dir, name)), "--save a folder that is new, or empty")
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return fmt.Errorf("save the rules: %w", err)
		}
	}
	return nil
}

func savedTable(name string) string { return filepath.Join(savedTables, name+".sql") }

// saved is the file that says what a table holds, where the configuration has one.
func (a *app) saved(name string) (path string, ok bool) {
	path = filepath.Join(a.conf, savedTable(name))
	info, err := os.Stat(path)
	return path, err == nil && info.Mode().IsRegular()
}

// allSaved are the tables that have such a file.
func (a *app) allSaved() (names []string, err error) {
	paths, err := filepath.Glob(filepath.Join(a.conf, savedTable("*")))
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".sql"))
	}
	return names, err
}

// makeResources makes what the configuration calls for on a stack: its resources,
// and the tables whose columns are saved with it.
func (a *app) makeResources(ctx context.Context, s *stack, c *config.Config, router *table.Router) error {
	search := searcher(s.cfg, c)
	if err := provision.Make(ctx, s.cfg, c, search.Do); err != nil {
		return explainAWS("make the resources", err)
	}
	names, err := a.allSaved()
	if err != nil || names == nil {
		return err
	}
	there, err := glue.NewTables(s.cfg, c.Database).Descriptions(ctx)
	if err != nil {
		return explainAWS("list the tables", err)
	}
	known := map[string]bool{}
	for _, t := range there {
		known[t.ID.Name] = true
	}
	m := tableMaker{a: a, c: c, router: router, change: &tableChange{}}
	for _, name := range names {
		if known[name] {
			continue
		}
		planned, err := m.planNamed(ctx, name)
		if err != nil {
			return err
		}
		if err := search.Do(ctx, planned.DDL); err != nil {
			return fmt.Errorf("make table %s: %w", name, queryError(err))
		}
	}
	return nil
}
