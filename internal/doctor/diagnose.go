package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// diagnose names the first link that is broken, when no partition came. What the
// object's own message says goes first; else each link is looked at in its turn.
func (p *probe) diagnose(ctx context.Context, why error) {
	if ctx.Err() != nil {
		p.broken(links[1], unchecked("interrupted", ""))
		return
	}
	for _, look := range []func(context.Context, error) (link string, f Finding){
		p.away, p.parked, p.notified, p.admitted, p.started, p.kept, p.allowed, p.stuck,
	} {
		if link, f := look(ctx, why); link != "" {
			p.broken(link, f)
			return
		}
	}
	p.broken(links[1], wrong("no message of it was seen, and nothing is wrong with what leads to the queue",
		"S3's notifications may take a minute and more: try again; a message that comes yet adds a partition without a file, which athena-refresh reconcile --drop-empty takes away"))
}

func (p *probe) away(_ context.Context, why error) (string, Finding) {
	if !errors.Is(why, errAway) {
		return "", Finding{}
	}
	return links[3], wrong(why.Error(), "the function has other rules than this configuration: "+redeploy)
}

// parked: its message came all the way, and could not be placed.
func (p *probe) parked(ctx context.Context, _ error) (string, Finding) {
	reasons, err := p.tools.Parked(ctx, p.bucket.Name, p.at.key)
	if err != nil || len(reasons) == 0 {
		return "", Finding{}
	}
	return links[3], wrong(fmt.Sprintf("it was parked: %s", strings.Join(reasons, ", ")),
		"this configuration places it: is the function's older? "+redeploy+"; else athena-refresh explain --live "+p.bucket.Name+" "+p.at.key)
}

// notified is the way out of the bucket.
func (p *probe) notified(ctx context.Context, _ error) (string, Finding) {
	if f := p.x.bucket(ctx, p.bucket.Name); f.Verdict == Wrong {
		return links[1], f
	}
	if f := p.x.notification(p.bucket)(ctx); f.Verdict == Wrong {
		return links[1], f
	}
	return "", Finding{}
}

// admitted is the way into the queue: it is there, and its policy and its key let
// S3 send.
func (p *probe) admitted(ctx context.Context, _ error) (string, Finding) {
	q, err := p.x.queue()
	if f := queueExists(q, err, p.x.Config.Queue); f.Verdict == Wrong {
		return links[1], about("the queue", f)
	}
	if err != nil {
		return "", Finding{}
	}
	if f := queuePolicy(q, p.x.Config); f.Verdict == Wrong {
		return links[1], about("the queue's policy", f)
	}
	if f := p.x.encryption(ctx, q); f.Verdict == Wrong || f.Verdict == Warning {
		return links[1], about("the queue's key", f)
	}
	return "", Finding{}
}

// started is who works on the queue: the function, which has to be there, be
// started and answer as it is configured.
func (p *probe) started(ctx context.Context, _ error) (string, Finding) {
	f, err := p.x.function()
	if err != nil {
		return "", Finding{}
	}
	if f := function(f, nil, p.x.Config); f.Verdict == Wrong {
		return links[2], f
	}
	if f := p.x.trigger(ctx); f.Verdict == Wrong {
		return links[2], about("the trigger", f)
	}
	if !p.x.Config.Enabled {
		return links[2], wrong(`"enabled" is false: nothing starts the function`, `set it to true and deploy: `+redeploy)
	}
	if err := p.tools.Answers(ctx); err != nil {
		return links[2], wrong(fmt.Sprintf("version %s: %v", f.Version, err), redeploy+", or athena-refresh lambda rollback --processor athena")
	}
	return "", Finding{}
}

// kept is the table, which may have gone since.
func (p *probe) kept(ctx context.Context, _ error) (string, Finding) {
	if f := p.x.table(ctx, p.at.tab.ID.Name); f.Verdict == Wrong {
		return links[4], about("table "+p.at.tab.ID.Name, f)
	}
	return "", Finding{}
}

// allowed is whether the function may add it: by IAM, and by Lake Formation, which
// refuses where IAM says yes.
func (p *probe) allowed(ctx context.Context, _ error) (string, Finding) {
	if f := p.x.permissions(ctx); f.Verdict == Wrong {
		return links[4], f
	}
	g, err := p.x.Facts.Governed(ctx, p.x.Config.Database)
	if err != nil || len(g.Tables) == 0 {
		return "", Finding{}
	}
	for _, name := range g.Tables {
		if strings.EqualFold(name, p.at.tab.ID.Name) {
			f := lakeFormation(Governed{Tables: []string{name}}, p.x.Config.Database, p.x.principal())
			return links[4], wrong(f.What, f.Hint)
		}
	}
	return "", Finding{}
}

// stuck is what the queue itself tells: that nobody receives, or that what was
// received is tried again.
func (p *probe) stuck(ctx context.Context, _ error) (string, Finding) {
	q, err := p.x.Facts.Queue(ctx, p.x.Config.Queue)
	switch {
	case err != nil:
		return "", Finding{}
	case q.Waiting > 0:
		return links[2], wrong("no one receives: "+messages(q.Waiting)+" in the queue",
			"is athena-refresh run running, or the function's schedule enabled (aws events describe-rule)? athena-refresh status says more")
	case q.InFlight > 0:
		return links[4], wrong("what is received is in hand still, or tried again: "+messages(q.InFlight)+" in flight", "the function's log has the reason; athena-refresh explain --live "+p.bucket.Name+" "+p.at.key+" asks the catalog")
	}
	return "", Finding{}
}

// about is a finding of another check, as a link's.
func about(what string, f Finding) Finding { return wrong(what+": "+f.What, f.Hint) }
