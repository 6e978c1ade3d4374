package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/table"
)

// terraform is an Infrastructure that publishes the function's versions, as the
// module does.
type terraform struct {
	functions *memory
	changes   []Change
	state     State
	publishes string  // the hash that an Apply uploads; "" none
	killed    bool    // before it publishes
	purpose   Purpose // of the last Plan
	did       []string
}

func (f *terraform) Known(context.Context) (State, error) { return f.state, nil }

func (f *terraform) Plan(_ context.Context, p Purpose) (Plan, error) {
	f.purpose = p
	if p.Destroy {
		f.did = append(f.did, "plan to destroy")
	}
	return Plan{Changes: f.changes}, nil
}

func (f *terraform) Forget(_ context.Context, list []string) error {
	f.did = append(f.did, "forget "+strings.Join(list, " "))
	f.state.Resources = slices.DeleteFunc(f.state.Resources, func(r Resource) bool { return slices.Contains(list, r.Address) })
	return nil
}

func (f *terraform) Apply(ctx context.Context, _ func(Step)) error {
	m := f.functions
	if f.publishes != "" {
		m.hash = f.publishes
	}
	if f.killed {
		f.killed = false
		return errors.New("killed")
	}
	if f.publishes != "" {
		if _, err := m.Publish(ctx, "", m.hash); err != nil {
			return err
		}
	}
	if m.serving == nil {
		return m.Serve(ctx, "", Serving{m.versions[0].Number, "The version in use"})
	}
	return nil
}

type nothingThere struct{}

func (nothingThere) Find(context.Context, Sought) (string, bool, error) {
	return "", false, nil
}

// world is a deployment into memory.
type world struct {
	*Deployment
	functions *memory
	tf        *terraform
	mu        sync.Mutex // all buckets are wired at once
	buckets   map[string]Notifications
	odd       string // the bucket that is answered with oddity
	oddity    error
	refused   error // what writing to it is answered with
}

func (w *world) Notifications(_ context.Context, bucket string) (Notifications, error) {
	if bucket == w.odd && w.oddity != nil {
		return Notifications{}, w.oddity
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	n, ok := w.buckets[bucket]
	if !ok {
		return n, ErrNoBucket
	}
	return n, nil
}

func (w *world) SetNotifications(_ context.Context, bucket string, n Notifications) error {
	if bucket == w.odd && w.refused != nil {
		return w.refused
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buckets[bucket] = n
	return nil
}

func newWorld(t *testing.T) *world {
	m := &memory{answer: rightAnswer}
	w := &world{functions: m, tf: &terraform{functions: m}, buckets: map[string]Notifications{"b.logs": {}, "p.streamalerts": {}}}
	w.Deployment = &Deployment{
		Config: settings(t, section), QueueARN: queueARN, Terraform: w.tf, Functions: m, Finder: nothingThere{},
		Wirer: &Wirer{Buckets: w, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }},
		DropDatabase: func(_ context.Context, name string) error {
			w.tf.did = append(w.tf.did, "drop "+name)
			return nil
		},
	}
	w.next("hash1")
	return w
}

// next is a configuration whose function has another hash.
func (w *world) next(hash string) {
	w.Bundle.Hash, w.tf.publishes = hash, hash
	w.tf.changes = []Change{{Verb: Update, Type: "aws_lambda_function", Address: module + "aws_lambda_function.refresh"}}
}

func (w *world) deploy(t *testing.T) (*Done, error) {
	t.Helper()
	p, err := w.Prepare(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	done, err := p.Make(t.Context(), func(Step) {})
	if err == nil {
		w.tf.changes, w.tf.publishes = nil, ""
	}
	return done, err
}

func (w *world) wired() int {
	n := 0
	for _, b := range w.buckets {
		n += len(b.Entries)
	}
	return n
}

func TestAVersionThatDoesNotAnswerNeverServes(t *testing.T) {
	w := newWorld(t)
	w.functions.broken = []string{"1", "3"}
	if _, err := w.deploy(t); err == nil || !strings.Contains(err.Error(), "there is no other") || w.wired() != 0 {
		t.Fatalf("the first version doesn't work: %v, %d buckets notify", err, w.wired())
	}
	if _, err := w.deploy(t); err == nil || w.wired() != 0 {
		t.Fatalf("deployed again, it passes: %v, %d buckets notify", err, w.wired())
	}
	w.next("hash2")
	if done, err := w.deploy(t); err != nil || done.Alias.To != "2" || w.wired() != 2 {
		t.Fatalf("a version that works: %+v, %v", done, err)
	}
	w.next("hash3")
	if _, err := w.deploy(t); err == nil || !strings.Contains(err.Error(), "version 2 goes on serving") || w.functions.serving.Version != "2" {
		t.Fatalf("%v, and version %s serves", err, w.functions.serving.Version)
	}
}

func TestADeploymentThatWasKilledIsFinishedByTheNext(t *testing.T) {
	w := newWorld(t)
	if _, err := w.deploy(t); err != nil {
		t.Fatal(err)
	}
	w.next("hash2")
	w.tf.killed = true // the code is there, no version is
	if _, err := w.deploy(t); err == nil {
		t.Fatal("it was killed")
	}
	w.tf.changes, w.tf.publishes = nil, "" // Terraform sees the code that it wants
	p, err := w.Prepare(t.Context(), false)
	if err != nil || p.Empty() {
		t.Fatalf("nothing is left to do: %v", err)
	}
	done, err := p.Make(t.Context(), func(Step) {})
	if err != nil || done.Alias != (Move{From: "1", To: "2"}) {
		t.Fatalf("%+v, %v", done, err)
	}
	if p, err = w.Prepare(t.Context(), false); err != nil || !p.Empty() {
		t.Errorf("there is still something to do: %v", err)
	}
}

func TestABucketThatCannotBeWiredKeepsNoOtherFromIt(t *testing.T) {
	full := Notifications{}
	for i := range 100 {
		full.Entries = append(full.Entries, toTopic(fmt.Sprint("id", i), []FilterRule{{"prefix", fmt.Sprint("p", i, "/")}}, "s3:ObjectRemoved:*"))
	}
	strange := errors.New("the configuration has a member that is not known here")
	for name, c := range map[string]struct {
		reading, writing error
		there            Notifications
		want             error
		remains          int // buckets that can't be told to be quiet
	}{
		"there is none":          {reading: ErrNoBucket, want: ErrNoBucket},
		"elsewhere":              {reading: ErrElsewhere, want: ErrElsewhere},
		"another account's":      {reading: ErrDenied, want: ErrDenied, remains: 1},
		"something unheard of":   {reading: strange, want: strange, remains: 1},
		"somebody's dead topic":  {writing: ErrRefused, want: ErrRefused},
		"may not be written":     {writing: ErrDenied, want: ErrDenied},
		"a hundred rules of its": {there: full, want: ErrFull},
	} {
		w := newWorld(t)
		w.odd, w.oddity, w.refused = "p.streamalerts", c.reading, c.writing
		w.buckets[w.odd] = c.there
		done, err := w.deploy(t)
		if err != nil || len(done.Left) != 1 || !errors.Is(done.Left[0], c.want) || !strings.Contains(done.Left[0].Error(), w.odd) || len(w.buckets["b.logs"].Entries) != 1 {
			t.Fatalf("%s: %+v, %v", name, done, err)
		}
		w.tf.state = deployed()
		x, err := w.PrepareDestruction(t.Context(), Keep{})
		if err != nil {
			t.Fatal(err)
		}
		left, err := x.Make(t.Context(), func(Step) {})
		if err != nil || len(left) != c.remains || len(w.buckets["b.logs"].Entries) != 0 {
			t.Errorf("%s: destroyed: %v, left %v", name, err, left)
		}
	}
}

func TestABucketThatIsConfiguredNoMoreNotifiesNoMore(t *testing.T) {
	w := newWorld(t)
	if _, err := w.deploy(t); err != nil {
		t.Fatal(err)
	}
	w.tf.state.Outputs = Outputs{QueueARN: queueARN, DataBuckets: []string{"b.logs", "p.streamalerts"}}
	w.Config.Buckets = slices.DeleteFunc(w.Config.Buckets, func(b table.Bucket) bool { return b.Name == "b.logs" })
	w.functions.answer = strings.Replace(rightAnswer, `"buckets":2`, `"buckets":1`, 1)
	if _, err := w.deploy(t); err != nil || w.wired() != 1 || len(w.buckets["b.logs"].Entries) != 0 {
		t.Errorf("%v, %v", err, w.buckets)
	}
}

// deployed is a state with what holds something, under the names that the
// configuration has, or a name of old.
func deployed(old ...string) State {
	s := State{Outputs: Outputs{QueueARN: queueARN, Database: "p_streamalert", Key: "key1"}}
	for i, r := range []Resource{
		{queueAddress, "p_streamalert_athena_s3_notifications"}, {deadLettersAddress, "p_streamalert_athena_s3_notifications_dlq"},
		{databaseAddress, "p_streamalert"}, {workGroupAddress, "p_streamalert"},
		{resultsAddress, "p.streamalert.athena-results"}, {"aws_s3_bucket_policy.results", "p.streamalert.athena-results"},
		{"aws_lambda_function.refresh", "f"},
	} {
		r.Address = module + r.Address
		if i < len(old) && old[i] != "" {
			r.Name = old[i]
		}
		s.Resources = append(s.Resources, r)
	}
	return s
}

// TestWhatHoldsSomethingIsLetGoOfBeforeItGetsAnotherName: Terraform would delete
// it, and what S3 notifies until the buckets know the other queue would be lost.
func TestWhatHoldsSomethingIsLetGoOfBeforeItGetsAnotherName(t *testing.T) {
	for name, c := range map[string]struct {
		old  []string
		want string // a line of the error for each
		gone string
	}{
		"nothing":     {nil, "", ""},
		"queues":      {[]string{"q", "q_dlq"}, "queue q → p_streamalert_athena_s3_notifications\n  queue q_dlq → p_streamalert_athena_s3_notifications_dlq", queueAddress + " " + deadLettersAddress},
		"database":    {[]string{"", "", "d"}, "database d → p_streamalert", databaseAddress},
		"work group":  {[]string{"", "", "", "w"}, "work group w → p_streamalert", workGroupAddress},
		"its results": {[]string{"", "", "", "", "r", "r"}, "bucket r → p.streamalert.athena-results", resultsAddress + " aws_s3_bucket_policy.results"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.tf.state = deployed(c.old...)
			_, err := w.Prepare(t.Context(), false)
			var other RenamedError
			if errors.As(err, &other) != (c.want != "") || c.want != "" && !strings.HasSuffix(err.Error(), "\n  "+c.want) {
				t.Fatalf("error %v", err)
			}
			if c.want == "" {
				return
			}
			if err := w.LetGo(t.Context(), other); err != nil {
				t.Fatal(err)
			}
			if want := "forget " + module + strings.ReplaceAll(c.gone, " ", " "+module); !slices.Equal(w.tf.did, []string{want}) {
				t.Errorf("did %v, want %s in one", w.tf.did, want)
			}
			if _, err := w.Prepare(t.Context(), false); err != nil {
				t.Errorf("let go of, it is refused still: %v", err)
			}
		})
	}
}

// TestAPlanThatDeletesWhatHoldsSomethingIsNotCarriedOut: whatever the reason.
func TestAPlanThatDeletesWhatHoldsSomethingIsNotCarriedOut(t *testing.T) {
	for _, h := range holders {
		for _, verb := range []Verb{Replace, Destroy} {
			w := newWorld(t)
			w.tf.changes = []Change{{Verb: verb, Address: module + h.address, Type: "aws_sqs_queue", Name: "x"}}
			if _, err := w.Prepare(t.Context(), false); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
				t.Errorf("%s %s: error %v", verb, h.address, err)
			}
		}
	}
}

// TestWhatWasBeforeIsKnownForEver: a deployment that was killed after Terraform,
// and before the buckets, must know its entries, and messages may be encrypted
// with any key there was.
func TestWhatWasBeforeIsKnownForEver(t *testing.T) {
	w := newWorld(t)
	w.tf.state = deployed()
	w.tf.state.Outputs.QueueARN, w.tf.state.Outputs.FormerQueues, w.tf.state.Outputs.FormerKeys = oldQueue, []string{"arn:older", queueARN}, []string{"key0"}
	w.buckets["b.logs"] = Notifications{Entries: []Entry{{ID: OurID, Kind: ToQueue, ARN: "arn:older", Events: []string{created}}}}
	if _, err := w.deploy(t); err != nil {
		t.Fatal(err)
	}
	if f := w.tf.purpose.Former; !slices.Equal(f.Queues, []string{"arn:older", oldQueue}) || !slices.Equal(f.Keys, []string{"key0", "key1"}) {
		t.Errorf("before there were %+v", f)
	}
	if n := w.buckets["b.logs"]; !n.equal(Notifications{Entries: []Entry{ourEntry()}}) {
		t.Errorf("the bucket notifies %v", n)
	}
	w.Config.KMSKeyARN = "key0"
	if _, err := w.Prepare(t.Context(), false); err != nil || !slices.Equal(w.tf.purpose.Former.Keys, []string{"key1"}) {
		t.Errorf("with the first key again: %v, %v", w.tf.purpose.Former.Keys, err)
	}
}

// present finds what it is made of.
type present []string

func (p present) Find(_ context.Context, s Sought) (string, bool, error) {
	return "ID", slices.Contains(p, s.String()), nil
}

func TestWhatIsInTheWayIsListedWithItsImport(t *testing.T) {
	const f = "p_streamalert_athena_partition_refresh"
	create := func(kind, address, name string) Change {
		return Change{Verb: Create, Type: kind, Address: module + kind + "." + address, Name: name}
	}
	for _, c := range []struct {
		change Change
		there  string
		id     string // by which it is imported
	}{
		{create("aws_sqs_queue", "notifications", "q"), "queue q", "ID"},
		{create("aws_s3_bucket", "results", "b"), "bucket b", "ID"},
		{create("aws_glue_catalog_database", "tables", "d"), "database d", "123456789012:ID"},
		{create("aws_athena_workgroup", "refresh", "w"), "work group w", "ID"},
		{create("aws_iam_role", "function", f), "role " + f, "ID"},
		{create("aws_lambda_function", "refresh", f), "function " + f, "ID"},
		{create("aws_lambda_alias", "production", f), "alias production of function " + f, f + "/production"},
		{create("aws_lambda_permission", `run["schedule"]`, f), "permission schedule of function " + f, f + ":production/schedule"},
		{create("aws_lambda_event_source_mapping", "queue[0]", "queue"), "mapping " + queueARN + " of function " + f, "ID"},
		{create("aws_cloudwatch_log_group", "function", "/aws/lambda/"+f), "log group /aws/lambda/" + f, "ID"},
		{create("aws_cloudwatch_event_rule", `run["schedule"]`, "r"), "rule r", "ID"},
		{create("aws_cloudwatch_metric_alarm", `of["errors"]`, "a"), "alarm a", "ID"},
		{create("aws_cloudwatch_dashboard", "refresh", f), "dashboard " + f, "ID"},
	} {
		w := newWorld(t)
		w.Finder = present{c.there}
		w.tf.changes = []Change{create("aws_sqs_queue", "x", "another"), c.change, {Verb: Update, Type: "aws_sqs_queue", Name: "q"}}
		_, err := w.Prepare(t.Context(), false)
		want := "  " + c.there + ": terraform import '" + c.change.Address + "' '" + c.id + "'"
		if e := (ExistingError)(nil); !errors.As(err, &e) || !strings.HasSuffix(err.Error(), "know them:\n"+want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
		if _, err := w.Prepare(t.Context(), true); err != nil || len(w.tf.purpose.Adopt) != 1 {
			t.Errorf("adopted: %v, %v", w.tf.purpose.Adopt, err)
		}
	}
}
