package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/config"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// Tools change a deployment, as far as a probe does: it puts an object, and takes
// that and its partition away again.
type Tools struct {
	Put    func(ctx context.Context, bucket, key string) error // an empty object
	Remove func(ctx context.Context, bucket, key string) error
	Drop   func(ctx context.Context, tab refresh.Table, values []string) error
	Select func(ctx context.Context, sql string) error
	// Answers asks the version of the function that serves for its settings, and
	// says what is wrong with them.
	Answers func(context.Context) error
}

// The links that a probe follows, as checks of its findings. Each needs the ones
// before it.
var links = []string{"probe_put", "probe_notification", "probe_function", "probe_placement", "probe_partition", "probe_select"}

const (
	probePoll    = 500 * time.Millisecond
	probeCleanup = time.Minute
)

// probe follows one object.
type probe struct {
	x      *examination
	tools  Tools
	bucket table.Bucket
	at     target
	begin  time.Time

	found  []Finding
	queued time.Duration // until the queue was seen to have more than before; 0: it wasn't
}

// Probe follows an empty object from every bucket to a SELECT, and waits so long
// for its partition. Each link has a finding; after the first that is broken the
// others are not checked. What it made it takes away again, whatever happens.
func (d *Doctor) Probe(ctx context.Context, tools Tools, wait time.Duration) []Finding {
	x := d.examination(ctx)
	tables, err := x.probed(ctx)
	found := make([][]Finding, len(d.Config.Buckets))
	eachOf(d.Config.Buckets, func(i int, b table.Bucket) {
		p := &probe{x: x, tools: tools, bucket: b}
		p.follow(ctx, tables, err, wait)
		found[i] = p.found
	})
	return slices.Concat(found...)
}

// follow is a bucket's probe; err says why the tables can't be read.
func (p *probe) follow(ctx context.Context, tables []refresh.Table, err error, wait time.Duration) {
	if err != nil {
		p.broken(links[3], unread(catalogError(err), "glue:GetTables on "+p.x.Config.Database, wrong("there is no such database", "see the check database")))
		return
	}
	at, ok := p.aim(tables)
	if !ok {
		p.broken(links[3], unchecked("no rule of this bucket places an object that a probe could make in a table that is there",
			"see the checks table and database; athena-refresh explain says where an object of yours belongs"))
		return
	}
	p.at = at
	p.run(ctx, wait)
}

// probed are the tables that there are.
func (x *examination) probed(ctx context.Context) (tables []refresh.Table, err error) {
	names := x.Router.Tables()
	if x.Router.Captures() {
		if names, err = x.Facts.Catalog.Tables(ctx); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		tab, err := x.Facts.Catalog.Table(ctx, name)
		switch {
		case errors.Is(err, refresh.ErrTableMissing):
		case err != nil:
			return nil, err
		default:
			tables = append(tables, tab)
		}
	}
	return tables, nil
}

// aim is a key of an hour that nobody has logs of.
func (p *probe) aim(tables []refresh.Table) (target, bool) {
	at := time.Date(1971, 1, 1, mathrand.IntN(365*24), 0, 0, 0, time.UTC)
	return aim(p.bucket, p.x.Router, tables, at, strings.ToLower(rand.Text()[:12]))
}

// run puts the object, follows it, and takes it away.
func (p *probe) run(ctx context.Context, wait time.Duration) {
	before, known := p.depth(ctx)
	p.begin = time.Now()
	if err := p.tools.Put(ctx, p.bucket.Name, p.at.key); err != nil {
		p.broken(links[0], unread(err, "s3:PutObject on "+p.bucket.Name, wrong("there is no such bucket", "create it, or correct its name in buckets of lambda.json")))
		return
	}
	p.link(links[0], ok("s3://%s/%s", p.bucket.Name, p.at.key))
	defer p.clean(ctx)
	if err := p.await(ctx, wait, before, known); err != nil {
		p.diagnose(ctx, err)
		return
	}
	came := ok("it came to the queue")
	came.Seconds = p.queued.Seconds()
	p.note(links[1], needed, came)
	p.note(links[2], needed, p.version())
	p.note(links[3], needed, ok("table %s (%s)", p.at.tab.ID.Name, strings.Join(p.at.values, ", ")))
	p.link(links[4], ok("at %s", p.at.folder))
	p.search(ctx)
}

// depth is how many messages the queue has, in flight ones too.
func (p *probe) depth(ctx context.Context) (int, bool) {
	q, err := p.x.Facts.Queue(ctx, p.x.Config.Queue)
	return q.holds(), err == nil
}

// errAway says that a partition is there, and elsewhere.
var errAway = errors.New("the partition is elsewhere")

// await returns when the partition is there, or why it isn't.
func (p *probe) await(ctx context.Context, wait time.Duration, before int, known bool) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		parts, err := p.x.Facts.Catalog.Partitions(ctx, p.at.tab, [][]string{p.at.values})
		if err == nil && len(parts) > 0 {
			if refresh.CanonicalLocation(parts[0].Location) != refresh.CanonicalLocation(p.at.folder) {
				return fmt.Errorf("%w: at %s", errAway, parts[0].Location)
			}
			return nil
		}
		if now, seen := p.depth(ctx); known && seen && now > before && p.queued == 0 {
			p.queued = time.Since(p.begin)
		}
		select {
		case <-ctx.Done():
			if err == nil {
				err = ctx.Err()
			}
			return err
		case <-time.After(probePoll):
		}
	}
}

// search asks for the partition's rows, of which there are none.
func (p *probe) search(ctx context.Context) {
	var where []string
	for i, k := range p.at.tab.Keys {
		value := "'" + strings.ReplaceAll(p.at.values[i], "'", "''") + "'"
		if k.Type == "date" {
			value = "DATE " + value
		} else if k.Bits() > 0 {
			value = p.at.values[i]
		}
		where = append(where, fmt.Sprintf(`"%s" = %s`, k.Name, value))
	}
	sql := fmt.Sprintf(`SELECT count(*) FROM "%s"."%s" WHERE %s`, p.x.Config.Database, p.at.tab.ID.Name, strings.Join(where, " AND "))
	if err := p.tools.Select(ctx, sql); err != nil {
		hint := "the partition is there: whoever searches may lack a right on the work group, the results bucket, the data or its key; the checks work_group and results_bucket look at two of them"
		if w, err := p.x.workGroup(); err == nil || errors.Is(err, ErrMissing) {
			if f := workGroup(w, err, p.x.Config); f.Verdict == Wrong {
				hint = f.What + ": " + f.Hint
			}
		}
		p.link(links[5], wrong(fmt.Sprintf("%v", err), hint))
		return
	}
	p.link(links[5], ok("the partition can be searched"))
}

// version says who added the partition, as far as that is known.
func (p *probe) version() Finding {
	f, err := p.x.function()
	if err != nil || f.Version == "" {
		return ok("something else refreshes here: no function is deployed")
	}
	return ok("version %s", f.Version)
}

// link notes a link, and the seconds since the object was put.
func (p *probe) link(name string, f Finding) {
	f.Seconds = time.Since(p.begin).Seconds()
	p.note(name, needed, f)
}

func (p *probe) note(link string, may bool, f Finding) {
	c := check{name: link, subject: p.bucket.Name, may: may}
	p.found = append(p.found, p.x.tell(c.finding(f)))
}

// broken notes the link that broke. The links behind it are not checked; those
// before it worked, or nothing says that they didn't.
func (p *probe) broken(link string, f Finding) {
	at := slices.Index(links, link)
	for _, l := range links[len(p.found):at] {
		p.note(l, optional, unchecked("nothing is known to be wrong with it", ""))
	}
	p.note(link, needed, f)
	for _, l := range links[at+1:] {
		p.note(l, needed, unchecked("see "+link, ""))
	}
}

// clean takes away what the probe made, also when it was interrupted.
func (p *probe) clean(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeCleanup)
	defer cancel()
	var errs []error
	if err := p.tools.Remove(ctx, p.bucket.Name, p.at.key); err != nil {
		errs = append(errs, fmt.Errorf("remove s3://%s/%s: %w", p.bucket.Name, p.at.key, err))
	}
	parts, err := p.x.Facts.Catalog.Partitions(ctx, p.at.tab, [][]string{p.at.values})
	if err != nil {
		errs = append(errs, err)
	}
	for _, part := range parts {
		if refresh.CanonicalLocation(part.Location) == refresh.CanonicalLocation(p.at.folder) {
			errs = append(errs, p.tools.Drop(ctx, p.at.tab, part.Values))
		}
	}
	if err := errors.Join(errs...); err != nil {
		p.note("probe_cleanup", needed, wrong(err.Error(), "take them away by hand: the object, and the partition ("+strings.Join(p.at.values, ", ")+") of "+p.at.tab.ID.Name))
		return
	}
	p.note("probe_cleanup", needed, ok("object and partition are gone again"))
}

// ProbeWait is how long a probe's partition may take: until the next run of the
// schedule and its end, and a little.
func ProbeWait(c *config.Config, now time.Time) time.Duration {
	const little = time.Minute
	if c.Trigger == config.TriggerQueue {
		return c.Timeout + little
	}
	next, ok := c.Schedule.Next(now)
	if !ok {
		return c.Timeout + little
	}
	return next.Sub(now) + c.Timeout + little
}
