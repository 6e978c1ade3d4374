package local

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"

	"athenarefresh/internal/iam"
	"athenarefresh/internal/local/rights"
	"athenarefresh/internal/local/s3"
	"athenarefresh/internal/local/sigv4"
)

// Roles are the roles whose requests are judged, each by its policies. Who
// signs with a role's name as the access key id, and [SecretKey], is that role.
// Who signs with [AccessKey] may do everything.
//
// Judged is each right that a request needs, and each that Athena needs for
// whoever submitted a statement, by action, resource and the keys of [Keys]. The
// policies of queues are judged where S3 notifies, not for roles.
type Roles map[string]iam.Policy

// Judgement is what became of a right that a role needed.
type Judgement struct {
	Role, Action, Resource string
	Allowed                bool
}

// conditionKeys are the condition keys that roles' policies are judged by. The loopback
// counts as TLS; nobody asks on behalf of another resource, and nobody passes a
// role: only iam:PassRole says to which service.
func conditionKeys(account string) map[string]string {
	return map[string]string{
		"aws:securetransport": "true", "aws:sourcearn": "", "aws:sourceaccount": "",
		"aws:principalaccount": account, "aws:resourceaccount": account, "s3:resourceaccount": account,
		"iam:passedtoservice": "",
	}
}

// roleName is what IAM lets a role be called, but for what a credential or
// ROLE=FILE ends at.
var roleName = regexp.MustCompile(`^[A-Za-z0-9_+,.@-]{1,64}$`)

// Add reads a policy of a role; a role may have several.
func (r Roles) Add(role string, policy []byte) error {
	switch {
	case !roleName.MatchString(role):
		return fmt.Errorf("%q is no role's name: 1 to 64 letters, digits and _+,.@-", role)
	case role == AccessKey:
		return fmt.Errorf("requests with the access key id %s may do everything: give the role another name, and use that as the access key id", AccessKey)
	}
	p, err := iam.Read(policy, slices.Sorted(maps.Keys(conditionKeys(""))))
	if err != nil {
		return err
	}
	p.Statement = append(r[role].Statement, p.Statement...)
	r[role] = p
	return nil
}

// guard judges what roles do.
type guard struct {
	roles   Roles
	account rights.Account
	buckets *s3.Store
	judged  func(Judgement) // nil: nobody wants to know
}

type roleKey struct{}

// as is the context of a request that somebody signed.
func (g *guard) as(ctx context.Context, accessKey string) context.Context {
	if _, ok := g.roles[accessKey]; !ok {
		return ctx
	}
	return context.WithValue(ctx, roleKey{}, accessKey)
}

// roleOf is "" for whoever may do everything.
func roleOf(ctx context.Context) string {
	role, _ := ctx.Value(roleKey{}).(string)
	return role
}

// may returns an error that says what the role of a context lacks of needs, the
// first that it lacks.
func (g *guard) may(ctx context.Context, needs ...rights.Need) error {
	role := roleOf(ctx)
	if role == "" {
		return nil
	}
	for _, n := range needs {
		allowed := g.roles.Let(role, g.account.ID, n.Action, n.Resource)
		if g.judged != nil {
			g.judged(Judgement{role, n.Action, n.Resource, allowed})
		}
		if !allowed {
			return forbidden(fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action",
				g.sessionARN(role), n.Action, n.Resource, n.Action))
		}
	}
	return nil
}

// Let says whether a role of an account may do something. What isn't understood, which [Roles.Add] lets into no
// policy, counts as a refusal.
func (r Roles) Let(role, account, action, resource string) bool {
	return r[role].Lets(iam.Request{Action: action, Resource: resource, Keys: conditionKeys(account)}) == iam.Yes
}

func (g *guard) sessionARN(role string) string {
	return "arn:aws:sts::" + g.account.ID + ":assumed-role/" + role + "/local"
}

// identity is who asks: a role's session, or the account's root.
func (g *guard) identity(ctx context.Context) (arn, id string) {
	if role := roleOf(ctx); role != "" {
		return g.sessionARN(role), "AROALOCAL:" + role
	}
	return "arn:aws:iam::" + g.account.ID + ":root", g.account.ID
}

// mayOf is what Athena may do for whoever a context is of, nil for everything.
func (g *guard) mayOf(ctx context.Context) func(...rights.Need) error {
	if roleOf(ctx) == "" {
		return nil
	}
	return func(needs ...rights.Need) error { return g.may(ctx, needs...) }
}

// judge says why a request may not be served.
func (g *guard) judge(r *http.Request, c rights.Call) error {
	if roleOf(r.Context()) == "" {
		return nil
	}
	var body []byte
	if c.ReadsBody() {
		var err error
		if body, err = io.ReadAll(http.MaxBytesReader(nil, r.Body, maxJudged)); err != nil {
			return err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if err := g.may(r.Context(), g.account.Needs(c, r, body)...); err != nil {
		return err
	}
	return g.judgeAbsence(r.Context(), c)
}

// maxJudged is the largest request of any service.
const maxJudged = 32 << 20

// judgeAbsence: whoever may not list a bucket isn't told that an object isn't
// there (S3 API reference, GetObject).
func (g *guard) judgeAbsence(ctx context.Context, c rights.Call) error {
	if c.Service != "s3" || c.Operation != "GetObject" && c.Operation != "HeadObject" {
		return nil
	}
	exists, err := g.buckets.Has(c.Bucket, c.Key)
	if err != nil || exists {
		return err
	}
	return g.may(ctx, rights.Need{Action: "s3:ListBucket", Resource: rights.Bucket(c.Bucket)})
}

// queryProtocol answers the older Query protocol: a form in, XML out. There is STS's
// GetCallerIdentity, which tools call to see who they are; SQS is spoken to in
// JSON only.
type queryProtocol struct{ guard *guard }

// ServeHTTP implements http.Handler.
func (q queryProtocol) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action := r.PostFormValue("Action")
	if action != "GetCallerIdentity" {
		replyError(w, r, &sigv4.Error{
			Code: "InvalidAction", Status: http.StatusBadRequest,
			Message: fmt.Sprintf("the local stack doesn't speak the Query protocol (action %q): SQS needs an SDK with the JSON protocol (boto3 1.28.82, SDK for Go v2 1.23, CLI 2.13.33 or later)", action),
		})
		return
	}
	arn, id := q.guard.identity(r.Context())
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">`+
		`<GetCallerIdentityResult><Arn>%s</Arn><UserId>%s</UserId><Account>%s</Account></GetCallerIdentityResult>`+
		`<ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata></GetCallerIdentityResponse>`, arn, id, q.guard.account.ID)
}
