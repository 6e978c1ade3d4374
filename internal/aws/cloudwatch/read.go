package cloudwatch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// series is what came of a query, on all pages.
type series struct {
	points []point // the newest first; none where CloudWatch has none
	status types.StatusCode
	words  []string // of CloudWatch
}

// point is a value, and when its minute or period begins.
type point struct {
	at    time.Time
	value float64
}

// sum is that of what begins at a time or later.
func (s *series) sum(from time.Time) (all float64) {
	for _, p := range s.points {
		if !p.at.Before(from) {
			all += p.value
		}
	}
	return all
}

// largest is where the largest value is, the newest of these; -1 if there is none.
func (s *series) largest() int {
	at := -1
	for i, p := range s.points {
		if at < 0 || p.value > s.points[at].value {
			at = i
		}
	}
	return at
}

// above returns the newest period with more than zero, zero if there is none, and
// the oldest one after a time.
func (s *series) above(after time.Time) (newest, oldest time.Time) {
	for _, p := range s.points {
		if p.value > 0 && p.at.After(after) {
			newest, oldest = cmp.Or(newest, p.at), p.at
		}
	}
	return newest, oldest
}

// read returns what came of each query, in their order. A query that CloudWatch
// didn't answer to the end is an error: it would look as if nothing happened.
func (r *Reader) read(ctx context.Context, asked []types.MetricDataQuery, from, to time.Time) ([]series, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for i := range asked {
		asked[i].Id = aws.String(id(i))
	}
	in := &cloudwatch.GetMetricDataInput{MetricDataQueries: asked, StartTime: &from, EndTime: &to, ScanBy: types.ScanByTimestampDescending}
	found := map[string]*series{}
	said, err := r.pages(ctx, in, found)
	if err != nil {
		return nil, err
	}
	all := make([]series, len(asked))
	for i, q := range asked {
		s := found[id(i)]
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("%s: %w%s", *q.MetricStat.Metric.MetricName, err, inWords(said))
		}
		all[i] = *s
	}
	return all, nil
}

// id is that of the nth query: it has to begin with a lower-case letter.
func id(n int) string { return fmt.Sprint("q", n) }

// pages adds what is on each page to found, and returns what CloudWatch says of
// the call as a whole.
func (r *Reader) pages(ctx context.Context, in *cloudwatch.GetMetricDataInput, found map[string]*series) (said []string, err error) {
	for {
		out, err := r.get(ctx, in)
		if err != nil {
			return nil, err
		}
		said = append(said, words(out.Messages)...)
		for _, m := range out.MetricDataResults {
			s := found[aws.ToString(m.Id)]
			if s == nil {
				s = &series{}
				found[aws.ToString(m.Id)] = s
			}
			for i := range min(len(m.Values), len(m.Timestamps)) {
				s.points = append(s.points, point{m.Timestamps[i], m.Values[i]})
			}
			s.status = m.StatusCode
			s.words = append(s.words, words(m.Messages)...)
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			return said, nil
		}
	}
}

// check says what is missing. A part is complete once a later page says so.
func (s *series) check() error {
	switch {
	case s == nil:
		return errors.New("CloudWatch left it out of its answer")
	case s.status != types.StatusCodeComplete:
		return fmt.Errorf("CloudWatch's answer is %q%s", s.status, inWords(s.words))
	}
	return nil
}

func words(messages []types.MessageData) (list []string) {
	for _, m := range messages {
		list = append(list, aws.ToString(m.Code)+": "+aws.ToString(m.Value))
	}
	return list
}

func inWords(said []string) string {
	if len(said) == 0 {
		return ""
	}
	return " (" + strings.Join(said, "; ") + ")"
}
