package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/aws/provision"
	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/config"
	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// account is an AWS on this machine, in this process.
type account struct {
	t    *testing.T
	url  string
	cfg  aws.Config
	sqs  *sqs.Client
	glue *glue.Client
}

func newAccount(t *testing.T) *account {
	t.Helper()
	return newAccountWith(t, local.Options{})
}

func newAccountWith(t *testing.T, o local.Options) *account {
	t.Helper()
	built(t)
	o.Data = t.TempDir()
	stack, err := local.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- stack.Serve(ctx, ln) }()
	a := &account{t: t, url: "http://" + ln.Addr().String()}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	a.cfg = aws.Config{
		HTTPClient: client, Region: "us-east-1", BaseEndpoint: &a.url,
		Credentials: credentials.NewStaticCredentialsProvider(local.AccessKey, local.SecretKey, ""),
	}
	a.sqs, a.glue = sqs.NewFromConfig(a.cfg), glue.NewFromConfig(a.cfg)
	t.Cleanup(func() {
		client.CloseIdleConnections()
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return a
}

// of is the same account, for a part of its test.
func (a *account) of(t *testing.T) *account {
	part := *a
	part.t = t
	return &part
}

// site is a configuration whose resources are in an account.
type site struct {
	*account
	root        string // the function's: conf is in it
	c           *config.Config
	queue, dead *string // their URLs
}

// newSite makes the resources of a prefix; settings are of lambda.json.
func (a *account) newSite(prefix string, settings map[string]any) *site {
	a.t.Helper()
	s := &site{account: a, root: writeConf(a.t, prefix, settings)}
	var err error
	if s.c, _, err = config.Load(filepath.Join(s.root, "conf")); err != nil {
		a.t.Fatal(err)
	}
	if err := provision.Make(a.t.Context(), a.cfg, s.c,
		query.New(a.cfg, query.Options{Database: s.c.Database, WorkGroup: s.c.WorkGroup, ResultsBucket: s.c.ResultsBucket}).Do); err != nil {
		a.t.Fatal(err)
	}
	s.queue, s.dead = a.queueURL(s.c.Queue), a.queueURL(s.c.DeadLetterQueue)
	s.delete(s.queue, s.receive(s.queue, 100)) // S3's test events
	return s
}

func writeConf(t *testing.T, prefix string, settings map[string]any) (root string) {
	t.Helper()
	built(t)
	root = t.TempDir()
	if settings == nil {
		settings = map[string]any{}
	}
	section, err := json.Marshal(map[string]any{"athena_partition_refresh_config": settings})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"global.json": `{"account": {"prefix": "` + prefix + `", "region": "us-east-1", "aws_account_id": "123456789012"}}`,
		"lambda.json": string(section),
	}
	if err := os.Mkdir(filepath.Join(root, "conf"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, "conf", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func (a *account) queueURL(name string) *string {
	a.t.Helper()
	out, err := a.sqs.GetQueueUrl(a.t.Context(), &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		a.t.Fatal(err)
	}
	return out.QueueUrl
}

// hideFor sets the queue's visibility timeout.
func (s *site) hideFor(d time.Duration) {
	s.t.Helper()
	_, err := s.sqs.SetQueueAttributes(s.t.Context(), &sqs.SetQueueAttributesInput{
		QueueUrl: s.queue, Attributes: map[string]string{"VisibilityTimeout": fmt.Sprint(int(d.Seconds()))},
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// tables makes tables of JSON lines with the partition key dt, or the given ones.
func (s *site) tables(names ...string) {
	s.t.Helper()
	for _, name := range names {
		name, keys, _ := strings.Cut(name, " ")
		var columns []gluetypes.Column
		for _, k := range strings.Fields(keys) {
			columns = append(columns, gluetypes.Column{Name: aws.String(k), Type: aws.String("string")})
		}
		if columns == nil {
			columns = []gluetypes.Column{{Name: aws.String("dt"), Type: aws.String("string")}}
		}
		_, err := s.glue.CreateTable(s.t.Context(), &glue.CreateTableInput{DatabaseName: &s.c.Database, TableInput: &gluetypes.TableInput{
			Name: &name, TableType: aws.String("EXTERNAL_TABLE"), PartitionKeys: columns,
			StorageDescriptor: &gluetypes.StorageDescriptor{
				Columns:      []gluetypes.Column{{Name: aws.String("id"), Type: aws.String("string")}},
				Location:     aws.String("s3://somewhere/" + name + "/"),
				InputFormat:  aws.String("org.apache.hadoop.mapred.TextInputFormat"),
				OutputFormat: aws.String("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
				SerdeInfo:    &gluetypes.SerDeInfo{SerializationLibrary: aws.String("org.openx.data.jsonserde.JsonSerDe")},
			},
		}})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// catalog is every partition of the site's database, "table values location",
// sorted.
func (s *site) catalog() (all []string) {
	s.t.Helper()
	tables, err := s.glue.GetTables(s.t.Context(), &glue.GetTablesInput{DatabaseName: &s.c.Database})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, t := range tables.TableList {
		pages := glue.NewGetPartitionsPaginator(s.glue, &glue.GetPartitionsInput{DatabaseName: &s.c.Database, TableName: t.Name})
		for pages.HasMorePages() {
			page, err := pages.NextPage(s.t.Context())
			if err != nil {
				s.t.Fatal(err)
			}
			for _, p := range page.Partitions {
				all = append(all, fmt.Sprintf("%s %s %s", *t.Name, strings.Join(p.Values, ","), *p.StorageDescriptor.Location))
			}
		}
	}
	slices.Sort(all)
	return all
}

// send puts bodies into the queue.
func (s *site) send(bodies ...string) {
	s.t.Helper()
	for batch := range slices.Chunk(bodies, 10) {
		in := &sqs.SendMessageBatchInput{QueueUrl: s.queue}
		for i, b := range batch {
			in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: &b})
		}
		out, err := s.sqs.SendMessageBatch(s.t.Context(), in)
		if err != nil || len(out.Failed) > 0 {
			s.t.Fatal(err, out)
		}
	}
}

// depth is how many messages of a queue wait and are hidden.
func (s *site) depth(queue *string) string {
	s.t.Helper()
	out, err := s.sqs.GetQueueAttributes(s.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: queue, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		s.t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] + " " + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

// receive takes up to n messages out of a queue, fewer if it is empty.
func (s *site) receive(queue *string, n int) (all []types.Message) {
	s.t.Helper()
	for len(all) < n {
		out, err := s.sqs.ReceiveMessage(s.t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: queue, MaxNumberOfMessages: int32(min(10, n-len(all))), MessageAttributeNames: []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil {
			s.t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			break
		}
		all = append(all, out.Messages...)
	}
	return all
}

// batchEvent is the event of an event source mapping (docs/aws-facts.md 2.5).
func batchEvent(t *testing.T, messages []types.Message) string {
	t.Helper()
	records := []map[string]any{}
	for _, m := range messages {
		records = append(records, map[string]any{
			"messageId": m.MessageId, "receiptHandle": m.ReceiptHandle, "body": m.Body, "attributes": m.Attributes,
			"messageAttributes": map[string]any{}, "md5OfBody": m.MD5OfBody, "eventSource": "aws:sqs",
			"eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:q", "awsRegion": "us-east-1",
		})
	}
	event, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		t.Fatal(err)
	}
	return string(event)
}

// failures reads the answer to a batch as Lambda does (docs/aws-facts.md 3.3): the ids of
// the messages that were not settled; all of them where it takes the whole
// batch for failed. A function that relies on that is broken, so it is an error
// unless the function failed.
func failures(t *testing.T, messages []types.Message, a answer) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, m := range messages {
		all[*m.MessageId] = true
	}
	if a.failed {
		return all
	}
	var top map[string][]map[string]string
	if err := json.Unmarshal([]byte(a.body), &top); err != nil || len(top) != 1 || top["batchItemFailures"] == nil {
		t.Errorf("the answer to a batch is %.300s", a.body)
		return all
	}
	failed := map[string]bool{}
	for _, f := range top["batchItemFailures"] {
		id := f["itemIdentifier"]
		if !all[id] || len(f) != 1 || failed[id] {
			t.Errorf("the answer to a batch names %v", f)
			return all
		}
		failed[id] = true
	}
	return failed
}

// deliver is one turn of an event source mapping: it hands a batch of up to n
// messages to the function and deletes those that it settled. It returns how
// many there were, and how many failed.
func (s *site) deliver(f *function, n int, timeout time.Duration) (received, failed int) {
	f.t.Helper()
	messages := s.receive(s.queue, n)
	if len(messages) == 0 {
		return 0, 0
	}
	a, alive := f.end(f.begin(batchEvent(f.t, messages), timeout))
	if !alive {
		return len(messages), len(messages)
	}
	bad := failures(f.t, messages, a)
	s.delete(s.queue, slices.DeleteFunc(messages, func(m types.Message) bool { return bad[*m.MessageId] }))
	return len(messages), len(bad)
}

func (s *site) delete(queue *string, messages []types.Message) {
	s.t.Helper()
	for batch := range slices.Chunk(messages, 10) {
		in := &sqs.DeleteMessageBatchInput{QueueUrl: queue}
		for i, m := range batch {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
		}
		if out, err := s.sqs.DeleteMessageBatch(s.t.Context(), in); err != nil || len(out.Failed) > 0 {
			s.t.Fatal(err, out)
		}
	}
}

// parked are the bodies in the dead-letter queue with their reasons, sorted,
// each once: a copy may come twice.
func (s *site) parked() []string {
	s.t.Helper()
	found := map[string]bool{}
	for _, m := range s.receive(s.dead, 100_000) {
		why := struct{ Reasons []string }{}
		if a := m.MessageAttributes["athena-refresh"]; a.StringValue != nil {
			if err := json.Unmarshal([]byte(*a.StringValue), &why); err != nil {
				s.t.Fatal(err)
			}
		}
		found[fmt.Sprint(why.Reasons, *m.Body)] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// landed is S3's notification of an object.
func landed(bucket, key string) string {
	return fmt.Sprintf(`{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":%q,"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":%q},"object":{"key":%q,"size":1}}}]}`,
		time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), bucket, key)
}
