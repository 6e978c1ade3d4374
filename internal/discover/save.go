package discover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/schema/infer"
)

// Save writes what was found as a configuration: the rules, and the tables that
// are known.
func (p *Place) Save(ctx context.Context, dir string) error {
	if len(p.Tables) == 0 {
		return faults.Hint(errors.New("save the rules: there are none, and nothing was saved: nothing was recognised"), "athena-refresh help layouts says which folders can be")
	}
	if err := os.MkdirAll(filepath.Join(dir, infer.SavedFolder), 0o755); err != nil {
		return fmt.Errorf("save the rules: %w", err)
	}
	files, err := p.configuration(dir)
	if err != nil {
		return fmt.Errorf("save the rules: %w", err)
	}
	for _, t := range p.Tables {
		if s, err := p.Contents(ctx, t); err == nil {
			path, _ := infer.Saved(dir, t.Name)
			files[path] = []byte(s.Table("", t.Name, t.Keys, "s3://"+p.Bucket+"/"+t.Rule.Prefix).SQL() + ";\n")
		}
	}
	for path := range files {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return faults.Hint(fmt.Errorf("save the rules: %s is there already", path), "--save a folder that is new, or empty")
		}
	}
	for path, text := range files {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return fmt.Errorf("save the rules: %w", err)
		}
	}
	return nil
}

// configuration is its two files.
func (p *Place) configuration(dir string) (map[string][]byte, error) {
	global := map[string]any{"account": map[string]string{"prefix": "logs", "region": "us-east-1", "aws_account_id": "123456789012"}}
	assumed := map[string]string{} // what nobody said
	if p.Assumed {
		assumed["bucket"] = p.Bucket
	}
	if p.Guessed {
		assumed["at"] = p.At
	}
	if len(assumed) > 0 {
		global["assumed"] = assumed
	}
	lambda := map[string]any{"athena_partition_refresh_config": map[string]any{"buckets": map[string]any{p.Bucket: p.Rules}}}
	files := map[string][]byte{}
	for name, v := range map[string]any{"global.json": global, "lambda.json": lambda} {
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return nil, err
		}
		files[filepath.Join(dir, name)] = append(text, '\n')
	}
	return files, nil
}
