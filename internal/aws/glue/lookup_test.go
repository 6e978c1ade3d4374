package glue

import (
	"slices"
	"testing"
	"testing/synctest"

	"athenarefresh/internal/refresh"
)

func TestUnprocessedKeysAreAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := open(t, script{"BatchGetPartition": func(n int, in request) (any, error) {
			if want := [][]string{{"a", "b", "c"}, {"b", "c"}, {"c"}}[n]; len(in.PartitionsToGet) != len(want) {
				t.Errorf("call %d asks for %v, want %v", n, in.PartitionsToGet, want)
			}
			return []object{
				{"Partitions": []object{stored("a")}, "UnprocessedKeys": []object{{"Values": []string{"b"}}, {"Values": []string{"c"}}}},
				{"UnprocessedKeys": []object{{"Values": []string{"c"}}}},
				{"Partitions": []object{stored("c")}},
			}[n], nil
		}})
		found, err := r.Partitions(t.Context(), aKnownTable, [][]string{{"a"}, {"b"}, {"c"}})
		if err != nil || len(found) != 2 || found[0].Location != "s3://b/a/" || found[1].Location != "s3://b/c/" {
			t.Errorf("Partitions: %v, %v", found, err)
		}
	})
}

// Whether a partition that doesn't exist counts as unprocessed is not written
// anywhere. If it does, new partitions must still be found to be missing.
func TestKeysThatStayUnprocessedAreAskedForOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := func(n int, in request) (any, error) { return object{"UnprocessedKeys": in.PartitionsToGet}, nil }
		for _, c := range []struct {
			b     func(int, request) (any, error)
			found int
			want  error
			fails bool
		}{
			{fails("EntityNotFoundException", "Cannot find partition."), 1, nil, false},
			{fails("EntityNotFoundException", "Table t not found."), 0, refresh.ErrTableMissing, true},
			{fails("InternalServiceException", "x"), 0, nil, true},
			{says(object{}), 0, nil, true},
		} {
			r, _ := open(t, script{"BatchGetPartition": all, "GetPartition": func(n int, in request) (any, error) {
				if in.PartitionValues[0] == "b" {
					return c.b(n, in)
				}
				return object{"Partition": stored(in.PartitionValues...)}, nil
			}})
			found, err := r.Partitions(t.Context(), aKnownTable, [][]string{{"a"}, {"b"}})
			if len(found) != c.found || class(err) != c.want || (err != nil) != c.fails {
				t.Errorf("Partitions: %v, %v", found, err)
			}
		}
	})
}

func TestAThousandAreLookedUpAtOnceAndNoMore(t *testing.T) {
	asked := 0
	r, _ := open(t, script{"BatchGetPartition": func(_ int, in request) (any, error) {
		asked += len(in.PartitionsToGet)
		return object{}, nil
	}})
	values := slices.Repeat([][]string{{"a"}}, 1001)
	if _, err := r.Partitions(t.Context(), aKnownTable, values); err == nil || asked != 0 {
		t.Errorf("1,001 values: %v, %d asked for", err, asked)
	}
	if _, err := r.Partitions(t.Context(), aKnownTable, values[:1000]); err != nil || asked != 1000 {
		t.Errorf("1,000 values: %v, %d asked for", err, asked)
	}
}
