package deploy

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// memory is a Lambda with one function.
type memory struct {
	versions []Version
	serving  *Serving
	hash     string // of what it is just now
	broken   []string
	answer   string
	function Function // what it is just now, but for its hash
	fails    string   // "configure" or "upload"
}

func (m *memory) Function(context.Context, string) (Function, error) {
	f := m.function
	f.Hash = m.hash
	return f, nil
}

func (m *memory) Configure(_ context.Context, want Function) error {
	if m.fails == "configure" {
		return errors.New("killed")
	}
	m.function = want
	return nil
}

func (m *memory) Upload(_ context.Context, _ string, b Bundle) error {
	if m.fails == "upload" {
		return errors.New("killed")
	}
	m.hash = b.Hash
	return nil
}

func (m *memory) Versions(context.Context, string) ([]Version, error) {
	return slices.Clone(m.versions), nil
}

func (m *memory) Serving(context.Context, string) (Serving, error) {
	if m.serving == nil {
		return Serving{}, ErrNoAlias
	}
	return *m.serving, nil
}

func (m *memory) Publish(_ context.Context, _, hash string) (Version, error) {
	if hash != m.hash {
		return Version{}, errors.New("somebody else deployed")
	}
	if n := len(m.versions); n > 0 && m.versions[n-1].Hash == hash {
		return m.versions[n-1], nil
	}
	v := Version{strconv.Itoa(len(m.versions) + 1), hash}
	m.versions = append(m.versions, v)
	return v, nil
}

func (m *memory) Serve(_ context.Context, _ string, s Serving) error {
	m.serving = &s
	return nil
}

func (m *memory) Probe(_ context.Context, _, version string) ([]byte, error) {
	if slices.Contains(m.broken, version) {
		return nil, errors.New("Runtime.ExitError")
	}
	return []byte(m.answer), nil
}

func published(n int) (list []Version) {
	for i := range n {
		list = append(list, Version{strconv.Itoa(i + 1), "hash" + strconv.Itoa(i+1)})
	}
	return list
}

func TestARollbackGoesOneVersionBackAndRefusesWhereThereIsNone(t *testing.T) {
	for name, c := range map[string]struct {
		versions []Version
		serving  Serving
		broken   []string
		to       string // "": refused
		note     string
	}{
		"one back":                   {published(3), Serving{Version: "3"}, nil, "2", "rolled back from version 3"},
		"again":                      {published(3), Serving{"2", "rolled back from version 3"}, nil, "1", "rolled back from version 3"},
		"over one that doesn't work": {published(3), Serving{Version: "3"}, []string{"2"}, "1", "rolled back from version 3"},
		"over a deleted one":         {[]Version{{"2", ""}, {"7", ""}}, Serving{Version: "7"}, nil, "2", "rolled back from version 7"},
		"from the middle":            {published(9), Serving{Version: "5"}, nil, "4", "rolled back from version 5"},
		"the first":                  {published(3), Serving{Version: "1"}, nil, "", ""},
		"none before works":          {published(3), Serving{Version: "3"}, []string{"1", "2"}, "", ""},
		"no version serves":          {published(3), Serving{Version: Latest}, nil, "", ""},
	} {
		m := &memory{versions: c.versions, serving: &c.serving, broken: c.broken}
		skip := func(ctx context.Context, v string) error {
			_, err := m.Probe(ctx, "f", v)
			return err
		}
		r, err := planRollback(t.Context(), m, "f", skip)
		if (err == nil) != (c.to != "") || r.To != c.to {
			t.Errorf("%s: to %q, %v", name, r.To, err)
		}
		if err != nil {
			continue
		}
		if err := r.Make(t.Context(), m); err != nil || *m.serving != (Serving{c.to, c.note}) {
			t.Errorf("%s: %+v, %v", name, *m.serving, err)
		}
	}
}

func TestWhereTheAliasGoes(t *testing.T) {
	newest := Version{Number: "3"}
	for name, c := range map[string]struct {
		before    []Version
		serving   Serving
		unrelated bool
		to        string
		why       string // a part of it; "" none
	}{
		"a new version":                          {published(2), Serving{Version: "2"}, false, "3", ""},
		"a new version ends a rollback":          {published(2), Serving{"1", "rolled back from version 2"}, true, "3", ""},
		"nothing new":                            {published(3), Serving{Version: "3"}, true, "3", ""},
		"killed before the alias was moved":      {published(3), Serving{Version: "2"}, false, "3", "earlier deployment"},
		"killed, and something else changed now": {published(3), Serving{Version: "2"}, true, "3", "earlier deployment"},
		"rolled back, something else changes":    {published(3), Serving{"2", "rolled back from version 3"}, true, "2", "deploy again"},
		"rolled back, deployed again":            {published(3), Serving{"2", "rolled back from version 3"}, false, "3", "ends that"},
	} {
		m := move(c.before, newest, c.serving, c.unrelated)
		if m.From != c.serving.Version || m.To != c.to || (m.Why == "") != (c.why == "") || !strings.Contains(m.Why, c.why) {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

const rightAnswer = `{"version":"v1","function":"p_streamalert_athena_partition_refresh","prefix":"p","region":"us-east-1",
	"queue":"p_streamalert_athena_s3_notifications","dead_letter_queue":"p_streamalert_athena_s3_notifications_dlq",
	"database":"p_streamalert","workgroup":"p_streamalert","results_bucket":"p.streamalert.athena-results","buckets":2,
	"enabled":true,"trigger":"schedule","catalog":"athena","statements_in_flight":5,
	"timeout":60,"memory":128,"log_level":"info","enable_metrics":false,"later":"versions may say more"}`

func TestAProbeIsOnlyPassedByTheFunctionWithTheseSettings(t *testing.T) {
	c := settings(t, section)
	for answer, want := range map[string]string{
		rightAnswer: "",
		strings.Replace(rightAnswer, `"queue":"p_`, `"queue":"q_`, 1):     `queue "q_streamalert_athena_s3_notifications", not "p_streamalert_athena_s3_notifications"`,
		strings.Replace(rightAnswer, `"buckets":2`, `"buckets":3`, 1):     "buckets 3, not 2",
		strings.Replace(rightAnswer, `"version":"v1"`, `"version":""`, 1): "no answer to a probe",
		strings.Replace(rightAnswer, `"memory":128`, `"memory":"128"`, 1): "no answer to a probe",
		strings.Replace(rightAnswer, `"timeout":60,`, ``, 1):              "timeout 0, not 60",
		`null`:                       "no answer to a probe",
		`"Simple Lambda happy path"`: "no answer to a probe",
		``:                           "no answer to a probe",
	} {
		program, err := probe(t.Context(), &memory{answer: answer}, "f", "1", c)
		switch {
		case want == "" && (err != nil || program != "v1"):
			t.Errorf("refused: %v", err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%.60s: %v, want %s", answer, err, want)
		}
	}
	if _, err := probe(t.Context(), &memory{broken: []string{"1"}}, "f", "1", c); err == nil {
		t.Error("a version that can't start passes")
	}
}
