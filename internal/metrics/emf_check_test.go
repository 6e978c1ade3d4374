package metrics_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// series is a metric as CloudWatch bills it: a name with its dimensions.
type series struct{ dimensions, name string }

// points are all values of a series.
type points map[series][]float64

func (p points) sum(dimensions, name string) float64 {
	sum := 0.0
	for _, v := range p[series{dimensions, name}] {
		sum += v
	}
	return sum
}

// read reads lines as CloudWatch does, by the rules of docs/aws-facts.md 7.1, and takes
// nothing that they don't allow.
func read(lines []byte, timestamp int64) (points, error) {
	all := points{}
	if len(lines) == 0 || !bytes.HasSuffix(lines, []byte("\n")) {
		return nil, errors.New("the last line has no end")
	}
	for line := range bytes.Lines(lines) {
		if err := all.line(bytes.TrimSuffix(line, []byte("\n")), timestamp); err != nil {
			return nil, fmt.Errorf("%w in %.2000s", err, line)
		}
	}
	return all, nil
}

func (p points) line(line []byte, timestamp int64) error {
	if len(line) > 256_000 {
		return fmt.Errorf("a document of %d bytes", len(line))
	}
	root, err := object(line)
	if err != nil {
		return err
	}
	aws, err := object(root["_aws"])
	if err != nil {
		return fmt.Errorf("_aws: %w", err)
	}
	if string(aws["Timestamp"]) != fmt.Sprint(timestamp) {
		return fmt.Errorf("Timestamp %s, want %d", aws["Timestamp"], timestamp)
	}
	directives, err := array(aws["CloudWatchMetrics"], 1, 100)
	if err != nil || len(aws) != 2 {
		return fmt.Errorf("CloudWatchMetrics, or what is beside: %v", err)
	}
	for _, d := range directives {
		if err := p.directive(d, root); err != nil {
			return err
		}
	}
	return nil
}

func (p points) directive(text json.RawMessage, root map[string]json.RawMessage) error {
	d, err := object(text)
	if err != nil || len(d) != 3 {
		return fmt.Errorf("a directive with %d members: %v", len(d), err)
	}
	if _, err := name(d["Namespace"]); err != nil {
		return fmt.Errorf("Namespace: %w", err)
	}
	sets, err := array(d["Dimensions"], 1, 30)
	if err != nil {
		return fmt.Errorf("Dimensions: %w", err)
	}
	var dimensions []string
	for _, set := range sets {
		text, err := dimensionSet(set, root)
		if err != nil || slices.Contains(dimensions, text) {
			return fmt.Errorf("dimensions %s, there twice or wrong: %v", set, err)
		}
		dimensions = append(dimensions, text)
	}
	metrics, err := array(d["Metrics"], 1, 100)
	if err != nil {
		return fmt.Errorf("Metrics: %w", err)
	}
	seen := map[string]bool{}
	for _, m := range metrics {
		n, values, err := metric(m, root)
		if err != nil || seen[n] {
			return fmt.Errorf("metric %s, there twice or wrong: %v", m, err)
		}
		seen[n] = true
		for _, d := range dimensions {
			p[series{d, n}] = append(p[series{d, n}], values...)
		}
	}
	return nil
}

// dimensionSet is "Queue=q,Table=t".
func dimensionSet(text json.RawMessage, root map[string]json.RawMessage) (string, error) {
	set, err := array(text, 0, 30)
	if err != nil {
		return "", err
	}
	var list []string
	for _, d := range set {
		n, err := name(d)
		if err != nil {
			return "", err
		}
		value, err := name(root[n])
		if err != nil {
			return "", fmt.Errorf("the member %s: %w", n, err)
		}
		if strings.Trim(value, " ") == "" || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			return "", fmt.Errorf("the value %q of a dimension", value)
		}
		list = append(list, n+"="+value)
	}
	return strings.Join(list, ","), nil
}

// units are CloudWatch's, of those that concern us.
var units = []string{"Count", "Milliseconds", "Seconds"}

func metric(text json.RawMessage, root map[string]json.RawMessage) (string, []float64, error) {
	m, err := object(text)
	if err != nil {
		return "", nil, err
	}
	n, err := name(m["Name"])
	if err != nil {
		return "", nil, err
	}
	unit, err := name(m["Unit"])
	if err != nil || !slices.Contains(units, unit) || len(m) != 2 {
		return "", nil, fmt.Errorf("unit %q or what is beside it: %v", unit, err)
	}
	list := []json.RawMessage{root[n]}
	if bytes.HasPrefix(root[n], []byte("[")) {
		if list, err = array(root[n], 1, 100); err != nil {
			return "", nil, err
		}
	}
	var values []float64
	for _, text := range list {
		var v *float64
		if err := json.Unmarshal(text, &v); err != nil || v == nil || *v < 0 {
			return "", nil, fmt.Errorf("the value %s: %v", text, err)
		}
		values = append(values, *v)
	}
	return n, values, nil
}

func name(text json.RawMessage) (string, error) {
	var s *string
	if err := json.Unmarshal(text, &s); err != nil || s == nil {
		return "", fmt.Errorf("%q is no string: %v", text, err)
	}
	if len(*s) < 1 || len(*s) > 1024 {
		return "", fmt.Errorf("a name of %d bytes", len(*s))
	}
	return *s, nil
}

func array(text json.RawMessage, least, most int) (list []json.RawMessage, err error) {
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	if len(list) < least || len(list) > most || list == nil {
		return nil, fmt.Errorf("an array of %d", len(list))
	}
	return list, nil
}

// object reads an object none of whose members is there twice.
func object(text json.RawMessage) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, fmt.Errorf("%.100q is no object: %v", text, err)
	}
	members := map[string]json.RawMessage{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		if _, twice := members[key.(string)]; twice {
			return nil, fmt.Errorf("%q is there twice", key)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		members[key.(string)] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the object: %v", err)
	}
	return members, nil
}
