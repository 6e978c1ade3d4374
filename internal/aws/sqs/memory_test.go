//go:build !race

// The race detector slows the program and not the clock, so the collector keeps
// another pace: how much memory is taken says nothing there. Nor does it say much
// on a machine that is busy: what counts is what was still in use when the
// collector looked.

package sqs

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// manyRecords is a body of almost 1 MiB with 10,000 records.
func manyRecords() string {
	var b strings.Builder
	b.WriteString(`{"Records":[`)
	for i := range 10_000 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"eventName":"ObjectCreated:","s3":{"bucket":{"name":"b"},"object":{"key":"t/2018/03/01/%02d/%04x"}}}`, i%24, i)
	}
	b.WriteString(`]}`)
	return b.String()
}

// largeQueue hands out a body, ten a receive, without holding it more than
// once, for as long as it has some.
type largeQueue struct {
	body, sum string
	left      atomic.Int64
}

func (q *largeQueue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	var in request
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Header.Get("X-Amz-Target") != "AmazonSQS.ReceiveMessage" {
		q.answer(w, in)
		return
	}
	io.WriteString(w, `{"Messages":[`)
	for i := range 10 {
		n := q.left.Add(-1)
		if n < 0 {
			break
		}
		if i > 0 {
			io.WriteString(w, ",")
		}
		fmt.Fprintf(w, `{"MessageId":"m%d","ReceiptHandle":"h%d","MD5OfBody":"%s","Body":"`, n, n, q.sum)
		quotes.WriteString(w, q.body)
		io.WriteString(w, `"}`)
	}
	io.WriteString(w, `]}`)
}

var quotes = strings.NewReplacer(`"`, `\"`)

// answer answers everything but a receive: every entry is done.
func (q *largeQueue) answer(w io.Writer, in request) {
	done := []object{}
	for _, e := range in.Entries {
		done = append(done, object{"Id": e.ID})
	}
	json.NewEncoder(w).Encode(object{"QueueUrl": queueURL, "Successful": done, "Attributes": object{
		"VisibilityTimeout": "360", "ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0"}})
}

// slowCatalog has every table and partition, and is slow to say so.
type slowCatalog struct{ refresh.Catalog }

func (slowCatalog) Tables(context.Context) ([]string, error) { return []string{"t"}, nil }
func (slowCatalog) Check(context.Context) error              { return nil }

func (slowCatalog) Table(_ context.Context, name string) (refresh.Table, error) {
	time.Sleep(3 * time.Second)
	return refresh.Table{ID: refresh.TableID{Name: name}, Keys: []refresh.Key{{Name: "dt", Type: "string"}}}, nil
}

func (slowCatalog) Partitions(_ context.Context, t refresh.Table, values [][]string) (found []refresh.Partition, err error) {
	for _, v := range values {
		found = append(found, refresh.Partition{Values: v, Location: "s3://b/t/" + strings.ReplaceAll(v[0], "-", "/")})
	}
	return found, nil
}

// TestLargeBodiesTakeLittleMemory: forty bodies of 1 MiB with 10,000
// records each, of which ten come with every receive. Up to 32 MiB of weight are
// in hand when ten more are asked for, which weigh 30, and the SDK holds a reply
// of 10 MiB twice while it reads it.
func TestLargeBodiesTakeLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes seconds")
	}
	q := &largeQueue{body: manyRecords()}
	sum := md5.Sum([]byte(q.body))
	q.sum = hex.EncodeToString(sum[:])
	q.left.Store(40)
	server := httptest.NewServer(q)
	defer server.Close()
	queue, err := Open(t.Context(), aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}, "q")
	if err != nil {
		t.Fatal(err)
	}
	router, err := table.New([]table.Bucket{{Name: "b", Rules: []table.Rule{{Layout: "streamalert-data"}}}})
	if err != nil {
		t.Fatal(err)
	}
	r := refresh.New(refresh.Options{Router: router, Catalog: refresh.Catalog{Reader: slowCatalog{}, Writer: slowCatalog{}}, MaxInHand: daemon.MaxInHand})
	defer r.Close(t.Context())

	peak := watchHeap(t)
	v := daemon.Invocation{Queue: queue, Settler: r, Timeout: 5 * time.Minute, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	s, err := v.Run(t.Context())
	most := peak()
	t.Logf("%d messages with %d records, %d MiB at most", s.Received, r.Tally().Records, most>>20)
	if err != nil || s.Received != 40 || r.Tally().Records != 400_000 {
		t.Errorf("%+v %v", s, err)
	}
	if most > 64<<20 {
		t.Errorf("the heap had %d MiB", most>>20)
	}
}

// watchHeap samples what the collector found in use, until it is asked for the
// most that there was more than at its beginning. The collector looks often
// meanwhile, so that it misses little.
func watchHeap(t *testing.T) (peak func() uint64) {
	percent := debug.SetGCPercent(20)
	runtime.GC()
	heap := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(heap)
	begun, most := heap[0].Value.Uint64(), uint64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for tick := time.NewTicker(time.Millisecond); ; {
			select {
			case <-tick.C:
				metrics.Read(heap)
				most = max(most, heap[0].Value.Uint64())
			case <-stop:
				tick.Stop()
				return
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-stopped
		debug.SetGCPercent(percent)
		return most - min(begun, most)
	}
}
