package event

import (
	"net/url"
	"strings"
)

// DecodeKey undoes the form encoding of keys in S3's notifications. Some other
// makers of S3 don't encode: a key with a broken escape is taken as it is
// (docs/aws-facts.md 2.2).
func DecodeKey(key string) string {
	if strings.IndexByte(key, '%') < 0 && strings.IndexByte(key, '+') < 0 {
		return key
	}
	if decoded, err := url.QueryUnescape(key); err == nil {
		return decoded
	}
	return key
}
