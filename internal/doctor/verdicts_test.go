package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/config"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// judged is a verdict that is to be had; says is part of what and hint.
type judged struct {
	found   Finding
	verdict Verdict
	says    string
}

func judge(t *testing.T, cases map[string]judged) {
	t.Helper()
	for name, c := range cases {
		text := c.found.What + " | " + c.found.Hint
		if c.found.Verdict != c.verdict || !strings.Contains(text, c.says) {
			t.Errorf("%s: %s: %s\nwant %s: … %s", name, c.found.Verdict, text, c.verdict, c.says)
		}
		if bad := c.found.Verdict == Wrong || c.found.Verdict == Warning; bad != (c.found.Hint != "") && c.found.Verdict != NotChecked {
			t.Errorf("%s: %s with the hint %q", name, c.found.Verdict, c.found.Hint)
		}
	}
}

func TestIdentity(t *testing.T) {
	here := Identity{Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/jo", Region: "us-east-1", Dated: true}
	at := func(skew time.Duration) Identity { who := here; who.Skew = skew; return who }
	refused := fmt.Errorf("%w: SignatureDoesNotMatch: Signature expired", ErrRefused)
	judge(t, map[string]judged{
		"ours":                     {credentials(here, nil, "123456789012"), OK, "user/jo"},
		"another account's":        {credentials(here, nil, "210987654321"), Wrong, "they are of account 123456789012, aws_account_id in global.json is 210987654321"},
		"none":                     {credentials(Identity{}, ErrNoCredentials, ""), Wrong, "there are none | set AWS_PROFILE"},
		"refused":                  {credentials(here, refused, ""), Wrong, "AWS_PROFILE"},
		"refused for a reason":     {credentials(here, faults.Hint(refused, "sign in again"), ""), Wrong, "Signature expired | sign in again"},
		"refused for the time":     {credentials(at(-20*time.Minute), refused, ""), Wrong, "this machine's clock is 20m0s slow | set the clock"},
		"refused, clock not known": {credentials(Identity{Skew: time.Hour}, refused, ""), Wrong, "AWS_PROFILE"},
		"no such service":          {credentials(here, ErrNoService, ""), NotChecked, "no such service"},
		"no answer":                {credentials(here, context.DeadlineExceeded, ""), NotChecked, "no answer within 10s"},
		"its region":               {region(here, nil, "us-east-1"), OK, ""},
		"another region":           {region(here, nil, "eu-west-1"), Warning, "the environment says us-east-1"},
		"no region":                {region(Identity{}, errors.New("no"), "eu-west-1"), NotChecked, "no"},
		"clock":                    {clock(at(59 * time.Second)), OK, ""},
		"clock two minutes fast":   {clock(at(2 * time.Minute)), Warning, "2m0s fast"},
		"clock six minutes slow":   {clock(at(-6 * time.Minute)), Wrong, "6m0s slow"},
		"no clock":                 {clock(Identity{}), NotChecked, ""},
	})
}

func TestQueue(t *testing.T) {
	c, notified := configuration(t), configuration(t)
	notified.NotifyFrom = []string{"210987654321", "arn:aws:sns:us-east-1:210987654321:trail", "arn:aws:events:us-east-1:123456789012:rule/logs"}
	with := func(change func(*Queue)) Queue { q := goodQueue(); change(&q); return q }
	none := with(func(q *Queue) { q.Redrive = "" })
	few := with(func(q *Queue) {
		q.Redrive = `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:other","maxReceiveCount":5}`
	})
	short := with(func(q *Queue) { q.Retention = 4 * 24 * time.Hour })
	parkedOne := with(func(q *Queue) { q.InFlight = 1 })
	judge(t, map[string]judged{
		"there":                  {queueExists(goodQueue(), nil, "p_queue"), OK, ""},
		"not there":              {queueExists(Queue{}, ErrMissing, "p_queue"), Wrong, "lambda deploy"},
		"not to be seen":         {queueExists(Queue{}, ErrDenied, "p_queue"), NotChecked, "allow sqs:GetQueueUrl"},
		"policy":                 {queuePolicy(goodQueue(), c), OK, "2 buckets"},
		"no policy":              {queuePolicy(with(func(q *Queue) { q.Policy = "" }), c), Wrong, "aws sqs set-queue-attributes --queue-url https://sqs.us-east-1.amazonaws.com/"},
		"policy for one of them": {queuePolicy(with(func(q *Queue) { q.Policy = strings.Replace(q.Policy, `"arn:aws:s3:::p.alerts",`, "", 1) }), c), Wrong, "send for p.alerts |"},
		"policy for anybody": {queuePolicy(with(func(q *Queue) {
			q.Policy = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`
		}), c), Warning, "p.alerts, p.logs, but others too"},
		"policy not understood":      {queuePolicy(with(func(q *Queue) { q.Policy = strings.Replace(q.Policy, "aws:SourceAccount", "aws:SourceOrgID", 1) }), c), NotChecked, "it isn't known that they hold"},
		"policy for another account": {queuePolicy(goodQueue(), notified), Wrong, "p.alerts of account 210987654321, p.logs of account 210987654321, topic trail, rule/logs |"},
		"policy by the account alone": {queuePolicy(with(func(q *Queue) {
			q.Policy = strings.Replace(q.Policy, `"ArnLike":{"aws:SourceArn":["arn:aws:s3:::p.alerts","arn:aws:s3:::p.logs"]},`, "", 1)
		}), c), OK, ""},
		"policy that is none":         {queuePolicy(with(func(q *Queue) { q.Policy = "{" }), c), Wrong, "read the policy"},
		"visibility of an hour":       {visibility(goodQueue(), time.Minute), OK, ""},
		"visibility short":            {visibility(goodQueue(), 61*time.Second), Warning, `{"VisibilityTimeout":"366"}`},
		"visibility below timeout":    {visibility(goodQueue(), 361*time.Second), Wrong, "before the timeout of 6m1s is over"},
		"kept":                        {keeps(goodQueue()), OK, "14 days"},
		"kept shortly":                {keeps(short), Warning, "4 days"},
		"redrive":                     {redrives(goodQueue(), "p_queue_dlq"), OK, "to p_queue_dlq"},
		"no redrive":                  {redrives(none, "p_queue_dlq"), Wrong, `arn:aws:sqs:us-east-1:123456789012:p_queue_dlq\",\"maxReceiveCount\":\"100\"`},
		"redrive that is none":        {redrives(with(func(q *Queue) { q.Redrive = "{" }), "p_queue_dlq"), Wrong, "read the redrive policy"},
		"redrive after five":          {redrives(few, "p_queue_dlq"), Warning, `:other\",\"maxReceiveCount\":\"100\"`},
		"dead letters":                {deadLetterQueue(goodQueue(), goodQueue(), nil, "p_queue_dlq"), OK, ""},
		"dead letters of ours":        {deadLetterQueue(goodQueue(), with(func(q *Queue) { q.Admits = `{"redrivePermission":"byQueue","sourceQueueArns":["` + queueARN + `"]}` }), nil, "p_queue_dlq"), OK, ""},
		"dead letters of others":      {deadLetterQueue(goodQueue(), with(func(q *Queue) { q.Admits = `{"redrivePermission":"byQueue","sourceQueueArns":["` + queueARN + `2"]}` }), nil, "p_queue_dlq"), Wrong, "RedriveAllowPolicy"},
		"dead letters of nobody":      {deadLetterQueue(goodQueue(), with(func(q *Queue) { q.Admits = `{"redrivePermission":"denyAll"}` }), nil, "p_queue_dlq"), Wrong, "SQS moves nothing"},
		"dead letters that are gone":  {deadLetterQueue(few, Queue{}, ErrMissing, "p_queue_dlq"), Wrong, "create-queue --queue-name other "},
		"dead letters kept shortly":   {deadLetterQueue(goodQueue(), short, nil, "p_queue_dlq"), Warning, "MessageRetentionPeriod"},
		"dead letters of nothing":     {deadLetterQueue(Queue{}, Queue{}, errNoQueue, "p_queue_dlq"), NotChecked, "see queue"},
		"in flight":                   {inFlight(with(func(q *Queue) { q.InFlight = refresh.CrowdedAbove })), OK, ""},
		"in flight near the limit":    {inFlight(with(func(q *Queue) { q.InFlight = refresh.CrowdedAbove + 1 })), Warning, "60001 messages"},
		"nothing parked":              {nothingParked(goodQueue(), nil), OK, ""},
		"parked and being looked at":  {nothingParked(parkedOne, nil), Warning, "1 message parked | athena-refresh parked sample"},
		"parked can't be seen":        {nothingParked(Queue{}, ErrDenied), NotChecked, "see dead_letter_queue"},
		"a command for another stack": {keeps(Queue{URL: "http://127.0.0.1:4566/1/q"}), Warning, "aws --endpoint-url http://127.0.0.1:4566 sqs "},
	})
}

func TestEncryption(t *testing.T) {
	c, own := configuration(t), configuration(t)
	own.KMSKeyARN = "arn:aws:kms:us-east-1:123456789012:key/1"
	notified := configuration(t)
	notified.NotifyFrom = []string{"arn:aws:sns:us-east-1:123456789012:trail"}
	q := func(key string) Queue { q := goodQueue(); q.KMSKey = key; return q }
	key := func(policy string) Key {
		return Key{ARN: own.KMSKeyARN, State: "Enabled", Policy: `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"}` + policy + `]}`}
	}
	const lets = `,{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":["kms:GenerateDataKey*","kms:Decrypt"],"Resource":"*"`
	judge(t, map[string]judged{
		"SQS's own":                {encryption(q(""), Key{}, c), OK, ""},
		"configured, not set":      {encryption(q(""), Key{}, own), Warning, "KmsMasterKeyId"},
		"AWS's key":                {encryption(q("alias/aws/sqs"), Key{}, c), Wrong, `{"SqsManagedSseEnabled":"true"}`},
		"AWS's key by its ARN":     {encryption(q("arn:x"), Key{AWS: true, State: "Enabled"}, c), Wrong, "sends nothing"},
		"S3 may":                   {encryption(q("k"), key(lets+"}"), own), OK, ""},
		"S3 may for these buckets": {encryption(q("k"), key(lets+`,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::p.*"},"StringEquals":{"aws:SourceAccount":"123456789012"}}}`), own), Warning, "AWS doesn't document"},
		"S3 may, SNS may not":      {encryption(q("k"), key(lets+"}"), notified), Wrong, "topic trail"},
		"S3 may not decrypt":       {encryption(q("k"), key(strings.Replace(lets, "Decrypt", "Encrypt", 1)+"}"), own), Wrong, "kms:Decrypt"},
		"only the account may":     {encryption(q("k"), key(""), own), Wrong, "s3.amazonaws.com"},
		"not understood":           {encryption(q("k"), key(lets+`,"Condition":{"StringEquals":{"kms:ViaService":"x"}}}`), own), Warning, "without conditions"},
		"disabled":                 {encryption(q("k"), Key{ARN: "k", State: "Disabled"}, own), Wrong, "aws kms enable-key"},
	})
	for err, want := range map[error]Verdict{ErrDenied: NotChecked, ErrMissing: Wrong} {
		d := well(t)
		d.Facts.Queue = func(context.Context, string) (Queue, error) { return q("k"), nil }
		d.Facts.Key = func(context.Context, string) (Key, error) { return Key{}, err }
		for _, f := range d.Run(t.Context()) {
			if f.Check == "encryption" && f.Verdict != want {
				t.Errorf("%v: %+v", err, f)
			}
		}
	}
}

func TestNotification(t *testing.T) {
	const created = "s3:ObjectCreated:*"
	to := func(arn, prefix, suffix string, events ...string) Notification {
		return Notification{ARN: arn, Prefix: prefix, Suffix: suffix, Events: events}
	}
	of := func(n Notifications, wanted ...string) Finding { return notification(n, goodQueue(), "b", wanted, nil) }
	queues := func(list ...Notification) Notifications { return Notifications{Queues: list} }
	judge(t, map[string]judged{
		"everything":                   {of(queues(to(queueARN, "", "", created)), ""), OK, ""},
		"nothing":                      {of(Notifications{}, ""), Wrong, `put-bucket-notification-configuration --bucket b --notification-configuration '{"QueueConfigurations":[{"Id":"athena-refresh","QueueArn":"` + queueARN + `"`},
		"another queue":                {of(queues(to(queueARN+"2", "", "", created)), ""), Wrong, "[QueueConfigurations[?QueueArn!='\\''" + queueARN + "2'\\''], `[{"},
		"another queue, of deletions":  {of(queues(to(queueARN+"2", "", "", "s3:ObjectRemoved:*")), ""), Wrong, " | aws s3api put-bucket-notification-configuration --bucket b --notification-configuration \"$(aws s3api get-"},
		"a function":                   {of(Notifications{Functions: 1}, ""), Wrong, "[QueueConfigurations || `[]`, `[{"},
		"a topic":                      {of(Notifications{Topics: []Notification{to("arn:t", "", "", created)}}, ""), Warning, "list-subscriptions-by-topic --topic-arn arn:t"},
		"a topic of what is deleted":   {of(Notifications{Topics: []Notification{to("arn:t", "", "", "s3:ObjectRemoved:*")}}, ""), Wrong, ""},
		"a topic that is named":        {notification(Notifications{Topics: []Notification{to("arn:t", "", "", created)}}, goodQueue(), "b", []string{""}, []string{"arn:t"}), OK, "notify_from"},
		"a rule that is named":         {notification(Notifications{EventBridge: true}, goodQueue(), "b", []string{""}, []string{"arn:aws:events:us-east-1:123456789012:rule/logs"}), OK, "rule/logs"},
		"EventBridge":                  {of(Notifications{EventBridge: true}, ""), Warning, "list-rule-names-by-target"},
		"only what is put":             {of(queues(to(queueARN, "", "", "s3:ObjectCreated:Put")), ""), Wrong, "not told of s3:ObjectCreated:Post, s3:ObjectCreated:Copy, s3:ObjectCreated:CompleteMultipartUpload | aws s3api put-"},
		"all of them, one by one":      {of(queues(to(queueARN, "", "", creations[:2]...), to(queueARN, "", "", creations[2:]...)), ""), OK, ""},
		"a prefix that rules have":     {of(queues(to(queueARN, "web/", "", created)), "web/", "web/a/"), OK, ""},
		"a prefix of some":             {of(queues(to(queueARN, "web/", "", created)), "web/", "app/"), Wrong, "app/…"},
		"a prefix, a rule for all":     {of(queues(to(queueARN, "web/", "", created)), ""), Wrong, "every key"},
		"a prefix that is encoded":     {of(queues(to(queueARN, "a%3D1+b/", "", created)), "a=1 b/c"), OK, ""},
		"a prefix that is not encoded": {of(queues(to(queueARN, "dt=", "", created)), "dt=2026"), Wrong, `"dt%3D"`},
		"a suffix that is not encoded": {of(queues(to(queueARN, "", "a b", created)), ""), Wrong, `"a+b"`},
		"two prefixes":                 {of(queues(to(queueARN, "web/", "", created), to(queueARN, "app/", "", created)), "web/", "app/"), OK, ""},
		"a suffix":                     {of(queues(to(queueARN, "", ".gz", created)), ""), Wrong, `""…".gz"`},
		"same region":                  {sameRegion("us-east-1", goodQueue()), OK, ""},
		"another region":               {sameRegion("eu-west-1", goodQueue()), Wrong, "it is in eu-west-1, the queue in us-east-1"},
	})
}

func TestTable(t *testing.T) {
	feed := table.TableRule{Bucket: "p.alerts", Rule: 1, Layout: "layout streamalert", Keys: []string{"dt"}, Samples: [][]string{{""}}, Named: true}
	with := func(change func(*refresh.Table)) refresh.Table { x := goodTable("alerts", "dt"); change(&x); return x }
	of := func(x refresh.Table, f ...table.TableRule) Finding { return judgeTable(x, f) }
	parquet, anyTable, hourly := feed, feed, feed
	hourly.Samples = [][]string{{"2026-01-02-03"}, {"2026-01-02"}}
	other := hourly
	other.Bucket = "p.other"
	parquet.Parquet, anyTable.Named, anyTable.Keys = true, false, []string{"other"}
	judge(t, map[string]judged{
		"as it should be":       {of(goodTable("alerts", "dt"), feed), OK, "partitioned by dt"},
		"keys in another order": {of(goodTable("web", "month", "year"), table.TableRule{Bucket: "p.logs", Keys: []string{"year", "month"}, Samples: [][]string{{"", ""}}, Named: true}), OK, ""},
		"another key":           {of(goodTable("alerts", "day"), feed), Wrong, "partition_keys_mismatch"},
		"one key more":          {of(goodTable("alerts", "dt", "hour"), feed), Wrong, "table create alerts --schema alerts"},
		"keys of numbers": {of(with(func(x *refresh.Table) {
			x.Keys = []refresh.Key{{Name: "year", Type: "int"}, {Name: "day", Type: "date"}}
		}),
			table.TableRule{Bucket: "p.alerts", Keys: []string{"day", "year"}, Samples: [][]string{{"", ""}}, Named: true}), OK, ""},
		"values that don't fit": {of(with(func(x *refresh.Table) { x.Keys[0].Type = "int" }), hourly), Wrong, "is no int"},
		"values that may fit":   {of(with(func(x *refresh.Table) { x.Keys[0].Type = "date" }), hourly), OK, ""},
		"projection":            {of(with(func(x *refresh.Table) { x.Kind = refresh.Projected }), feed), Warning, `{"ignore": true}`},
		"Iceberg":               {of(with(func(x *refresh.Table) { x.Kind, x.KindName = refresh.NotHive, "Iceberg table" }), feed), Wrong, "not_a_hive_table"},
		"Parquet into JSON":     {of(goodTable("alerts", "dt"), parquet), Wrong, "format_mismatch"},
		"Parquet into Parquet":  {of(with(func(x *refresh.Table) { x.Parquet = true }), parquet), OK, ""},
		"elsewhere":             {of(with(func(x *refresh.Table) { x.ID.Location = "s3://other/" }), feed), Warning, "it is at s3://other/, but is fed from p.alerts"},
		"of a time, from two":   {of(goodTable("alerts", "dt"), hourly, other), Warning, "p.alerts and p.other feed it"},
		"by a layout's {table}": {of(goodTable("alerts", "dt"), feed, anyTable), OK, ""},
		"missing":               {missingTable("web", []table.TableRule{{Bucket: "p.logs", Folder: "web/"}}), Wrong, "table create web --from s3://p.logs/web/"},
		"database":              {database(nil, "d"), OK, ""},
		"no database":           {database(fmt.Errorf("x: %w", ErrMissing), "d"), Wrong, "create-database"},
	})
	d := well(t)
	d.Facts.Catalog = catalog{err: refresh.ErrDatabaseMissing}
	if got := bad(d.Run(t.Context())); strings.Join(got, "; ") != "database p_db: wrong; table alerts: not checked; partitions alerts: not checked; table web: not checked; partitions web: not checked" {
		t.Errorf("without a database: %q", got)
	}
}

func TestResults(t *testing.T) {
	c := configuration(t)
	router, err := table.New(c.Buckets)
	if err != nil {
		t.Fatal(err)
	}
	group := func(w WorkGroup) Finding { return workGroup(w, nil, c) }
	to := func(arn string) Notifications {
		return Notifications{Queues: []Notification{{ARN: arn, Events: []string{"s3:ObjectCreated:*"}}}}
	}
	judge(t, map[string]judged{
		"work group":                 {group(WorkGroup{Enabled: true}), OK, "s3://p.results/"},
		"its own place, not forced":  {group(WorkGroup{Enabled: true, Location: "s3://other/"}), OK, "s3://p.results/"},
		"its own place":              {group(WorkGroup{Enabled: true, Enforced: true, Location: "s3://p.results/x/"}), OK, "s3://p.results/x/"},
		"its own place elsewhere":    {group(WorkGroup{Enabled: true, Enforced: true, Location: "s3://other/"}), Warning, "it enforces s3://other/"},
		"Athena's":                   {group(WorkGroup{Enabled: true, Managed: true, Enforced: true}), OK, ""},
		"disabled":                   {group(WorkGroup{}), Wrong, "update-work-group --state ENABLED"},
		"none":                       {workGroup(WorkGroup{}, ErrMissing, c), Wrong, "create-work-group --name p_group"},
		"a bucket of their own":      {loop("s3://p.results/", c, router), OK, ""},
		"a bucket of logs":           {loop("s3://p.logs/results/", c, router), Wrong, `{"prefix": "results/", "ignore": true}`},
		"a bucket of logs, ignored":  {loop("s3://p.logs/junk/", c, router), Warning, "results_bucket"},
		"ignored, without a slash":   {loop("s3://p.logs/junk", c, router), Warning, "results_bucket"},
		"ignored, with one more":     {loop("s3://p.logs//junk/", c, router), Warning, "results_bucket"},
		"beside what is ignored":     {loop("s3://p.logs/junkyard", c, router), Wrong, `{"prefix": "junkyard/", "ignore": true}`},
		"does not notify":            {notifiesItself(to(queueARN+"2"), goodQueue(), "p.results"), OK, ""},
		"notifies the refresh again": {notifiesItself(to(queueARN), goodQueue(), "p.results"), Wrong, "unknown_bucket"},
	})
	for _, among := range []string{"s3://p.logs", "s3://p.logs/", "s3://p.logs//", "s3://p.logs/web/", "s3://p.logs/web/year=2026/month=01/"} {
		if f := loop(among, c, router); f.Verdict != Wrong || strings.Contains(f.Hint, "ignore") {
			t.Errorf("%s: %s, %q would ignore logs", among, f.Verdict, f.Hint)
		}
	}
}

func TestFunction(t *testing.T) {
	c := configuration(t)
	with := func(change func(*Function)) Finding { f := goodFunction; change(&f); return function(f, nil, c) }
	set := func(change func(*config.Config)) *config.Config { c := configuration(t); change(c); return c }
	queued := set(func(c *config.Config) { c.Trigger = config.TriggerQueue })
	off := set(func(c *config.Config) { c.Enabled = false })
	byRule := permission("")
	runs := func(x Triggers, c *config.Config) Finding { return trigger(x, goodFunction, c) }
	judge(t, map[string]judged{
		"deployed":                {function(goodFunction, nil, c), OK, "version 3"},
		"not deployed":            {function(Function{}, ErrMissing, c), NotChecked, "athena-refresh run"},
		"not to be seen":          {function(Function{}, ErrDenied, c), NotChecked, "lambda:GetAlias"},
		"no alias":                {with(func(f *Function) { f.Version = "" }), Wrong, "production"},
		"failed":                  {with(func(f *Function) { f.State, f.Why = "Failed", "no image" }), Wrong, "no image"},
		"other settings":          {with(func(f *Function) { f.Timeout, f.MemoryMB = 3*time.Second, 256 }), Wrong, "its timeout is 3s, not 1m0s; its memory is 256 MB, not 128"},
		"another endpoint":        {with(func(f *Function) { f.Env = []string{"AWS_ENDPOINT_URL_SQS"} }), Wrong, "AWS_ENDPOINT_URL_SQS"},
		"asleep":                  {with(func(f *Function) { f.State = "Inactive" }), OK, ""},
		"rule":                    {runs(byRule, c), OK, "rule/p_schedule"},
		"a source account":        {runs(permission(`,"StringEquals":{"AWS:SourceAccount":"123456789012"}`), c), Wrong, "rule/p_schedule may not start it"},
		"a source account, if":    {runs(permission(`,"StringEqualsIfExists":{"AWS:SourceAccount":"123456789012"}`), c), OK, ""},
		"an organisation":         {runs(permission(`,"StringEquals":{"aws:PrincipalOrgID":"o-1"}`), c), Wrong, "may not start it"},
		"what is not documented":  {runs(permission(`,"StringEquals":{"aws:SourceOrgID":"o-1"}`), c), NotChecked, "it isn't known"},
		"no rule":                 {runs(Triggers{}, c), Wrong, "no rule may start it"},
		"queue":                   {runs(Triggers{Mapping: "Enabled"}, queued), OK, ""},
		"queue, disabled":         {runs(Triggers{Mapping: "Disabled"}, queued), Wrong, "Disabled"},
		"queue, no mapping":       {runs(byRule, queued), Wrong, "none"},
		"rule and queue":          {runs(Triggers{Mapping: "Enabled", Invokers: byRule.Invokers}, c), Warning, "as well"},
		"switched off":            {runs(byRule, off), OK, ""},
		"switched off, but is on": {runs(Triggers{Mapping: "Enabled"}, off), Wrong, "is enabled"},
		"all rights":              {permissions("r", nil), OK, ""},
		"a right that is missing": {permissions("r", []string{"sqs:SendMessage on q"}), Wrong, "r may not: sqs:SendMessage on q"},
	})
}

func TestWhoIsSimulated(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:iam::123456789012:user/team/jo":                    "arn:aws:iam::123456789012:user/team/jo",
		"arn:aws:sts::123456789012:assumed-role/ops/jo@example.org": "arn:aws:iam::123456789012:role/ops",
		"arn:aws:iam::123456789012:root":                            "",
		"arn:aws:sts::123456789012:federated-user/jo":               "",
		"": "",
	} {
		if got := principal(arn); got != want {
			t.Errorf("%s: %q", arn, got)
		}
	}
}

// TestTheFunctionsRoleIsAskedAbout and not the caller, who may be more.
func TestTheFunctionsRoleIsAskedAbout(t *testing.T) {
	d := well(t)
	var who []string
	d.Facts.Denied = func(_ context.Context, principal string, actions []string, resource string) ([]string, error) {
		who = append(who, principal)
		if resource == queueARN {
			return actions[:1], nil
		}
		return nil, nil
	}
	got := bad(d.Run(t.Context()))
	if len(got) != 1 || got[0] != "permissions p_function: wrong" || len(who) != 9 || who[0] != goodFunction.Role {
		t.Errorf("%q, asked about %q", got, who)
	}
}
