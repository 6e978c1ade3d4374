// Package rights knows which rights a request to an AWS service needs: the
// actions, and the ARNs that they are needed on (service authorization
// reference). It knows that of the services of the local stack.
package rights

import (
	"net/http"
	"net/url"
	"strings"
)

// Call is what a request asks for, in AWS's names.
type Call struct {
	Service     string // sqs, glue, athena, s3, cloudwatch, sts
	Operation   string // ReceiveMessage
	Bucket, Key string // S3's
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
	if i := strings.LastIndex(r.URL.Path, "/operation/"); i >= 0 && r.Header.Get("Smithy-Protocol") != "" {
		return Call{Service: "cloudwatch", Operation: r.URL.Path[i+len("/operation/"):]}
	}
	path := strings.TrimLeft(r.URL.Path, "/")
	if bucket == "" {
		bucket, path, _ = strings.Cut(path, "/")
	}
	c := Call{Service: "s3", Bucket: bucket, Key: path}
	switch query := r.URL.Query(); {
	case bucket == "":
		c.Operation = "ListBuckets"
	case path == "":
		c.Operation = onBucket(r.Method, query)
	default:
		c.Operation = onObject(r, query)
	}
	return c
}

// subresources are the operations of a bucket, by the parameter that asks for
// them; what the method is comes in front.
var subresources = map[string]string{
	"notification": "BucketNotificationConfiguration", "location": "BucketLocation", "versioning": "BucketVersioning",
	"policy": "BucketPolicy", "acl": "BucketAcl", "cors": "BucketCors", "tagging": "BucketTagging", "logging": "BucketLogging",
	"lifecycle": "BucketLifecycleConfiguration", "encryption": "BucketEncryption", "website": "BucketWebsite",
	"publicAccessBlock": "PublicAccessBlock", "ownershipControls": "BucketOwnershipControls", "replication": "BucketReplication",
	"object-lock": "ObjectLockConfiguration", "accelerate": "BucketAccelerateConfiguration", "requestPayment": "BucketRequestPayment",
	"policyStatus": "BucketPolicyStatus",
}

var verbs = map[string]string{http.MethodGet: "Get", http.MethodHead: "Head", http.MethodPut: "Put", http.MethodPost: "Post", http.MethodDelete: "Delete"}

func onBucket(method string, query url.Values) string {
	for parameter, name := range subresources {
		if query.Has(parameter) {
			return verbs[method] + name
		}
	}
	switch {
	case query.Has("uploads"):
		return "ListMultipartUploads"
	case query.Has("versions"):
		return "ListObjectVersions"
	case query.Has("delete"):
		return "DeleteObjects"
	case method == http.MethodGet && query.Get("list-type") == "2":
		return "ListObjectsV2"
	case method == http.MethodGet:
		return "ListObjects"
	case method == http.MethodPut:
		return "CreateBucket"
	case method == http.MethodPost:
		return "PostObject"
	}
	return verbs[method] + "Bucket"
}

func onObject(r *http.Request, query url.Values) string {
	copied := r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != ""
	switch {
	case query.Has("uploads"):
		return "CreateMultipartUpload"
	case query.Has("uploadId"):
		if copied {
			return "UploadPartCopy"
		}
		return map[string]string{
			http.MethodGet: "ListParts", http.MethodPut: "UploadPart", http.MethodPost: "CompleteMultipartUpload", http.MethodDelete: "AbortMultipartUpload",
		}[r.Method]
	case query.Has("tagging"):
		return verbs[r.Method] + "ObjectTagging"
	case query.Has("attributes"):
		return "GetObjectAttributes"
	case copied:
		return "CopyObject"
	}
	return verbs[r.Method] + "Object"
}

// S3Operations are those that CallOf tells apart and that the stack has.
func S3Operations() []string {
	return []string{
		"AbortMultipartUpload", "CompleteMultipartUpload", "CopyObject", "CreateBucket", "CreateMultipartUpload", "DeleteBucket",
		"DeleteObject", "DeleteObjects", "GetBucketLocation", "GetBucketNotificationConfiguration", "GetObject", "GetObjectAttributes",
		"GetObjectTagging", "HeadBucket", "HeadObject", "ListBuckets", "ListMultipartUploads", "ListObjects", "ListObjectsV2", "ListParts",
		"PostObject", "PutBucketNotificationConfiguration", "PutObject", "PutObjectTagging", "UploadPart", "UploadPartCopy",
	}
}
