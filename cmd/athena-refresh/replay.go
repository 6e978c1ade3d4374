package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/aws/athena"
	"athenarefresh/internal/capture"
	"athenarefresh/internal/config"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
)

func (a *app) replay() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "replay FILE",
		Short: "Settle captured messages, one body a line",
		Long: `Replay settles messages that were captured earlier: FILE holds their bodies, one
a line (- is standard input; an empty line is an empty body), as SQS hands them
out. What "aws sqs receive-message" prints as JSON is taken too, and so are
bodies that were printed over many lines, or as an array. They go through the
same code as those of the queue; nothing is received, deleted or sent to the
dead-letter queue.

It prints each message's outcome, the partitions that the messages call for, and
the statements that were sent. With --dry-run it touches nothing and needs no
AWS: all tables are taken to exist and to be empty, and the statements are those
that a refresh would send.`,
		Example: `  athena-refresh replay --dry-run messages.ndjson`,
		Args:    exactly(1, "replay: name one file, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			defer a.buffered(&err)()
			c, router, err := a.router()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithCancel(cmd.Context())
			file, err := a.open(ctx, args[0])
			if err != nil {
				cancel()
				return err
			}
			p := replayer{app: a, config: c}
			p.Rehearsal.Router, p.Tell = router, p.message
			bodies, stop := capture.Read(file), func() {}
			if dryRun { // most messages are judged beforehand: those of whose partitions all were seen before
				bodies, stop = capture.ReadAhead(ctx, file, p.Rehearsal.Known)
			}
			defer func() {
				cancel() // of standard input
				file.Close()
				stop()
			}()
			if dryRun {
				return p.dryRun(ctx, bodies)
			}
			return p.real(ctx, bodies)
		},
	}
	a.jsonFlag(cmd)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "touch nothing: print what would be done")
	return cmd
}

// open opens a file. Standard input can be read until ctx ends.
func (a *app) open(ctx context.Context, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(terminal.Input(ctx, a.stdin)), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	return f, nil
}

// replayer prints what became of the messages of one file.
type replayer struct {
	app    *app
	config *config.Config
	capture.Replay

	line    []byte         // room for the next message's
	effects []func() error // print what is sent, or would be
}

// The lines of replay --json, told apart by their type.
type (
	replayPartition struct {
		Type      string `json:"type"`      // "partition"
		Table     string `json:"table"`     // without the database
		Partition values `json:"partition"` // its keys with their values
		Location  string `json:"location"`  // s3://BUCKET/…/
	}
	replayStatement struct {
		Type string `json:"type"` // "statement"
		SQL  string `json:"sql"`  // one statement, without a semicolon
	}
	replayCall struct {
		Type       string `json:"type"`       // "call", of the catalog glue
		API        string `json:"api"`        // the call's name
		Partitions int    `json:"partitions"` // that it asks for, whether it succeeded or not
	}
	replaySummary struct {
		Type       string                  `json:"type"`       // "summary"
		Messages   int                     `json:"messages"`   // that were read
		Records    int                     `json:"records"`    // of the messages
		Partitions int                     `json:"partitions"` // that were found, each once
		Statements int                     `json:"statements"` // or calls of Glue
		Outcomes   map[refresh.Outcome]int `json:"outcomes"`   // of the messages
		Reasons    map[refresh.Reason]int  `json:"reasons"`    // of the records
	}
)

// dryRun settles every message as if all tables existed and were empty.
func (p *replayer) dryRun(ctx context.Context, bodies *capture.Bodies) error {
	log, rest := p.app.briefLog(p.config.LogLevel)
	defer rest()
	p.Rehearsal.Log = log
	if err := p.ended(p.Rehearse(ctx, bodies)); err != nil {
		return err
	}
	catalog, _ := worker.Catalog(aws.Config{}, p.config) // asked for what fits, so that there is nothing to close
	for t, parts := range p.Rehearsal.Additions(p.config.Database, catalog.Fits) {
		if err := p.sends(t, parts); err != nil {
			return fmt.Errorf("write the statements for table %s: %w", t.ID.Name, err)
		}
	}
	return p.finish(p.Rehearsal.Tally)
}

// sends notes what adds partitions to a table: a statement, if it can be written, or
// a call of Glue.
func (p *replayer) sends(t refresh.Table, parts []refresh.Partition) error {
	if p.config.Catalog == config.CatalogGlue {
		call := replayCall{"call", "BatchCreatePartition", len(parts)}
		p.effects = append(p.effects, func() error {
			return p.app.show(call, "%s of %s\n", call.API, faults.Count(call.Partitions, "partition"))
		})
		return nil
	}
	sql, err := athena.Statement(t, parts)
	if err == nil {
		p.effects = append(p.effects, func() error { return p.app.show(replayStatement{"statement", sql}, "%s\n", terminal.Escape(sql)) })
	}
	return err
}

// real settles the messages through the catalog.
func (p *replayer) real(ctx context.Context, bodies *capture.Bodies) (err error) {
	cfg, err := p.app.aws(ctx, p.config)
	if err != nil {
		return err
	}
	catalog, closeCatalog := worker.Catalog(cfg, p.config)
	defer func() { err = errors.Join(err, closeCatalog()) }()
	// What failed was sent too; of a statement that can't be written the Writer says why.
	catalog.Writer = &refresh.Recorder{Writer: catalog.Writer, Sends: func(t refresh.Table, parts []refresh.Partition) { p.sends(t, parts) }}
	log, rest := p.app.briefLog(p.config.LogLevel)
	refresher := refresh.New(refresh.Options{
		Router: p.Rehearsal.Router, Catalog: catalog, DeadLetters: refresh.Nowhere{}, Log: log, Statements: p.config.StatementsInFlight,
	})
	err = p.ended(p.Settle(ctx, bodies, refresher.Settle, p.config.Timeout))
	refresher.Close(ctx)
	rest()
	if err != nil {
		return err
	}
	return p.finish(refresher.Tally())
}

// ended says why there are no more messages; nil at their end.
func (p *replayer) ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("replay: %w after %s", errInterrupted, faults.Count(p.Told, "message"))
	}
	return err
}

// message prints what became of a message.
func (p *replayer) message(n int, s refresh.Settlement) error {
	if p.app.json {
		p.line = appendMessageJSON(p.line[:0], n, &s)
	} else {
		p.line = appendMessage(p.line[:0], n, &s)
	}
	_, err := p.app.stdout.Write(p.line)
	return wrote(err)
}

// appendMessage writes "message 7: parked unknown_bucket\n". There are as many
// of these lines as messages, and no word of them is a stranger's.
func appendMessage(b []byte, n int, s *refresh.Settlement) []byte {
	b = append(strconv.AppendInt(append(b, "message "...), int64(n), 10), ": "...)
	b = append(b, s.Outcome...)
	for _, r := range s.Reasons {
		b = append(append(b, ' '), r...)
	}
	return append(b, '\n')
}

// appendMessageJSON writes what became of a message, its number in the file from
// 0, and the reasons of its records, ignored ones too; distinct, in order:
//
//	{"type":"message","message":7,"outcome":"parked","reasons":["unknown_bucket"]}
func appendMessageJSON(b []byte, n int, s *refresh.Settlement) []byte {
	b = strconv.AppendInt(append(b, `{"type":"message","message":`...), int64(n), 10)
	b = append(append(append(b, `,"outcome":"`...), s.Outcome...), `","reasons":[`...)
	for i, r := range s.Reasons {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), r...), '"')
	}
	return append(b, "]}\n"...)
}

// finish prints the partitions, what was or would be sent, and the summary.
func (p *replayer) finish(t refresh.Tally) error {
	for i := range p.Rehearsal.Partitions {
		part := &p.Rehearsal.Partitions[i]
		if err := p.app.show(replayPartition{"partition", part.Table, values{part}, part.Location}, "partition %s\n", terminal.Escape(part.Describe())); err != nil {
			return err
		}
	}
	for _, show := range p.effects {
		if err := show(); err != nil {
			return err
		}
	}
	outcomes := counted(t.Messages, refresh.Done, refresh.Parked, refresh.Retry)
	s := replaySummary{"summary", t.Settled(), t.Records, len(p.Rehearsal.Partitions), len(p.effects), outcomes, counted(t.Reasons)}
	err := p.app.show(s, "%s: %d done, %d parked, %d to be tried again; %s, %s, %s\n",
		faults.Count(s.Messages, "message"), outcomes[refresh.Done], outcomes[refresh.Parked], outcomes[refresh.Retry], faults.Count(s.Records, "record"), faults.Count(s.Partitions, "partition"), faults.Count(s.Statements, "statement"))
	if err != nil {
		return err
	}
	if p.Strange > 0 {
		p.app.say(fmt.Sprintf("hint: no JSON object in %s: %s", faults.Count(p.Strange, "message"), capture.Is))
	}
	if outcomes[refresh.Parked]+outcomes[refresh.Retry] > 0 {
		return errUndone
	}
	return nil
}
