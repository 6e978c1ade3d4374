package local_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// clock is a server's clock that a test moves. Requests are signed by the real
// one, so it must stay within 15 minutes of that while requests come in.
type clock struct {
	ahead atomic.Int64
	from  time.Time // it stands still there until it is told; zero: it goes
}

func (c *clock) now() time.Time {
	if !c.from.IsZero() {
		return c.from.Add(time.Duration(c.ahead.Load()))
	}
	return time.Now().Add(time.Duration(c.ahead.Load()))
}

func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

func TestMessageComesWithEverythingThatWasSent(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", nil)
	body := "bödy <&> \"quoted\" \t🦆"
	// The SDK compares the digests of body and attributes on both ways.
	sent, err := s.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: &queue, MessageBody: &body,
		MessageAttributes: map[string]sqstypes.MessageAttributeValue{
			"reasons": {DataType: aws.String("String"), StringValue: aws.String("unknown_bucket")},
			"n":       {DataType: aws.String("Number.int"), StringValue: aws.String("42")},
			"raw":     {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1, 255}},
		},
		MessageSystemAttributes: map[string]sqstypes.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1-5759e988-bd862e3fe1be46a994272793")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	m := s.receive(t, queue, 0)[0]
	if *m.Body != body || *m.MessageId != *sent.MessageId {
		t.Errorf("received %q as %s, sent %s", *m.Body, *m.MessageId, *sent.MessageId)
	}
	if len(m.MessageAttributes) != 3 || *m.MessageAttributes["n"].StringValue != "42" || string(m.MessageAttributes["raw"].BinaryValue) != "\x00\x01\xff" {
		t.Errorf("attributes %v", m.MessageAttributes)
	}
	for names, want := range map[string]int{"All": 3, "*": 3, ".*": 3, "r.*": 2, "raw": 1, "r": 0, "": 0} {
		s.show(t, queue, m.ReceiptHandle)
		out, err := s.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MessageAttributeNames: []string{names}})
		if err != nil || len(out.Messages) != 1 || len(out.Messages[0].MessageAttributes) != want {
			t.Errorf("%q: %d attributes, want %d (%v)", names, len(out.Messages[0].MessageAttributes), want, err)
		}
	}
	at, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64)
	if err != nil || time.Since(time.UnixMilli(at)) > time.Minute {
		t.Errorf("SentTimestamp %q", m.Attributes["SentTimestamp"])
	}
	first, err := strconv.ParseInt(m.Attributes["ApproximateFirstReceiveTimestamp"], 10, 64)
	if err != nil || first < at {
		t.Errorf("ApproximateFirstReceiveTimestamp %q", m.Attributes["ApproximateFirstReceiveTimestamp"])
	}
	if m.Attributes["ApproximateReceiveCount"] != "1" || m.Attributes["SenderId"] == "" || !strings.HasPrefix(m.Attributes["AWSTraceHeader"], "Root=1-") {
		t.Errorf("system attributes %v", m.Attributes)
	}
}

func TestHiddenUntilItsVisibilityEnds(t *testing.T) {
	c := &clock{}
	s := start(t, local.Options{Now: c.now})
	queue := s.createQueue(t, "q", map[string]string{"VisibilityTimeout": "60"})
	s.send(t, queue, "m")
	first := s.receive(t, queue, 0)[0]
	if n := len(s.receive(t, queue, 0)); n != 0 {
		t.Fatal("handed out twice at once")
	}
	if got := s.counts(t, queue); got != [3]string{"0", "1", "0"} {
		t.Errorf("counts %v", got)
	}
	c.advance(61 * time.Second)
	second := s.receive(t, queue, 0)
	if len(second) != 1 || second[0].Attributes["ApproximateReceiveCount"] != "2" || *second[0].ReceiptHandle == *first.ReceiptHandle {
		t.Fatalf("second receive %v", second)
	}
	if second[0].Attributes["ApproximateFirstReceiveTimestamp"] != first.Attributes["ApproximateFirstReceiveTimestamp"] {
		t.Error("the first receive moved")
	}
	s.delete(t, queue, first.ReceiptHandle) // succeeds and deletes nothing
	if got := s.counts(t, queue); got != [3]string{"0", "1", "0"} {
		t.Errorf("an old handle deleted: %v", got)
	}
	s.delete(t, queue, second[0].ReceiptHandle)
	if got := s.counts(t, queue); got != [3]string{"0", "0", "0"} {
		t.Errorf("counts %v", got)
	}
	s.delete(t, queue, second[0].ReceiptHandle) // once more is no error
}

func TestVisibilityHasItsLimits(t *testing.T) {
	c := &clock{from: time.Now()}
	s := start(t, local.Options{Now: c.now})
	queue := s.createQueue(t, "q", nil)
	s.send(t, queue, "m")
	m := s.receive(t, queue, 0)[0]
	c.advance(5 * time.Second)
	change := func(handle *string, seconds int32) string {
		_, err := s.sqs.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &queue, ReceiptHandle: handle, VisibilityTimeout: seconds})
		return code(err)
	}
	for seconds, want := range map[int32]string{-1: "InvalidParameterValue", 43201: "InvalidParameterValue", 43200: "InvalidParameterValue", 43196: "InvalidParameterValue", 43195: ""} {
		if got := change(m.ReceiptHandle, seconds); got != want {
			t.Errorf("%d seconds: %q", seconds, got)
		}
	}
	if got := change(aws.String("nonsense"), 1); got != "ReceiptHandleIsInvalid" {
		t.Error(got)
	}
	if got := change(m.ReceiptHandle, 0); got != "" {
		t.Error(got)
	}
	if got := s.counts(t, queue); got != [3]string{"1", "0", "0"} {
		t.Errorf("not visible at once: %v", got)
	}
}

// TestAnOldHandleChangesWhatAnotherHas: SQS takes the handle of an earlier
// receive, and that of one whose time is over.
func TestNamesOfMessageAttributes(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", nil)
	for name, want := range map[string]string{
		"a.b-c_9": "", strings.Repeat("n", 256): "", strings.Repeat("n", 257): "InvalidParameterValue",
		"ä": "InvalidParameterValue", ".a": "InvalidParameterValue", "a.": "InvalidParameterValue", "a..b": "InvalidParameterValue", "AWS.x": "InvalidParameterValue", "amazon.x": "InvalidParameterValue",
	} {
		_, err := s.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String("m"),
			MessageAttributes: map[string]sqstypes.MessageAttributeValue{name: {DataType: aws.String("String"), StringValue: aws.String("v")}}})
		if code(err) != want {
			t.Errorf("%.20q: %v, want %q", name, err, want)
		}
	}
}

func TestAnOldHandleChangesWhatAnotherHas(t *testing.T) {
	c := &clock{}
	s := start(t, local.Options{Now: c.now})
	queue := s.createQueue(t, "q", map[string]string{"VisibilityTimeout": "60"})
	s.send(t, queue, "m")
	first := s.receive(t, queue, 0)[0]
	c.advance(61 * time.Second)
	hide := func(seconds int32) {
		t.Helper()
		_, err := s.sqs.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &queue, ReceiptHandle: first.ReceiptHandle, VisibilityTimeout: seconds})
		if err != nil {
			t.Fatal(err)
		}
	}
	hide(30)
	if got := s.counts(t, queue); got != [3]string{"0", "1", "0"} {
		t.Errorf("hidden again after its time was over: %v", got)
	}
	c.advance(31 * time.Second)
	if n := len(s.receive(t, queue, 0)); n != 1 {
		t.Fatalf("%d messages", n)
	}
	hide(0)
	if n := len(s.receive(t, queue, 0)); n != 1 {
		t.Errorf("shown by an old handle while another has it: %d messages", n)
	}
}

func TestLongPollWakesUp(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it waits")
	}
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", forS3("q"))
	s.createNotified(t, "wake", "q")
	for name, c := range map[string]struct{ before, during func() }{
		"by a send":         {func() {}, func() { s.send(t, queue, "m") }},
		"by a put":          {func() {}, func() { s.put(t, "wake", "k", "x") }},
		"by its delay":      {func() { s.sendDelayed(t, queue, 1) }, func() {}},
		"by its visibility": {func() { s.send(t, queue, "m"); s.hide(t, queue, 1) }, func() {}},
	} {
		c.before()
		begin, done := time.Now(), make(chan struct{})
		go func() { defer close(done); c.during() }()
		messages := s.receive(t, queue, 20*time.Second)
		<-done
		if took := time.Since(begin); len(messages) != 1 || took > 5*time.Second {
			t.Fatalf("%s: %d messages after %v", name, len(messages), took)
		}
		s.delete(t, queue, messages[0].ReceiptHandle)
	}
	begin := time.Now()
	if n := len(s.receive(t, queue, time.Second)); n != 0 || time.Since(begin) < time.Second {
		t.Errorf("%d messages after %v", n, time.Since(begin))
	}
}

// hide receives a message for some seconds.
func (s *server) hide(t *testing.T, queue string, seconds int32) {
	t.Helper()
	out, err := s.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, VisibilityTimeout: seconds})
	if err != nil || len(out.Messages) != 1 {
		t.Fatal(out, err)
	}
}

func (s *server) sendDelayed(t *testing.T, queue string, seconds int32) {
	_, err := s.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String("m"), DelaySeconds: seconds})
	if err != nil {
		t.Error(err)
	}
}

func TestStackClosesUnderALongPoll(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, WaitTimeSeconds: 20}, func(o *sqs.Options) { o.RetryMaxAttempts = 1 })
	}()
	begin := time.Now()
	s.stop()
	<-done
	if took := time.Since(begin); took > 4*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestInFlightLimit(t *testing.T) {
	s := start(t, local.Options{InFlightLimit: 3})
	queue := s.createQueue(t, "q", nil)
	for range 5 {
		s.send(t, queue, "m")
	}
	if n := len(s.receive(t, queue, 0)); n != 3 {
		t.Fatalf("%d messages with a limit of 3", n)
	}
	_, err := s.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue})
	if code(err) != "OverLimit" {
		t.Errorf("a short poll: %v", err)
	}
	if n := len(s.receive(t, queue, time.Second)); n != 0 {
		t.Errorf("a long poll: %d messages", n)
	}
}

func TestRedriveToTheDeadLetterQueueAndBack(t *testing.T) {
	s := start(t, local.Options{})
	dlq := s.createQueue(t, "dlq", nil)
	queue := s.createQueue(t, "q", map[string]string{
		"VisibilityTimeout": "0",
		"RedrivePolicy":     fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"2"}`, queueARN("dlq")),
	})
	id := s.send(t, queue, "poison")
	for i := range 2 {
		if m := s.receive(t, queue, 0); len(m) != 1 || m[0].Attributes["ApproximateReceiveCount"] != strconv.Itoa(i+1) {
			t.Fatalf("receive %d: %v", i+1, m)
		}
	}
	if m := s.receive(t, queue, 0); len(m) != 0 {
		t.Fatalf("a third receive of two: %v", m)
	}
	if got := s.counts(t, queue); got != [3]string{"0", "0", "0"} {
		t.Errorf("the source has %v", got)
	}
	m := s.receive(t, dlq, 0)
	if len(m) != 1 || *m[0].MessageId != id || m[0].Attributes["DeadLetterQueueSourceArn"] != queueARN("q") || m[0].Attributes["ApproximateReceiveCount"] != "3" {
		t.Fatalf("dead letter %v", m)
	}
	sources, err := s.sqs.ListDeadLetterSourceQueues(t.Context(), &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: &dlq})
	if err != nil || !slices.Equal(sources.QueueUrls, []string{queue}) {
		t.Error(sources, err)
	}
	s.show(t, dlq, m[0].ReceiptHandle)
	if got := s.move(t, "dlq", ""); got.Status == nil || *got.Status != "COMPLETED" || got.ApproximateNumberOfMessagesMoved != 1 {
		t.Errorf("move %+v", got)
	}
	back := s.receive(t, queue, 0)
	if len(back) != 1 || *back[0].Body != "poison" || *back[0].MessageId == id || back[0].Attributes["ApproximateReceiveCount"] != "1" {
		t.Errorf("back %v", back)
	}
}

func (s *server) show(t *testing.T, queue string, handle *string) {
	t.Helper()
	_, err := s.sqs.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &queue, ReceiptHandle: handle})
	if err != nil {
		t.Fatal(err)
	}
}

// move runs a move task and returns how it went.
func (s *server) move(t *testing.T, from, to string) sqstypes.ListMessageMoveTasksResultEntry {
	t.Helper()
	in := &sqs.StartMessageMoveTaskInput{SourceArn: aws.String(queueARN(from))}
	if to != "" {
		in.DestinationArn = aws.String(queueARN(to))
	}
	if _, err := s.sqs.StartMessageMoveTask(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	out, err := s.sqs.ListMessageMoveTasks(t.Context(), &sqs.ListMessageMoveTasksInput{SourceArn: in.SourceArn})
	if err != nil || len(out.Results) != 1 {
		t.Fatal(out, err)
	}
	return out.Results[0]
}

func TestWhatWasSentToADeadLetterQueueHasNoSource(t *testing.T) {
	s := start(t, local.Options{})
	dlq := s.createQueue(t, "dlq", nil)
	queue := s.createQueue(t, "q", map[string]string{"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":100}`, queueARN("dlq"))})
	s.send(t, dlq, "parked")
	got := s.move(t, "dlq", "")
	if *got.Status != "FAILED" || got.FailureReason == nil || *got.FailureReason != "CouldNotDetermineMessageSource" {
		t.Errorf("move %+v", got)
	}
	if got := s.move(t, "dlq", "q"); *got.Status != "COMPLETED" || got.ApproximateNumberOfMessagesMoved != 1 {
		t.Errorf("move %+v", got)
	}
	if m := s.receive(t, queue, 0); len(m) != 1 || *m[0].Body != "parked" {
		t.Errorf("moved %v", m)
	}
}

func TestBatchesFailEntryByEntry(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", map[string]string{"MaximumMessageSize": "1024"})
	entry := func(id, body string) sqstypes.SendMessageBatchRequestEntry {
		return sqstypes.SendMessageBatchRequestEntry{Id: &id, MessageBody: &body}
	}
	sent, err := s.sqs.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: &queue, Entries: []sqstypes.SendMessageBatchRequestEntry{
		entry("good", "m"), entry("long", strings.Repeat("x", 1025)), entry("control", "\x01"),
	}})
	if err != nil || len(sent.Successful) != 1 || len(sent.Failed) != 2 {
		t.Fatalf("%+v, %v", sent, err)
	}
	for _, f := range sent.Failed {
		if want := map[string]string{"long": "InvalidParameterValue", "control": "InvalidMessageContents"}[*f.Id]; *f.Code != want || !f.SenderFault {
			t.Errorf("%s: %s", *f.Id, *f.Code)
		}
	}
	m := s.receive(t, queue, 0)[0]
	deleted, err := s.sqs.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: &queue, Entries: []sqstypes.DeleteMessageBatchRequestEntry{
		{Id: aws.String("0"), ReceiptHandle: m.ReceiptHandle}, {Id: aws.String("1"), ReceiptHandle: aws.String("nonsense")},
	}})
	if err != nil || len(deleted.Successful) != 1 || len(deleted.Failed) != 1 || *deleted.Failed[0].Code != "ReceiptHandleIsInvalid" {
		t.Errorf("%+v, %v", deleted, err)
	}
	var many []sqstypes.SendMessageBatchRequestEntry
	for i := range 11 {
		many = append(many, entry(strconv.Itoa(i), "m"))
	}
	for name, c := range map[string]struct {
		entries []sqstypes.SendMessageBatchRequestEntry
		want    string
	}{
		"eleven": {many, "TooManyEntriesInBatchRequest"},
		"none":   {[]sqstypes.SendMessageBatchRequestEntry{}, "EmptyBatchRequest"},
		"twins":  {[]sqstypes.SendMessageBatchRequestEntry{entry("a", "m"), entry("a", "m")}, "BatchEntryIdsNotDistinct"},
		"bad id": {[]sqstypes.SendMessageBatchRequestEntry{entry("a b", "m")}, "InvalidBatchEntryId"},
	} {
		_, err := s.sqs.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: &queue, Entries: c.entries})
		if !strings.Contains(code(err), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLimitsOfAMessage(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", nil)
	s.send(t, queue, strings.Repeat("x", 1<<20))
	if m := s.receive(t, queue, 0); len(m) != 1 || len(*m[0].Body) != 1<<20 {
		t.Error("a message of 1 MiB did not arrive")
	}
	_, err := s.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String(strings.Repeat("x", 1<<20+1))})
	if code(err) != "InvalidParameterValue" {
		t.Errorf("a message of 1 MiB and a byte: %v", err)
	}
	for _, n := range []int32{-1, 11} {
		if _, err := s.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: n}); code(err) != "InvalidParameterValue" {
			t.Errorf("receive of %d: %v", n, err)
		}
	}
	missing := queue + "-not"
	_, err = s.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &missing})
	if code(err) != "AWS.SimpleQueueService.NonExistentQueue" && code(err) != "QueueDoesNotExist" {
		t.Errorf("a queue that is not there: %v", err)
	}
}

func TestExpiredMessagesVanish(t *testing.T) {
	c := &clock{}
	s := start(t, local.Options{Now: c.now})
	queue := s.createQueue(t, "q", map[string]string{"MessageRetentionPeriod": "60"})
	s.send(t, queue, "m")
	c.advance(59 * time.Second)
	if got := s.counts(t, queue); got != [3]string{"1", "0", "0"} {
		t.Errorf("too soon: %v", got)
	}
	c.advance(2 * time.Second)
	if m := s.receive(t, queue, 0); len(m) != 0 {
		t.Errorf("received %v", m)
	}
	c.advance(20 * time.Second)
	if got := s.counts(t, queue); got != [3]string{"0", "0", "0"} {
		t.Errorf("still counted: %v", got)
	}
	s.stop()
	s = start(t, local.Options{Data: s.dir})
	if got := s.counts(t, queue); got != [3]string{"0", "0", "0"} {
		t.Errorf("back after a restart: %v", got)
	}
}

func TestReceivesSurviveAClose(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", map[string]string{"VisibilityTimeout": "600"})
	s.send(t, queue, "received")
	before := s.receive(t, queue, 0)[0]
	s.send(t, queue, "waiting")
	s.stop()
	s = start(t, local.Options{Data: s.dir})
	if got := s.counts(t, queue); got != [3]string{"1", "1", "0"} {
		t.Errorf("counts %v", got)
	}
	s.show(t, queue, before.ReceiptHandle) // the handle is still good
	messages := s.receive(t, queue, 0)
	if len(messages) != 2 || messages[1].Attributes["ApproximateReceiveCount"] != "2" ||
		messages[1].Attributes["ApproximateFirstReceiveTimestamp"] != before.Attributes["ApproximateFirstReceiveTimestamp"] {
		t.Errorf("after the restart: %v", messages)
	}
}

func TestQueuesAreCreatedListedAndDeleted(t *testing.T) {
	s := start(t, local.Options{})
	ctx := t.Context()
	queue := s.createQueue(t, "a-1", map[string]string{"VisibilityTimeout": "42"})
	if again := s.createQueue(t, "a-1", map[string]string{"VisibilityTimeout": "42"}); again != queue {
		t.Errorf("created again as %s", again)
	}
	_, err := s.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("a-1"), Attributes: map[string]string{"VisibilityTimeout": "43"}})
	if got := code(err); got != "QueueAlreadyExists" && got != "QueueNameExists" {
		t.Errorf("created otherwise: %v", err)
	}
	for attribute, value := range map[string]string{"VisibilityTimeout": "43201", "MessageRetentionPeriod": "59", "RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:none","maxReceiveCount":1}`, "Nonsense": "1"} {
		if _, err := s.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("bad"), Attributes: map[string]string{attribute: value}}); err == nil {
			t.Errorf("%s may be %s", attribute, value)
		}
	}
	s.createQueue(t, "a-2", nil)
	s.createQueue(t, "b", nil)
	list, err := s.sqs.ListQueues(ctx, &sqs.ListQueuesInput{QueueNamePrefix: aws.String("a-"), MaxResults: aws.Int32(1)})
	if err != nil || !slices.Equal(list.QueueUrls, []string{queue}) || list.NextToken == nil {
		t.Fatal(list, err)
	}
	list, err = s.sqs.ListQueues(ctx, &sqs.ListQueuesInput{QueueNamePrefix: aws.String("a-"), MaxResults: aws.Int32(1), NextToken: list.NextToken})
	if err != nil || len(list.QueueUrls) != 1 || !strings.HasSuffix(list.QueueUrls[0], "/a-2") || list.NextToken != nil {
		t.Fatal(list, err)
	}
	s.send(t, queue, "m")
	if _, err := s.sqs.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: &queue}); err != nil {
		t.Fatal(err)
	}
	if got := s.counts(t, queue); got != [3]string{"0", "0", "0"} {
		t.Errorf("purged: %v", got)
	}
	s.send(t, queue, "m")
	if _, err := s.sqs.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &queue}); err != nil {
		t.Fatal(err)
	}
	s.createQueue(t, "a-1", nil)
	if got := s.counts(t, queue); got != [3]string{"0", "0", "0"} {
		t.Errorf("a new queue has %v", got)
	}
}

func TestMetricsCountWhatHappened(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", forS3("q"))
	s.createNotified(t, "metrics", "q")
	s.put(t, "metrics", "k", "x")
	s.send(t, queue, "m")
	for _, m := range s.receive(t, queue, 0) {
		s.delete(t, queue, m.ReceiptHandle)
	}
	for _, name := range []string{"NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted"} {
		out, err := s.cloudwatch(local.SecretKey).GetMetricData(t.Context(), counted(name, "q"))
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, v := range out.MetricDataResults[0].Values {
			sum += v
		}
		if sum != 2 {
			t.Errorf("%s: %v", name, sum)
		}
	}
}
