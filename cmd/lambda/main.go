// Lambda adds the partitions of what landed, each time that a schedule, the queue
// or an event invokes it. It is the program of the Lambda function, of the runtime
// provided.al2023, under the name bootstrap. It only wires; what it does with an
// event is in internal/lambda.
//
// It is built without cgo and without anything that only a person needs:
//
//	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -tags lambda.norpc -trimpath -ldflags "-s -w -buildid=" -o bootstrap ./cmd/lambda
//
// The configuration is packaged with it, in the folder conf.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/config"
	"athenarefresh/internal/lambda"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
)

func main() {
	limitMemory()
	h, err := newHandler(context.Background(), os.Stderr)
	if err != nil {
		// Not the end of the process: Lambda would start it again and again,
		// and whoever invokes it would be told nothing.
		slog.New(slog.NewJSONHandler(terminal.JSONWriter{To: os.Stderr}, nil)).Error("the function can't work", "error", err)
		awslambda.Start(func() error { return err })
	}
	awslambda.Start(h)
}

// limitMemory makes the garbage collector keep to what the function has: a
// quarter is left for what isn't Go's heap. GOMEMLIMIT goes before it.
func limitMemory() {
	mb, err := strconv.ParseInt(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), 10, 64)
	if err == nil && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(mb << 20 / 4 * 3)
	}
}

// newHandler reads the configuration. Nothing is sent before the first event
// that needs it.
func newHandler(ctx context.Context, stderr io.Writer) (*lambda.Handler, error) {
	c, warnings, err := load()
	if err != nil {
		return nil, err
	}
	router, err := table.New(c.Buckets)
	if err != nil {
		return nil, fmt.Errorf("compile the rules: %w", err)
	}
	log := slog.New(slog.NewJSONHandler(terminal.JSONWriter{To: stderr}, &slog.HandlerOptions{Level: c.LogLevel}))
	for _, w := range warnings {
		log.Warn("configuration", "warning", w.String())
	}
	cfg, err := worker.Settings(ctx, c, awsconfig.WithHTTPClient(httpClient()), worker.Warnings(func(text string) { log.Warn(text) }))
	if err != nil {
		return nil, err
	}
	h := &lambda.Handler{Config: c, Version: worker.Version(), Log: log, Reconnect: freeze(&cfg).CloseIdleConnections}
	h.Open = func(ctx context.Context) (*lambda.Worker, error) {
		w, err := worker.Open(ctx, cfg, c, router, worker.Options{MaxInHand: lambda.MaxInHand(c), Log: log})
		if err != nil {
			return nil, err
		}
		return &lambda.Worker{
			Queue: w.Queue, Refresher: w.Refresher, Send: w.Queue.Send, Remind: w.WarnOfDeadLetters, Metrics: w.Metrics(c, os.Stdout),
			Reconciler: worker.Beside(cfg, c, router, w.Refresher),
		}, nil
	}
	h.Introduce()
	return h, nil
}

// load reads the configuration that is packaged with the function.
func load() (*config.Config, []config.Warning, error) {
	root := os.Getenv("LAMBDA_TASK_ROOT")
	if root == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, nil, fmt.Errorf("find the configuration: %w", err)
		}
		root = filepath.Dir(self)
	}
	return config.Load(filepath.Join(root, "conf"))
}

// httpClient is the SDK's, but waits for the beginning of an answer, which for
// ours takes seconds at most, and not for ever: a connection whose other end
// went while the function was frozen would never say so. It can be built on:
// the SDK adds the certificates of AWS_CA_BUNDLE, and refuses any other client.
func httpClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.ResponseHeaderTimeout = 20 * time.Second
	})
}

// freeze has all services use one client, whose connections can be closed, once
// the SDK has added to it what the environment says.
func freeze(cfg *aws.Config) *http.Client {
	client := cfg.HTTPClient.(*awshttp.BuildableClient).Freeze().(*http.Client)
	cfg.HTTPClient = client
	return client
}
