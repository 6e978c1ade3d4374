package main

import (
	"errors"
	"fmt"
	"strings"

	"athenarefresh/internal/source"

	"github.com/spf13/cobra"
)

// help is cobra's command of that name, except that an unknown topic is an
// error.
func help(root *cobra.Command) *cobra.Command {
	find := func(args []string) *cobra.Command {
		cmd, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return nil
		}
		return cmd
	}
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Say more about a command or a topic",
		Args: func(_ *cobra.Command, args []string) error {
			if find(args) == nil {
				return hint(fmt.Errorf("help %s: no such command or topic", strings.Join(args, " ")), "athena-refresh help lists them")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd := find(args)
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, c := range root.Commands() {
				if !c.Hidden {
					names = append(names, c.Name())
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// topics are pages of help that belong to no command.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "config", Short: "The configuration: conf/global.json and conf/lambda.json", Long: strings.TrimSpace(configTopic)},
		{Use: "layouts", Short: "The layouts: how partitions are read out of keys", Long: strings.TrimSpace(layoutsTopic)},
		sourcesTopic(),
	}
}

// sourcesTopic is made of the sources' pages, when it is asked for.
func sourcesTopic() *cobra.Command {
	cmd := &cobra.Command{Use: "sources", Short: "The sources: the logs that the program knows"}
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		text, err := describeSources()
		if err != nil {
			text = err.Error() // the tests read the pages
		}
		fmt.Fprintln(cmd.OutOrStdout(), text)
	})
	return cmd
}

const sourcesIntroduction = `A source is what the program knows of one writer's logs. In lambda.json's buckets
it is a rule of one word, and several may share a bucket:

  {"source": "alb"}
  {"source": "aws-logs"}   all of AWS's below AWSLogs/, each in its own table

"prefix" and "file" narrow it; "table" and "partition" replace its own. The program
ignores what the writer puts beside its logs (digests, manifests, test files), as
its companions. docs/sources.md has each source with its queries and warnings.
`

// describeSources is a paragraph for each source: its title, the table and its
// keys, and where a file of it lies.
func describeSources() (string, error) {
	pages, err := source.Pages()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(sourcesIntroduction)
	for _, p := range pages {
		at, err := p.Example()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n%s: %s\n  {\"source\": %q}, table %s, keys %s\n  %s\n", p.Name, p.Title, p.Name, at.Table, strings.Join(at.Keys, ", "), p.Keys[0])
	}
	return strings.TrimSpace(b.String()), nil
}

// errInterrupted is what a command returns that Ctrl-C ended after the round in
// hand.
var errInterrupted = errors.New("interrupted")

const configTopic = `
The configuration is two files in one folder (--conf, conf by default).

global.json says whose resources these are:

  {"account": {"prefix": "example", "region": "us-east-1", "aws_account_id": "123456789012"}}

lambda.json says what to do, in the section athena_partition_refresh_config:

  {
    "athena_partition_refresh_config": {
      "buckets": {
        "<prefix>.streamalerts": "alerts",
        "<prefix>.streamalert.data": "data",
        "<prefix>.cloudtrail": [{"table": "cloudtrail", "layout": "cloudtrail"}]
      },
      "schedule_expression": "rate(10 minutes)",
      "timeout": 60
    }
  }

buckets maps a bucket to the table that its objects belong to: "data" (the first
folder is the table), the name of a table, or a list of rules, of which the
first that matches decides (athena-refresh help layouts). You need no other
setting:

  setting                default
  enabled                true       false: deployed, but switched off
  schedule_expression    rate(10 minutes)
  trigger                schedule   queue: as soon as messages arrive
  catalog                athena     glue: partitions by the catalog's own API
  statements_in_flight   5          of the account's 20 DDL statements
  timeout                60         seconds of one invocation
  memory                 128        MB (*)
  log_level              info       debug: every message and statement
  enable_metrics         false      true: metrics for CloudWatch, as log lines
  reconcile_every        none       as schedule_expression: add what is missing (the
                                    function finds no partitions of empty folders)
  database_name          <prefix>_streamalert
  queue_name             <prefix>_streamalert_athena_s3_notifications
  results_bucket         <prefix>.streamalert.athena-results
  workgroup              <prefix>_streamalert
  kms_key_arn            none       for the queues and the results bucket (*)
  alarm_topic_arn        none       for the alarms (*)
  notify_from            []         who else may send to the queue: ids of accounts
                                    whose buckets are in buckets, ARNs of SNS
                                    topics and of EventBridge rules (*)

(*) only lambda deploy uses it; the other commands just check it.

<prefix> in a name stands for account.prefix. Numbers may be strings. An unknown
setting is an error. Region, credentials and endpoints come from the
environment, as with the AWS SDK; account.region is the default.
`

const layoutsTopic = `
A layout says how to read a partition out of an object's key. In lambda.json's
buckets, a bucket has one layout (a short form) or a list of rules:

  {"prefix": "logs/*/", "layout": "hive", "table": "web", "keys": ["dt", "region"]}
  {"prefix": "**/tmp/", "ignore": true}
  {"file": "*.log", "source": "clb"}

The key must begin with prefix, in which * stands for one folder and **/ at the
beginning for any folders. file is a pattern of the file's name, in which * is any
text and ? one character. The first rule that matches decides. What * stands for
is no partition key: if two folders below logs/ have the same dt and region, the
second is a location_conflict. Make it a key then, with the template
logs/{app}/dt={dt}/region={region}/.

A source is what the program knows of one writer's logs, in one word: layout,
keys, table, and what lies beside the logs (athena-refresh help sources). Its rule
takes only keys that have its shape. A file pattern separates objects, not what a
query reads: a partition is a folder, and Athena reads all of its files.

These are the layouts, each with an object it places and the result:

  streamalert          alerts/2018/03/01/05/a.gz
                       dt=2018-03-01-05 at alerts/2018/03/01/05/
  streamalert-data     osquery/2018/03/01/05/a.gz
                       table osquery, dt=2018-03-01-05 at osquery/2018/03/01/05/
  streamalert-parquet  parquet/osquery/dt=2018-03-01-05/a.parquet
                       table osquery, dt=2018-03-01-05 at parquet/osquery/dt=2018-03-01-05/
  hive                 logs/web/dt=2018-03-01/region=eu/a.gz
                       dt=2018-03-01, region=eu at logs/web/dt=2018-03-01/region=eu/
  cloudtrail           AWSLogs/111122223333/CloudTrail/us-east-1/2018/03/01/a.json.gz
                       account=111122223333, region=us-east-1, dt=2018-03-01
  vpcflow              AWSLogs/111122223333/vpcflowlogs/us-east-1/2018/03/01/a.log.gz
                       account=111122223333, region=us-east-1, dt=2018-03-01
  alb                  AWSLogs/111122223333/elasticloadbalancing/us-east-1/2018/03/01/a.log.gz
                       account=111122223333, region=us-east-1, dt=2018-03-01

Anything else is a template, such as {app}/{yyyy}-{MM}-{dd}/:

  {name}       a folder, or a part of one
  {yyyy} {MM} {dd} {HH} {mm} {ss}   digits of a time
  {M} {d} {H}  the same, also without a zero in front
  […/]         folders that may be missing
  **/          at the beginning: any folders before

The partition keys are the names in their order, then dt, made of the time. To
have others, add "partition": {"day": "{yyyy}-{MM}-{dd}"}; that works with any
layout or source. The table may be made of captures: "table": "{app}_logs" is
folded to lower case, every character that no table has becomes a _, and app is
no partition key then.

Try a rule on an object before it lands, and make the table that it calls for,
with these keys:

  athena-refresh explain BUCKET KEY
  athena-refresh table create TABLE --from s3://BUCKET/
`
