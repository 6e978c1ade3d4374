//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Figures of whole processes.

// spent is what a process took.
type spent struct {
	seconds float64 // of CPU
	mb      float64 // resident, at most
	out     []byte
}

func process(ctx context.Context, env []string, name string, args ...string) (s spent, err error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), os.Stderr
	if s.out, err = cmd.Output(); err != nil {
		return s, fmt.Errorf("run %s: %w", filepath.Base(name), err)
	}
	s.seconds = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	s.mb = float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
	return s, nil
}

// repeated is the median of some runs, each figure by itself.
func (b *bench) repeated(ctx context.Context, env []string, name string, args ...string) (s spent, err error) {
	var seconds, mb []float64
	for range b.repeat {
		if s, err = process(ctx, env, name, args...); err != nil {
			return s, err
		}
		seconds, mb = append(seconds, s.seconds), append(mb, s.mb)
	}
	return spent{median(seconds), median(mb), s.out}, nil
}

const notifications = 100_000

// makeLoad writes the bodies and a configuration that places them: a day of one
// table, an object each.
func (b *bench) makeLoad() error {
	if b.load != "" {
		return nil
	}
	conf := filepath.Join(b.dir, "conf")
	if err := b.configure(conf, `"buckets": {"p.streamalert.data": "data"}`); err != nil {
		return err
	}
	name := filepath.Join(b.dir, "load.ndjson")
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write the bodies: %w", err)
	}
	w := bufio.NewWriter(file)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range notifications {
		hex := func(n int) string { return fmt.Sprintf("%0*x", n, rng.Uint64())[:n] }
		fmt.Fprintf(w, `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2026-03-01T%02d:%02d:%02d.%03dZ",`+
			`"eventName":"ObjectCreated:Put","userIdentity":{"principalId":"AWS:AROAEXAMPLEEXAMPLE:AWSFirehoseToS3"},"requestParameters":{"sourceIPAddress":"10.1.2.3"},`+
			`"responseElements":{"x-amz-request-id":"%s","x-amz-id-2":"%s%s%s%s%s%s"},"s3":{"s3SchemaVersion":"1.0","configurationId":"tf-s3-queue-20180329165116000000000001",`+
			`"bucket":{"name":"p.streamalert.data","ownerIdentity":{"principalId":"A3EXAMPLEEXAMPLE"},"arn":"arn:aws:s3:::p.streamalert.data"},"object":{"key":`+
			`"cloudwatch_flow_logs/2026/03/01/%02d/streamalert_data_cloudwatch_flow_logs-1-2026-03-01-%02d-%02d-%02d-%s-%s-%s.gz","size":%d,"eTag":"%s%s","sequencer":"%s"}}}]}`+"\n",
			i%24, i%60, i%59, i%1000, hex(16), hex(16), hex(16), hex(16), hex(16), hex(16), hex(16), i%24, i%24, i%60, i%59, hex(8), hex(8), hex(16), rng.IntN(1<<27), hex(16), hex(16), hex(16))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the bodies: %w", err)
	}
	b.load = name
	return file.Close()
}

// configure writes a folder conf with some settings.
func (b *bench) configure(conf, settings string) error {
	if err := os.MkdirAll(conf, 0o755); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	for name, text := range map[string]string{
		"global.json": `{"account": {"aws_account_id": "123456789012", "prefix": "p", "region": "us-east-1"}}`,
		"lambda.json": `{"athena_partition_refresh_config": {` + settings + `}}`,
	} {
		if err := os.WriteFile(filepath.Join(conf, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("write the configuration: %w", err)
		}
	}
	return nil
}

func (b *bench) replay(ctx context.Context, cores string) (spent, error) {
	if err := b.makeLoad(); err != nil {
		return spent{}, err
	}
	return b.repeated(ctx, []string{"GOMAXPROCS=" + cores}, b.program, "replay", "--dry-run", "--conf", filepath.Join(b.dir, "conf"), b.load)
}

// original runs the baseline over the same bodies.
func (b *bench) original(ctx context.Context) (whole spent, handler float64, mb float64, err error) {
	if whole, err = b.repeated(ctx, nil, "python3", b.baseline, b.load, "--impl", "bbb3a071", "--batch", "0", "--child"); err != nil {
		return whole, 0, 0, err
	}
	var said struct {
		CPU float64 `json:"cpu_s"`
		MB  float64 `json:"peak_rss_mib"`
	}
	if err := json.Unmarshal(whole.out, &said); err != nil || said.CPU == 0 {
		return whole, 0, 0, fmt.Errorf("read what the baseline printed: %w", err)
	}
	return whole, said.CPU, said.MB, nil
}

func replayTime(ctx context.Context, b *bench) (result, error) {
	ours, err := b.replay(ctx, "1")
	if err != nil {
		return result{}, err
	}
	r := result{fmt.Sprintf("%.2f s of CPU", ours.seconds), "the original: not given"}
	if b.baseline != "" {
		whole, handler, _, err := b.original(ctx)
		if err != nil {
			return result{}, err
		}
		r.ratio = fmt.Sprintf("the original takes %.1f × as long as a whole, %.1f × without its start and the reading of the file", whole.seconds/ours.seconds, handler/ours.seconds)
	}
	return r, nil
}

func replayMemory(ctx context.Context, b *bench) (result, error) {
	ours, err := b.replay(ctx, "1")
	if err != nil {
		return result{}, err
	}
	idle, err := b.repeated(ctx, nil, b.program, "version")
	if err != nil {
		return result{}, err
	}
	r := result{fmt.Sprintf("%.0f MB", ours.mb), fmt.Sprintf("%.2f × athena-refresh version, %.0f MB", ours.mb/idle.mb, idle.mb)}
	if b.baseline != "" {
		_, _, mb, err := b.original(ctx)
		if err != nil {
			return result{}, err
		}
		r.ratio += fmt.Sprintf("; the original %.1f × as much", mb/ours.mb)
	}
	return r, nil
}

// statusOf is a line of /proc/PID/status, in MB.
func statusOf(pid int, name string) (mb float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), name+":")
	if _, err := fmt.Sscan(after, &mb); err != nil {
		return 0, fmt.Errorf("/proc doesn't say %s: %w", name, err)
	}
	return mb / 1024, nil
}
