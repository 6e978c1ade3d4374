package deploy

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"athenarefresh/internal/iam"
)

// call is a call of an API, as moto was asked: s3:GetBucketPolicy and the ARN of a
// bucket. Resource is "*" where it isn't told apart.
type call struct{ Action, Resource string }

// readCalls reads what a server noted, each call once.
func readCalls(name string) ([]call, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the calls: %w", err)
	}
	var list []call
	for line := range strings.Lines(string(text)) {
		action, resource, _ := strings.Cut(strings.TrimSpace(line), " ")
		if c := (call{action, resource}); action != "" && !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b call) int {
		return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.Resource, b.Resource))
	})
	return list, nil
}

// services are those whose right is called otherwise than what signs a request.
var services = map[string]string{"monitoring": "cloudwatch"}

// rights are the actions whose right is called otherwise than the operation.
// (Service authorization reference, of each service.)
var rights = map[string]string{
	"s3:HeadBucket": "s3:ListBucket", "s3:ListObjects": "s3:ListBucket", "s3:ListObjectsV2": "s3:ListBucket", "s3:ListObjectVersions": "s3:ListBucketVersions",
	"s3:HeadObject": "s3:GetObject", "s3:DeleteObjects": "s3:DeleteObject", "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
	"s3:PutBucketEncryption": "s3:PutEncryptionConfiguration", "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
	"s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration", "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
	"s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification", "s3:GetBucketLifecycle": "s3:GetLifecycleConfiguration",
	"s3:PutBucketLifecycle": "s3:PutLifecycleConfiguration", "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
	"s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock", "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
	"s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration", "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
	"s3:DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls", "s3:DeleteBucketTagging": "s3:PutBucketTagging",
	"s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration", "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
	"s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
	"lambda:Invoke":                 "lambda:InvokeFunction",
}

// right is what a call needs.
func (c call) right() string {
	service, name, _ := strings.Cut(c.Action, ":")
	if other, ok := services[service]; ok {
		service = other
	}
	action := service + ":" + strings.TrimRight(name, "0123456789_")
	if other, ok := rights[action]; ok {
		return other
	}
	return action
}

// refused are those of the calls that a policy doesn't allow. One whose resource
// isn't told apart is allowed if it is on any that the policy names.
func refused(p iam.Policy, calls []call) (list []string) {
	var named []string
	for _, s := range p.Statement {
		for _, r := range s.Resource {
			named = append(named, strings.ReplaceAll(r, "*", "x"))
		}
	}
	for _, c := range calls {
		on := []string{c.Resource}
		if strings.HasSuffix(c.Resource, "*") {
			on = named
		}
		if !slices.ContainsFunc(on, func(r string) bool { return p.Lets(iam.Request{Action: c.right(), Resource: r}) == iam.Yes }) {
			list = append(list, c.right()+" on "+c.Resource)
		}
	}
	return list
}
