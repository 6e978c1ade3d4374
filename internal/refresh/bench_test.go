package refresh_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// BenchmarkKnown is from a body, as S3 sends it, to a partition that is known.
func BenchmarkKnown(b *testing.B) { benchmarkKnown(b, 0) }

// BenchmarkKnownMetered is the same where metrics are wanted: what a Meter
// costs. Without one it has to cost nothing.
func BenchmarkKnownMetered(b *testing.B) { benchmarkKnown(b, 1) }

func benchmarkKnown(b *testing.B, meters int) {
	router, err := table.New([]table.Bucket{{Name: "example.streamalert.data", Rules: []table.Rule{{Layout: "streamalert-data"}}}})
	if err != nil {
		b.Fatal(err)
	}
	m := catalogtest.NewMemory(b)
	if err := m.CreateTable(b.Context(), refresh.Table{ID: refresh.TableID{Name: "cloudtrail_events", Location: "s3://example.streamalert.data/cloudtrail_events/"}, Keys: []refresh.Key{{Name: "dt", Type: "string"}}}); err != nil {
		b.Fatal(err)
	}
	r := refresh.New(refresh.Options{Router: router, Catalog: m.Catalog(), DeadLetters: &letters{}, Statements: 5, MaxInHand: 32 << 20})
	defer r.Close(context.Background())
	for range meters {
		r.Meter()
	}
	message := refresh.Message{ID: "m", Body: knownBody, Sent: time.Now(), Receives: 1}
	b.ReportAllocs()
	b.SetBytes(int64(len(knownBody)))
	for b.Loop() {
		if s := r.Settle(context.Background(), message); s.Outcome != refresh.Done {
			b.Fatal(s)
		}
	}
}

// knownBody is a notification as S3 sends it.
const knownBody = `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2026-01-02T03:04:05.678Z","eventName":"ObjectCreated:Put","userIdentity":{"principalId":"AWS:AROAEXAMPLE:firehose"},"requestParameters":{"sourceIPAddress":"10.0.0.1"},"responseElements":{"x-amz-request-id":"C3D13FE58DE4C810","x-amz-id-2":"FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"},"s3":{"s3SchemaVersion":"1.0","configurationId":"athena-refresh","bucket":{"name":"example.streamalert.data","ownerIdentity":{"principalId":"A3NL1KOZZKExample"},"arn":"arn:aws:s3:::example.streamalert.data"},"object":{"key":"cloudtrail_events/2026/01/02/03/example-1-2026-01-02-03-04-05-uuid.gz","size":1024,"eTag":"d41d8cd98f00b204e9800998ecf8427e","versionId":"096fKKXTRTtl3on89fVO.nfljtsv6qko","sequencer":"0055AED6DCD90281E5"}}}]}`

// BenchmarkKnownByJSON is what to compare BenchmarkKnown with: only to read the
// members that it needs, by encoding/json.
func BenchmarkKnownByJSON(b *testing.B) {
	for b.Loop() {
		var e struct {
			Records []struct {
				Source, Name, Time string
				S3                 struct {
					Bucket struct{ Name string }
					Object struct{ Key string }
				}
			}
		}
		if err := json.Unmarshal([]byte(knownBody), &e); err != nil || e.Records[0].S3.Object.Key == "" {
			b.Fatal(err)
		}
	}
}
