package doctor

import (
	"encoding/json"
	"fmt"
	"slices"

	"athenarefresh/internal/iam"
)

// s3Asks is what S3 asks for on behalf of a bucket of an account. It speaks TLS.
func s3Asks(action, resource, bucket, account string) iam.Request {
	return iam.Request{Service: s3Service, Action: action, Resource: resource, Keys: map[string]string{
		"aws:sourcearn": bucket, "aws:sourceaccount": account, "aws:securetransport": "true",
	}}
}

// withStatement adds a statement to a policy and keeps the rest as it is; one
// that was added by it before is replaced.
func withStatement(text string, s map[string]any) (string, error) {
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
		return ok && old["Sid"] == s["Sid"]
	})
	p["Statement"] = append(list, s)
	b, err := json.Marshal(p)
	return string(b), err
}
