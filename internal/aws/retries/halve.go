package retries

import (
	"context"
	"errors"
	"math/bits"
)

// Splittable marks an error as one that a part of the request may have caused:
// asking for less may succeed. What concerns the whole table, account or
// service is not splittable, halving would only ask more often.
func Splittable(err error) error {
	if err == nil {
		return nil
	}
	return &splittable{err}
}

// Limit is how often Halve calls for n parts at most: 2·log₂n + 10.
func Limit(n int) int { return 2*max(bits.Len(uint(n))-1, 0) + 10 }

type splittable struct{ error }

func (s *splittable) Unwrap() error { return s.error }

// Halve finds the few of many parts that make a request fail, so that the others
// get in without them. It calls try with all of parts. Where that fails with an
// error marked as [Splittable], it calls try with the first and the second half
// of what failed, the larger pieces first, until what is left is single parts or
// [Limit] calls were made: enough to take one bad part out of n, and not enough
// for n bad ones to matter. Any other error ends it, and so does ctx.
//
// The error joins those of all the parts that did not succeed; that a part was
// never tried in a piece small enough shows in the error of the larger piece.
func Halve[T any](ctx context.Context, parts []T, try func([]T) error) error {
	calls := Limit(len(parts))
	pieces := [][]T{parts}
	var failed []error
	for ; len(pieces) > 0; pieces = pieces[1:] {
		piece := pieces[0]
		err := try(piece)
		calls--
		switch {
		case err == nil:
		case !errors.As(err, new(*splittable)):
			return errors.Join(append(failed, err)...)
		case len(piece) == 1 || calls < len(pieces)+1 || ctx.Err() != nil:
			failed = append(failed, err)
		default:
			pieces = append(pieces, piece[:len(piece)/2], piece[len(piece)/2:])
		}
		if ctx.Err() != nil && len(pieces) > 1 {
			return errors.Join(append(failed, ctx.Err())...)
		}
	}
	return errors.Join(failed...)
}
