package trino

import (
	"errors"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// goFunctions are what functions.txt and the casts call trino_…: NULL where an
// argument is NULL, and where they answer a nil pointer; a mistake is the query's end.
var goFunctions = map[string]any{
	"trino_fail":           func(message string) string { panic(mistake{errors.New(message)}) },
	"trino_fits":           fits,
	"trino_lower":          strings.ToLower,
	"trino_upper":          upper,
	"trino_trim":           func(s string) string { return strings.TrimFunc(s, unicode.IsSpace) },
	"trino_ltrim":          func(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) },
	"trino_rtrim":          func(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) },
	"trino_trim_chars":     strings.Trim,
	"trino_ltrim_chars":    strings.TrimLeft,
	"trino_rtrim_chars":    strings.TrimRight,
	"trino_substr":         substr,
	"trino_replace":        strings.ReplaceAll,
	"trino_reverse":        reverse,
	"trino_lpad":           func(s string, n int64, p string) string { return pad(s, n, p, true) },
	"trino_rpad":           func(s string, n int64, p string) string { return pad(s, n, p, false) },
	"trino_split":          split,
	"trino_split_part":     splitPart,
	"trino_split_keys":     func(s, e, kv string) []string { return splitMap(s, e, kv, 0) },
	"trino_split_values":   func(s, e, kv string) []string { return splitMap(s, e, kv, 1) },
	"trino_strpos":         strpos,
	"trino_chr":            chr,
	"trino_codepoint":      codepoint,
	"trino_levenshtein":    levenshtein,
	"trino_hamming":        hamming,
	"trino_translate":      translate,
	"trino_from_utf8":      func(b []byte) string { return validUTF8(string(b)) },
	"trino_format":         format,
	"trino_subscript":      subscript,
	"trino_element":        element,
	"trino_slice":          sliceStart,
	"trino_trim_array":     trimArray,
	"trino_sequence":       sequence,
	"trino_count_to":       countTo,
	"trino_regexp_like":    regexpLike,
	"trino_regexp_extract": regexpExtract, "trino_regexp_extract_all": regexpExtractAll,
	"trino_regexp_replace": regexpReplace, "trino_regexp_count": regexpCount,
	"trino_regexp_position": regexpPosition, "trino_regexp_split": regexpSplit,
	"trino_json_parse": jsonParse, "trino_json_extract": jsonExtract, "trino_json_extract_scalar": jsonExtractScalar,
	"trino_json_size": jsonSize, "trino_json_array_length": jsonArrayLength, "trino_json_array_get": jsonArrayGet,
	"trino_json_array_contains": jsonArrayContains, "trino_is_json_scalar": isJSONScalar,
	"trino_json_exists": jsonExists, "trino_json_value": jsonValue, "trino_json_query": jsonQuery,
	"trino_to_json": toJSONText, "trino_json_text": jsonText, "trino_json_cast": jsonCast,
	"trino_from_hex": fromHex, "trino_to_base64": toBase64, "trino_from_base64": fromBase64,
	"trino_to_base64url": toBase64URL, "trino_from_base64url": fromBase64URL, "trino_to_base32": toBase32, "trino_from_base32": fromBase32,
	"trino_md5": md5Of, "trino_sha1": sha1Of, "trino_sha256": sha256Of, "trino_sha512": sha512Of, "trino_xxhash64": xxhash64,
	"trino_crc32": crc32Of, "trino_hmac": hmacOf, "trino_big_endian": bigEndian, "trino_from_big_endian": fromBigEndian,
	"trino_to_base": toBase, "trino_from_base": fromBase,
	"trino_url": urlPart, "trino_url_port": urlPort, "trino_url_parameter": urlParameter, "trino_url_encode": urlEncode, "trino_url_decode": urlDecode,
	"trino_ip": ipText, "trino_ip_contains": ipContains,
	"trino_integer": parseInteger, "trino_double": parseDouble, "trino_decimal": parseDecimal, "trino_boolean": parseBoolean,
	"trino_finite": finite, "trino_double_decimal": doubleDecimal, "trino_double_text": func(f float64) string { return floatText(f, -1) },
	"trino_java_text":  func(f float64) string { return JavaFloat(f, 64) },
	"trino_real_text":  func(f float32) string { return floatText(float64(f), 6) },
	"trino_decimal_op": decimalOp, "trino_round": round, "trino_round_integer": roundInteger, "trino_round_decimal": roundDecimal,
	"trino_math": mathOf, "trino_cbrt": math.Cbrt, "trino_not_nan": notNaN, "trino_log": logOf, "trino_power": math.Pow, "trino_width_bucket": widthBucket,
	"trino_shift": shiftBits, "trino_bit_count": bitCount, "trino_format_number": formatNumber, "trino_data_size": dataSize,
	"trino_date": parseDate, "trino_timestamp": castTimestamp, "trino_zoned": castZoned, "trino_round_timestamp": roundTimestamp,
	"trino_local": localTime, "trino_zoned_text": zonedText, "trino_days_text": daysText, "trino_months_text": monthsText,
	"trino_whole_days": wholeDays, "trino_zoned_months": zonedMonths,
	"trino_date_add": dateAdd, "trino_zoned_add": zonedAdd, "trino_date_diff": dateDiff, "trino_zoned_diff": zonedDiff,
	"trino_date_trunc": dateTrunc, "trino_zoned_trunc": zonedTrunc, "trino_offset": offsetMinutes, "trino_zone": zoneName,
	"trino_at_timezone": atTimezone, "trino_with_timezone": withTimezone, "trino_date_format": dateFormat, "trino_date_parse": dateParse,
	"trino_format_datetime": formatDatetime, "trino_parse_datetime": parseDatetime, "trino_from_iso8601": fromISO8601, "trino_iso_date": isoDate,
	"trino_to_iso8601": toISO8601, "trino_zoned_iso8601": zonedISO8601, "trino_from_unixtime": fromUnixtime, "trino_parse_duration": parseDuration,
}

// invalid and badCast are what functions end with, by a panic, when they have no answer.
func invalid(format string, args ...any) mistake {
	return mistake{errorAt("INVALID_FUNCTION_ARGUMENT", -1, format, args...)}
}

func badCast(format string, args ...any) mistake {
	return mistake{errorAt("INVALID_CAST_ARGUMENT", -1, format, args...)}
}

func fits(s string, n int64, typ string) string {
	if int64(utf8.RuneCountInString(s)) > n {
		panic(badCast("Value %s cannot be represented as %s", s, typ))
	}
	return s
}

// upper maps each character by itself: ß stays.
func upper(s string) string { return strings.Map(unicode.ToUpper, s) }

// substr counts from 1, or from the end; from 0 there is nothing.
func substr(s string, start, length int64) string {
	runes := []rune(s)
	n := int64(len(runes))
	if start < 0 {
		start += n + 1
	}
	if start < 1 || start > n || length <= 0 {
		return ""
	}
	return string(runes[start-1:][:min(length, n-start+1)])
}

func reverse(s string) string {
	runes := []rune(s)
	slices.Reverse(runes)
	return string(runes)
}

// maxPad is less than Trino's, which takes 2 GB: DuckDB's memory limit doesn't see
// what a function makes.
const maxPad = 1_000_000

func pad(s string, n int64, p string, left bool) string {
	if n < 0 || n > maxPad {
		panic(invalid("target length must be in the range [0, %d]", maxPad))
	}
	if p == "" {
		panic(invalid("Padding string must not be empty"))
	}
	runes := []rune(s)
	missing := int(n) - len(runes)
	if missing <= 0 {
		return string(runes[:n])
	}
	fill := string([]rune(strings.Repeat(p, missing/utf8.RuneCountInString(p)+1))[:missing])
	if left {
		return fill + s
	}
	return s + fill
}

func split(s, delimiter string, limit int64) []string {
	if limit <= 0 {
		panic(invalid("limit must be positive"))
	}
	if delimiter == "" {
		panic(invalid("The delimiter may not be the empty string"))
	}
	return strings.SplitN(s, delimiter, int(min(limit, math.MaxInt32)))
}

func splitPart(s, delimiter string, index int64) *string {
	if index <= 0 {
		panic(invalid("Index must be greater than zero"))
	}
	parts := strings.Split(s, delimiter)
	if delimiter == "" {
		parts = append(parts, "")
	}
	if index > int64(len(parts)) {
		return nil
	}
	return &parts[index-1]
}

func splitMap(s, entries, pair string, part int) []string {
	if entries == "" || pair == "" {
		panic(invalid("entryDelimiter and keyValueDelimiter must not be empty"))
	}
	if entries == pair {
		panic(invalid("entryDelimiter and keyValueDelimiter must not be the same"))
	}
	out := []string{}
	if s == "" {
		return out
	}
	for e := range strings.SplitSeq(strings.TrimSuffix(s, entries), entries) {
		kv := strings.Split(e, pair)
		if len(kv) != 2 {
			panic(invalid("Key-value delimiter must appear exactly once in each entry. Bad input: '%s'", e))
		}
		out = append(out, kv[part])
	}
	return out
}

// strpos is the place of the nth occurrence, from the end if n is negative; 0 if
// there is none.
func strpos(s, sub string, n int64) int64 {
	if n == 0 {
		panic(invalid("'instance' must not be a 0"))
	}
	if sub == "" {
		return 1
	}
	var places []int
	for at := 0; n < 0 || int64(len(places)) < n; at++ {
		next := strings.Index(s[min(at, len(s)):], sub)
		if next < 0 {
			break
		}
		at += next
		places = append(places, at)
	}
	i := n - 1
	if n < 0 {
		i = n + int64(len(places))
	}
	if i < 0 || i >= int64(len(places)) {
		return 0
	}
	return int64(utf8.RuneCountInString(s[:places[i]])) + 1
}

func chr(n int64) string {
	if n < 0 || n > unicode.MaxRune || !utf8.ValidRune(rune(n)) {
		panic(invalid("Not a valid Unicode code point: %d", n))
	}
	return string(rune(n))
}

func codepoint(s string) int64 {
	if utf8.RuneCountInString(s) != 1 {
		panic(invalid("Input string must be a single character string"))
	}
	r, _ := utf8.DecodeRuneInString(s)
	return int64(r)
}

func levenshtein(a, b string) int64 {
	x, y := []rune(a), []rune(b)
	if len(x)*len(y) > 1_000_000 {
		panic(invalid("The combined inputs size exceeded max Levenshtein distance combined input size"))
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return int64(row[len(y)])
}

func hamming(a, b string) int64 {
	x, y := []rune(a), []rune(b)
	if len(x) != len(y) {
		panic(invalid("The input strings to hamming_distance function must have the same length"))
	}
	n := int64(0)
	for i := range x {
		if x[i] != y[i] {
			n++
		}
	}
	return n
}

func translate(s, from, to string) string {
	target := []rune(to)
	var pairs []string // of those of one character the first counts
	for i, r := range []rune(from) {
		replacement := ""
		if i < len(target) {
			replacement = string(target[i])
		}
		pairs = append(pairs, string(r), replacement)
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

func subscript(i, n int64) int64 {
	switch {
	case i == 0:
		panic(invalid("SQL array indices start at 1"))
	case i < 0:
		panic(invalid("Array subscript is negative: %d", i))
	case i > n:
		panic(invalid("Array subscript must be less than or equal to array length: %d > %d", i, n))
	}
	return i
}

func element(i int64) int64 {
	if i == 0 {
		panic(invalid("SQL array indices start at 1"))
	}
	return i
}

func sliceStart(n, start, length int64) int64 {
	switch {
	case length < 0:
		panic(invalid("length must be greater than or equal to 0"))
	case start == 0:
		panic(invalid("SQL array indices start at 1"))
	case start > 0:
		return start
	case start+n < 0:
		return n + 1
	}
	return start + n + 1
}

func trimArray(n, by int64) int64 {
	if by < 0 || by > n {
		panic(invalid("size must not exceed array cardinality %d: %d", n, by))
	}
	return n - by
}

// maxSequence is how many entries a sequence has at most, as in Trino.
const maxSequence = 10_000

func sequence(from, to, step int64) []int64 {
	if step == 0 {
		panic(invalid("step must not be zero"))
	}
	if step > 0 && to < from || step < 0 && to > from {
		panic(invalid("sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start"))
	}
	if float64(to)/float64(step)-float64(from)/float64(step) >= maxSequence {
		panic(invalid("result of sequence function must not have more than %d entries", maxSequence))
	}
	list := []int64{}
	for n := (to - from) / step; n >= 0; n-- {
		list = append(list, from)
		from += step
	}
	return list
}

func countTo(n int64) []int64 {
	if n < 0 {
		panic(invalid("count argument of repeat function must be greater than or equal to 0"))
	}
	if n > maxSequence {
		panic(invalid("count argument of repeat function must be less than or equal to %d", maxSequence))
	}
	return make([]int64, n)
}
