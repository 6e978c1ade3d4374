package main

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/aws/s3client"
)

// TestAReconcileFindsWhatWasNeverNotified: no message is in the queue, and what
// exists stays as it is.
func TestAReconcileFindsWhatWasNeverNotified(t *testing.T) {
	s := newAccount(t).newSite("lost", nil)
	s.send(landed("lost.streamalerts", "alerts/dt=2026-01-02-04/a"))
	f := start(t, s.root, s.url)
	var refreshed summary
	f.must(scheduled, time.Minute, &refreshed)
	client := s3client.New(s.cfg)
	for _, key := range []string{"alerts/2026/01/02/03/a", "alerts/2026/01/02/04/a", "junk"} {
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &s.c.Buckets[0].Name, Key: &key, Body: strings.NewReader("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	s.delete(s.queue, s.receive(s.queue, 10)) // the notifications are lost
	var got struct {
		Missing, Added, Elsewhere, Unplaced int
		Complete                            bool
	}
	f.must(`{"athena-refresh":"reconcile"}`, time.Minute, &got)
	if got.Missing != 1 || got.Added != 1 || got.Elsewhere != 1 || got.Unplaced != 1 || !got.Complete {
		t.Errorf("%+v", got)
	}
	want := []string{"alerts 2026-01-02-03 s3://lost.streamalerts/alerts/2026/01/02/03/", "alerts 2026-01-02-04 s3://lost.streamalerts/alerts/dt=2026-01-02-04/"}
	if d := cmp.Diff(want, s.catalog()); d != "" {
		t.Error(d)
	}
}
