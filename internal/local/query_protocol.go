package local

import (
	"fmt"
	"net/http"

	"athenarefresh/internal/local/sigv4"
)

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
