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
	"athenarefresh/internal/config"
	"athenarefresh/internal/event"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/source"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
)

// explainer says to which partitions objects belong.
type explainer struct {
	a       *app
	router  *table.Router
	encoded bool         // keys are as in a notification
	live    *liveCatalog // nil: the catalog isn't asked
}

// explained is a line of explain --json.
type explained struct {
	Bucket    string        `json:"bucket"` // as given
	Key       string        `json:"key"`
	Outcome   table.Outcome `json:"outcome"` // partition, ignore or park; with --live retry too
	Reason    string        `json:"reason,omitempty"`
	Table     string        `json:"table,omitempty"`
	Partition *values       `json:"partition,omitempty"`
	Location  string        `json:"location,omitempty"`
	Exists    *bool         `json:"exists,omitempty"` // with --live, where the outcome is partition
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
			e := explainer{a: a, router: router, encoded: encoded}
			if live {
				if e.live, err = a.openLive(cmd.Context(), c, router); err != nil {
					return err
				}
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
	p, steps := e.router.Explain(bucket, decoded)
	line := explained{Bucket: bucket, Key: key, Outcome: p.Outcome, Reason: string(p.Reason)}
	if p.Outcome == table.Place {
		line.Table, line.Partition, line.Location = p.Partition.Table, &values{&p.Partition}, p.Partition.Location
		if e.live != nil {
			if err := e.ask(ctx, &line, &p, decoded); err != nil {
				return err
			}
		}
	}
	if e.a.json {
		return printJSON(e.a.stdout, line) // what else there is to say takes ten times as long
	}
	return e.a.printf("%s", line.words(&p, append(steps, sourcesFor(&p, decoded)...)))
}

// ask puts the catalog's answer into what the key alone says.
func (e *explainer) ask(ctx context.Context, line *explained, p *table.Placement, key string) error {
	answer, err := e.live.ask(ctx, line.Bucket, key, line.Table)
	if err != nil {
		return err
	}
	line.Outcome, line.Reason, p.Detail = answer.Outcome, string(answer.Reason), answer.Detail
	if answer.Outcome == table.Place {
		there := !answer.Missing
		line.Exists, p.Detail = &there, e.a.paste(answer.Detail) // what else there is may be strangers' words
		return nil
	}
	line.Table, line.Partition, line.Location = "", nil, ""
	return nil
}

// sourcesFor says which sources would take a key that no rule does.
func sourcesFor(p *table.Placement, key string) (advice []string) {
	if p.Reason != table.NoLayoutMatch && p.Reason != table.UnknownBucket {
		return nil
	}
	for _, name := range source.Fitting(key) {
		advice = append(advice, fmt.Sprintf(`the key has the shape of {"source": %q}: athena-refresh help sources`, name))
	}
	return advice
}

// words are it for a person, step by step.
func (x *explained) words(p *table.Placement, steps []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "s3://%s/%s\n", terminal.Escape(x.Bucket), terminal.Escape(x.Key))
	for _, s := range steps {
		fmt.Fprintf(&b, "  %s\n", terminal.Escape(s))
	}
	fmt.Fprintf(&b, "  %s", x.Outcome)
	if x.Reason != "" {
		fmt.Fprintf(&b, ": %s", x.Reason)
	}
	if x.Outcome == table.Place {
		fmt.Fprintf(&b, ": %s", terminal.Escape(p.Partition.Describe()))
	}
	if p.Detail != "" {
		fmt.Fprintf(&b, ": %s", terminal.Escape(p.Detail))
	}
	return b.String() + "\n"
}

// liveCatalog asks the catalog what a refresh would make of an object.
type liveCatalog struct {
	reader refresh.Reader
	router *table.Router
	queued func() (int, error) // messages in the queue
}

func (a *app) openLive(ctx context.Context, c *config.Config, router *table.Router) (*liveCatalog, error) {
	cfg, err := a.aws(ctx, c)
	if err != nil {
		return nil, err
	}
	queued := sync.OnceValues(func() (int, error) { return depth(ctx, cfg, c.Queue) })
	return &liveCatalog{glue.NewReader(cfg, c.Database), router, queued}, nil
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

// ask asks about an object that belongs to a partition of a table.
func (l *liveCatalog) ask(ctx context.Context, bucket, key, table string) (refresh.Asked, error) {
	a, err := refresh.Ask(ctx, l.router, l.reader, refresh.Object{Bucket: bucket, Key: key})
	switch {
	case a.Missing:
		a.Detail = l.missing(table)
	case err == nil && a.Reason == "":
		a.Detail = "in the catalog, at this location"
	}
	return a, err
}

// missing says what adds a partition that isn't there: nobody remembers an object
// whose notification is in no message any more.
func (l *liveCatalog) missing(table string) string {
	const mend = "athena-refresh reconcile %s --fix"
	switch n, err := l.queued(); {
	case err != nil:
		return fmt.Sprintf("not in the catalog; a refresh adds it if a message in the queue speaks of it, else "+mend+" does", table)
	case n == 0:
		return fmt.Sprintf("not in the catalog, and the queue is empty: no refresh will add it, "+mend+" does", table)
	default:
		return fmt.Sprintf("not in the catalog; a refresh adds it if one of the %s in the queue speaks of it, else "+mend+" does", count(n, "message"), table)
	}
}
