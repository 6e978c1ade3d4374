package doctor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// policy is a resource's policy, as far as it decides whether an AWS service
// may do something on behalf of a bucket. (IAM user guide, "Grammar of the IAM
// JSON policy language".)
type policy struct {
	Statement oneOrMore[statement]
}

type statement struct {
	Effect       string
	Principal    principals
	NotPrincipal json.RawMessage
	Action       oneOrMore[string]
	NotAction    json.RawMessage
	Resource     oneOrMore[string]
	NotResource  json.RawMessage
	Condition    map[string]map[string]oneOrMore[string]
}

// oneOrMore is a list that may stand for itself where it has one element.
type oneOrMore[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *oneOrMore[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(l))
	}
	var v T
	err := json.Unmarshal(b, &v)
	*l = oneOrMore[T]{v}
	return err
}

// principals are "*", or kinds with their names.
type principals map[string]oneOrMore[string]

// UnmarshalJSON implements json.Unmarshaler.
func (p *principals) UnmarshalJSON(b []byte) error {
	if string(b) == `"*"` {
		*p = principals{"AWS": {"*"}}
		return nil
	}
	return json.Unmarshal(b, (*map[string]oneOrMore[string])(p))
}

// request is what a service asks for.
type request struct {
	service  string // s3.amazonaws.com
	action   string // sqs:SendMessage
	resource string // ARN
	source   string // aws:SourceArn
	account  string // aws:SourceAccount
}

// answer is what a policy says to a request.
type answer int

const (
	no      answer = iota // nothing allows it, or something denies it
	unclear               // it hangs on what isn't understood here
	loose                 // allowed, and to more than the service on behalf of this account's bucket
	yes
)

func parsePolicy(text string) (policy, error) {
	var p policy
	if text == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, fmt.Errorf("read the policy: %w", err)
	}
	return p, nil
}

// lets takes the best of what allows, unless something denies.
func (p policy) lets(r request) answer {
	best := no
	for _, s := range p.Statement {
		if !s.about(r) {
			continue
		}
		matches, known := s.conditions(r)
		switch {
		case s.Effect == "Deny" && matches && known:
			return no
		case s.Effect == "Deny" && !known:
			return unclear
		case s.Effect != "Allow" || !matches:
		case !known:
			best = max(best, unclear)
		default:
			best = max(best, s.strictness())
		}
	}
	return best
}

// about says whether a statement is about a request, its conditions aside.
// Those with NotPrincipal and the like are not understood; they count as unclear.
func (s *statement) about(r request) bool {
	by := s.NotPrincipal != nil || s.anybody() || slices.Contains(s.Principal["Service"], r.service)
	does := s.NotAction != nil || slices.ContainsFunc(s.Action, func(a string) bool {
		return glob(strings.ToLower(a), strings.ToLower(r.action))
	})
	on := s.NotResource != nil || slices.ContainsFunc(s.Resource, func(pattern string) bool { return glob(pattern, r.resource) })
	return by && does && on
}

func (s *statement) anybody() bool {
	return slices.Contains(s.Principal["AWS"], "*") || slices.Contains(s.Principal["*"], "*")
}

// conditions says whether they hold, and whether all of them are understood. One
// that is understood and doesn't hold decides.
func (s *statement) conditions(r request) (hold, known bool) {
	known = s.NotPrincipal == nil && s.NotAction == nil && s.NotResource == nil
	for operator, keys := range s.Condition {
		for key, patterns := range keys {
			value, has := r.value(key)
			match := matcher(operator)
			switch {
			case !has || match == nil:
				known = false
			case !slices.ContainsFunc(patterns, func(p string) bool { return match(p, value) }):
				return false, true
			}
		}
	}
	return true, known
}

// value is that of a condition's key in a request of S3, which speaks TLS.
func (r request) value(key string) (string, bool) {
	switch strings.ToLower(key) {
	case "aws:sourcearn":
		return r.source, true
	case "aws:sourceaccount":
		return r.account, true
	case "aws:securetransport":
		return "true", true
	}
	return "", false
}

// matcher is that of a condition operator, nil if it isn't known here.
func matcher(operator string) func(pattern, value string) bool {
	switch strings.TrimSuffix(operator, "IfExists") {
	case "ArnLike", "ArnEquals":
		return arnLike
	case "StringLike":
		return glob
	case "StringEquals":
		return func(p, v string) bool { return p == v }
	case "StringEqualsIgnoreCase", "Bool":
		return strings.EqualFold
	}
	return nil
}

// strictness is yes if a statement that allows is for the service alone, and
// says for which buckets of which account.
func (s *statement) strictness() answer {
	keys := map[string]bool{}
	for _, names := range s.Condition {
		for key := range names {
			keys[strings.ToLower(key)] = true
		}
	}
	if s.anybody() || !keys["aws:sourcearn"] || !keys["aws:sourceaccount"] {
		return loose
	}
	return yes
}

// arnLike compares the six parts of ARNs, each by itself (IAM user guide, "ARN
// condition operators").
func arnLike(pattern, arn string) bool {
	p, a := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(p) != len(a) {
		return pattern == "*"
	}
	for i := range p {
		if !glob(p[i], a[i]) {
			return false
		}
	}
	return true
}

// glob matches text against a pattern in which * stands for any text and ? for
// one character.
func glob(pattern, text string) bool {
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '*':
			for from := i; from <= len(text); from++ {
				if glob(pattern[i+1:], text[from:]) {
					return true
				}
			}
			return false
		case i >= len(text) || pattern[i] != '?' && pattern[i] != text[i]:
			return false
		}
	}
	return len(pattern) == len(text)
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
