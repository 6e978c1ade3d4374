package trino

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

var integerBits = map[string]int{"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}

func parseInteger(s, typ string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, integerBits[typ])
	if err != nil || strings.Contains(s, "_") {
		return 0, badCast("Cannot cast '%s' to %s", s, strings.ToUpper(typ))
	}
	return n, nil
}

func parseDouble(s, typ string) (float64, error) {
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
		return 0, badCast("Cannot cast '%s' to %s", s, strings.ToUpper(typ))
	}
	return f, nil
}

// parseDecimal writes a text's number with a scale.
func parseDecimal(s string, p, scale int64) (string, error) {
	r, ok := new(big.Rat).SetString(strings.TrimSpace(s))
	if !ok || strings.ContainsAny(s, "/_xXpP") || len(s) > 200 {
		return "", badCast("Cannot cast VARCHAR '%s' to DECIMAL(%d, %d). Value is not a number.", s, p, scale)
	}
	n := scaled(r, scale)
	if digits(n) > p {
		return "", badCast("Cannot cast VARCHAR '%s' to DECIMAL(%d, %d). Value too large.", s, p, scale)
	}
	return DecimalText(n, int(scale)), nil
}

func digits(n *big.Int) int64 {
	if n.Sign() == 0 {
		return 0
	}
	return int64(len(new(big.Int).Abs(n).String()))
}

// scaled is r times 10^scale, rounded half up.
func scaled(r *big.Rat, scale int64) *big.Int {
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(scale), nil)
	num := new(big.Int).Mul(r.Num(), ten)
	q, m := new(big.Int).QuoRem(num, r.Denom(), new(big.Int))
	if m.Abs(m).Lsh(m, 1).Cmp(r.Denom()) >= 0 {
		q.Add(q, big.NewInt(int64(num.Sign())))
	}
	return q
}

func parseBoolean(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "t", "true", "1":
		return true, nil
	case "f", "false", "0":
		return false, nil
	}
	return false, badCast("Cannot cast '%s' to BOOLEAN", s)
}

func finite(f float64) (float64, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, badCast("Cannot cast %s to an integer", JavaFloat(f, 64))
	}
	return f, nil
}

func doubleDecimal(f float64, scale int64) (string, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "", badCast("Cannot cast DOUBLE '%s' to DECIMAL", JavaFloat(f, 64))
	}
	r, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	return DecimalText(scaled(r, scale), int(scale)), nil
}

// decimalOp multiplies, divides or takes the rest of two decimals.
func decimalOp(a, op, b string, p, scale int64) (string, error) {
	x, ok := new(big.Rat).SetString(a)
	y, too := new(big.Rat).SetString(b)
	if !ok || !too {
		return "", badCast("no decimals: %s %s %s", a, op, b)
	}
	if op != "*" && y.Sign() == 0 {
		return "", fmt.Errorf("DIVISION_BY_ZERO: Division by zero")
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
		return "", fmt.Errorf("NUMERIC_VALUE_OUT_OF_RANGE: Decimal overflow")
	}
	return DecimalText(n, int(scale)), nil
}

// roundHalf rounds half up, away from zero.
func roundHalf(f float64) float64 { return math.Round(f) }

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

func roundInteger(n, by int64) (int64, error) {
	if by >= 0 {
		return n, nil
	}
	if by < -18 {
		return 0, nil
	}
	r := scaled(new(big.Rat).SetFrac(big.NewInt(n), new(big.Int).Exp(big.NewInt(10), big.NewInt(-by), nil)), 0)
	r.Mul(r, new(big.Int).Exp(big.NewInt(10), big.NewInt(-by), nil))
	if !r.IsInt64() {
		return 0, fmt.Errorf("NUMERIC_VALUE_OUT_OF_RANGE: numerical overflow: %d", n)
	}
	return r.Int64(), nil
}

// roundDecimal rounds to n digits and keeps the scale.
func roundDecimal(s string, n int64) string {
	_, fraction, _ := strings.Cut(s, ".")
	scale := int64(len(fraction))
	if n >= scale {
		return s
	}
	r, _ := new(big.Rat).SetString(s)
	n = max(n, -40)
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(max(n, -n)), nil)
	if n >= 0 {
		r.Mul(r, new(big.Rat).SetInt(ten))
	} else {
		r.Quo(r, new(big.Rat).SetInt(ten))
	}
	rounded := new(big.Rat).SetInt(scaled(r, 0))
	if n >= 0 {
		rounded.Quo(rounded, new(big.Rat).SetInt(ten))
	} else {
		rounded.Mul(rounded, new(big.Rat).SetInt(ten))
	}
	return DecimalText(scaled(rounded, scale), int(scale))
}

var mathFunctions = map[string]func(float64) float64{
	"sqrt": math.Sqrt, "exp": math.Exp, "ln": math.Log, "log2": math.Log2, "log10": math.Log10, "sin": math.Sin, "cos": math.Cos, "tan": math.Tan,
	"asin": math.Asin, "acos": math.Acos, "atan": math.Atan, "sinh": math.Sinh, "cosh": math.Cosh, "tanh": math.Tanh,
}

func mathOf(name string, x float64) float64 { return mathFunctions[name](x) }

func logOf(base, x float64) float64 { return math.Log(x) / math.Log(base) }

func widthBucket(x, low, high float64, n int64) (int64, error) {
	switch {
	case n <= 0:
		return 0, invalid("bucketCount must be greater than 0")
	case math.IsNaN(x):
		return 0, invalid("operand must not be NaN")
	case low == high:
		return 0, invalid("bounds cannot equal each other")
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
	return bucket, nil
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
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, bits), "E")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	sign := ""
	if exponent[0] == '-' {
		sign = "-"
	}
	return mantissa + "E" + sign + strings.TrimLeft(exponent, "+-0")
}

// floatText writes a number as a cast to varchar does: 1.0E0, and only so many
// digits of a real.
func floatText(f float64, digits int) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return JavaFloat(f, 64)
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', digits, 64), "E")
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(mantissa, "0")
	}
	switch {
	case f == 0:
		mantissa = strings.TrimSuffix(mantissa, ".")
	case strings.HasSuffix(mantissa, "."):
		mantissa += "0"
	case !strings.Contains(mantissa, "."):
		mantissa += ".0"
	}
	sign := strings.Trim(exponent[:1], "+")
	exponent = strings.TrimLeft(exponent[1:], "0")
	if exponent == "" {
		return mantissa + "E0"
	}
	return mantissa + "E" + sign + exponent
}

// notNaN makes NULL of what is no number.
func notNaN(f float64) *float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}

// formatNumber writes a number with a unit: 1.23M.
func formatNumber(f float64) (string, error) {
	if f != 0 && math.Abs(f) < 1 {
		return "", invalid("the local stack doesn't take numbers between -1 and 1 in format_number")
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
	return s + units[i], nil
}

func dataSize(s string) (string, error) {
	i := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	units := []string{"B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"}
	if i <= 0 || !slices.Contains(units, s[i:]) {
		return "", invalid("Invalid data size: '%s'", s)
	}
	r, ok := new(big.Rat).SetString(s[:i])
	if !ok {
		return "", invalid("Invalid data size: '%s'", s)
	}
	for range slices.Index(units, s[i:]) {
		r.Mul(r, big.NewRat(1024, 1))
	}
	return new(big.Int).Quo(r.Num(), r.Denom()).String(), nil
}

// format is Java's String.format of texts, numbers and booleans.
func format(f string, args []*string, kinds string) (string, error) {
	types := strings.Split(kinds, ",")
	var b strings.Builder
	next := 0
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			b.WriteByte(f[i])
			continue
		}
		j := i + 1
		for j < len(f) && strings.IndexByte("-+ 0,(#.$0123456789", f[j]) >= 0 {
			j++
		}
		if j == len(f) {
			return "", invalid("Invalid format string: %s", f)
		}
		spec, verb := f[i+1:j], f[j]
		i = j
		switch verb {
		case '%':
			b.WriteByte('%')
			continue
		case 'n':
			b.WriteByte('\n')
			continue
		}
		at := next
		if n, rest, ok := strings.Cut(spec, "$"); ok {
			k, err := strconv.Atoi(n)
			if err != nil {
				return "", invalid("Invalid format string: %s", f)
			}
			at, spec = k-1, rest
		} else {
			next++
		}
		if at < 0 || at >= len(args) {
			return "", invalid("Invalid format string: %s: missing argument", f)
		}
		s, err := formatOne(spec, verb, args[at], types[at])
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

func formatOne(spec string, verb byte, arg *string, kind string) (string, error) {
	bad := invalid("the local stack doesn't take %%%s%c with %s", spec, verb, kind)
	if arg == nil {
		return fmt.Sprintf("%"+strings.Trim(spec, "0+, ")+"s", "null"), nil
	}
	integer := slices.Contains(integers, kind)
	switch {
	case verb == 's' && !strings.ContainsAny(spec, "+,(#0 "[:4]):
		return fmt.Sprintf("%"+spec+"s", *arg), nil
	case verb == 'd' && integer && !strings.ContainsAny(spec, "(#."):
		n, err := strconv.ParseInt(*arg, 10, 64)
		if err != nil {
			return "", bad
		}
		if strings.Contains(spec, ",") {
			return fmt.Sprintf("%"+strings.ReplaceAll(spec, ",", "")+"s", thousands(*arg)), nil
		}
		return fmt.Sprintf("%"+spec+"d", n), nil
	case (verb == 'x' || verb == 'X') && integer && !strings.Contains(*arg, "-") && !strings.ContainsAny(spec, "+,(#. "):
		n, err := strconv.ParseInt(*arg, 10, 64)
		if err != nil {
			return "", bad
		}
		return fmt.Sprintf("%"+spec+string(verb), n), nil
	case verb == 'f' && (kind == "double" || kind == "decimal" || kind == "real") && !strings.ContainsAny(spec, "(#"):
		return formatFloat(spec, *arg)
	case verb == 'b' && spec == "":
		return *arg, nil
	}
	return "", bad
}

// formatFloat rounds half up, as Java does.
func formatFloat(spec, arg string) (string, error) {
	flags, places, ok := strings.Cut(spec, ".")
	n := 6
	if ok {
		var err error
		if n, err = strconv.Atoi(places); err != nil || n > 100 {
			return "", invalid("Invalid precision %s", places)
		}
	}
	r, isNumber := new(big.Rat).SetString(arg)
	if !isNumber {
		return fmt.Sprintf("%"+strings.Trim(flags, "0+, ")+"s", arg), nil
	}
	s := DecimalText(scaled(r, int64(n)), n)
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
		return sign + strings.Repeat("0", min(max(w-len(sign)-len(s), 0), 1000)) + s, nil
	}
	return fmt.Sprintf("%"+flags+"s", s), nil
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
