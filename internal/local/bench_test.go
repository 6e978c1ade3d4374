package local_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// parallel runs b.N steps by one client and by eight.
func parallel(b *testing.B, setup func(b *testing.B, s *server), step func(s *server, i int) error) {
	for _, clients := range []int{1, 8} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := start(b, local.Options{})
			setup(b, s)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range clients {
				c := connect(s.url, local.SecretKey)
				wg.Go(func() {
					for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
						if err := step(c, i); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
		})
	}
}

func (s *server) queueURL(name string) *string {
	return aws.String(s.url + "/123456789012/" + name)
}

func BenchmarkSend(b *testing.B) {
	body := strings.Repeat("x", 700) // a notification's size
	parallel(b, func(b *testing.B, s *server) { s.createQueue(b, "q", nil) }, func(s *server, _ int) error {
		_, err := s.sqs.SendMessage(b.Context(), &sqs.SendMessageInput{QueueUrl: s.queueURL("q"), MessageBody: &body})
		return err
	})
}

// BenchmarkReceiveAndDelete counts messages; ten a call.
func BenchmarkReceiveAndDelete(b *testing.B) {
	var entries []sqstypes.SendMessageBatchRequestEntry
	for i := range 10 {
		entries = append(entries, sqstypes.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: aws.String(strings.Repeat("x", 700))})
	}
	fill := func(b *testing.B, s *server) {
		s.createQueue(b, "q", nil)
		for range b.N/10 + 1 {
			if _, err := s.sqs.SendMessageBatch(b.Context(), &sqs.SendMessageBatchInput{QueueUrl: s.queueURL("q"), Entries: entries}); err != nil {
				b.Fatal(err)
			}
		}
	}
	parallel(b, fill, func(s *server, i int) error {
		if i%10 != 0 {
			return nil
		}
		out, err := s.sqs.ReceiveMessage(b.Context(), &sqs.ReceiveMessageInput{QueueUrl: s.queueURL("q"), MaxNumberOfMessages: 10})
		if err != nil {
			return err
		}
		in := &sqs.DeleteMessageBatchInput{QueueUrl: s.queueURL("q")}
		for i, m := range out.Messages {
			in.Entries = append(in.Entries, sqstypes.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
		}
		_, err = s.sqs.DeleteMessageBatch(b.Context(), in)
		return err
	})
}

func BenchmarkPutAndNotify(b *testing.B) {
	setup := func(b *testing.B, s *server) {
		s.createQueue(b, "q", forS3("q"))
		s.createNotified(b, "bench", "q")
	}
	parallel(b, setup, func(s *server, i int) error {
		_, err := s.s3.PutObject(b.Context(), &s3.PutObjectInput{
			Bucket: aws.String("bench"), Key: aws.String(fmt.Sprintf("dt=2026-01-02-03/%d.json", i)), Body: strings.NewReader(strings.Repeat("x", 1000)),
		})
		return err
	})
}
