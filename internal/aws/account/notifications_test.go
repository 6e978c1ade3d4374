package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/aws/s3client"
	"athenarefresh/internal/deploy"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func queueARN(name string) string { return "arn:aws:sqs:us-east-1:123456789012:" + name }

// stranger is somebody else, who speaks to S3 through the SDK.
type stranger struct {
	s3     *s3.Client
	bucket string
}

// newStranger makes a bucket with queues to notify.
func newStranger(t *testing.T, cfg aws.Config, queues ...string) stranger {
	t.Helper()
	s := stranger{s3client.New(cfg), "p.streamalert.data"}
	if _, err := s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &s.bucket}); err != nil {
		t.Fatal(err)
	}
	for _, q := range queues {
		if _, err := sqs.NewFromConfig(cfg).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &q, Attributes: map[string]string{
			"Policy": `{"Statement":{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + queueARN(q) + `"}}`,
		}}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s stranger) set(t *testing.T, n *types.NotificationConfiguration) {
	t.Helper()
	_, err := s.s3.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket: &s.bucket, NotificationConfiguration: n, SkipDestinationValidation: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s stranger) get(t *testing.T) *s3.GetBucketNotificationConfigurationOutput {
	t.Helper()
	out, err := s.s3.GetBucketNotificationConfiguration(t.Context(), &s3.GetBucketNotificationConfigurationInput{Bucket: &s.bucket})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// differ says how a configuration differs from one, ours aside.
func differ(got, want *s3.GetBucketNotificationConfigurationOutput) string {
	others := cmpopts.IgnoreSliceElements(func(q types.QueueConfiguration) bool { return aws.ToString(q.Id) == deploy.OurID })
	all := cmp.FilterPath(func(p cmp.Path) bool {
		name := p.String()
		return name == "ResultMetadata" || strings.HasSuffix(name, "noSmithyDocumentSerde")
	}, cmp.Ignore())
	return cmp.Diff(want, got, others, all, cmpopts.IgnoreUnexported(s3.GetBucketNotificationConfigurationOutput{},
		types.QueueConfiguration{}, types.TopicConfiguration{}, types.LambdaFunctionConfiguration{}, types.EventBridgeConfiguration{},
		types.NotificationConfigurationFilter{}, types.S3KeyFilter{}, types.FilterRule{}))
}

func foreign() *types.NotificationConfiguration {
	keys := func(rules ...types.FilterRule) *types.NotificationConfigurationFilter {
		return &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{FilterRules: rules}}
	}
	return &types.NotificationConfiguration{
		EventBridgeConfiguration: &types.EventBridgeConfiguration{},
		QueueConfigurations: []types.QueueConfiguration{{
			Id: aws.String("somebody's <queue> & more"), QueueArn: aws.String(queueARN("theirs")), Events: []types.Event{"s3:ObjectRestore:Completed", "s3:ObjectRestore:Post"},
			Filter: keys(types.FilterRule{Name: "prefix", Value: aws.String("a+b/c%3D")}, types.FilterRule{Name: "suffix", Value: aws.String(".gz")}),
		}},
		TopicConfigurations: []types.TopicConfiguration{
			{Id: aws.String("audit"), TopicArn: aws.String("arn:aws:sns:us-east-1:123456789012:audit"), Events: []types.Event{"s3:ObjectRemoved:*"}},
		},
		LambdaFunctionConfigurations: []types.LambdaFunctionConfiguration{{
			Id: aws.String("fn"), LambdaFunctionArn: aws.String("arn:aws:lambda:us-east-1:123456789012:function:f"), Events: []types.Event{"s3:ObjectTagging:*"},
			Filter: keys(types.FilterRule{Name: "suffix", Value: aws.String("/x")}),
		}},
	}
}

func noSleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// TestSomebodyElsesNotificationsSurvive wires and unwires beside one of each kind.
func TestSomebodyElsesNotificationsSurvive(t *testing.T) {
	for name, start := range map[string]func(*testing.T) aws.Config{"embedded": embedded, "moto": moto} {
		t.Run(name, func(t *testing.T) {
			cfg := start(t)
			// Neither server has the topic and the function: nobody validates them.
			cfg.APIOptions = append(cfg.APIOptions, smithyhttp.SetHeaderValue("X-Amz-Skip-Destination-Validation", "true"))
			s := newStranger(t, cfg, "ours", "theirs")
			s.set(t, foreign())
			before := s.get(t)
			w := &deploy.Wirer{Buckets: NewBuckets(cfg), Sleep: noSleep}
			wish := deploy.Wish{ID: deploy.OurID, Queue: queueARN("ours"), Events: []string{"s3:ObjectCreated:*"}}
			for _, absent := range []bool{false, false, true, true} {
				was := len(s.get(t).QueueConfigurations)
				wish.Absent = absent
				done, err := w.Wire(t.Context(), s.bucket, wish)
				if err != nil {
					t.Fatal(err)
				}
				now := s.get(t)
				if diff := differ(now, before); diff != "" {
					t.Fatalf("somebody else's changed (-was +is):\n%s", diff)
				}
				want := 2
				if absent {
					want = 1
				}
				if len(now.QueueConfigurations) != want || done.Changed != (was != want) {
					t.Errorf("absent %v: %+v, %d entries for queues, there were %d", absent, done, len(now.QueueConfigurations), was)
				}
			}
		})
	}
}

// meeting lets two who wire read before either of them writes: the moment in
// which the second write deletes what the first one wrote.
type meeting struct {
	deploy.Buckets
	once sync.Once
	both *sync.WaitGroup
}

func (m *meeting) Notifications(ctx context.Context, bucket string) (deploy.Notifications, error) {
	n, err := m.Buckets.Notifications(ctx, bucket)
	m.once.Do(func() {
		m.both.Done()
		m.both.Wait()
	})
	return n, err
}

// TestTwoDeploymentsThatMeetLoseNeither has both read the same, and then write.
// Each waits, before it reads back for the last time, until the other has
// written: that is what the time to settle is for.
func TestTwoDeploymentsThatMeetLoseNeither(t *testing.T) {
	for name, start := range map[string]func(*testing.T) aws.Config{"embedded": embedded, "moto": moto} {
		t.Run(name, func(t *testing.T) {
			cfg := start(t)
			s := newStranger(t, cfg, "q0", "q1")
			var both, wrote, all sync.WaitGroup
			both.Add(2)
			wrote.Add(2)
			for i, events := range [][]string{{"s3:ObjectCreated:*"}, {"s3:ObjectRemoved:*"}} {
				var first sync.Once
				w := &deploy.Wirer{
					Buckets: &meeting{Buckets: NewBuckets(cfg), both: &both},
					Sleep: func(ctx context.Context, d time.Duration) error {
						first.Do(func() { // the first sleep follows the first write
							wrote.Done()
							wrote.Wait()
						})
						return ctx.Err()
					},
				}
				all.Go(func() {
					if _, err := w.Wire(t.Context(), s.bucket, deploy.Wish{ID: deploy.OurID, Queue: queueARN(fmt.Sprint("q", i)), Events: events}); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if now := s.get(t); len(now.QueueConfigurations) != 2 {
				t.Errorf("%d of 2 entries are there", len(now.QueueConfigurations))
			}
		})
	}
}

func TestNothingThatIsUnknownIsDeleted(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Errorf("%s: it was written", r.Method)
		}
		fmt.Fprint(w, `<?xml version="1.0"?><NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
			<PagerConfiguration><Id>x</Id></PagerConfiguration></NotificationConfiguration>`)
	}))
	defer server.Close()
	w := &deploy.Wirer{Buckets: NewBuckets(clientOf(server.URL)), Sleep: noSleep}
	_, err := w.Wire(t.Context(), "b", deploy.Wish{ID: deploy.OurID, Queue: queueARN("q"), Events: []string{"s3:ObjectCreated:*"}})
	if err == nil || !strings.Contains(err.Error(), "<PagerConfiguration>") {
		t.Errorf("error %v", err)
	}
}

// refusing answers every request with an error of S3's; HEAD has no body.
func refusing(t *testing.T, status int, code string) aws.Config {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>no</Message></Error>`, code)
		}
	}))
	t.Cleanup(server.Close)
	return clientOf(server.URL)
}

func TestABucketOfAnotherRegionIsSaidToBe(t *testing.T) {
	for code, status := range map[string]int{"PermanentRedirect": http.StatusMovedPermanently, "AuthorizationHeaderMalformed": http.StatusBadRequest} {
		if _, err := NewBuckets(refusing(t, status, code)).Notifications(t.Context(), "b"); !errors.Is(err, deploy.ErrElsewhere) {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// TestABucketThatCannotBeWiredSaysWhy: one that may not be read, and one that S3
// refuses to change, as it can't send to somebody else's topic.
func TestABucketThatCannotBeWiredSaysWhy(t *testing.T) {
	denied := NewBuckets(refusing(t, http.StatusForbidden, "AccessDenied"))
	if _, err := denied.Notifications(t.Context(), "b"); !errors.Is(err, deploy.ErrDenied) || !strings.Contains(err.Error(), "bucket b") {
		t.Errorf("read: %v", err)
	}
	if err := denied.SetNotifications(t.Context(), "b", deploy.Notifications{}); !errors.Is(err, deploy.ErrDenied) {
		t.Errorf("written: %v", err)
	}
	refused := NewBuckets(refusing(t, http.StatusBadRequest, "InvalidArgument"))
	if err := refused.SetNotifications(t.Context(), "b", deploy.Notifications{}); !errors.Is(err, deploy.ErrRefused) || !strings.Contains(err.Error(), "bucket b") {
		t.Errorf("refused: %v", err)
	}
}

// TestABucketOfSomebodyElsesIsNeverTakenForOurs: its name is free in no account.
func TestABucketOfSomebodyElsesIsNeverTakenForOurs(t *testing.T) {
	for status, want := range map[int]string{http.StatusForbidden: "another account's", http.StatusMovedPermanently: "another region than us-east-1"} {
		cfg := refusing(t, status, "")
		if there, err := HasBucket(t.Context(), cfg, "b", "123456789012"); err == nil || there || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v, %v", status, there, err)
		}
		if _, err := MakeStateBucket(t.Context(), cfg, "b", "123456789012"); err == nil {
			t.Errorf("%d: it is used", status)
		}
	}
	var owner string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { owner = r.Header.Get("x-amz-expected-bucket-owner") }))
	defer server.Close()
	if there, err := HasBucket(t.Context(), clientOf(server.URL), "b", "123456789012"); err != nil || !there || owner != "123456789012" {
		t.Errorf("%v, %v; the owner is to be %q", there, err, owner)
	}
}

func TestABucketThatIsNotThereIsSaidToBe(t *testing.T) {
	b := NewBuckets(embedded(t))
	if _, err := b.Notifications(t.Context(), "nosuch"); !errors.Is(err, deploy.ErrNoBucket) {
		t.Errorf("error %v", err)
	}
}
