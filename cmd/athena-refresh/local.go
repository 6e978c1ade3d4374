package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/aws/provision"
	"athenarefresh/internal/config"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/local"
	"athenarefresh/internal/schema/infer"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/cobra"
)

func (a *app) local() *cobra.Command {
	var listen string
	o := local.Options{Roles: local.Roles{}}
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Serve S3, SQS, Glue and Athena on this machine",
		Long: `Local serves its own S3, SQS, Glue and Athena on one port of this machine, and
makes the resources of the configuration: buckets that notify the queue, the
queues, the database with the table alerts and the tables that the configuration
has a file of in its folder tables (open --save). Any AWS client works with it. It
keeps what is stored in --data, and serves until Ctrl-C.

With --policy ROLE=FILE, whoever uses ROLE as the access key id may do what the
policy in FILE allows, and Athena does no more for them. Local says so the first
time that a right is missing. Whoever uses "test" may do everything.

--latency makes services slow; for Athena it is the time of a statement. --fail
makes a share of the calls of an operation, or of all operations (*), fail. Use
both to see how a program copes.`,
		Example: `  athena-refresh local --policy refresher=role.json
  athena-refresh local --latency athena=1500ms,sqs=10ms,glue=20ms
  athena-refresh local --fail Glue.BatchGetPartition:ThrottlingException:5% --fail SQS.ReceiveMessage:500:1%`,
		Args: exactly(0, "local: takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, router, err := a.router()
			if err != nil {
				return err
			}
			o.Judged = a.denials()
			s, err := startStack(cmd.Context(), c, listen, o)
			if err != nil {
				return err
			}
			if err := a.makeResources(cmd.Context(), s, c, router); err != nil {
				return errors.Join(err, s.stop())
			}
			if err := errors.Join(a.introduceRoles(o.Roles), a.introduce(c, s, "")); err != nil {
				return errors.Join(err, s.stop())
			}
			return s.wait()
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:4566", "address to serve on, of this machine only")
	cmd.Flags().StringVar(&o.Data, "data", "data", "folder that keeps what is stored")
	strainFlags(cmd, &o)
	return cmd
}

// makeResources makes what the configuration calls for on a stack: its resources,
// and the tables whose columns are saved with it.
func (a *app) makeResources(ctx context.Context, s *stack, c *config.Config, router *table.Router) error {
	search := searcher(s.cfg, c)
	if err := provision.Make(ctx, s.cfg, c, search.Do); err != nil {
		return explainAWS("make the resources", err)
	}
	names, err := infer.SavedTables(a.conf)
	if err != nil {
		return err
	}
	t := &tables{app: a, c: c, rules: router, cfg: s.cfg, catalog: glue.NewTables(s.cfg, c.Database)}
	if names, err = t.absent(ctx, names...); err != nil {
		return err
	}
	for _, name := range names {
		if err := t.createNow(ctx, search, name, nil); err != nil {
			return err
		}
	}
	return nil
}

// strainFlags are what makes the embedded AWS as strict, slow and fallible as the
// real one.
func strainFlags(cmd *cobra.Command, o *local.Options) {
	cmd.Flags().Func("policy", "`ROLE=FILE`: the policy, in JSON, of whoever has ROLE as access key id; repeatable", func(s string) error {
		role, file, _ := strings.Cut(s, "=")
		if file == "" {
			return errors.New("it is ROLE=FILE")
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return o.Roles.Add(role, text)
	})
	cmd.Flags().Func("latency", "`SERVICE=TIME,…`: how long a service's answers take at least; Athena's statements, not its calls", func(s string) (err error) {
		o.Latency, err = local.ParseLatency(s)
		return err
	})
	cmd.Flags().Func("fail", "`SERVICE.Operation:error:N%`: a share of the answers is that error, by name or status; repeatable", func(s string) error {
		f, err := local.ParseFault(s)
		o.Faults = append(o.Faults, f)
		return err
	})
}

// denials says of each right that a role lacks, once.
func (a *app) denials() func(local.Judgement) {
	var mu sync.Mutex
	said := map[local.Judgement]bool{}
	return func(j local.Judgement) {
		mu.Lock()
		defer mu.Unlock()
		if j.Allowed || said[j] || len(said) == maxDenials {
			return
		}
		said[j] = true
		a.say(fmt.Sprintf("denied: %s may not %s on %s", j.Role, j.Action, j.Resource))
	}
}

// maxDenials bounds what is remembered: resources are objects as well.
const maxDenials = 10_000

// introduceRoles says how to be a role.
func (a *app) introduceRoles(roles local.Roles) error {
	for _, role := range slices.Sorted(maps.Keys(roles)) {
		if err := a.printf("As the role %[1]s: export AWS_ACCESS_KEY_ID=%[1]s\n", role); err != nil {
			return err
		}
	}
	return nil
}

// stack is an embedded AWS that is being served.
type stack struct {
	url string
	cfg aws.Config

	served sync.WaitGroup
	cancel context.CancelFunc
	err    error
}

// startStack serves a stack until ctx ends or stop is called.
func startStack(ctx context.Context, c *config.Config, listen string, o local.Options) (*stack, error) {
	ln, err := net.Listen("tcp", listen) // first: what can't listen leaves no folder behind
	if err != nil {
		return nil, faults.Hint(fmt.Errorf("local: %w", err), "--listen 127.0.0.1:0 takes any free port; set AWS_ENDPOINT_URL to the address that it prints, or your client talks to whatever uses this port")
	}
	if !ln.Addr().(*net.TCPAddr).IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("local: listen on %s: it is for this machine only (127.0.0.1 or [::1])", listen), ln.Close())
	}
	if err := local.CanSelect(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the local stack: %w", err), ln.Close())
	}
	o.Region, o.Account = c.Region, c.Account
	opened, err := local.Open(o)
	switch {
	case errors.Is(err, local.ErrInUse):
		err = faults.Hint(err, "another athena-refresh has this folder: end it, or name another by --data")
	case errors.Is(err, local.ErrDamaged):
		err = faults.Hint(err, "nothing was changed: restore a copy of local.db, or start with another folder (--data). Only local.db knows which object each file in objects/ is")
	}
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	s := &stack{url: "http://" + ln.Addr().String()}
	s.cfg = aws.Config{
		HTTPClient:   &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}},
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

// stop ends the stack.
func (s *stack) stop() error {
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
`, s.url, s.environment(), c.Account+"/"+c.Queue, c.WorkGroup, c.Database, a.conf, strings.Join(c.BucketNames(), ", "), c.Prefix, served, once)
}
