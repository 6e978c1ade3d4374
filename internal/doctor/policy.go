package doctor

import (
	"encoding/json"
	"fmt"
	"slices"
)

// withStatements adds statements to a policy and keeps the rest as it is; those
// that were added by it before are replaced.
func withStatements(text string, add []map[string]any) (string, error) {
	p := map[string]any{"Version": "2012-10-17"}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			return "", fmt.Errorf("read the policy: %w", err)
		}
	}
	list, isList := p["Statement"].([]any)
	if one := p["Statement"]; one != nil && !isList {
		list = []any{one}
	}
	list = slices.DeleteFunc(list, func(v any) bool {
		old, ok := v.(map[string]any)
		return ok && slices.ContainsFunc(add, func(s map[string]any) bool { return old["Sid"] == s["Sid"] })
	})
	for _, s := range add {
		list = append(list, s)
	}
	p["Statement"] = list
	b, err := json.Marshal(p)
	return string(b), err
}
