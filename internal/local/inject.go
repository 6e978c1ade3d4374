package local

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"athenarefresh/internal/local/athena"
	"athenarefresh/internal/local/glue"
	"athenarefresh/internal/local/rights"
	"athenarefresh/internal/local/sigv4"
	"athenarefresh/internal/local/sqs"
)

// Fault is a share of a service's answers that are an error instead, before the
// request has had any effect.
type Fault struct {
	Service, Operation string // sqs, ReceiveMessage; "*" for every operation
	Error              string // the service's name for it, or an HTTP status
	Share              float64
}

// serviceNames are as people write them; in specifications any case will do.
var serviceNames = []string{"Athena", "CloudWatch", "Glue", "S3", "SQS", "STS"}

// ParseFault reads SERVICE.Operation:error:N%, such as
// Glue.BatchGetPartition:ThrottlingException:5%.
func ParseFault(spec string) (Fault, error) {
	parts := strings.Split(spec, ":")
	if len(parts) != 3 {
		return Fault{}, fmt.Errorf("%q is not SERVICE.Operation:error:N%%, such as SQS.ReceiveMessage:500:1%%", spec)
	}
	name, operation, found := strings.Cut(parts[0], ".")
	service, err := serviceOf(name)
	if err != nil {
		return Fault{}, fmt.Errorf("%q: %w", spec, err)
	}
	known := operations(service)
	if !found || operation != "*" && !slices.Contains(known, operation) {
		return Fault{}, fmt.Errorf("%q: %s has no operation %q here; it has * for all, %s", spec, name, operation, strings.Join(known, ", "))
	}
	f := Fault{Service: service, Operation: operation, Error: parts[1]}
	if err := f.check(); err != nil {
		return f, fmt.Errorf("%q: %w", spec, err)
	}
	if f.Share, err = share(parts[2]); err != nil {
		return f, fmt.Errorf("%q: %w", spec, err)
	}
	return f, nil
}

func serviceOf(name string) (string, error) {
	for _, s := range serviceNames {
		if strings.EqualFold(s, name) {
			return strings.ToLower(s), nil
		}
	}
	return "", fmt.Errorf("there is no service %q; there are %s", name, strings.Join(serviceNames, ", "))
}

// operations are those of a service. None of the calls touches what it is of.
func operations(service string) []string {
	switch service {
	case "sqs":
		return slices.Sorted(maps.Keys((*sqs.Store)(nil).Operations()))
	case "glue":
		return slices.Sorted(maps.Keys((*glue.Catalog)(nil).Service().Operations))
	case "athena":
		return slices.Sorted(maps.Keys((*athena.Engine)(nil).Service().Operations))
	case "cloudwatch":
		return []string{"GetMetricData"}
	case "sts":
		return []string{"GetCallerIdentity"}
	}
	return rights.S3Operations()
}

func share(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !percent || !(n > 0 && n <= 100) {
		return 0, fmt.Errorf("%q is no share: above 0%%, up to 100%%", text)
	}
	return n / 100, nil
}

// names are the errors that a status alone stands for; services that speak XML
// have other ones.
var statusNames = map[int][2]string{
	http.StatusForbidden:           {"AccessDeniedException", "AccessDenied"},
	http.StatusTooManyRequests:     {"ThrottlingException", "SlowDown"},
	http.StatusInternalServerError: {"InternalFailure", "InternalError"},
	http.StatusServiceUnavailable:  {"ServiceUnavailable", "SlowDown"},
}

// answer is the error as the service says it.
func (f Fault) answer() error {
	e := &sigv4.Error{Code: f.Error, Message: "The local stack was told to fail here (--fail).", Status: http.StatusBadRequest}
	inXML := 0
	if f.Service == "s3" || f.Service == "sts" {
		inXML = 1
	}
	if n, err := strconv.Atoi(f.Error); err == nil {
		e.Status = n
		switch names, ok := statusNames[n]; {
		case ok:
			e.Code = names[inXML]
		case n >= http.StatusInternalServerError:
			e.Code = statusNames[http.StatusInternalServerError][inXML]
		default:
			e.Code = "BadRequest"
		}
		return e
	}
	has := func(part string) bool { return strings.Contains(f.Error, part) }
	switch {
	case has("Unavailable"), has("SlowDown"):
		e.Status = http.StatusServiceUnavailable
	case has("Internal"):
		e.Status = http.StatusInternalServerError
	case has("AccessDenied") && inXML == 1:
		e.Status = http.StatusForbidden
	}
	return e
}

// ParseLatency reads SERVICE=TIME,…, such as athena=1500ms,sqs=10ms: how long a
// service's answers take at least. Athena's time is a statement's, not that of
// each call about it.
func ParseLatency(spec string) (map[string]time.Duration, error) {
	latency := map[string]time.Duration{}
	for part := range strings.SplitSeq(spec, ",") {
		name, text, found := strings.Cut(part, "=")
		service, err := serviceOf(strings.TrimSpace(name))
		if !found || err != nil && name == "" {
			return nil, fmt.Errorf("%q is not SERVICE=TIME, such as athena=1500ms", part)
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", part, err)
		}
		if _, twice := latency[service]; twice {
			return nil, fmt.Errorf("%q: %s is there twice", part, service)
		}
		d, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil || d < 0 || d > maxLatency {
			return nil, fmt.Errorf("%q: %q is no time from 0s to %s, such as 1500ms", part, text, maxLatency)
		}
		latency[service] = d
	}
	return latency, nil
}

// maxLatency is what a client would wait for.
const maxLatency = time.Minute

// faults make services slow, and fail.
type faults struct {
	latency map[string]time.Duration
	list    []Fault
	random  func() float64
}

func newFaults(latency map[string]time.Duration, list []Fault) *faults {
	return &faults{latency, list, rand.Float64}
}

// strike waits, and returns the error that a call is to be answered with.
func (f *faults) strike(ctx context.Context, c rights.Call) error {
	if d := f.latency[c.Service]; d > 0 && c.Service != "athena" {
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
	}
	for _, fault := range f.list {
		if fault.Service == c.Service && (fault.Operation == "*" || fault.Operation == c.Operation) && f.random() < fault.Share {
			return fault.answer()
		}
	}
	return nil
}
