package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"

	"athenarefresh/internal/config"
)

// ProbeEvent is the event by which the function is probed: it touches nothing.
const ProbeEvent = `{"athena-refresh":"probe"}`

// answer is what the function says of itself: that it started, could read its
// configuration, and which one. internal/lambda has the names of the members.
type answer struct {
	Version            string `json:"version"`
	Function           string `json:"function"`
	Queue              string `json:"queue"`
	DeadLetterQueue    string `json:"dead_letter_queue"`
	Database           string `json:"database"`
	WorkGroup          string `json:"workgroup"`
	ResultsBucket      string `json:"results_bucket"`
	Buckets            int    `json:"buckets"`
	Trigger            string `json:"trigger"`
	Catalog            string `json:"catalog"`
	StatementsInFlight int    `json:"statements_in_flight"`
	Timeout            int    `json:"timeout"`
	MemoryMB           int    `json:"memory"`
	LogLevel           string `json:"log_level"`
	EnableMetrics      bool   `json:"enable_metrics"`
}

// wanted is the answer of a function that runs with a configuration.
func wanted(c *config.Config) answer {
	return answer{
		Function: c.FunctionName, Queue: c.Queue, DeadLetterQueue: c.DeadLetterQueue,
		Database: c.Database, WorkGroup: c.WorkGroup, ResultsBucket: c.ResultsBucket,
		Buckets: len(c.Buckets), Trigger: string(c.Trigger), Catalog: string(c.Catalog),
		StatementsInFlight: c.StatementsInFlight, Timeout: int(c.Timeout.Seconds()), MemoryMB: c.MemoryMB,
		LogLevel: levelWord(c.LogLevel), EnableMetrics: c.EnableMetrics,
	}
}

// levelWord is a level as log_level has it.
func levelWord(l slog.Level) string { return strings.ToLower(l.String()) }

// probe asks a version what it is. The error says what is wrong with it: it
// failed, it is no function of ours, or, with c, it runs with other settings.
func probe(ctx context.Context, p Prober, function, version string, c *config.Config) (program string, err error) {
	text, err := p.Probe(ctx, function, version)
	if err != nil {
		return "", err
	}
	var got answer
	if err := json.Unmarshal(text, &got); err != nil || got.Version == "" {
		return "", fmt.Errorf("it answered %.200q, which is no answer to a probe: does something else run there?", text)
	}
	if c == nil {
		return got.Version, nil
	}
	want := wanted(c)
	want.Version = got.Version
	if differing := differences(got, want); len(differing) > 0 {
		return "", fmt.Errorf("it runs with other settings than the configuration's: %s; did somebody else deploy at the same time?", strings.Join(differing, ", "))
	}
	return got.Version, nil
}

// differences are the members of two answers that differ: `queue "a", not "b"`.
func differences(got, want answer) (list []string) {
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if is, should := g.Field(i).Interface(), w.Field(i).Interface(); is != should {
			list = append(list, fmt.Sprintf("%s %#v, not %#v", g.Type().Field(i).Tag.Get("json"), is, should))
		}
	}
	return list
}

// DoesNotAnswer says of a version of our function why it could not serve:
// whatever its settings are, it has to answer a probe.
func DoesNotAnswer(p Prober, function string) func(ctx context.Context, version string) error {
	return func(ctx context.Context, version string) error {
		_, err := probe(ctx, p, function, version, nil)
		return err
	}
}

// RunsWith says what is wrong with a version of our function: it doesn't answer,
// or runs with other settings than a configuration's.
func RunsWith(ctx context.Context, p Prober, function, version string, c *config.Config) error {
	_, err := probe(ctx, p, function, version, c)
	return err
}
