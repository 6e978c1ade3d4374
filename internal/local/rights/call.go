// Package rights knows which rights a request to an AWS service needs: the
// actions, and the ARNs that they are needed on (service authorization
// reference). It knows that of the services of the local stack.
package rights

import (
	_ "embed"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Call is what a request asks for, in AWS's names.
type Call struct {
	Service     string // sqs, glue, athena, s3, cloudwatch, sts
	Operation   string // ReceiveMessage
	Bucket, Key string // S3's
	action      string // S3's, without the service
}

// targets are the services by the prefix of X-Amz-Target.
var targets = map[string]string{
	"AmazonSQS": "sqs", "AWSGlue": "glue", "AmazonAthena": "athena", "GraniteServiceVersion20100801": "cloudwatch",
}

// CallOf names what a request asks for; form is the older Query protocol's
// Action, "" for any other request. The bucket is that of the host, "" where it
// is in the path.
func CallOf(r *http.Request, form, bucket string) Call {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		prefix, operation, _ := strings.Cut(target, ".")
		return Call{Service: targets[prefix], Operation: operation}
	}
	if form != "" {
		return Call{Service: "sts", Operation: form}
	}
	if operation, ok := strings.CutPrefix(r.URL.Path, "/service/GraniteServiceVersion20100801/operation/"); ok && r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" {
		return Call{Service: "cloudwatch", Operation: operation}
	}
	path := strings.TrimLeft(r.URL.Path, "/")
	if bucket == "" {
		bucket, path, _ = strings.Cut(path, "/")
	}
	return onS3(r, bucket, path)
}

//go:embed s3.txt
var s3Text string

// row is a line of s3.txt.
type row struct {
	method, on, parameter, operation, action string
	served                                   bool
}

var rows = sync.OnceValue(func() (list []row) {
	for line := range strings.Lines(s3Text) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[0] == "#" {
			continue
		}
		operation, absent := strings.CutPrefix(fields[3], "-")
		r := row{fields[0], fields[1], fields[2], operation, operation, !absent}
		if len(fields) > 4 {
			r.action = fields[4]
		}
		list = append(list, r)
	}
	return list
})

var verbs = map[string]string{http.MethodGet: "Get", http.MethodHead: "Head", http.MethodPut: "Put", http.MethodPost: "Post", http.MethodDelete: "Delete"}

// onS3 names what is asked of the account, a bucket or an object.
func onS3(r *http.Request, bucket, key string) Call {
	on := "object"
	switch {
	case bucket == "":
		on = "account"
	case key == "":
		on = "bucket"
	}
	query := r.URL.Query()
	i := slices.IndexFunc(rows(), func(l row) bool { return l.on == on && l.fits(r, query) })
	named := func(name string) string { return strings.Replace(name, "*", verbs[r.Method], 1) }
	return Call{"s3", named(rows()[i].operation), bucket, key, named(rows()[i].action)}
}

func (l row) fits(r *http.Request, query url.Values) bool {
	name, value, valued := strings.Cut(l.parameter, "=")
	if name != "-" && !query.Has(name) || valued && query.Get(name) != value {
		return false
	}
	copied := r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != ""
	return l.method == "*" || l.method == r.Method || l.method == "COPY" && copied
}

// S3Operations are those that CallOf tells apart and that the stack has.
func S3Operations() (names []string) {
	for _, l := range rows() {
		if l.served {
			names = append(names, l.operation)
		}
	}
	slices.Sort(names)
	return names
}
