package main

import (
	"context"
	"fmt"
	"io"
	"iter"

	"athenarefresh/internal/aws/objects"
	"athenarefresh/internal/config"
	"athenarefresh/internal/discover"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/local"
	"athenarefresh/internal/schema/sample"
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
			return d.Save(cmd.Context(), p.save)
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
		return fmt.Sprintf("looking at %s: %s", f.where, faults.Count(int(p.Seen.Load()), "file"))
	})
	defer stop()
	folder, err := discover.IsFolder(f.where)
	if err != nil {
		return nil, fmt.Errorf("look at %w", err)
	}
	if folder {
		return p, lookAtFolder(ctx, f.where, p)
	}
	bucket, prefix, err := discover.BucketOf(f.where)
	if err != nil {
		return nil, fmt.Errorf("look at %w", err)
	}
	if f.at != "" {
		return nil, fmt.Errorf("discover: --at is for a folder: %s has its keys whole", f.where)
	}
	c, _, err := config.Load(a.conf)
	if err != nil {
		c = &config.Config{} // it is what discover is asked for; the environment has the region
	}
	what := "look at " + f.where
	if bucket == f.where {
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

// lookAtFolder looks at a folder as the embedded S3 shows it.
func lookAtFolder(ctx context.Context, dir string, p *discover.Place) error {
	err := p.LookAtFolder(ctx, dir, func(ctx context.Context, dir string, skipped func(key, why string)) iter.Seq2[discover.File, error] {
		mount := local.Mount{Bucket: p.Bucket, Dir: dir, Skipped: skipped}
		return func(yield func(discover.File, error) bool) {
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

// The lines of discover --json that are of groups of files.
type (
	discoveredIgnored struct {
		Reason   string   `json:"reason"`   // why they need no partition
		Files    int      `json:"files"`    // how many
		Examples []string `json:"examples"` // keys, at most three
	}
	discoveredUnplaced struct {
		Why      string   `json:"why"`      // nothing takes them: a reason of the fixed list, or a sentence for people
		Files    int      `json:"files"`    // how many
		Examples []string `json:"examples"` // keys, at most three
	}
)

// showDiscovery prints what was found: as JSON a line each, or for a person.
func (a *app) showDiscovery(ctx context.Context, d *discover.Place, w io.Writer, asJSON bool) error {
	sheet := &discover.Sheet{W: w, Brief: w == a.stderr}
	for _, t := range d.Tables {
		line, notes := d.Describe(ctx, t)
		if ctx.Err() != nil {
			return errInterrupted
		}
		for _, n := range notes {
			a.say("note: " + n)
		}
		if !asJSON {
			if sheet.Table(line); sheet.Err != nil {
				return sheet.Err
			}
		} else if err := printTyped(w, "table", line); err != nil {
			return err
		}
	}
	if !asJSON {
		sheet.Rest(d)
		return sheet.Err
	}
	for _, text := range d.Skipped[:min(len(d.Skipped), 3)] {
		a.say("note: not looked at: " + text)
	}
	for _, g := range d.Ignored {
		if err := printTyped(w, "ignored", discoveredIgnored{g.Why, g.Files, d.FromRoot(g.Examples)}); err != nil {
			return err
		}
	}
	for _, g := range d.Unplaced {
		if err := printTyped(w, "unplaced", discoveredUnplaced{g.Why, g.Files, d.FromRoot(g.Examples)}); err != nil {
			return err
		}
	}
	return printTyped(w, "summary", d.Summary())
}
