package deploy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/config"
)

// StreamAlert's own functions. They were made by its own tooling, and stay its:
// what is changed here is their code, memory, timeout and log level.

// processor is a kind of StreamAlert's functions: rule, of which each cluster has
// one, or alert.
type processor string

// section is the one of lambda.json that says how a processor is deployed.
func (p processor) section() string { return string(p) + "_processor_config" }

// logLevel is the environment's variable that StreamAlert's functions read.
const logLevel = "LOGGER_LEVEL"

// tuning is what lambda.json and the clusters' files say of a function; zero
// members leave it as it is.
type tuning struct {
	Package  string      `json:"package"`
	Memory   json.Number `json:"memory"`
	Timeout  json.Number `json:"timeout"`
	LogLevel string      `json:"log_level"`
}

func (t tuning) apply(f *Function) error {
	memory, err := whole(t.Memory, 128, 10240)
	if err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	timeout, err := whole(t.Timeout, 1, 900)
	if err != nil {
		return fmt.Errorf("timeout: %w", err)
	}
	f.MemoryMB = cmp.Or(memory, f.MemoryMB)
	f.Timeout = cmp.Or(time.Duration(timeout)*time.Second, f.Timeout)
	if t.LogLevel != "" {
		environment := map[string]string{}
		maps.Copy(environment, f.Environment)
		environment[logLevel] = t.LogLevel
		f.Environment = environment
	}
	return room(f.Environment)
}

// maxEnvironment is what a function's variables may take, all together (Lambda
// quotas).
const maxEnvironment = 4 << 10

func room(environment map[string]string) error {
	n := 0
	for name, value := range environment {
		n += len(name) + len(value)
	}
	if n > maxEnvironment {
		return fmt.Errorf("its environment would have %d bytes, Lambda takes %d", n, maxEnvironment)
	}
	return nil
}

// whole reads a number, which may stand in quotes; 0 where there is none.
func whole(n json.Number, least, most int64) (int, error) {
	if n == "" {
		return 0, nil
	}
	v, err := n.Int64()
	if err != nil || v < least || v > most {
		return 0, fmt.Errorf("%s is not a whole number from %d to %d", n, least, most)
	}
	return int(v), nil
}

// functions are the names of a processor's functions, with what is said of each.
func (p processor) functions(c *config.Config, conf string) (map[string]tuning, error) {
	common, err := p.tuning(c)
	if err != nil {
		return nil, err
	}
	suffix := "_streamalert_" + string(p) + "_processor"
	if p == "alert" {
		return map[string]tuning{c.Prefix + suffix: common}, nil
	}
	files, err := filepath.Glob(filepath.Join(conf, "clusters", "*.json"))
	if err != nil {
		return nil, fmt.Errorf("look for clusters: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no cluster in %s: a file NAME.json for each", filepath.Join(conf, "clusters"))
	}
	all := map[string]tuning{}
	for _, file := range files {
		cluster := strings.TrimSuffix(filepath.Base(file), ".json")
		own, err := clusterTuning(file)
		if err != nil {
			return nil, err
		}
		own.Memory, own.Timeout, own.LogLevel = cmp.Or(own.Memory, common.Memory), cmp.Or(own.Timeout, common.Timeout), cmp.Or(own.LogLevel, common.LogLevel)
		all[c.Prefix+"_"+cluster+suffix] = own
	}
	return all, nil
}

// tuning is what the processor's section of lambda.json says.
func (p processor) tuning(c *config.Config) (t tuning, err error) {
	section, ok := c.Sections[p.section()]
	if !ok {
		return t, fmt.Errorf("lambda.json has no section %s: its member package names the code", p.section())
	}
	if err := json.Unmarshal(section, &t); err != nil {
		return t, fmt.Errorf("section %s of lambda.json: %w", p.section(), err)
	}
	return t, nil
}

// clusterTuning is what a cluster's file says of its rule function, where
// StreamAlert has it: modules.stream_alert.rule_processor.
func clusterTuning(file string) (tuning, error) {
	var cluster struct {
		Modules struct {
			StreamAlert struct {
				Rule tuning `json:"rule_processor"`
			} `json:"stream_alert"`
		} `json:"modules"`
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return tuning{}, fmt.Errorf("read a cluster: %w", err)
	}
	if err := json.Unmarshal(text, &cluster); err != nil {
		return tuning{}, fmt.Errorf("read the cluster %s: %w", file, err)
	}
	return cluster.Modules.StreamAlert.Rule, nil
}

// bundle is the code that a processor's section names: a zip, or a folder.
// A relative path counts from the working folder, or else from the
// configuration's.
func (p processor) bundle(c *config.Config, conf string) (Bundle, string, error) {
	t, err := p.tuning(c)
	if err != nil {
		return Bundle{}, "", err
	}
	if t.Package == "" {
		return Bundle{}, "", fmt.Errorf("section %s of lambda.json has no member package: a zip or a folder with the code", p.section())
	}
	for _, file := range []string{t.Package, filepath.Join(conf, t.Package)} {
		info, err := os.Stat(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return Bundle{}, file, fmt.Errorf("package of %s: %w", p.section(), err)
		case info.IsDir():
			b, err := packFolder(file)
			return b, file, err
		}
		b, err := readZip(file)
		return b, file, err
	}
	return Bundle{}, "", fmt.Errorf("package of %s: there is no %s, neither here nor in %s", p.section(), t.Package, conf)
}

// PlanRollbacks finds the way back of every function of the processors: "athena",
// which is ours, "rule" or "alert". With an error nothing is to be moved.
func PlanRollbacks(ctx context.Context, f Functions, c *config.Config, conf string, processors ...string) (list []Rollback, err error) {
	var wrong []error
	for _, p := range processors {
		names, skip := []string{c.FunctionName}, func(ctx context.Context, version string) error {
			return Answers(ctx, f, c.FunctionName, version, nil)
		}
		if p != "athena" {
			all, err := processor(p).functions(c, conf)
			names, skip, wrong = slices.Sorted(maps.Keys(all)), func(context.Context, string) error { return nil }, append(wrong, err)
		}
		for _, name := range names {
			r, err := planRollback(ctx, f, name, skip)
			list, wrong = append(list, r), append(wrong, err)
		}
	}
	return list, errors.Join(wrong...)
}
