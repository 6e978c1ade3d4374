package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"athenarefresh/internal/aws/objects"
	"athenarefresh/internal/config"
	"athenarefresh/internal/discover"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/local"
	"athenarefresh/internal/schema/sample"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

// placeFlags say where discover looks, and at how much of it.
type placeFlags struct {
	where, bucket, at, save string
	breadth                 int
}

func (p *placeFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.bucket, "bucket", "", "the bucket that a folder's files are in, or shall be")
	cmd.Flags().StringVar(&p.at, "at", "", "what the keys of a folder's files begin with, where the folder is a part of a bucket: AWSLogs/")
	cmd.Flags().StringVar(&p.save, "save", "", "write the rules and the tables to this folder, a configuration")
}

// check says which flag can't be.
func (p *placeFlags) check() error {
	if p.bucket == "" {
		return nil
	}
	if err := config.CheckBucket(p.bucket); err != nil {
		return faults.Hint(fmt.Errorf("--bucket %w", err), "--bucket NAME, as S3 has it: example-logs")
	}
	return nil
}

func (a *app) discover() *cobra.Command {
	var p placeFlags
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
			return saveTo(cmd.Context(), p.save, d)
		},
	}
	a.jsonFlag(cmd)
	p.flags(cmd)
	cmd.Flags().IntVar(&p.breadth, "sample", 200, "how many folders of a bucket are looked into at each depth")
	return cmd
}

// discovered is what lies in a place.
func (a *app) discovered(ctx context.Context, f *placeFlags) (*discover.Place, error) {
	p := &discover.Place{Bucket: f.bucket, At: f.at}
	stop := terminal.Progress(a.stderr, func() string {
		return fmt.Sprintf("looking at %s: %s", f.where, count(int(p.Seen.Load()), "file"))
	})
	defer stop()
	if isFolder(f.where) {
		return p, lookAtFolder(ctx, f.where, p)
	}
	bucket, prefix, said := table.CutLocation(f.where)
	if err := noBucket(f.where, bucket); err != nil {
		return nil, err
	}
	if f.at != "" {
		return nil, fmt.Errorf("discover: --at is for a folder: %s has its keys whole", f.where)
	}
	c, _, err := config.Load(a.conf)
	if err != nil {
		c = &config.Config{} // it is what discover is asked for; the environment has the region
	}
	what := "look at " + f.where
	if !said {
		what += ": there is no such folder; look for a bucket of that name"
	}
	cfg, err := a.aws(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	p.Bucket = bucket
	files := objects.NewSampler(cfg)
	p.File = func(key string) sample.Candidate { return files.Object(bucket, key) }
	return p, explainAWS(what, p.LookAtBucket(ctx, prefix, f.breadth, files.List))
}

// noBucket says why a place that is no folder is no bucket either: there is
// something else here, or S3 has no such name.
func noBucket(where, bucket string) error {
	const can = "a folder of this machine, a bucket's name, or s3://BUCKET/PREFIX"
	wrong := config.CheckBucket(bucket)
	if strings.HasPrefix(where, scheme) {
		if wrong != nil {
			return faults.Hint(fmt.Errorf("look at %s: %w", where, wrong), can)
		}
		return nil
	}
	if _, err := os.Stat(where); err == nil {
		return faults.Hint(fmt.Errorf("look at %s: it is a file, not a folder", where), "name the folder that the dated ones are in")
	}
	if _, err := os.Lstat(where); err == nil || wrong != nil || strings.Contains(where, "/") {
		return faults.Hint(fmt.Errorf("look at %s: there is no such folder", where), can)
	}
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// lookAtFolder looks at a folder as the embedded S3 shows it.
func lookAtFolder(ctx context.Context, dir string, p *discover.Place) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("look at %s: %w", dir, err)
	}
	p.File = func(key string) sample.Candidate { return sample.Path(filepath.Join(abs, filepath.FromSlash(key))) }
	err = p.LookAtFolder(ctx, abs, func(ctx context.Context) iter.Seq2[discover.File, error] {
		return func(yield func(discover.File, error) bool) {
			p.Skipped = nil
			mount := local.Mount{Bucket: p.Bucket, Dir: abs, Skipped: func(key, why string) { p.Skipped = append(p.Skipped, key+": "+why) }}
			for f, err := range mount.Files(ctx) {
				if !yield(discover.File{Key: f.Key, Size: f.Size}, err) {
					return
				}
			}
		}
	})
	if err != nil {
		return fmt.Errorf("look at %s: %w", dir, err)
	}
	return nil
}

// saveTo writes what was found as a configuration.
func saveTo(ctx context.Context, dir string, p *discover.Place) error {
	err := p.Save(ctx, dir)
	switch {
	case errors.Is(err, discover.ErrNoRules):
		return faults.Hint(err, "athena-refresh help layouts says which folders can be")
	case errors.Is(err, discover.ErrIsThere):
		return faults.Hint(err, "--save a folder that is new, or empty")
	}
	return err
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

// discoveredTable is a table's line, with what is in its files.
func (a *app) discoveredTable(ctx context.Context, p *discover.Place, t *discover.Table) (discoveredTable, error) {
	line := discoveredTable{Table: t.Name, Rule: t.Rule, Bucket: p.Bucket, Assumed: p.Assumed, At: p.At, Files: t.Files,
		Bytes: t.Bytes, Partitions: t.Partitions, Keys: t.Keys, Examples: p.FromRoot(t.Examples)}
	if t.Source != "" {
		line.Source = &t.Source
	}
	for _, property := range t.Projection(p.Bucket) {
		line.Projection = append(line.Projection, property.String())
	}
	holds, err := p.Contents(ctx, t)
	switch {
	case ctx.Err() != nil:
		return line, errInterrupted
	case err != nil:
		a.say(fmt.Sprintf("note: what is in the files of table %s is not known: %v", t.Name, err))
		return line, nil
	}
	for _, n := range holds.Notes {
		a.say(fmt.Sprintf("note: table %s: %s", t.Name, n))
	}
	format := holds.Kind()
	line.Format, line.Columns = &format, []schemaColumn{}
	for _, c := range holds.Columns {
		line.Columns = append(line.Columns, schemaColumn{c.Name, c.Type.String()})
	}
	return line, nil
}
