package trino

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var integerBits = map[string]int{"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}

func parseInteger(s, typ string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, integerBits[typ])
	if err != nil || strings.Contains(s, "_") {
		panic(badCast("Cannot cast '%s' to %s", s, strings.ToUpper(typ)))
	}
	return n
}

func parseDouble(s, typ string) float64 {
	t := strings.TrimSpace(s)
	plain := strings.TrimRight(t, "dDfF")
	switch strings.TrimLeft(t, "+-") {
	case "NaN", "Infinity":
		plain = t
	default:
		if strings.ContainsAny(plain, "xXpP_") || strings.ContainsAny(strings.ToLower(plain), "in") {
			plain = "bad"
		}
	}
	f, err := strconv.ParseFloat(plain, map[string]int{"real": 32, "double": 64}[typ])
	if err != nil && !math.IsInf(f, 0) || plain == "bad" {
		panic(badCast("Cannot cast '%s' to %s", s, strings.ToUpper(typ)))
	}
	return f
}

// parseDecimal writes a text's number with a scale.
func parseDecimal(s string, p, scale int64) string {
	r, ok := new(big.Rat).SetString(strings.TrimSpace(s))
	if !ok || strings.ContainsAny(s, "/_xXpP") || len(s) > 200 {
		panic(badCast("Cannot cast VARCHAR '%s' to DECIMAL(%d, %d). Value is not a number.", s, p, scale))
	}
	n := scaled(r, scale)
	if digits(n) > p {
		panic(badCast("Cannot cast VARCHAR '%s' to DECIMAL(%d, %d). Value too large.", s, p, scale))
	}
	return decimalText(n, int(scale))
}

func digits(n *big.Int) int64 {
	if n.Sign() == 0 {
		return 0
	}
	return int64(len(new(big.Int).Abs(n).String()))
}

// scaled is r times 10^scale, rounded half up.
func scaled(r *big.Rat, scale int64) *big.Int {
	digits := strings.Replace(r.FloatString(int(scale)), ".", "", 1) // rounds halves away from zero
	n, _ := new(big.Int).SetString(digits, 10)
	return n
}

func pow10(n int64) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil) }

// decimalText writes all digits of the scale.
func decimalText(value *big.Int, scale int) string {
	return new(big.Rat).SetFrac(value, pow10(int64(scale))).FloatString(scale)
}

func parseBoolean(s string) bool {
	switch strings.ToLower(s) {
	case "t", "true", "1":
		return true
	case "f", "false", "0":
		return false
	}
	panic(badCast("Cannot cast '%s' to BOOLEAN", s))
}

func finite(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		panic(badCast("Cannot cast %s to an integer", JavaFloat(f, 64)))
	}
	return f
}

func doubleDecimal(f float64, scale int64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		panic(badCast("Cannot cast DOUBLE '%s' to DECIMAL", JavaFloat(f, 64)))
	}
	r, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	return decimalText(scaled(r, scale), int(scale))
}

// decimalOp multiplies, divides or takes the rest of two decimals.
func decimalOp(a, op, b string, p, scale int64) string {
	x, ok := new(big.Rat).SetString(a)
	y, too := new(big.Rat).SetString(b)
	if !ok || !too {
		panic(badCast("no decimals: %s %s %s", a, op, b))
	}
	if op != "*" && y.Sign() == 0 {
		panic(mistake{errorAt("DIVISION_BY_ZERO", -1, "Division by zero")})
	}
	var n *big.Int
	switch op {
	case "*":
		n = scaled(x.Mul(x, y), scale)
	case "/":
		n = scaled(x.Quo(x, y), scale)
	default:
		n = new(big.Int).Rem(scaled(x, scale), scaled(y, scale))
	}
	if digits(n) > p {
		panic(mistake{errorAt("NUMERIC_VALUE_OUT_OF_RANGE", -1, "Decimal overflow")})
	}
	return decimalText(n, int(scale))
}

func round(f float64, n int64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return f
	}
	factor := math.Pow(10, float64(n))
	if f < 0 {
		return -round(-f, n)
	}
	if r := math.Floor(f*factor+0.5) / factor; !math.IsInf(f*factor, 0) && f*factor < 1<<53 {
		return r
	}
	return f
}

// roundTo rounds half up to n digits behind the point, before it if n is negative.
func roundTo(r *big.Rat, n int64) *big.Rat {
	unit := new(big.Rat).SetInt(pow10(max(n, -n)))
	if n > 0 {
		unit.Inv(unit)
	}
	units := scaled(new(big.Rat).Quo(r, unit), 0)
	return unit.Mul(unit, new(big.Rat).SetInt(units))
}

func roundInteger(n, by int64) int64 {
	if by >= 0 {
		return n
	}
	if by < -18 {
		return 0
	}
	r := roundTo(new(big.Rat).SetInt64(n), by).Num()
	if !r.IsInt64() {
		panic(mistake{errorAt("NUMERIC_VALUE_OUT_OF_RANGE", -1, "numerical overflow: %d", n)})
	}
	return r.Int64()
}

// roundDecimal rounds to n digits and keeps the scale.
func roundDecimal(s string, n int64) string {
	_, fraction, _ := strings.Cut(s, ".")
	scale := int64(len(fraction))
	if n >= scale {
		return s
	}
	r, _ := new(big.Rat).SetString(s)
	return decimalText(scaled(roundTo(r, max(n, -40)), scale), int(scale))
}

var mathFunctions = map[string]func(float64) float64{
	"sqrt": math.Sqrt, "exp": math.Exp, "ln": math.Log, "log2": math.Log2, "log10": math.Log10,
	"asin": math.Asin, "acos": math.Acos, "atan": math.Atan, "sinh": math.Sinh, "cosh": math.Cosh, "tanh": math.Tanh,
}

func mathOf(name string, x float64) float64 { return mathFunctions[name](x) }

func logOf(base, x float64) float64 { return math.Log(x) / math.Log(base) }

func widthBucket(x, low, high float64, n int64) int64 {
	switch {
	case n <= 0:
		panic(invalid("bucketCount must be greater than 0"))
	case math.IsNaN(x):
		panic(invalid("operand must not be NaN"))
	case low == high:
		panic(invalid("bounds cannot equal each other"))
	}
	lower, upper := min(low, high), max(low, high)
	var bucket int64
	switch {
	case x < lower:
		bucket = 0
	case x >= upper:
		bucket = n + 1
	default:
		bucket = int64(float64(n)*(x-lower)/(upper-lower)) + 1
	}
	if low > high {
		bucket = n - bucket + 1
	}
	return bucket
}

// JavaFloat writes a number as Java's Double.toString does.
func JavaFloat(f float64, bits int) string {
	abs := math.Abs(f)
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 0):
		return strings.TrimPrefix(strconv.FormatFloat(f, 'f', -1, bits), "+") + "inity"
	case f == 0 || abs >= 1e-3 && abs < 1e7:
		s := strconv.FormatFloat(f, 'f', -1, bits)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	return scientific(f, -1, bits)
}

// scientific writes 1.0E5 with up to so many digits; -1: as many as it takes.
func scientific(f float64, digits, bits int) string {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', digits, bits), "E")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	n, _ := strconv.Atoi(exponent)
	return fmt.Sprintf("%s.%sE%d", whole, cmp.Or(strings.TrimRight(fraction, "0"), "0"), n)
}

// floatText writes a number as a cast to varchar does: 1.0E0, and only so many
// digits of a real.
func floatText(f float64, digits int) string {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return JavaFloat(f, 64)
	case f == 0:
		return strconv.FormatFloat(f, 'f', 0, 64) + "E0" // 0 or -0
	}
	return scientific(f, digits, 64)
}

// notNaN makes NULL of what is no number.
func notNaN(f float64) *float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}

// formatNumber writes a number with a unit: 1.23M.
func formatNumber(f float64) string {
	if f != 0 && math.Abs(f) < 1 {
		panic(invalid("the local stack doesn't take numbers between -1 and 1 in format_number"))
	}
	units := []string{"", "K", "M", "B", "T", "Q"}
	x, i := f, 0
	for math.Abs(x) >= 1000 && i < len(units)-1 {
		x /= 1000
		i++
	}
	places := 2
	switch abs := math.Abs(x); {
	case abs >= 100:
		places = 0
	case abs >= 10:
		places = 1
	}
	s := strconv.FormatFloat(x, 'f', places, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s + units[i]
}

func dataSize(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	units := []string{"B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"}
	if i <= 0 || !slices.Contains(units, s[i:]) {
		panic(invalid("Invalid data size: '%s'", s))
	}
	r, ok := new(big.Rat).SetString(s[:i])
	if !ok {
		panic(invalid("Invalid data size: '%s'", s))
	}
	for range slices.Index(units, s[i:]) {
		r.Mul(r, big.NewRat(1024, 1))
	}
	return new(big.Int).Quo(r.Num(), r.Denom()).String()
}

var formatSpec = regexp.MustCompile(`(?s)%([-+ 0,(#.$\d]*)(.?)`)

// format is Java's String.format of texts, numbers and booleans.
func format(f string, args []*string, kinds string) string {
	types := strings.Split(kinds, ",")
	next := 0
	return formatSpec.ReplaceAllStringFunc(f, func(found string) string {
		m := formatSpec.FindStringSubmatch(found)
		spec, verb := m[1], m[2]
		switch verb {
		case "":
			panic(invalid("Invalid format string: %s", f))
		case "%":
			return "%"
		case "n":
			return "\n"
		}
		at := next
		if n, rest, ok := strings.Cut(spec, "$"); ok {
			k, err := strconv.Atoi(n)
			if err != nil {
				panic(invalid("Invalid format string: %s", f))
			}
			at, spec = k-1, rest
		} else {
			next++
		}
		if at < 0 || at >= len(args) {
			panic(invalid("Invalid format string: %s: missing argument", f))
		}
		return formatOne(spec, verb, args[at], types[at])
	})
}

func formatOne(spec, verb string, arg *string, kind string) string {
	if arg == nil {
		return fmt.Sprintf("%"+strings.Trim(spec, "0+, ")+"s", "null")
	}
	n, err := strconv.ParseInt(*arg, 10, 64)
	integer := slices.Contains(integers, kind) && err == nil
	switch {
	case verb == "s" && !strings.ContainsAny(spec, "+,(#"):
		return fmt.Sprintf("%"+spec+"s", *arg)
	case verb == "d" && integer && !strings.ContainsAny(spec, "(#."):
		if strings.Contains(spec, ",") {
			return fmt.Sprintf("%"+strings.ReplaceAll(spec, ",", "")+"s", thousands(*arg))
		}
		return fmt.Sprintf("%"+spec+"d", n)
	case (verb == "x" || verb == "X") && integer && n >= 0 && !strings.ContainsAny(spec, "+,(#. "):
		return fmt.Sprintf("%"+spec+verb, n)
	case verb == "f" && (kind == "double" || kind == "decimal" || kind == "real") && !strings.ContainsAny(spec, "(#"):
		return formatFloat(spec, *arg)
	case verb == "b" && spec == "":
		return *arg
	}
	panic(invalid("the local stack doesn't take %%%s%s with %s", spec, verb, kind))
}

// formatFloat rounds half up, as Java does.
func formatFloat(spec, arg string) string {
	flags, places, ok := strings.Cut(spec, ".")
	n := 6
	if ok {
		var err error
		if n, err = strconv.Atoi(places); err != nil || n > 100 {
			panic(invalid("Invalid precision %s", places))
		}
	}
	r, isNumber := new(big.Rat).SetString(arg)
	if !isNumber {
		return fmt.Sprintf("%"+strings.Trim(flags, "0+, ")+"s", arg)
	}
	s := decimalText(scaled(r, int64(n)), n)
	if strings.Contains(flags, ",") {
		flags = strings.ReplaceAll(flags, ",", "")
		whole, fraction, _ := strings.Cut(s, ".")
		s = thousands(whole)
		if fraction != "" {
			s += "." + fraction
		}
	}
	if strings.Contains(flags, "+") && s[0] != '-' {
		s = "+" + s
	}
	flags = strings.ReplaceAll(flags, "+", "")
	if width, zero := strings.CutPrefix(flags, "0"); zero {
		w, _ := strconv.Atoi(width)
		sign := ""
		if s[0] == '-' || s[0] == '+' {
			sign, s = s[:1], s[1:]
		}
		return sign + strings.Repeat("0", min(max(w-len(sign)-len(s), 0), 1000)) + s
	}
	return fmt.Sprintf("%"+flags+"s", s)
}

func thousands(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}
