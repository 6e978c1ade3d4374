//go:build unix

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Figures that tests measure: what they print is read.

// test runs a package's tests, once for all figures that they print.
func (b *bench) test(ctx context.Context, args ...string) (string, error) {
	name := strings.Join(args, " ")
	if out, ok := b.logs[name]; ok {
		return out, nil
	}
	out, err := output(ctx, "go", append([]string{"test"}, args...)...)
	if err == nil {
		b.logs[name] = out
	}
	return out, err
}

// numbers are the groups of every match, by group.
func numbers(text, expression string) (columns [][]float64, err error) {
	found := regexp.MustCompile(expression).FindAllStringSubmatch(text, -1)
	if found == nil {
		return nil, fmt.Errorf("nothing like %q was printed", expression)
	}
	columns = make([][]float64, len(found[0])-1)
	for _, m := range found {
		for i, s := range m[1:] {
			n, err := strconv.ParseFloat(s, 64)
			if err != nil {
				return nil, err
			}
			columns[i] = append(columns[i], n)
		}
	}
	return columns, nil
}

// backlog is settled behind 1.5 s a statement, 10 ms SQS and 20 ms Glue, five
// statements at once, on a clock that is made up: it is one machine's as another's.
func backlog(name string, tables int, statement float64) func(context.Context, *bench) (result, error) {
	return func(ctx context.Context, b *bench) (result, error) {
		out, err := b.test(ctx, "./internal/daemon", "-run", "^TestABacklogCostsAStatementATable$", "-v", "-count", strconv.Itoa(b.repeat))
		if err != nil {
			return result{}, err
		}
		n, err := numbers(out, `in ([\d.]+)s: (\d+) statements, (\d+) look-ups, the largest of \d+ partitions for `+name+`\n`)
		if err != nil {
			return result{}, err
		}
		seconds, statements := median(n[0]), median(n[1])
		ratio := fmt.Sprintf("%.1f statements a table", statements/float64(tables))
		if statement > 0 {
			least := statement * float64(tables) / 5
			ratio = fmt.Sprintf("%.2f × the %.1f s that %d statements take, five at once", seconds/least, least, tables)
		}
		return result{fmt.Sprintf("%.1f s, %.0f statements, %.0f look-ups", seconds, statements, median(n[2])), ratio}, nil
	}
}

// known counts seconds of CPU, so that others at work on the machine don't.
func known(ctx context.Context, b *bench) (result, error) {
	binary := filepath.Join(b.dir, "refresh.test")
	if _, err := output(ctx, "go", "test", "-c", "-o", binary, "./internal/refresh"); err != nil {
		return result{}, err
	}
	each := func(benchmark string, times int) (ns float64, out string, err error) {
		run := func(times int) (spent, error) {
			return b.repeated(ctx, nil, binary, "-test.run", "^$", "-test.bench", "^"+benchmark+"$", "-test.cpu", "1", "-test.benchtime", strconv.Itoa(times)+"x")
		}
		start, err := run(1)
		if err != nil {
			return 0, "", err
		}
		all, err := run(times)
		return (all.seconds - start.seconds) * 1e9 / float64(times), string(all.out), err
	}
	ours, out, err := each("BenchmarkKnown", 1_000_000)
	if err != nil {
		return result{}, err
	}
	allocations, err := numbers(out, `(\d+) allocs/op`)
	if err != nil {
		return result{}, err
	}
	theirs, _, err := each("BenchmarkKnownByJSON", 50_000)
	if err != nil {
		return result{}, err
	}
	return result{fmt.Sprintf("%.0f ns of CPU, %.0f allocations", ours, allocations[0][0]), fmt.Sprintf("encoding/json takes %.1f × as long to read the body", theirs/ours)}, nil
}

func function(ctx context.Context, b *bench) (result, error) {
	out, err := b.test(ctx, "./cmd/lambda", "-run", "^TestAFullBatch$", "-v", "-count", "3")
	if err != nil {
		return result{}, err
	}
	n, err := numbers(out, `6\.\d MB: .*resident (\d+) MB before, (\d+) MB at most`)
	if err != nil {
		return result{}, err
	}
	return result{fmt.Sprintf("%.0f MB", median(n[1])), fmt.Sprintf("%.0f MB before its first event", median(n[0]))}, nil
}
