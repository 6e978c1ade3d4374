package iam

import (
	"slices"
	"strings"
)

// operator is a condition operator (IAM user guide, "IAM JSON policy elements:
// Condition operators").
type operator struct {
	match    func(pattern, value string) bool
	negated  bool // holds where no pattern matches, and where the key is absent
	optional bool // holds where the key is absent
}

// matches are what operators compare by, without what "Not" and "IfExists" add.
var matches = map[string]func(pattern, value string) bool{
	"ArnLike": arnLike, "ArnEquals": arnLike, "StringLike": glob,
	"StringEquals":           func(p, v string) bool { return p == v },
	"StringEqualsIgnoreCase": strings.EqualFold,
	"Bool":                   strings.EqualFold,
	"Null":                   func(p, v string) bool { return strings.EqualFold(p, "true") == (v == "") },
}

// operatorOf returns false for one that isn't known here.
func operatorOf(name string) (operator, bool) {
	base, optional := strings.CutSuffix(name, "IfExists")
	negated := strings.Contains(base, "Not")
	base = strings.Replace(base, "Not", "", 1)
	o := operator{match: matches[base], negated: negated, optional: optional}
	switch base {
	case "Bool":
		return o, !negated
	case "Null":
		return o, !negated && !optional
	}
	return o, o.match != nil
}

// holds judges a key's value, "" for a key that is absent.
func (o operator) holds(value string, patterns []string) bool {
	isNull := value == "" && !o.match("true", "") // Null asks just that
	if isNull && (o.optional || o.negated) {
		return true
	}
	if isNull {
		return false
	}
	return slices.ContainsFunc(patterns, func(p string) bool { return o.match(p, value) }) != o.negated
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
// one character, in time proportional to the product of their lengths: policies
// are strangers' text.
func glob(pattern, text string) bool {
	star, mark := -1, 0
	i, j := 0, 0
	for i < len(text) {
		switch {
		case j < len(pattern) && pattern[j] == '*':
			star, mark = j, i
			j++
		case j < len(pattern) && (pattern[j] == '?' || pattern[j] == text[i]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	return strings.Trim(pattern[j:], "*") == ""
}
