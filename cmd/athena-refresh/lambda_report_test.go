package main

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/deploy"
)

// TestWhatADeploymentDidIsSaid: which version serves, what is somebody else's,
// what is kept, and the first time how to add what was there before.
func TestWhatADeploymentDidIsSaid(t *testing.T) {
	c, _, err := (&app{stderr: new(bytes.Buffer), conf: confDir(t, "p", `{"athena_partition_refresh_config": {}}`)}).router()
	if err != nil {
		t.Fatal(err)
	}
	const f = "p_streamalert_athena_partition_refresh"
	overlap := &deploy.OverlapError{Bucket: "b", Entries: []deploy.Entry{{ID: "theirs", Kind: deploy.ToTopic, ARN: "arn:t", Events: []string{"s3:ObjectCreated:*"}}}}
	for name, x := range map[string]struct {
		done     deploy.Done
		begin    []string
		letGo    []deploy.Renamed
		changed  bool
		out, err string
	}{
		"the first": {
			done: deploy.Done{Alias: deploy.Move{From: "1", To: "1"}, Program: "v1"}, begin: []string{"a", "b"}, changed: true,
			out: "athena: done: version 1 of function " + f + " serves (athena-refresh v1)\nWhat landed before in a, b is not in the queue. To add its partitions:\n  athena-refresh --conf CONF reconcile --fix\n",
		},
		"another version": {
			done: deploy.Done{Alias: deploy.Move{From: "1", To: "2"}, Program: "v1"}, changed: true,
			out: "athena: done: version 2 of function " + f + " serves (athena-refresh v1)\nalias production of function " + f + ": version 1 → 2\n",
		},
		"a rollback that stays": {
			done: deploy.Done{Alias: deploy.Move{From: "1", To: "1", Why: "it was rolled back"}}, changed: true,
			out: "athena: done: version 1 of function " + f + " serves\nversion 1 of function " + f + " stays: it was rolled back\n",
		},
		"nothing": {done: deploy.Done{Alias: deploy.Move{From: "1", To: "1"}}},
		"a rule of somebody's that does it already": {
			done: deploy.Done{Buckets: []deploy.Wired{{Bucket: "b", Served: &deploy.Entry{ID: "tf-s3-queue"}}}},
			out:  "bucket b notifies the queue already, by its rule \"tf-s3-queue\"\n",
		},
		"other names": {
			done: deploy.Done{Alias: deploy.Move{From: "2", To: "2"}}, letGo: []deploy.Renamed{{Kind: deploy.KindBucket, Old: "old.results"}, {Kind: deploy.KindDatabase, Old: "old"}},
			out: "kept: bucket old.results\nkept: database old\n",
		},
		"a rule in the way": {
			done: deploy.Done{Left: []error{overlap}},
			err:  "left undone: " + overlap.Error() + "\nhint: narrow that rule",
		},
		"a bucket elsewhere": {
			done: deploy.Done{Left: []error{fmt.Errorf("bucket b: %w", deploy.ErrElsewhere)}},
			err:  "left undone: bucket b: it is in another region than the queue, and S3 notifies only queues of its own\nhint: deploy another refresh",
		},
		"a bucket that isn't there": {
			done: deploy.Done{Left: []error{deploy.ErrNoBucket}}, err: "left undone: there is no such bucket\nhint: make the bucket",
		},
	} {
		var out, errs bytes.Buffer
		d := &deployment{t: &target{c: c}, letGo: x.letGo}
		err := d.report(t.Context(), &app{stdout: &out, stderr: &errs, conf: "CONF"}, &x.done, x.begin, x.changed)
		if errors.Is(err, errUndone) != (x.err != "") || x.err == "" && err != nil {
			t.Errorf("%s: error %v", name, err)
		}
		if d := cmp.Diff(x.out, out.String()); d != "" {
			t.Errorf("%s: stdout\n%s", name, d)
		}
		if begins := errs.String()[:min(len(x.err), errs.Len())]; begins != x.err {
			t.Errorf("%s: stderr\n%s", name, cmp.Diff(x.err, begins))
		}
	}
}
