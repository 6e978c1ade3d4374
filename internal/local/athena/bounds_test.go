//go:build cgo

package athena

import (
	"strings"
	"testing"
)

func TestFunctionsMakeNothingHuge(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	for query, want := range map[string]string{
		"SELECT range(1000000000)":                                                   "FUNCTION_NOT_FOUND: line 1:8: Function 'range' not registered",
		"SELECT * FROM UNNEST(Generate_Series(1, 1e9))":                              "FUNCTION_NOT_FOUND",
		"SELECT printf('%1000000000d', 1)":                                           "FUNCTION_NOT_FOUND",
		"SELECT current_setting('allowed_directories')":                              "FUNCTION_NOT_FOUND",
		"SELECT cardinality(repeat('x', 1000000000))":                                "INVALID_FUNCTION_ARGUMENT: count argument of repeat function must be less than or equal to 10000",
		"SELECT length(lpad('x', 1000000000, 'y'))":                                  "INVALID_FUNCTION_ARGUMENT: target length",
		"SELECT length(rpad('x', 1000000000, 'y'))":                                  "INVALID_FUNCTION_ARGUMENT: target length",
		"SELECT cardinality(sequence(1, 1000000000))":                                "INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries",
		"SELECT cardinality(sequence(1000000000, 1, -1))":                            "INVALID_FUNCTION_ARGUMENT",
		"SELECT array_join(sequence(1, 10000), '" + strings.Repeat("x", 4000) + "')": "EXCEEDED_VALUE_SIZE",
	} {
		s.failsWith(query, want)
	}
	for expression, want := range map[string]string{
		"cardinality(sequence(1, 10000))":      "10000",
		"cardinality(sequence(-5, 50000, 10))": "5001",
		"sequence(3, 1, -1)":                   "[3, 2, 1]",
		"cardinality(sequence(date '2024-01-01', date '2024-01-03', interval '1' day))": "3",
		"repeat('ab', 2)":    "[ab, ab]",
		"lpad('x', 3, 'ab')": "abx",
		"rpad('x', 3, 'ab')": "xab",
		"cardinality(repeat('x', cast(null as bigint)))": "NULL",
	} {
		s.want("SELECT "+expression, []string{want})
	}
}
