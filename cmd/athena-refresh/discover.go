package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"athenarefresh/internal/aws/objects"
	"athenarefresh/internal/config"
	"athenarefresh/internal/discover"
	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/schema/infer"
	"athenarefresh/internal/schema/sample"
	"athenarefresh/internal/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
)

// place is where discover looks, and how much of it.
type place struct {
	where, bucket, at, save string
	breadth                 int
}

func (p *place) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.bucket, "bucket", "", "the bucket that a folder's files are in, or shall be")
	cmd.Flags().StringVar(&p.at, "at", "", "what the keys of a folder's files begin with, where the folder is a part of a bucket: AWSLogs/")
	cmd.Flags().StringVar(&p.save, "save", "", "write the rules and the tables to this folder, a configuration")
}

// check says which flag can't be.
func (p *place) check() error {
	if p.bucket == "" {
		return nil
	}
	if err := config.CheckBucket(p.bucket); err != nil {
		return hint(fmt.Errorf("--bucket %w", err), "--bucket NAME, as S3 has it: example-logs")
	}
	return nil
}

func (a *app) discover() *cobra.Command {
	var p place
	cmd := &cobra.Command{
		Use:   "discover WHERE",
		Short: "Say which logs lie in a folder or a bucket, and the rules for them",
		Long: `Discover looks at a folder, a bucket or s3://BUCKET/PREFIX, and changes nothing. It
says which writers' logs lie there, which other folders are dated or named
key=value, the rules of lambda.json and the tables that they call for, what would
be ignored, and what fits none and why. It says where Athena's partition
projection would do, and this program is not needed.

Of a bucket it looks into the first, the last and some of the folders at each
depth (--sample), so that one of a hundred million objects takes minutes; what it
counts is what it saw.`,
		Example: `  athena-refresh discover ~/logs
  athena-refresh discover s3://org-trail/AWSLogs/
  athena-refresh discover ~/logs/us-east-1 --at AWSLogs/111122223333/CloudTrail/us-east-1/`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := exactly(1, "discover: name a folder, a bucket or s3://BUCKET/PREFIX")(cmd, args); err != nil {
				return err
			}
			return p.check()
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p.where = args[0]
			d, err := a.discovered(cmd.Context(), &p)
			if err != nil {
				return err
			}
			if err := a.showDiscovery(cmd.Context(), d, a.stdout, a.json); err != nil || p.save == "" {
				return err
			}
			return d.save(cmd.Context(), p.save)
		},
	}
	a.jsonFlag(cmd)
	p.flags(cmd)
	cmd.Flags().IntVar(&p.breadth, "sample", 200, "how many folders of a bucket are looked into at each depth")
	return cmd
}

// discovery is what was found in a place.
type discovery struct {
	*discover.Result
	bucket  string
	assumed bool   // the bucket is a folder's, and nobody said what it is called
	at      string // what the folder's keys begin with
	guessed bool   // nobody said that either
	dir     string // "" for a bucket
	cfg     *aws.Config
	skipped []string
	part    bool // not everything was looked at
	learnt  map[string]learnt
}

// learnt is what is known of a table's files.
type learnt struct {
	schema *schema.Schema
	notes  []string // for people
	err    error    // why nothing is
}

// discovered is what lies in a place.
func (a *app) discovered(ctx context.Context, p *place) (*discovery, error) {
	var seen atomic.Int64
	stop := terminal.Progress(a.stderr, func() string {
		return fmt.Sprintf("looking at %s: %s", p.where, count(int(seen.Load()), "file"))
	})
	defer stop()
	if dir, ok := isFolder(p.where); ok {
		return lookAtFolder(ctx, dir, p, &seen)
	}
	url, said := strings.CutPrefix(p.where, "s3://")
	bucket, prefix, _ := strings.Cut(url, "/")
	if err := noBucket(p.where, bucket); err != nil {
		return nil, err
	}
	if p.at != "" {
		return nil, fmt.Errorf("discover: --at is for a folder: %s has its keys whole", p.where)
	}
	c, _, err := config.Load(a.conf)
	if err != nil {
		c = &config.Config{} // it is what discover is asked for; the environment has the region
	}
	what := "look at " + p.where
	if !said {
		what += ": there is no such folder; look for a bucket of that name"
	}
	cfg, err := a.aws(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	walk := &discover.Walk{Bucket: bucket, Prefix: prefix, Breadth: p.breadth, List: objects.New(cfg).List}
	d := &discovery{bucket: bucket, cfg: &cfg, learnt: map[string]learnt{}}
	d.Result, err = discover.Look(ctx, bucket, bucket, counting(walk.Files, "", &seen), d.peek)
	if err != nil {
		return nil, explainAWS(what, err)
	}
	d.part = walk.Part
	return d, nil
}

// noBucket says why a place that is no folder is no bucket either: there is
// something else here, or S3 has no such name.
func noBucket(where, bucket string) error {
	const can = "a folder of this machine, a bucket's name, or s3://BUCKET/PREFIX"
	wrong := config.CheckBucket(bucket)
	if strings.HasPrefix(where, "s3://") {
		if wrong != nil {
			return hint(fmt.Errorf("look at %s: %w", where, wrong), can)
		}
		return nil
	}
	if _, err := os.Stat(where); err == nil {
		return hint(fmt.Errorf("look at %s: it is a file, not a folder", where), "name the folder that the dated ones are in")
	}
	if _, err := os.Lstat(where); err == nil || wrong != nil || strings.Contains(where, "/") {
		return hint(fmt.Errorf("look at %s: there is no such folder", where), can)
	}
	return nil
}

func isFolder(path string) (string, bool) {
	info, err := os.Stat(path)
	return path, err == nil && info.IsDir()
}

// mostKept is how many names of files are kept in memory, rather than read twice.
const mostKept = 200_000

func lookAtFolder(ctx context.Context, dir string, p *place, seen *atomic.Int64) (*discovery, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", dir, err)
	}
	d := &discovery{dir: abs, bucket: p.bucket, at: p.at, learnt: map[string]learnt{}}
	name := filepath.Base(abs)
	if d.bucket == "" {
		d.bucket, d.assumed = bucketNamed(name), true
	}
	if d.at != "" && !strings.HasSuffix(d.at, "/") {
		d.at += "/"
	}
	files := discover.Kept(mostKept, func(ctx context.Context) iter.Seq2[discover.File, error] {
		return func(yield func(discover.File, error) bool) {
			d.skipped = nil
			mount := local.Mount{Bucket: d.bucket, Dir: abs, Skipped: func(key, why string) { d.skipped = append(d.skipped, key+": "+why) }}
			for f, err := range mount.Files(ctx) {
				if !yield(discover.File{Key: f.Key, Size: f.Size}, err) {
					return
				}
			}
		}
	})
	if d.Result, err = discover.Look(ctx, d.bucket, name, counting(files, d.at, seen), d.peek); err != nil {
		return nil, fmt.Errorf("look at %s: %w", dir, err)
	}
	if p.at != "" || d.Result.Sources() > 0 {
		return d, nil
	}
	if lead := d.Result.Lead(ctx, filepath.ToSlash(abs)); lead != "" {
		d.at, d.guessed = lead, true
		if d.Result, err = discover.Look(ctx, d.bucket, name, counting(files, lead, seen), d.peek); err != nil {
			return nil, fmt.Errorf("look at %s: %w", dir, err)
		}
	}
	return d, nil
}

// counting counts the files that are handed out, with what their keys begin with.
func counting(files discover.Files, at string, seen *atomic.Int64) discover.Files {
	return func(ctx context.Context) iter.Seq2[discover.File, error] {
		seen.Store(0)
		return func(yield func(discover.File, error) bool) {
			for f, err := range files(ctx) {
				seen.Add(1)
				f.Key = at + f.Key
				if !yield(f, err) {
					return
				}
			}
		}
	}
}

// bucketNamed makes a folder's name a bucket's.
func bucketNamed(folder string) string {
	name := strings.Trim(notInBuckets.ReplaceAllString(strings.ToLower(folder), "-"), "-")
	if name = name[:min(len(name), 63)]; len(name) < 3 {
		name = strings.TrimLeft("logs-"+name, "-")
	}
	if name = strings.Trim(name, "-"); config.CheckBucket(name) != nil { // of those that S3 keeps for itself
		return "logs"
	}
	return name
}

var notInBuckets = regexp.MustCompile(`[^a-z0-9]+`)

// contents is what a table's files hold: by its source, or by a sample, which is
// looked at once.
func (d *discovery) contents(ctx context.Context, t *discover.Table) learnt {
	l, ok := d.learnt[t.Name]
	if !ok {
		l = d.learn(ctx, t)
		d.learnt[t.Name] = l
	}
	return l
}

func (d *discovery) learn(ctx context.Context, t *discover.Table) learnt {
	page, known := schema.Named(t.Source)
	if known && !page.HasHeader() && !(page.IsParquet() && !slices.ContainsFunc(t.Sample, isParquet)) {
		return learnt{schema: &page} // of a source that also comes as text, the files say which it is
	}
	s, notes, err := d.looksLike(ctx, t.Sample, sample.Usual, &home{name: t.Name, keys: t.Keys, source: t.Source})
	switch {
	case known && err != nil:
		return learnt{schema: &page, notes: []string{fmt.Sprintf("whether the files have the fields of source %s was not seen: %v", t.Source, err)}}
	case known && !s.ByName() && !schema.Moved(s.Columns, page.Columns):
		return learnt{schema: &page}
	}
	return learnt{s, notes, err}
}

func isParquet(key string) bool { return strings.HasSuffix(key, ".parquet") }

// peek implements discover.Peek.
func (d *discovery) peek(ctx context.Context, key string) (schema.Schema, bool) {
	s, _, err := d.looksLike(ctx, []string{key}, sample.Limits{Files: 1, Bytes: sample.Usual.Bytes, Each: 256 << 10}, &home{})
	if err != nil {
		return schema.Schema{}, false
	}
	return *s, true
}

// looksLike is the schema of a sample of the files with these keys, with what is
// to be known of it. Fields that nothing names, in files that aren't called CSV, are
// most often lines of text with a comma or a space in them.
func (d *discovery) looksLike(ctx context.Context, keys []string, limits sample.Limits, h *home) (*schema.Schema, []string, error) {
	if err := infer.Available(); err != nil {
		return nil, nil, err
	}
	taken, err := d.sample(ctx, keys, limits)
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(taken.Dir)
	if len(taken.Files) == 0 {
		return nil, taken.Notes, errors.New("no file of it can be read" + notesAfter(taken.Notes))
	}
	s, _, notes, err := looksLike(ctx, taken, h)
	if err != nil {
		return nil, nil, errors.New(sourced(err.Error(), taken))
	}
	for i := range notes {
		notes[i] = sourced(notes[i], taken)
	}
	if h.source == "" && !s.ByName() && !haveNames(&s) && !anyNamed(taken, ".csv") && !regular(taken, &s) {
		s, notes = schema.Lines(), []string{"", "its lines are taken apart by nothing: each is a row with one column, line"}
	}
	return &s, append(taken.Notes, notes[1:]...), nil
}

// haveNames tells whether columns have names of their own, and not what is in a first
// line that was taken for a header.
func haveNames(s *schema.Schema) bool {
	return s.ByName() || s.HasHeader() && !slices.ContainsFunc(s.Columns, func(c hiveql.Column) bool { return !aName.MatchString(c.Name) })
}

var aName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// regular tells whether every line has as many fields as there are columns, parted by
// what no sentence has.
func regular(taken *sample.Sample, s *schema.Schema) bool {
	delimiter := s.SerDeProperties["field.delim"]
	if !strings.Contains("\t|;", delimiter) || delimiter == "" {
		return false
	}
	for _, f := range taken.Files {
		content, err := os.ReadFile(f.Path)
		if err != nil {
			return false
		}
		for line := range strings.Lines(string(content)) {
			if strings.TrimSpace(line) != "" && strings.Count(line, delimiter) != len(s.Columns)-1 {
				return false
			}
		}
	}
	return true
}

// anyNamed tells whether a file's name says what it is.
func anyNamed(taken *sample.Sample, kind string) bool {
	return slices.ContainsFunc(taken.Files, func(f sample.File) bool { return strings.Contains(strings.ToLower(f.Name), kind) })
}

func (d *discovery) sample(ctx context.Context, keys []string, limits sample.Limits) (*sample.Sample, error) {
	if d.cfg != nil {
		return objects.NewSampler(*d.cfg).Keys(ctx, d.bucket, keys, limits)
	}
	var paths []string
	for _, key := range keys {
		paths = append(paths, filepath.Join(d.dir, filepath.FromSlash(strings.TrimPrefix(key, d.at))))
	}
	return sample.Paths(ctx, paths, limits)
}

// The lines of discover --json.
type (
	discoveredTable struct {
		Table      string         `json:"table"`
		Source     *string        `json:"source"` // null: no source fits
		Rule       discover.Rule  `json:"rule"`   // for lambda.json
		Bucket     string         `json:"bucket"`
		Assumed    bool           `json:"assumed,omitempty"` // true: a folder's bucket, of which nobody said the name
		At         string         `json:"at,omitempty"`      // what the folder's keys begin with in the bucket
		Files      int            `json:"files"`
		Bytes      int64          `json:"bytes"`      // as stored
		Partitions int            `json:"partitions"` // how many the files make
		Keys       []string       `json:"keys"`
		Format     *string        `json:"format"`               // null: not known
		Columns    []schemaColumn `json:"columns"`              // without the keys; null: not known
		Examples   []string       `json:"examples"`             // keys, at most three
		Projection []string       `json:"projection,omitempty"` // where partition projection would do instead
	}
	schemaColumn struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	discoveredIgnored struct {
		Reason   string   `json:"reason"`
		Files    int      `json:"files"`
		Examples []string `json:"examples"`
	}
	discoveredUnplaced struct {
		Why      string   `json:"why"`
		Files    int      `json:"files"`
		Examples []string `json:"examples"`
	}
	discoveredSummary struct {
		Files    int   `json:"files"`
		Bytes    int64 `json:"bytes"`
		Placed   int   `json:"placed"`
		Ignored  int   `json:"ignored"`
		Unplaced int   `json:"unplaced"`
		Sampled  bool  `json:"sampled,omitempty"` // not every file was looked at
	}
)

// table is a table's line, and what was learnt of its files.
func (a *app) discoveredTable(ctx context.Context, d *discovery, t *discover.Table) (discoveredTable, error) {
	line := discoveredTable{Table: t.Name, Rule: t.Rule, Bucket: d.bucket, Assumed: d.assumed, At: d.at, Files: t.Files,
		Bytes: t.Bytes, Partitions: t.Partitions, Keys: t.Keys, Examples: d.fromRoot(t.Examples)}
	if t.Source != "" {
		line.Source = &t.Source
	}
	for _, p := range t.Projection(d.bucket) {
		line.Projection = append(line.Projection, p.String())
	}
	l := d.contents(ctx, t)
	switch {
	case ctx.Err() != nil:
		return line, errInterrupted
	case l.err != nil:
		a.say(fmt.Sprintf("note: what is in the files of table %s is not known: %v", t.Name, l.err))
		return line, nil
	}
	for _, n := range l.notes {
		a.say(fmt.Sprintf("note: table %s: %s", t.Name, n))
	}
	format := l.schema.Format.Kind()
	line.Format = &format
	line.Columns = columnLines(l.schema.Columns)
	return line, nil
}

// fromRoot are keys from the folder's root, or the bucket's.
func (d *discovery) fromRoot(keys []string) []string {
	list := make([]string, len(keys))
	for i, key := range keys {
		list[i] = strings.TrimPrefix(key, d.at)
	}
	return list
}

func columnLines(columns []hiveql.Column) []schemaColumn {
	list := []schemaColumn{}
	for _, c := range columns {
		list = append(list, schemaColumn{c.Name, c.Type.String()})
	}
	return list
}
