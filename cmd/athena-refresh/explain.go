package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/aws/sqs"
	"athenarefresh/internal/capture"
	"athenarefresh/internal/event"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/statuspage"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
)

// explainer says to which partitions objects belong.
type explainer struct {
	statuspage.Questions
	a       *app
	encoded bool // keys are as in a notification
	advised bool // what to do about refused credentials was said
}

// explained is a line of explain --json.
type explained struct {
	Bucket    string        `json:"bucket"`              // as given
	Key       string        `json:"key"`                 // as given
	Outcome   table.Outcome `json:"outcome"`             // partition, ignore or park; with --live retry too
	Reason    string        `json:"reason,omitempty"`    // why it is ignored, parked or tried again
	Table     string        `json:"table,omitempty"`     // absent if it has no place
	Partition *values       `json:"partition,omitempty"` // its keys with their values
	Location  string        `json:"location,omitempty"`  // of the partition
	Exists    *bool         `json:"exists,omitempty"`    // with --live, where the outcome is partition
}

func (a *app) explain() *cobra.Command {
	var encoded, live bool
	cmd := &cobra.Command{
		Use:   "explain BUCKET KEY… | s3://BUCKET/KEY… | -",
		Short: "Say which partition an object belongs to, or why none",
		Long: `Explain says step by step which table and partition an object in S3 belongs to,
or why it belongs to none. It reads the configuration only; with --live it asks
the catalog too. With - it reads lines {"bucket": "…", "key": "…"} from stdin.`,
		Example: `  athena-refresh explain example.streamalert.data osquery/2018/01/01/00/a.gz`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] == "-" {
				return nil
			}
			_, err := objectsOf(args)
			return err
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, router, err := a.router()
			if err != nil {
				return err
			}
			e := explainer{a: a, encoded: encoded}
			e.Router = func() *table.Router { return router }
			if live {
				cfg, err := a.aws(cmd.Context(), c)
				if err != nil {
					return err
				}
				queued := sync.OnceValues(func() (int, error) { return depth(cmd.Context(), cfg, c.Queue) })
				e.Catalog, e.Depth = glue.NewReader(cfg, c.Database), func(context.Context) (int, int, error) { n, err := queued(); return n, 0, err }
			}
			if args[0] == "-" && len(args) == 1 {
				return e.lines(cmd.Context(), a.stdin)
			}
			objects, err := objectsOf(args)
			for _, o := range objects {
				if err := e.explain(cmd.Context(), o.bucket, o.key); err != nil {
					return err
				}
			}
			return err
		},
	}
	a.jsonFlag(cmd)
	cmd.Flags().BoolVar(&encoded, "encoded", false, "keys are as in a notification: + is a space, %XX is undone")
	cmd.Flags().BoolVar(&live, "live", false, "ask the catalog too: is the table there, does the partition exist, and where")
	return cmd
}

// object is one of the command line.
type object struct{ bucket, key string }

const scheme = "s3://"

// objectsOf are those of a command line: a bucket and keys, or whole addresses.
func objectsOf(args []string) (list []object, err error) {
	switch {
	case len(args) > 0 && strings.HasPrefix(args[0], scheme):
		for _, arg := range args {
			rest, ok := strings.CutPrefix(arg, scheme)
			bucket, key, cut := strings.Cut(rest, "/")
			if !ok || !cut {
				return nil, fmt.Errorf("explain: %s is not s3://BUCKET/KEY, as the first is", arg)
			}
			list = append(list, object{bucket, key})
		}
	case len(args) < 2:
		return nil, errors.New("explain: name a bucket and keys, or - to read them from standard input")
	default:
		for _, key := range args[1:] {
			list = append(list, object{args[0], key})
		}
	}
	return list, nil
}

// explaining is the command that explains an object, if its key can be pasted.
func explaining(bucket, key string) string {
	if address := scheme + bucket + "/" + key; key != "" && terminal.Escape(address) == address && !strings.Contains(address, `"`) {
		return "athena-refresh explain " + faults.Word(address)
	}
	return "athena-refresh explain BUCKET KEY"
}

// lines explains the objects of a stream, one JSON object a line.
func (e *explainer) lines(ctx context.Context, r io.Reader) error {
	lines, bad := capture.NewLines(r), 0
	for lines.Next() {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		var o struct {
			Bucket *string `json:"bucket"`
			Key    *string `json:"key"`
		}
		err := json.Unmarshal([]byte(text), &o)
		if err == nil && (o.Bucket == nil || o.Key == nil) {
			err = errors.New("bucket or key is missing")
		}
		if err != nil {
			e.a.tell(slog.LevelError, fmt.Sprintf("read line %d: %v", lines.Number, err), "")
			bad++
			continue
		}
		if err := e.explain(ctx, *o.Bucket, *o.Key); err != nil {
			return err
		}
	}
	err := lines.Err()
	switch {
	case errors.Is(err, context.Canceled):
		return errInterrupted
	case err == nil && bad > 0:
		return faults.Hint(fmt.Errorf("explain: %d of %d lines could not be read", bad, lines.Number), `each line is {"bucket": "…", "key": "…"}`)
	}
	return err
}

// explain prints the outcome of one object.
func (e *explainer) explain(ctx context.Context, bucket, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	decoded := key
	if e.encoded {
		decoded = event.DecodeKey(key)
	}
	found, err := e.Explain(ctx, bucket, decoded)
	if err != nil {
		return err
	}
	line := explained{Bucket: bucket, Key: key, Outcome: found.Outcome, Reason: string(found.Reason), Exists: found.Exists}
	if p := &found.Partition; found.Outcome == table.Place {
		line.Table, line.Partition, line.Location = p.Table, &values{p}, p.Location
		found.Detail = e.a.paste(found.Detail) // what else there is may be strangers' words
	}
	if e.a.json {
		return printJSON(e.a.stdout, line)
	}
	found.Steps = append(found.Steps, found.Shapes(decoded)...)
	if err := e.a.printf("%s", line.words(&found)); err != nil {
		return err
	}
	e.adviseOn(ctx, &found)
	return nil
}

// adviseOn says once what to do where the catalog refused the credentials: they are
// refused again, and what is settled keeps no error.
func (e *explainer) adviseOn(ctx context.Context, found *statuspage.Explained) {
	if e.advised || found.Outcome != refresh.Later || refresh.Reason(found.Reason) != refresh.AccessDenied {
		return
	}
	e.advised = true
	_, err := e.Catalog.Table(ctx, found.Partition.Table)
	if hint := faults.HintOf(explainAWS("ask the catalog", err)); hint != "" {
		e.a.advise(hint)
	}
}

// words are it for a person, step by step.
func (x *explained) words(e *statuspage.Explained) string {
	var b strings.Builder
	fmt.Fprintf(&b, "s3://%s/%s\n", terminal.Escape(x.Bucket), terminal.Escape(x.Key))
	for _, s := range e.Steps {
		fmt.Fprintf(&b, "  %s\n", terminal.Escape(s))
	}
	fmt.Fprintf(&b, "  %s", x.Outcome)
	if x.Reason != "" {
		fmt.Fprintf(&b, ": %s", x.Reason)
	}
	if x.Outcome == table.Place {
		fmt.Fprintf(&b, ": %s", terminal.Escape(e.Partition.Describe()))
	}
	if e.Detail != "" {
		fmt.Fprintf(&b, ": %s", terminal.Escape(e.Detail))
	}
	return b.String() + "\n"
}

// depth is how many messages a queue holds.
func depth(ctx context.Context, cfg aws.Config, name string) (int, error) {
	queue, err := sqs.Open(ctx, cfg, name)
	if err != nil {
		return 0, err
	}
	waiting, inFlight, err := queue.Depth(ctx)
	return waiting + inFlight, err
}
