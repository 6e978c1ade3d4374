package glue

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"athenarefresh/internal/refresh"
)

func openMender(t *testing.T, s script) *Mender {
	t.Helper()
	cfg := s.serve(t)
	return NewMender(cfg, NewReader(cfg, "db"))
}

// failedOf lists which of the errors are there.
func failedOf(errs []error) string {
	var s strings.Builder
	for _, err := range errs {
		fmt.Fprint(&s, map[bool]int{true: 1}[err != nil])
	}
	return s.String()
}

// An error is of the partition that it names, and of all if it names none.
func TestAnErrorIsOfThePartitionThatItNames(t *testing.T) {
	item := func(value, code string) object {
		return object{"PartitionValues": []string{value}, "ErrorDetail": object{"ErrorCode": code}}
	}
	for name, c := range map[string]struct {
		errors []object
		want   string
	}{
		"none":                     {nil, "000"},
		"the first":                {[]object{item("0", "InternalServiceException")}, "100"},
		"the last":                 {[]object{item("2", "InternalServiceException")}, "001"},
		"one gone, then another's": {[]object{item("0", "EntityNotFoundException"), item("1", "InternalServiceException")}, "010"},
		"a stranger's":             {[]object{item("9", "InternalServiceException")}, "111"},
		"without a detail":         {[]object{{"PartitionValues": []string{"1"}}}, "010"},
	} {
		m := openMender(t, script{"BatchDeletePartition": says(object{"Errors": c.errors})})
		errs := m.Drop(t.Context(), aKnownTable, parts(3))
		if got := failedOf(errs); got != c.want {
			t.Errorf("%s: %s, want %s: %v", name, got, c.want, errs)
		}
	}
}

// What can't be read can't be relocated without losing the rest of it; what is
// gone does not keep those after it.
func TestOnlyWhatWasReadIsRelocated(t *testing.T) {
	key := object{"Values": []string{"1"}}
	for name, c := range map[string]struct {
		read    object
		want    string
		updated int
		is      error
	}{
		"all read":               {object{"Partitions": []object{stored("0"), stored("1"), stored("2")}}, "000", 3, nil},
		"the first gone":         {object{"Partitions": []object{stored("1"), stored("2")}}, "100", 2, nil},
		"one of no descriptor":   {object{"Partitions": []object{stored("0"), key, stored("2")}}, "010", 2, nil},
		"all gone":               {object{}, "111", 0, nil},
		"one left unread":        {object{"Partitions": []object{stored("0"), stored("2")}, "UnprocessedKeys": []object{key}}, "111", 0, refresh.ErrThrottled},
		"one both read and left": {object{"Partitions": []object{stored("0"), stored("1"), stored("2")}, "UnprocessedKeys": []object{key}}, "000", 3, nil},
	} {
		updated := 0
		m := openMender(t, script{"BatchGetPartition": says(c.read), "BatchUpdatePartition": func(_ int, in request) (any, error) {
			updated += len(in.Entries)
			return object{}, nil
		}})
		errs := m.Relocate(t.Context(), aKnownTable, parts(3))
		if got := failedOf(errs); got != c.want || updated != c.updated || c.is != nil && !errors.Is(errors.Join(errs...), c.is) {
			t.Errorf("%s: %s and %d updated, want %s and %d: %v", name, got, updated, c.want, c.updated, errs)
		}
	}
}
