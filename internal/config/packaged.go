package config

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// packagedSettings are the settings that the function itself reads. The others
// are for whoever deploys it: were they packaged too, a changed schedule or
// "enabled": false would be a new version of the function, and would undo a
// rollback.
var packagedSettings = []string{
	"buckets", "catalog", "database_name", "enable_metrics", "log_level", "memory", "queue_name",
	"results_bucket", "statements_in_flight", "timeout", "trigger", "workgroup",
}

// Packaged are global.json and lambda.json as the function is given them: they
// load as this configuration does, without what the function doesn't read and
// without what is someone else's. The same settings give the same bytes,
// whatever white space and order their file has.
func (c *Config) Packaged() (global, lambda []byte, err error) {
	var own, settings map[string]json.RawMessage
	if section := c.Sections[sectionName]; section != nil {
		if err := json.Unmarshal(section, &own); err != nil {
			return nil, nil, fmt.Errorf("read section %s: %w", sectionName, err)
		}
	}
	settings = map[string]json.RawMessage{}
	for _, name := range packagedSettings {
		if v, ok := own[name]; ok {
			settings[name] = v
		}
	}
	account := map[string]string{"prefix": c.Prefix, "region": c.Region, "aws_account_id": c.Account}
	if global, err = indented(map[string]any{"account": account}); err != nil {
		return nil, nil, err
	}
	lambda, err = indented(map[string]any{sectionName: settings})
	return global, lambda, err
}

func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write the function's configuration: %w", err)
	}
	return b.Bytes(), nil
}
