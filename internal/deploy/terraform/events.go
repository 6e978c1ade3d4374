package terraform

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"athenarefresh/internal/deploy"
)

// events reads the lines of terraform apply -json.
type events struct {
	progress func(deploy.Step)
	rest     []byte
	errors   []error
}

var _ io.Writer = (*events)(nil)

// event is a line (Terraform, "Machine-Readable UI").
type event struct {
	Type string `json:"type"`
	Hook struct {
		Resource struct {
			Address string `json:"addr"`
		} `json:"resource"`
		Elapsed float64 `json:"elapsed_seconds"`
	} `json:"hook"`
	Diagnostic struct {
		Severity string `json:"severity"`
		Summary  string `json:"summary"`
		Detail   string `json:"detail"`
		Address  string `json:"address"`
	} `json:"diagnostic"`
}

// Write implements io.Writer.
func (e *events) Write(p []byte) (int, error) {
	e.rest = append(e.rest, p...)
	for {
		line, rest, found := strings.Cut(string(e.rest), "\n")
		if !found {
			return len(p), nil
		}
		e.rest = []byte(rest)
		e.line(line)
	}
}

// line takes a line; what is no event is nothing to stop for.
func (e *events) line(line string) {
	var v event
	if json.Unmarshal([]byte(line), &v) != nil {
		return
	}
	step := deploy.Step{Address: v.Hook.Resource.Address, Took: time.Duration(v.Hook.Elapsed * float64(time.Second))}
	switch v.Type {
	case "apply_start", "apply_progress":
		e.progress(step)
	case "apply_complete":
		step.Done = true
		e.progress(step)
	case "diagnostic":
		if d := v.Diagnostic; d.Severity == "error" {
			e.errors = append(e.errors, errors.New(joined(": ", d.Address, d.Summary, d.Detail)))
		}
	}
}

// joined joins what is not empty.
func joined(sep string, parts ...string) string {
	var filled []string
	for _, p := range parts {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			filled = append(filled, p)
		}
	}
	return strings.Join(filled, sep)
}
