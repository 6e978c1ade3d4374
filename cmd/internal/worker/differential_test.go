package worker

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"athenarefresh/internal/aws/s3client"
	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/config"
	"athenarefresh/internal/local"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

var (
	histories = flag.Int("histories", 16, "how many histories TestBothCatalogsDoTheSame makes up")
	only      = flag.Uint64("history", 0, "make up only this one, by its seed")
)

// TestBothCatalogsDoTheSame settles made-up histories through each of the
// catalogs of a configuration, on the local stack, and through the strict one
// in memory: tables of all kinds, keys and types, partitions that are there
// already, here or elsewhere, tables that come and go, somebody else who adds
// between a look-up and its addition, junk and repetition. Every message has
// the same outcome in all, and all end as the same catalog.
func TestBothCatalogsDoTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes seconds")
	}
	cfg := localStack(t)
	everyCatalogIsMade(t, cfg)
	first, last := uint64(1), uint64(*histories)
	if *only != 0 {
		first, last = *only, *only
	}
	room := make(chan struct{}, 8) // most of the time is waiting for statements
	var group sync.WaitGroup
	for seed := first; seed <= last; seed++ {
		room <- struct{}{}
		group.Go(func() {
			defer func() { <-room }()
			if diff := differ(t, cfg, seed); diff != "" {
				t.Errorf("history %d (go test ./cmd/internal/worker -run BothCatalogs -history %d):\n%s", seed, seed, diff)
			}
		})
	}
	group.Wait()
}

// localStack serves an embedded AWS with a bucket for results.
func localStack(t *testing.T) aws.Config {
	t.Helper()
	stack, err := local.Open(local.Options{Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(stack.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := stack.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider(local.AccessKey, local.SecretKey, ""),
	}
	if _, err := s3client.New(cfg).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("results")}); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// differ says where the catalogs part, in one history.
func differ(t *testing.T, cfg aws.Config, seed uint64) string {
	h := makeHistory(seed)
	told := map[config.Catalog][]string{}
	var mu sync.Mutex
	var sides sync.WaitGroup
	for _, name := range append(config.Catalogs(), inMemory) {
		sides.Go(func() {
			s, err := openSide(t, cfg, name, fmt.Sprintf("%s_%d", name, seed))
			if err != nil {
				t.Errorf("history %d, %s: %v", seed, name, err)
				return
			}
			log := s.live(t, h)
			mu.Lock()
			defer mu.Unlock()
			told[name] = log
		})
	}
	sides.Wait()
	for _, name := range config.Catalogs() {
		if diff := cmp.Diff(told[inMemory], told[name]); diff != "" {
			return fmt.Sprintf("memory (-) and %s (+): %s", name, diff)
		}
	}
	return ""
}

// inMemory is the side that says what is right.
const inMemory config.Catalog = "memory"

// side is one catalog with its own empty database.
type side struct {
	catalog refresh.Catalog
	behind  behind
}

func openSide(t *testing.T, cfg aws.Config, name config.Catalog, database string) (*side, error) {
	if name == inMemory {
		m := catalogtest.NewMemory(t)
		return &side{m.Catalog(), m}, nil
	}
	c := &config.Config{Catalog: name, Database: database, WorkGroup: "primary", ResultsBucket: "results"}
	behind, err := createOnGlue(t.Context(), cfg, c.Database)
	if err != nil {
		return nil, err
	}
	catalog, closeCatalog := Catalog(cfg, c)
	t.Cleanup(func() { closeCatalog() })
	return &side{catalog, behind}, nil
}

// live settles a history, and returns what became of each message and of the
// catalog. What fails rests for a time, and the sides are not equally fast: so
// after a message that is to be tried again the process begins anew.
func (s *side) live(t *testing.T, h *history) (log []string) {
	ctx := t.Context()
	must := func(what string, err error) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, c := range h.tables {
		must("create a table", s.behind.CreateTable(ctx, c))
	}
	for _, p := range h.before {
		must("add a partition before", s.behind.AddPartition(ctx, p.table, p.Partition))
	}
	r := s.begin(h)
	for i, step := range h.steps {
		if step.change != nil {
			must(fmt.Sprint("step ", i), step.change(ctx, s.behind))
		}
		if step.restart {
			r.Close(ctx)
			r = s.begin(h)
		}
		out := r.Settle(ctx, refresh.Message{ID: fmt.Sprint(i), Body: step.body, Receives: 1})
		log = append(log, fmt.Sprintf("message %d: %s %v: %.300s", i, out.Outcome, out.Reasons, step.body))
		if out.Outcome == refresh.Retry {
			r.Close(ctx)
			r = s.begin(h)
		}
	}
	r.Close(ctx)
	return append(log, s.state(ctx)...)
}

func (s *side) begin(h *history) *refresh.Refresher {
	return refresh.New(refresh.Options{
		Router: h.router, DeadLetters: refresh.Nowhere{}, Statements: 5, MaxInHand: 1000,
		Catalog: refresh.Catalog{Reader: s.catalog.Reader, Writer: &rivalled{s.catalog.Writer, s.behind, h.seed}},
	})
}

// rivalled is a Writer to whose tables somebody else writes at the worst time:
// after the look-up, before the addition. What the rival does depends on the
// partition alone, as the catalogs don't take equally many at once.
type rivalled struct {
	refresh.Writer
	behind behind
	seed   uint64
}

func (w *rivalled) Add(ctx context.Context, t refresh.Table, parts []refresh.Partition) error {
	drop := false
	for _, p := range parts {
		switch w.mood(t.ID.Name, p.Values) {
		case 0:
			if err := w.behind.AddPartition(ctx, t.ID.Name, p); err != nil {
				return fmt.Errorf("the rival: %w", err)
			}
		case 1:
			if err := w.behind.AddPartition(ctx, t.ID.Name, refresh.Partition{Values: p.Values, Location: "s3://rival/" + p.Values[0] + "/"}); err != nil {
				return fmt.Errorf("the rival: %w", err)
			}
		case 2:
			drop = true
		}
	}
	if drop {
		if err := w.behind.DropTable(ctx, t.ID.Name); err != nil {
			return fmt.Errorf("the rival: %w", err)
		}
	}
	return w.Writer.Add(ctx, t, parts)
}

// crowded is the table that gets more at once than one call of Glue's takes.
const crowded = "d1"

func (w *rivalled) mood(name string, values []string) int {
	sum := w.seed
	for _, b := range []byte(name + "\x00" + strings.Join(values, "\x00")) {
		sum = (sum ^ uint64(b)) * 1099511628211
	}
	switch n := sum >> 40 % 80; {
	case n < 8:
		return 0
	case n < 16:
		return 1
	case n == 16 && name != crowded: // what is settled by then depends on how many are added at once
		return 2
	}
	return 3
}

// state is the whole catalog.
func (s *side) state(ctx context.Context) (lines []string) {
	names, err := s.catalog.Tables(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	slices.Sort(names)
	for _, name := range names {
		parts, err := s.behind.AllPartitions(ctx, name)
		if err != nil {
			lines = append(lines, fmt.Sprint(name, ": ", err))
		}
		var list []string
		for _, p := range parts {
			list = append(list, fmt.Sprintf("%s %q at %q", name, p.Values, p.Location))
		}
		slices.Sort(list)
		lines = append(append(lines, "table "+name), list...)
		if d, ok := s.behind.(*onGlue); ok {
			if unlike, err := d.ReadUnlike(ctx, name); err != nil || len(unlike) > 0 {
				lines = append(lines, fmt.Sprintf("%s: %q are read in another way than the table: %v", name, unlike, err))
			}
		}
	}
	return lines
}

// history is what happens to a database.
type history struct {
	seed   uint64
	router *table.Router
	tables []refresh.Table
	before []stored
	steps  []step
}

type stored struct {
	table string
	refresh.Partition
}

// step is a message, and what happens before it.
type step struct {
	change  func(context.Context, behind) error
	restart bool // the process begins anew
	body    string
}

// maker makes a history up.
type maker struct {
	*rand.Rand
	h     *history
	specs map[string]refresh.Table // of the tables that there are or were
	keys  []string                 // that landed
}

func makeHistory(seed uint64) *history {
	router, err := table.New([]table.Bucket{
		{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}},
		{Name: "hive", Rules: []table.Rule{{Layout: "hive", Table: "h", Keys: []string{"region", "month"}}}},
		{Name: "days", Rules: []table.Rule{{Layout: "{yyyy}/{M}/{d}/", Table: "n", Partition: []table.KeyTemplate{
			{Key: "year", Value: "{yyyy}"}, {Key: "month", Value: "{M}"}, {Key: "day", Value: "{d}"}}}}},
		{Name: "pq", Rules: []table.Rule{{Prefix: "parquet/", Layout: "streamalert-parquet"}}},
	})
	if err != nil {
		panic(err)
	}
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 7)), h: &history{seed: seed, router: router}, specs: map[string]refresh.Table{}}
	for _, name := range []string{"d0", "d1", "d2", "h", "n", "p0", "p1"} {
		if m.IntN(12) > 0 {
			m.specs[name] = m.spec(name)
			m.h.tables = append(m.h.tables, m.specs[name])
		}
	}
	m.before()
	for range 8 + m.IntN(6) {
		m.h.steps = append(m.h.steps, m.step())
	}
	return m.h
}

func pick[T any](m *maker, list ...T) T { return list[m.IntN(len(list))] }

// spec is a table of that name, mostly one that its layout can feed.
func (m *maker) spec(name string) refresh.Table {
	t := refresh.Table{ID: refresh.TableID{Name: name, Location: "s3://tables/" + name + "/"}}
	switch name {
	case "h":
		t.Keys = []refresh.Key{{Name: "region", Type: "string"}, {Name: "month", Type: pick(m, "int", "int", "tinyint", "bigint", "string", "date")}}
	case "n":
		t.Keys = []refresh.Key{{Name: "year", Type: pick(m, "int", "string")}, {Name: "month", Type: pick(m, "int", "tinyint", "string")}, {Name: "day", Type: pick(m, "smallint", "string")}}
	default:
		t.Keys = []refresh.Key{{Name: "dt", Type: pick(m, "string", "string", "string", "string", "string", "date")}}
	}
	m.Shuffle(len(t.Keys), func(i, j int) { t.Keys[i], t.Keys[j] = t.Keys[j], t.Keys[i] })
	if name[0] == 'p' && m.IntN(3) > 0 {
		t.Parquet = true
	}
	switch m.IntN(12) {
	case 0:
		if t.KindName = pick(m, "", iceberg, delta, view); t.KindName == "" {
			t.Kind = refresh.Projected
		} else {
			t.Kind = refresh.NotHive
		}
	case 1:
		t.Keys = t.Keys[:len(t.Keys)-1]
	}
	return t
}

// before adds partitions of objects that will land, where they belong or
// elsewhere, with numbers in any spelling.
func (m *maker) before() {
	seen := map[string]bool{}
	for range m.IntN(12) {
		bucket, key, _ := strings.Cut(m.object(), ":")
		p := m.h.router.Place(bucket, key)
		spec, ok := m.specs[p.Partition.Table]
		if p.Outcome != table.Place || !ok || len(spec.Keys) != len(p.Partition.Keys) {
			continue
		}
		s := stored{spec.ID.Name, refresh.Partition{Location: pick(m, p.Partition.Location, strings.TrimSuffix(p.Partition.Location, "/"), "s3://elsewhere/")}}
		id := spec.ID.Name
		for _, k := range spec.Keys {
			v := p.Partition.Values[slices.Index(p.Partition.Keys, k.Name)]
			id += "\x00" + strings.TrimLeft(v, "0")
			if len(v) == 1 && k.Type != "string" {
				v = pick(m, v, "0"+v)
			}
			s.Values = append(s.Values, v)
		}
		if !seen[id] {
			seen[id] = true
			m.h.before = append(m.h.before, s)
		}
	}
}

// step is the next message, perhaps after a table came or went.
func (m *maker) step() step {
	s := step{restart: m.IntN(6) == 0, body: m.body()}
	if m.IntN(5) > 0 {
		return s
	}
	name := pick(m, slices.Sorted(maps.Keys(m.specs))...)
	spec := m.spec(name)
	again := m.IntN(5) > 0
	s.restart = true // what a process knows of a table counts for five minutes
	s.change = func(ctx context.Context, b behind) error {
		err := b.DropTable(ctx, name)
		if again {
			err = b.CreateTable(ctx, spec)
		} else if err != nil {
			err = nil // it was gone
		}
		return err
	}
	return s
}

// body is a message's: notifications, or junk.
func (m *maker) body() string {
	switch m.IntN(12) {
	case 0:
		return pick(m, "", "{", `{"Records":[]}`, `{"Event":"s3:TestEvent"}`, `{"Records":[{"eventSource":"aws:ses"}]}`, `[1]`)
	case 1: // more than one call takes
		var records []string
		for i := range 130 {
			records = append(records, record("data", fmt.Sprintf("%s/20%02d/01/02/%02d/x", crowded, i/24, i%24)))
		}
		return `{"Records":[` + strings.Join(records, ",") + `]}`
	}
	var records []string
	for range 1 + m.IntN(6) {
		bucket, key, _ := strings.Cut(m.object(), ":")
		records = append(records, record(bucket, key))
	}
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

// object is "bucket:key", one time in three one that landed before.
func (m *maker) object() string {
	if len(m.keys) > 0 && m.IntN(3) == 0 {
		return pick(m, m.keys...)
	}
	day := fmt.Sprintf("2018/%02d/%02d", 1+m.IntN(3), 1+m.IntN(3))
	hostile := strings.NewReplacer("/", "%2F").Replace(pick(m, catalogtest.Hostile()...))
	o := pick(m,
		fmt.Sprintf("data:d%d/%s/%02d/f%d", m.IntN(3), day, m.IntN(4), m.IntN(9)),
		fmt.Sprintf("data:d0/%s/%02d/f%d", day, m.IntN(24), m.IntN(9)),
		fmt.Sprintf("hive:region=%s/month=%s/f", pick(m, "eu", "us", hostile), pick(m, "1", "01", "3", "13", "007", "-1", "x", "300")),
		fmt.Sprintf("hive:logs/region=%s/month=%d/f", hostile, m.IntN(4)),
		fmt.Sprintf("days:2018/%d/%d/f", 1+m.IntN(12), 1+m.IntN(12)),
		fmt.Sprintf("days:2018/%02d/%d/f", 1+m.IntN(3), 1+m.IntN(3)),
		fmt.Sprintf("pq:parquet/p%d/dt=2018-01-0%d-0%d/f.parquet", m.IntN(2), 1+m.IntN(3), m.IntN(4)),
		pick(m, "data:gone/2018/01/01/01/f", "data:d0/", "data:d0/2018/13/01/01/f", "nobody:x", "data:d0/2018/01/01/01/_SUCCESS", "data:D%0/2018/01/01/01/f"),
	)
	m.keys = append(m.keys, o)
	return o
}

// record is an entry of a notification, as S3 writes it.
func record(bucket, key string) string {
	escaped := strings.ReplaceAll(url.QueryEscape(key), "%2F", "/")
	return fmt.Sprintf(`{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":%q},"object":{"key":%q}}}`, bucket, escaped)
}
