//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Figures of a daemon beside the embedded AWS.

// daemon is athena-refresh run, beside its local.
type daemon struct {
	b           *bench
	conf        string
	local, self *exec.Cmd
	url, pages  string
}

// startDaemon starts both.
func (b *bench) startDaemon(ctx context.Context, settings string) (d *daemon, err error) {
	d = &daemon{b: b}
	if d.conf, err = os.MkdirTemp(b.dir, "stack-"); err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	if err := b.configure(d.conf, settings); err != nil {
		return nil, err
	}
	d.local = exec.CommandContext(ctx, b.program, "local", "--listen", "127.0.0.1:0", "--conf", d.conf, "--data", filepath.Join(d.conf, "data"))
	if d.url, err = startAndRead(d.local, (*exec.Cmd).StdoutPipe, "export AWS_ENDPOINT_URL="); err != nil {
		return nil, err
	}
	d.self = exec.CommandContext(ctx, b.program, "run", "--listen", "127.0.0.1:0", "--conf", d.conf)
	d.self.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+d.url, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1")
	if d.pages, err = startAndRead(d.self, (*exec.Cmd).StderrPipe, "metrics="); err != nil {
		return nil, errors.Join(err, stop(d.local))
	}
	return d, nil
}

// startAndRead starts a process and returns the word that it prints behind mark.
func startAndRead(cmd *exec.Cmd, pipe func(*exec.Cmd) (io.ReadCloser, error), mark string) (string, error) {
	out, err := pipe(cmd)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", fmt.Errorf("start athena-refresh %s: %w", cmd.Args[1], err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, word, ok := strings.Cut(lines.Text(), mark); ok {
			go io.Copy(io.Discard, out) // ends with the process
			word, _, _ = strings.Cut(word, " ")
			return word, nil
		}
	}
	return "", fmt.Errorf("athena-refresh %s ended and did not say %s: %w", cmd.Args[1], mark, stop(cmd))
}

// stop ends a process that need not end well.
func stop(cmd *exec.Cmd) error {
	err := cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	return err
}

func (d *daemon) stop() error { return errors.Join(stop(d.self), stop(d.local)) }

// searchable lands an object in a new partition 50 times a second, and asks the
// daemon how long each took until it could be searched.
func searchable(catalog string) func(context.Context, *bench) (result, error) {
	return func(ctx context.Context, b *bench) (r result, err error) {
		d, err := b.startDaemon(ctx, `"trigger": "queue", "catalog": "`+catalog+`"`)
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, d.stop()) }()
		put, err := d.land(ctx, 20*time.Second)
		if err != nil {
			return r, err
		}
		time.Sleep(2 * time.Second)
		const name = `athena_refresh_searchable_seconds{table="alerts",quantile=`
		took, err := d.metrics(name+`"0.5"}`, name+`"0.99"}`)
		if err != nil {
			return r, err
		}
		return result{fmt.Sprintf("p50 %.0f ms, p99 %.0f ms", 1000*took[0], 1000*took[1]),
			fmt.Sprintf("p50 %.1f × that of S3's PUT, %.1f ms", took[0]/put, 1000*put)}, nil
	}
}

// land returns how long an object took to be put, in the middle.
func (d *daemon) land(ctx context.Context, during time.Duration) (seconds float64, err error) {
	client := s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: &d.url, UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
	tick := time.NewTicker(time.Second / 50)
	defer tick.Stop()
	hour := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	var took []float64
	for end := time.Now().Add(during); time.Now().Before(end); <-tick.C {
		hour = hour.Add(time.Hour)
		begun := time.Now()
		if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("p.streamalerts"), Key: aws.String("alerts/" + hour.Format("2006/01/02/15") + "/x.json"), Body: strings.NewReader(`{"id":"x"}`)}); err != nil {
			return 0, fmt.Errorf("land an object: %w", err)
		}
		took = append(took, time.Since(begun).Seconds())
	}
	return median(took), nil
}

// metrics are what the daemon says of itself now.
func (d *daemon) metrics(names ...string) (values []float64, err error) {
	resp, err := http.Get(d.pages)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		n, err := numbers(string(text), `(?m)^`+regexp.QuoteMeta(name)+` (.*)$`)
		if err != nil {
			return nil, err
		}
		values = append(values, n[0][0])
	}
	return values, nil
}

// restTime is how long a daemon that has nothing to do is watched.
const restTime = time.Minute

func atRest(ctx context.Context, b *bench) (r result, err error) {
	d, err := b.startDaemon(ctx, `"trigger": "queue"`)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	time.Sleep(10 * time.Second) // it has asked for everything that it asks for at its start
	before, err := d.metrics("process_cpu_seconds_total")
	if err != nil {
		return r, err
	}
	time.Sleep(restTime)
	after, err := d.metrics("process_cpu_seconds_total")
	if err != nil {
		return r, err
	}
	mb, err := statusOf(d.self.Process.Pid, "VmRSS")
	if err != nil {
		return r, err
	}
	anonymous, err := statusOf(d.self.Process.Pid, "RssAnon")
	if err != nil {
		return r, err
	}
	idle, err := b.repeated(ctx, nil, b.program, "version")
	if err != nil {
		return r, err
	}
	return result{fmt.Sprintf("%.2f %% of a core, %.0f MB", 100*(after[0]-before[0])/restTime.Seconds(), mb),
		fmt.Sprintf("%.2f × athena-refresh version; %.0f MB of it are its own, the rest is the program's file", mb/idle.mb, anonymous)}, nil
}
