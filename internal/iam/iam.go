// Package iam judges requests by policies as IAM does, as far as they decide
// what this program and the services around it may do: a role's own policies,
// and those of resources such as a queue or a key. (IAM user guide, "Grammar of
// the IAM JSON policy language" and "Policy evaluation logic".)
//
// What a policy hangs on and isn't understood here is never taken for a yes or
// a no: the answer is [Unclear].
package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Policy is a policy's statements.
type Policy struct {
	Statement oneOrMore[statement]
}

type statement struct {
	Sid          string
	Effect       string
	Principal    principals // none in a role's own policy
	NotPrincipal json.RawMessage
	Action       oneOrMore[string]
	NotAction    oneOrMore[string]
	Resource     oneOrMore[string]
	NotResource  oneOrMore[string]
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

// Request is what is asked for.
type Request struct {
	// Service is who asks where a resource's policy is asked: s3.amazonaws.com.
	// "" asks a role's own policy, whose statements name nobody.
	Service  string
	Action   string // sqs:SendMessage
	Resource string // ARN
	// Keys are the condition keys that come with the request, in lower case
	// (aws:sourcearn). One that is "" is known to be absent; of one that isn't
	// there nothing is known.
	Keys map[string]string
}

// Answer is what a policy says to a request.
type Answer int

// In this order a better answer of one statement goes before those of others.
const (
	No      Answer = iota // nothing allows it, or something denies it
	Unclear               // it hangs on what isn't understood here
	Loose                 // allowed, and to more than a service on behalf of an account
	Yes
)

// Parse reads a policy that somebody else wrote, and which AWS has taken.
func Parse(text string) (Policy, error) {
	var p Policy
	if text == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, fmt.Errorf("read the policy: %w", err)
	}
	return p, nil
}

// Lets takes the best of what allows, unless something denies.
func (p Policy) Lets(r Request) Answer {
	best := No
	for _, s := range p.Statement {
		if !s.about(r) {
			continue
		}
		matches, known := s.conditions(r)
		switch {
		case s.Effect == "Deny" && matches && known:
			return No
		case s.Effect == "Deny" && !known:
			return Unclear
		case s.Effect != "Allow" || !matches:
		case !known:
			best = max(best, Unclear)
		default:
			best = max(best, s.strictness(r))
		}
	}
	return best
}

// about says whether a statement is about a request, its conditions aside. One
// with NotPrincipal is not understood; it counts as unclear.
func (s *statement) about(r Request) bool {
	return s.by(r.Service) && s.does(r.Action) && s.on(r.Resource)
}

func (s *statement) by(service string) bool {
	if service == "" {
		return s.Principal == nil && s.NotPrincipal == nil
	}
	return s.NotPrincipal != nil || s.anybody() || slices.Contains(s.Principal["Service"], service)
}

func (s *statement) does(action string) bool {
	same := func(pattern string) bool { return glob(strings.ToLower(pattern), strings.ToLower(action)) }
	if s.NotAction != nil {
		return !slices.ContainsFunc(s.NotAction, same)
	}
	return slices.ContainsFunc(s.Action, same)
}

func (s *statement) on(resource string) bool {
	same := func(pattern string) bool { return glob(pattern, resource) }
	if s.NotResource != nil {
		return !slices.ContainsFunc(s.NotResource, same)
	}
	return slices.ContainsFunc(s.Resource, same)
}

func (s *statement) anybody() bool {
	return slices.Contains(s.Principal["AWS"], "*") || slices.Contains(s.Principal["*"], "*")
}

// conditions says whether they hold, and whether all of them are understood. One
// that is understood and doesn't hold decides.
func (s *statement) conditions(r Request) (hold, known bool) {
	known = s.NotPrincipal == nil
	for operator, keys := range s.Condition {
		for key, patterns := range keys {
			value, has := r.Keys[strings.ToLower(key)]
			o, understood := operatorOf(operator)
			switch {
			case !has || !understood:
				known = false
			case !o.holds(value, patterns):
				return false, true
			}
		}
	}
	return true, known
}

// strictness is Yes if a statement that allows is of a role's own policy, or for
// the service alone and says on behalf of which account: by the account's id, or
// by ARNs that have it. A bucket's has not.
func (s *statement) strictness(r Request) Answer {
	if r.Service == "" || !s.anybody() && s.forAccounts() {
		return Yes
	}
	return Loose
}

func (s *statement) forAccounts() bool {
	for _, names := range s.Condition {
		for key, patterns := range names {
			key = strings.ToLower(key)
			if key == "aws:sourceaccount" || key == "aws:sourcearn" && !slices.ContainsFunc(patterns, ofAnyAccount) {
				return true
			}
		}
	}
	return false
}

// ofAnyAccount says of a pattern of ARNs whether those of several accounts fit.
func ofAnyAccount(pattern string) bool {
	parts := strings.SplitN(pattern, ":", 6)
	return len(parts) < 6 || parts[4] == "" || strings.ContainsAny(parts[4], "*?")
}
