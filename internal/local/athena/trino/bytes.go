package trino

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"math/bits"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
)

func fromHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(invalid("%v", err))
	}
	return b
}

func toBase64(b []byte) string    { return base64.StdEncoding.EncodeToString(b) }
func toBase64URL(b []byte) string { return base64.URLEncoding.EncodeToString(b) }
func toBase32(b []byte) string    { return base32.StdEncoding.EncodeToString(b) }

func fromBase64(s string) []byte    { return decode(base64.RawStdEncoding.DecodeString, s) }
func fromBase64URL(s string) []byte { return decode(base64.RawURLEncoding.DecodeString, s) }

func fromBase32(s string) []byte {
	return decode(base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString, s)
}

func decode(f func(string) ([]byte, error), s string) []byte {
	b, err := f(strings.TrimRight(s, "="))
	if err != nil {
		panic(invalid("%v", err))
	}
	return b
}

func md5Of(b []byte) []byte    { s := md5.Sum(b); return s[:] }
func sha1Of(b []byte) []byte   { s := sha1.Sum(b); return s[:] }
func sha256Of(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
func sha512Of(b []byte) []byte { s := sha512.Sum512(b); return s[:] }
func crc32Of(b []byte) int64   { return int64(crc32.ChecksumIEEE(b)) }

func xxhash64(b []byte) []byte { return binary.BigEndian.AppendUint64(nil, xxhash.Sum64(b)) }

func hmacOf(b, key []byte, name string) []byte {
	h := hmac.New(map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}[name], key)
	h.Write(b)
	return h.Sum(nil)
}

func bigEndian(n, size int64) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(n))[8-size:]
}

func fromBigEndian(b []byte, size int64) int64 {
	if int64(len(b)) != size {
		panic(invalid("expected %d-byte input, but got instead: %d", size, len(b)))
	}
	if size == 4 {
		return int64(int32(binary.BigEndian.Uint32(b)))
	}
	return int64(binary.BigEndian.Uint64(b))
}

func toBase(n, radix int64) string {
	if radix < 2 || radix > 36 {
		panic(invalid("Radix must be between 2 and 36"))
	}
	return strconv.FormatInt(n, int(radix))
}

func fromBase(s string, radix int64) int64 {
	if radix < 2 || radix > 36 {
		panic(invalid("Radix must be between 2 and 36"))
	}
	n, err := strconv.ParseInt(s, int(radix), 64)
	if err != nil {
		panic(invalid("Not a valid base-%d number: %s", radix, s))
	}
	return n
}

// parseURL is nil for what is no URI.
func parseURL(s string) *url.URL {
	if strings.ContainsAny(s, " \"<>\\^`{|}") {
		return nil // Go takes some, Java's URI doesn't
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil
	}
	return u
}

func urlPart(s, part string) *string {
	u := parseURL(s)
	if u == nil {
		return nil
	}
	out := ""
	switch part {
	case "host":
		out = u.Hostname()
		if strings.Contains(out, ":") {
			out = "[" + out + "]"
		}
	case "path":
		out = u.Path
	case "protocol":
		out = s[:len(u.Scheme)]
	case "query":
		out = u.RawQuery
		if d, err := url.PathUnescape(out); err == nil {
			out = d
		}
	case "fragment":
		out = u.Fragment
	}
	return &out
}

func urlPort(s string) *int64 {
	u := parseURL(s)
	if u == nil {
		return nil
	}
	n, err := strconv.ParseInt(u.Port(), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

func urlParameter(s, name string) *string {
	u := parseURL(s)
	if u == nil || u.RawQuery == "" {
		return nil
	}
	for p := range strings.SplitSeq(u.RawQuery, "&") {
		key, value, _ := strings.Cut(p, "=")
		if k, err := url.QueryUnescape(key); err == nil && k == name {
			if v, err := url.QueryUnescape(value); err == nil {
				v = validUTF8(v)
				return &v
			}
		}
	}
	return nil
}

// javaEscapes are what Java's URLEncoder escapes otherwise than Go.
var javaEscapes = strings.NewReplacer("%2A", "*", "~", "%7E")

func urlEncode(s string) string { return javaEscapes.Replace(url.QueryEscape(s)) }

func urlDecode(s string) string {
	out, err := url.QueryUnescape(s)
	if err != nil {
		panic(invalid("%v", err))
	}
	return validUTF8(out)
}

// validUTF8 writes U+FFFD for each byte, or begun character, that is no UTF-8.
func validUTF8(s string) string {
	var b strings.Builder
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		for r == utf8.RuneError && n < len(s) && !utf8.FullRuneInString(s[:n+1]) {
			n++
		}
		b.WriteRune(r)
		s = s[n:]
	}
	return b.String()
}

func ipText(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		panic(badCast("Cannot cast value to IPADDRESS: %s", s))
	}
	return a.Unmap().String()
}

func ipContains(network, address string) bool {
	p, err := netip.ParsePrefix(network)
	if err != nil {
		panic(invalid("Invalid network prefix length or IP prefix: %s", network))
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		panic(invalid("Invalid address: %s", address))
	}
	return p.Contains(a.Unmap())
}

func shiftBits(n, by int64, kind string, size int64) int64 {
	if by < 0 {
		panic(invalid("Shift must be positive"))
	}
	bits := uint64(n)
	if size == 32 {
		bits = uint64(uint32(n))
	}
	switch {
	case kind == "a":
		return n >> min(by, 63)
	case by >= size:
		return 0
	case kind == "l":
		bits <<= by
	default:
		bits >>= by
	}
	if size == 32 {
		return int64(int32(bits))
	}
	return int64(bits)
}

func bitCount(n, size int64) int64 {
	if size <= 1 || size > 64 {
		panic(invalid("Bits specified in bit_count must be between 2 and 64, got %d", size))
	}
	if low, high := int64(-1)<<(size-1), int64(1)<<(size-1)-1; size < 64 && (n < low || n > high) {
		panic(invalid("Number must be representable with the bits specified. %d cannot be represented with %d bits", n, size))
	}
	return int64(bits.OnesCount64(uint64(n) << (64 - size)))
}
