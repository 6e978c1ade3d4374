package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"athenarefresh/internal/config"
)

// ProbeEvent is the event by which the function is probed: it touches nothing.
const ProbeEvent = `{"athena-refresh":"probe"}`

// probe asks a version what it is. The error says what is wrong with it: it
// failed, it is no function of ours, or, with c, it runs with other settings.
func probe(ctx context.Context, f Functions, function, version string, c *config.Config) (program string, err error) {
	text, err := f.Probe(ctx, function, version)
	if err != nil {
		return "", err
	}
	var got config.Running
	if err := json.Unmarshal(text, &got); err != nil || got.Version == "" {
		return "", fmt.Errorf("it answered %.200q, which is no answer to a probe: does something else run there?", text)
	}
	if c == nil {
		return got.Version, nil
	}
	want := c.Running(got.Version)
	want.Enabled = got.Enabled // which only deployment reads
	if differing := differences(got, want); len(differing) > 0 {
		return "", fmt.Errorf("it runs with other settings than the configuration's: %s; did somebody else deploy at the same time?", strings.Join(differing, ", "))
	}
	return got.Version, nil
}

// differences are the members of two answers that differ: `queue "a", not "b"`.
func differences(got, want config.Running) (list []string) {
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if is, should := g.Field(i).Interface(), w.Field(i).Interface(); is != should {
			list = append(list, fmt.Sprintf("%s %#v, not %#v", g.Type().Field(i).Tag.Get("json"), is, should))
		}
	}
	return list
}

// Answers says what is wrong with a version of our function: it doesn't answer a
// probe or, with c, runs with other settings than c's.
func Answers(ctx context.Context, f Functions, function, version string, c *config.Config) error {
	_, err := probe(ctx, f, function, version, c)
	return err
}
