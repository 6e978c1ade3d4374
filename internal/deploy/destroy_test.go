package deploy

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestADestructionKeepsWhatItIsToldTo has the buckets quiet first, and drops a
// database while the state still leads back to it.
func TestADestructionKeepsWhatItIsToldTo(t *testing.T) {
	results := resultsAddress + " " + module + "aws_s3_bucket_policy.results"
	for name, c := range map[string]struct {
		keep Keep
		did  []string
		kept string
	}{
		"both kept":    {Keep{Database: true, Results: true}, []string{"forget " + module + databaseAddress + " " + module + results, "plan to destroy"}, "database p_streamalert, bucket r"},
		"both dropped": {Keep{}, []string{"forget " + module + databaseAddress, "drop p_streamalert", "plan to destroy"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if _, err := w.deploy(t); err != nil {
				t.Fatal(err)
			}
			w.tf.state = deployed("", "", "", "", "r", "r") // as it was deployed, whatever the configuration says now
			x, err := w.PrepareDestruction(t.Context(), c.keep)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(x.Kept(), ", "); got != c.kept {
				t.Errorf("said to keep %q, want %q", got, c.kept)
			}
			if q := x.Queues(); len(q) != 2 || q[0] != "p_streamalert_athena_s3_notifications" || q[1] != "p_streamalert_athena_s3_notifications_dlq" {
				t.Errorf("queues %v", q)
			}
			if _, err := x.Make(t.Context(), func(Step) {}); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(w.tf.did, c.did) || w.wired() != 0 {
				t.Errorf("did %q, want %q; %d buckets notify", w.tf.did, c.did, w.wired())
			}
		})
	}
}

// TestADestructionThatWasKilledDropsTheDatabaseInTheNextRun: it was let go of.
func TestADestructionThatWasKilledDropsTheDatabaseInTheNextRun(t *testing.T) {
	w := newWorld(t)
	w.tf.state = deployed()
	if err := w.tf.Forget(t.Context(), []string{module + databaseAddress}); err != nil {
		t.Fatal(err)
	}
	x, err := w.PrepareDestruction(t.Context(), Keep{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Make(t.Context(), func(Step) {}); err != nil || !slices.Contains(w.tf.did, "drop p_streamalert") {
		t.Errorf("did %q, %v", w.tf.did, err)
	}
	w.tf.state = State{}
	if _, err := w.PrepareDestruction(t.Context(), Keep{}); !errors.Is(err, ErrNothingDeployed) {
		t.Errorf("error %v", err)
	}
}
