package local_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/aws/awstest"
	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// serveData makes the test binary a server of the directory it names.
const serveData = "LOCAL_TEST_SERVE_DATA"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveData); dir != "" {
		if err := serveUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	awstest.Forget(true)
	os.Exit(m.Run())
}

func serveUntilKilled(dir string) error {
	stack, err := local.Open(local.Options{Data: dir})
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + ln.Addr().String())
	return stack.Serve(context.Background(), ln)
}

// process is a server that is to be killed.
type process struct {
	*server
	cmd *exec.Cmd
}

func spawn(t *testing.T, dir string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveData+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server did not start: %v", err)
	}
	return &process{connect(strings.TrimSpace(url), local.SecretKey), cmd}
}

// kill ends the process with SIGKILL.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.cmd.Wait() // says that it was killed
}

// answered is what clients were told happened.
type answered struct {
	mu      sync.Mutex
	put     map[string]bool // keys
	sent    map[string]bool // bodies
	deleted map[string]bool // ids of messages
	poison  map[string]bool // ids of messages that are to be moved to the dead-letter queue

	awaited map[string]bool // the one of these whose answers count down to the kill
	until   int             // how many it has then
	reached chan struct{}   // closed then
}

// after returns a channel that is closed after n more answers of a kind.
func (a *answered) after(n int, kind map[string]bool) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.awaited, a.until, a.reached = kind, len(kind)+n, make(chan struct{})
	return a.reached
}

func (a *answered) note(m map[string]bool, s string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	m[s] = true
	if len(a.awaited) == a.until {
		a.until = -1
		close(a.reached)
	}
}

// TestKilledServerKeepsWhatItAnswered is promise by promise: every answered put
// is there with its body and its one notification, every notification has its
// object, every answered send is there, every answered delete stays deleted.
func TestKilledServerKeepsWhatItAnswered(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it starts and kills processes")
	}
	const rounds = 40
	dir := t.TempDir()
	a := &answered{put: map[string]bool{}, sent: map[string]bool{}, deleted: map[string]bool{}, poison: map[string]bool{}}
	p := spawn(t, dir)
	p.createQueue(t, "notified", forS3("notified"))
	p.createQueue(t, "sent", nil)
	p.createQueue(t, "work", map[string]string{"VisibilityTimeout": "0"})
	p.createQueue(t, "dead", nil)
	p.createQueue(t, "poison", map[string]string{
		"VisibilityTimeout": "0", "RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":1}`, queueARN("dead")),
	})
	p.createNotified(t, "killed", "notified")
	for round := range rounds {
		kinds := []map[string]bool{a.put, a.sent, a.deleted, a.poison}
		enough := a.after(1+round*7%10, kinds[round%len(kinds)])
		stop := hammer(p, a, round)
		<-enough
		p.kill(t)
		stop()
		p = spawn(t, dir)
	}
	defer p.kill(t)
	t.Logf("%d kills, answered: %d puts, %d sends, %d deletes", rounds, len(a.put), len(a.sent), len(a.deleted))
	if len(a.put) == 0 || len(a.sent) == 0 || len(a.deleted) == 0 {
		t.Fatal("too little was answered to show anything")
	}
	a.checkPuts(t, p, dir)
	a.checkMessages(t, p)
	a.checkPoison(t, p)
}

// hammer puts, sends and deletes until the server is gone. stop waits for that.
func hammer(p *process, a *answered, round int) (stop func()) {
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	once := func(o *sqs.Options) { o.RetryMaxAttempts = 1 }
	url := func(queue string) *string { return aws.String(p.url + "/123456789012/" + queue) }
	loop := func(step func(i int) error) {
		wg.Go(func() {
			for i := 0; step(i) == nil; i++ {
			}
		})
	}
	for worker := range 3 {
		loop(func(i int) error {
			key := fmt.Sprintf("round=%d/%d-%d.json", round, worker, i)
			_, err := p.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("killed"), Key: &key, Body: strings.NewReader(key)},
				func(o *s3.Options) { o.RetryMaxAttempts = 1 })
			if err == nil {
				a.note(a.put, key)
			}
			return err
		})
	}
	loop(func(i int) error {
		body := fmt.Sprintf("%d-%d", round, i)
		_, err := p.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url("sent"), MessageBody: &body}, once)
		if err == nil {
			a.note(a.sent, body)
		}
		return err
	})
	loop(func(int) error {
		_, err := p.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url("work"), MessageBody: aws.String("work")}, once)
		if err != nil {
			return err
		}
		out, err := p.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url("work")}, once)
		if err != nil || len(out.Messages) == 0 {
			return err
		}
		_, err = p.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url("work"), ReceiptHandle: out.Messages[0].ReceiptHandle}, once)
		if err == nil {
			a.note(a.deleted, *out.Messages[0].MessageId)
		}
		return err
	})
	loop(func(int) error {
		sent, err := p.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url("poison"), MessageBody: aws.String("poison")}, once)
		if err != nil {
			return err
		}
		a.note(a.poison, *sent.MessageId)
		for range 2 { // the second receive moves what the first had
			if _, err := p.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url("poison"), MaxNumberOfMessages: 10}, once); err != nil {
				return err
			}
		}
		return nil
	})
	return func() { cancel(); wg.Wait() }
}

func (a *answered) checkPuts(t *testing.T, p *process, dir string) {
	t.Helper()
	stored, _ := p.list(t, &s3.ListObjectsV2Input{Bucket: aws.String("killed")})
	for key := range a.put {
		if !slices.Contains(stored, key) {
			t.Errorf("%s was answered and is gone", key)
		}
	}
	notified := map[string]int{}
	for _, body := range p.drain(t, "notified") {
		notified[notifiedKey(t, body)]++
	}
	for _, key := range stored {
		if notified[key] != 1 {
			t.Errorf("%s has %d notifications", key, notified[key])
		}
		if got := p.get(t, "killed", key); got != key {
			t.Errorf("%s holds %q", key, got)
		}
	}
	if len(notified) != len(stored) {
		t.Errorf("%d objects, %d notified", len(stored), len(notified))
	}
	files, err := os.ReadDir(filepath.Join(dir, "objects"))
	if err != nil || len(files) != len(stored) {
		t.Errorf("%d files for %d objects, %v", len(files), len(stored), err)
	}
}

func (a *answered) checkMessages(t *testing.T, p *process) {
	t.Helper()
	there := map[string]bool{}
	for _, body := range p.drain(t, "sent") {
		there[body] = true
	}
	for body := range a.sent {
		if !there[body] {
			t.Errorf("message %s was answered and is gone", body)
		}
	}
	for id := range p.drain(t, "work") {
		if a.deleted[id] {
			t.Errorf("message %s was deleted and is back", id)
		}
	}
}

// checkPoison: a message is in one of the two queues, never in both or in none.
func (a *answered) checkPoison(t *testing.T, p *process) {
	t.Helper()
	_, err := p.sqs.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{
		QueueUrl: aws.String(p.url + "/123456789012/poison"), Attributes: map[string]string{"RedrivePolicy": "", "VisibilityTimeout": "30"},
	})
	if err != nil {
		t.Fatal(err)
	}
	left, moved := p.drain(t, "poison"), p.drain(t, "dead")
	if len(moved) == 0 {
		t.Error("nothing was moved")
	}
	for id := range a.poison {
		_, inSource := left[id]
		_, inDead := moved[id]
		if inSource == inDead {
			t.Errorf("poison %s: in its queue %v, in the dead-letter queue %v", id, inSource, inDead)
		}
	}
}

// drain receives and deletes all messages: bodies by id.
func (p *process) drain(t *testing.T, queue string) map[string]string {
	t.Helper()
	all := map[string]string{}
	url := p.url + "/123456789012/" + queue
	for {
		messages := p.receive(t, url, time.Second)
		if len(messages) == 0 && p.counts(t, url) == [3]string{"0", "0", "0"} {
			return all // otherwise an answer was lost on the way, and what it held is hidden
		}
		for _, m := range messages {
			all[*m.MessageId] = *m.Body
			p.delete(t, url, m.ReceiptHandle)
		}
	}
}
