package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/parked"
)

// look is a finding that says why a link is broken, if its verdict is wrong.
type look struct {
	link, about string // about: of what the finding is, where the link doesn't say
	ask         func(context.Context) Finding
}

// diagnose names the first link that is broken, when no partition came. What the
// object's own message says goes first; else each link is looked at in its turn.
func (p *probe) diagnose(ctx context.Context, why error) {
	if ctx.Err() != nil {
		p.broken(links[1], unchecked("interrupted", ""))
		return
	}
	for _, l := range p.looks(why) {
		f := l.ask(ctx)
		if f.Verdict != Wrong {
			continue
		}
		if l.about != "" {
			f = wrong(l.about+": "+f.What, f.Hint)
		}
		p.broken(l.link, f)
		return
	}
	p.broken(links[1], wrong("no message of it was seen, and nothing is wrong with what leads to the queue",
		"S3's notifications may take a minute and more: try again; a message that comes yet adds a partition without a file, which athena-refresh reconcile --drop-empty takes away"))
}

// looks are all of them, in their order: what happened to the object; the way out of
// the bucket and into the queue; who works on it; the table, which may have gone since,
// and whether the function may add to it; and what the queue itself tells.
func (p *probe) looks(why error) []look {
	x, c, tab := p.x, p.x.Config, p.at.tab.ID.Name
	return []look{
		{links[3], "", func(context.Context) Finding { return away(why) }},
		{links[3], "", p.parked},
		{links[1], "", func(ctx context.Context) Finding { return x.bucket(ctx, p.bucket.Name) }},
		{links[1], "", x.notification(p.bucket)},
		{links[1], "the queue", of(x.queue, func(q Queue, err error) Finding { return queueExists(q, err, c.Queue) })},
		{links[1], "the queue's policy", x.ofQueue(func(q Queue) Finding { return queuePolicy(q, c) })},
		{links[1], "the queue's key", x.withQueue(p.key)},
		{links[2], "", of(x.function, func(f Function, err error) Finding { return function(f, err, c) })},
		{links[2], "the trigger", x.trigger},
		{links[2], "", p.started},
		{links[4], "table " + tab, func(ctx context.Context) Finding { return x.table(ctx, tab) }},
		{links[4], "", x.permissions},
		{links[4], "", p.governed},
		{links[2], "", p.waiting},
		{links[4], "", p.stuck},
	}
}

// away: the partition is there, and elsewhere.
func away(why error) Finding {
	if !errors.Is(why, errAway) {
		return Finding{}
	}
	return wrong(why.Error(), "the function has other rules than this configuration: "+redeploy)
}

// mostSampled is among how many parked messages that of a probe is looked for.
const mostSampled = 200

// parked: its message came all the way, and could not be placed.
func (p *probe) parked(ctx context.Context) Finding {
	copies, err := p.x.Facts.Parked(ctx, mostSampled)
	reasons := parked.ReasonsFor(copies, p.at.key)
	if err != nil || len(reasons) == 0 {
		return Finding{}
	}
	return wrong(fmt.Sprintf("it was parked: %s", strings.Join(reasons, ", ")),
		"this configuration places it: is the function's older? "+redeploy+"; else athena-refresh explain --live "+p.bucket.Name+" "+p.at.key)
}

// key is the queue's, of which any doubt counts.
func (p *probe) key(ctx context.Context, q Queue) Finding {
	f := p.x.encryption(ctx, q)
	if f.Verdict == Warning {
		f.Verdict = Wrong
	}
	return f
}

// started: where there is a function, it has to be started and to answer as it is
// configured.
func (p *probe) started(ctx context.Context) Finding {
	f, err := p.x.function()
	if err != nil {
		return Finding{}
	}
	if !p.x.Config.Enabled {
		return wrong(`"enabled" is false: nothing starts the function`, `set it to true and deploy: `+redeploy)
	}
	if err := p.tools.Answers(ctx); err != nil {
		return wrong(fmt.Sprintf("version %s: %v", f.Version, err), redeploy+", or athena-refresh lambda rollback --processor athena")
	}
	return Finding{}
}

// governed: Lake Formation refuses where IAM says yes.
func (p *probe) governed(ctx context.Context) Finding {
	g, err := p.x.Facts.Governed(ctx, p.x.Config.Database)
	i := slices.IndexFunc(g.Tables, func(name string) bool { return strings.EqualFold(name, p.at.tab.ID.Name) })
	if err != nil || i < 0 {
		return Finding{}
	}
	f := lakeFormation(Governed{Tables: g.Tables[i : i+1]}, p.x.Config.Database, p.x.principal())
	return wrong(f.What, f.Hint)
}

// waiting: nobody receives.
func (p *probe) waiting(ctx context.Context) Finding {
	q, err := p.x.Facts.Queue(ctx, p.x.Config.Queue)
	if err != nil || q.Waiting == 0 {
		return Finding{}
	}
	return wrong("no one receives: "+messages(q.Waiting)+" in the queue",
		"is athena-refresh run running, or the function's schedule enabled (aws events describe-rule)? athena-refresh status says more")
}

// stuck: what was received is tried again.
func (p *probe) stuck(ctx context.Context) Finding {
	q, err := p.x.Facts.Queue(ctx, p.x.Config.Queue)
	if err != nil || q.InFlight == 0 {
		return Finding{}
	}
	return wrong("what is received is in hand still, or tried again: "+messages(q.InFlight)+" in flight",
		"the function's log has the reason; athena-refresh explain --live "+p.bucket.Name+" "+p.at.key+" asks the catalog")
}
