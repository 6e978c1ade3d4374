// Package s3events says which objects a bucket's notification configuration covers:
// which events a name in it stands for, and which keys a filter means. The embedded
// S3 sends by it; deploy and doctor compare configurations by it. (S3 user guide,
// "Configuring event notifications using object key name filtering" and
// "Supported event types".)
package s3events

import (
	"net/url"
	"slices"
	"strings"
)

// Created is every event of a new object.
const Created = "s3:ObjectCreated:*"

// Covers says whether every event of a name is one of a pattern, which may end
// in a star.
func Covers(pattern, name string) bool {
	family, ok := strings.CutSuffix(pattern, "*")
	return pattern == name || ok && strings.HasPrefix(name, family)
}

// Overlap says whether some event is one that both lists name, each by its own name or
// its family's.
func Overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool {
		return slices.ContainsFunc(b, func(y string) bool { return Covers(x, y) || Covers(y, x) })
	})
}

// plain are the characters that stand for themselves in a filter's value. All
// others have to be percent-encoded, "=" among them: else no key matches. (S3 user
// guide, "Configuring event notifications using object key name filtering" and
// "Safe characters".)
const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!-_.*'()/+%"

// Unencoded says whether a filter's value has characters that S3 wants encoded.
func Unencoded(value string) bool {
	_, err := url.QueryUnescape(value)
	return err != nil || strings.Trim(value, plain) != ""
}

// Matches says whether a key fits a filter with these values of its prefix and
// its suffix, "" for none.
func Matches(prefix, suffix, key string) bool {
	return !Unencoded(prefix) && strings.HasPrefix(key, Decoded(prefix)) &&
		!Unencoded(suffix) && strings.HasSuffix(key, Decoded(suffix))
}

// Encoded is a key, or a prefix or suffix of one, as messages and filters have it:
// a space is "+", "/" stays.
func Encoded(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }

// Decoded is the prefix or the suffix that a filter's value means: in it a space
// is "+" and other special characters are percent-encoded. What can't be decoded
// is taken as it stands.
func Decoded(value string) string {
	if s, err := url.QueryUnescape(value); err == nil {
		return s
	}
	return value
}
