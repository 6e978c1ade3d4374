package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Read reads a role's own policy that somebody gives us to go by. Whatever of it
// would not be judged as IAM does is an error: a member, an effect or an operator
// that there isn't, and a condition key that is none of keys (in lower case).
func Read(text []byte, keys []string) (Policy, error) {
	var p Policy
	var document struct {
		Version, ID string
		Statement   oneOrMore[json.RawMessage]
	}
	if err := strictly(text, &document); err != nil {
		return p, fmt.Errorf("read the policy: %w", err)
	}
	if len(document.Statement) == 0 {
		return p, errors.New("the policy has no Statement")
	}
	var errs []error
	for i, text := range document.Statement {
		var s statement
		if err := strictly(text, &s); err != nil {
			return p, fmt.Errorf("read statement %d: %w", i+1, err)
		}
		if err := s.check(keys); err != nil {
			name := fmt.Sprintf("statement %d", i+1)
			if s.Sid != "" {
				name += " (" + s.Sid + ")"
			}
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		p.Statement = append(p.Statement, s)
	}
	return p, errors.Join(errs...)
}

// strictly refuses members that there aren't.
func strictly(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is text after its end")
	}
	return nil
}

func (s *statement) check(keys []string) error {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return fmt.Errorf("its Effect is %q, not Allow or Deny", s.Effect)
	case s.Principal != nil || s.NotPrincipal != nil:
		return errors.New("a role's own policy has no Principal")
	case (s.Action == nil) == (s.NotAction == nil):
		return errors.New("it needs either Action or NotAction")
	case (s.Resource == nil) == (s.NotResource == nil):
		return errors.New("it needs either Resource or NotResource")
	}
	for _, a := range slices.Concat(s.Action, s.NotAction) {
		if a != "*" && strings.Count(a, ":") != 1 {
			return fmt.Errorf("the action %q is not SERVICE:NAME", a)
		}
	}
	for _, r := range slices.Concat(s.Resource, s.NotResource) {
		if r != "*" && (!strings.HasPrefix(r, "arn:") || strings.Count(r, ":") < 5) {
			return fmt.Errorf("the resource %q is no ARN", r)
		}
		if strings.Contains(r, "${") {
			return fmt.Errorf("the resource %q has a variable, which is not judged here", r)
		}
	}
	return s.checkConditions(keys)
}

func (s *statement) checkConditions(keys []string) error {
	for name, conditions := range s.Condition {
		if _, ok := operatorOf(name); !ok {
			return fmt.Errorf("the condition operator %s is not judged here", name)
		}
		for key := range conditions {
			if !slices.Contains(keys, strings.ToLower(key)) {
				return fmt.Errorf("the condition key %s is not judged here; those that are: %s", key, strings.Join(keys, ", "))
			}
		}
	}
	return nil
}
