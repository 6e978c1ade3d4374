package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"

	"athenarefresh/internal/aws/provision"
	"athenarefresh/internal/config"
	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/cobra"
)

func (a *app) local() *cobra.Command {
	var listen, data string
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Serve S3, SQS, Glue and Athena on this machine",
		Long: `Local serves an S3, SQS, Glue and Athena of its own on one port of this machine,
with the resources of the configuration made: buckets that notify the queue, the
queues, the database with the table alerts. Any AWS client works with it. What
is stored stays in --data. It serves until Ctrl-C.`,
		Args: exactly(0, "local: takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, _, err := a.router()
			if err != nil {
				return err
			}
			s, err := startStack(cmd.Context(), c, listen, data)
			if err != nil {
				return err
			}
			if err := provision.Make(cmd.Context(), s.cfg, c, searcher(s.cfg, c).Do); err != nil {
				return errors.Join(explainAWS("make the resources", err), s.stop())
			}
			if err := a.introduce(c, s, ""); err != nil {
				return errors.Join(err, s.stop())
			}
			return s.wait()
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:4566", "address to serve on, of this machine only")
	cmd.Flags().StringVar(&data, "data", "data", "folder that keeps what is stored")
	return cmd
}

// stack is an embedded AWS that is being served.
type stack struct {
	url    string
	cfg    aws.Config
	client *http.Client // of cfg

	served sync.WaitGroup
	cancel context.CancelFunc
	err    error
}

// startStack serves a stack until ctx ends or stop is called.
func startStack(ctx context.Context, c *config.Config, listen, data string) (*stack, error) {
	if err := local.CanSelect(); err != nil {
		return nil, fmt.Errorf("start the local stack: %w", err)
	}
	ln, err := net.Listen("tcp", listen) // first: what can't listen leaves no folder behind
	if err != nil {
		return nil, hint(fmt.Errorf("local: %w", err), "--listen 127.0.0.1:0 takes any free port; set AWS_ENDPOINT_URL to the address it prints, or you speak to whoever has this one")
	}
	if !ln.Addr().(*net.TCPAddr).IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("local: listen on %s: it is for this machine only (127.0.0.1 or [::1])", listen), ln.Close())
	}
	opened, err := local.Open(local.Options{Data: data, Region: c.Region, Account: c.Account})
	if errors.Is(err, local.ErrInUse) {
		err = hint(err, "another athena-refresh has this folder: end it, or name another by --data")
	}
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	s := &stack{url: "http://" + ln.Addr().String()}
	s.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	s.cfg = aws.Config{
		HTTPClient:   s.client,
		Region:       c.Region,
		BaseEndpoint: &s.url,
		Credentials:  credentials.NewStaticCredentialsProvider(local.AccessKey, local.SecretKey, ""),
	}
	ctx, s.cancel = context.WithCancel(ctx)
	s.served.Go(func() { s.err = opened.Serve(ctx, ln) })
	return s, nil
}

// wait returns when the stack is no longer served and all is on the disk.
func (s *stack) wait() error {
	s.served.Wait()
	s.cancel()
	return s.err
}

// stop ends the stack. Connections of its own client that were never used would
// be waited for.
func (s *stack) stop() error {
	s.client.CloseIdleConnections()
	s.cancel()
	return s.wait()
}

// environment is what a client of the stack has to have set.
func (s *stack) environment() string {
	return strings.Join([]string{
		"export AWS_ENDPOINT_URL=" + s.url,
		"export AWS_ACCESS_KEY_ID=" + local.AccessKey,
		"export AWS_SECRET_ACCESS_KEY=" + local.SecretKey,
		"export AWS_DEFAULT_REGION=" + s.cfg.Region,
	}, "\n")
}

// introduce says how the stack is used. It shows the dead-letter queue: who
// received from the queue itself would hide messages from the refresh. With a
// page there is a daemon, and nobody has to refresh by hand.
func (a *app) introduce(c *config.Config, s *stack, page string) error {
	var buckets []string
	for _, b := range c.Buckets {
		buckets = append(buckets, b.Name)
	}
	served, once := "", "\n  athena-refresh once --conf "+a.conf
	if page != "" {
		served, once = "Status page: "+page+"\n", ""
	}
	return a.printf(`S3, SQS, Glue and Athena: %[1]s
%[9]s
%[2]s

In another terminal, with these set:

  aws s3 cp FILE s3://%[8]s.streamalerts/alerts/2026/01/02/03/FILE%[10]s
  athena-refresh query --conf %[6]s 'SELECT * FROM alerts'

  aws athena start-query-execution --work-group %[4]s --query-execution-context Database=%[5]s --query-string 'SHOW TABLES'
  aws --endpoint-url %[1]s sqs receive-message --message-attribute-names All --queue-url %[1]s/%[3]s_dlq

Buckets that notify: %[7]s.
Ctrl-C ends it.
`, s.url, s.environment(), c.Account+"/"+c.Queue, c.WorkGroup, c.Database, a.conf, strings.Join(buckets, ", "), c.Prefix, served, once)
}
