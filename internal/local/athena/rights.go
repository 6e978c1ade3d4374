package athena

import (
	"context"
	"fmt"

	"athenarefresh/internal/local/glue"
	"athenarefresh/internal/local/rights"
)

// What Athena does for whoever submitted a statement it does with that caller's
// rights. Asked for are those that AWS's pages say a statement needs, whether
// this engine uses them or not: better refused here than there. (Athena user
// guide, "Fine-grained access to databases and tables in the AWS Glue Data
// Catalog", "Access to Amazon S3".)

// caller is on whose behalf a statement runs.
type caller struct {
	may     func(needs ...rights.Need) error // nil: everything
	account rights.Account
}

// callerOf takes the caller out of a request, whose context may end before the
// statement does.
func (e *Engine) callerOf(ctx context.Context) caller {
	c := caller{account: e.Account}
	if e.MayOf != nil {
		c.may = e.MayOf(context.WithoutCancel(ctx))
	}
	return c
}

func (c caller) lacks(needs ...rights.Need) error {
	if c.may == nil {
		return nil
	}
	return c.may(needs...)
}

// glue and s3 are how a statement fails for what its caller may not. Glue says
// what it was; S3 doesn't.

func (c caller) glue(needs ...rights.Need) error {
	if err := c.lacks(needs...); err != nil {
		return ddlTask("MetaException(message:%v (Service: AWSGlue; Status Code: 400; Error Code: AccessDeniedException))", err)
	}
	return nil
}

func (c caller) s3(needs ...rights.Need) error {
	if err := c.lacks(needs...); err != nil {
		return ddlTask("MetaException(message:com.amazonaws.services.s3.model.AmazonS3Exception: Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied))")
	}
	return nil
}

func needsOn(resource string, actions ...string) (needs []rights.Need) {
	for _, action := range actions {
		needs = append(needs, rights.Need{Action: action, Resource: resource})
	}
	return needs
}

// writes asks for what leaving a result needs.
func (c caller) writes(location string) error {
	bucket, key, _ := splitLocation(location) // one that is none was refused before
	needs := needsOn(rights.Bucket(bucket), "s3:ListBucket", "s3:ListBucketMultipartUploads")
	needs = append(needs, needsOn(rights.Object(bucket, key), "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")...)
	if err := c.lacks(needs...); err != nil {
		return userFailure(typeResultWrite, "Access denied when writing output to url: %s. Please ensure you are allowed to access the S3 bucket: %v", location, err)
	}
	return nil
}

// finds asks for what StartQueryExecution needs at once: where the bucket of the
// results is.
func (c caller) finds(location string) error {
	bucket, _, _ := splitLocation(location)
	if err := c.lacks(rights.Need{Action: "s3:GetBucketLocation", Resource: rights.Bucket(bucket)}); err != nil {
		return invalidRequest("Unable to verify/create output bucket %s: %v", bucket, err)
	}
	return nil
}

// reads asks for what reading a result needs.
func (c caller) reads(location string) error {
	bucket, key, _ := splitLocation(location)
	if err := c.lacks(rights.Need{Action: "s3:GetObject", Resource: rights.Object(bucket, key)}); err != nil {
		return invalidRequest("Could not find results: Access denied to %s: %v", location, err)
	}
	return nil
}

// mayHold asks for what adding a partition needs of its folder: Hive looks at
// it, and makes it where nothing is.
func (d *ddl) mayHold(location string) error {
	if d.caller.may == nil {
		return nil
	}
	bucket, key, err := splitLocation(location)
	if err != nil {
		return ddlTask("MetaException(message:%v)", err)
	}
	if err := d.caller.mayLook(bucket, key); err != nil {
		return err
	}
	objects, err := d.Objects.List(d.ctx, bucket, key)
	if err != nil {
		return fmt.Errorf("list %s: %w", location, err)
	}
	if len(objects) > 0 {
		return nil
	}
	return d.caller.s3(rights.Need{Action: "s3:PutObject", Resource: rights.Object(bucket, key)})
}

// mayLook asks for what looking at a folder needs.
func (c caller) mayLook(bucket, key string) error {
	needs := needsOn(rights.Bucket(bucket), "s3:GetBucketLocation", "s3:ListBucket")
	return c.s3(append(needs, needsOn(rights.Object(bucket, key), "s3:GetObject")...)...)
}

// mayRead asks for what a SELECT needs of a table in the catalog.
func (c caller) mayRead(t *glue.Table) error {
	needs := c.account.Table(t.DatabaseName, t.Name, "glue:GetDatabase", "glue:GetTable")
	if len(t.PartitionKeys) > 0 {
		needs = append(needs, c.account.Table(t.DatabaseName, t.Name, "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition")...)
	}
	return c.glue(needs...)
}

// readable are the objects, listed for a caller.
type readable struct {
	Objects
	caller caller
}

// List implements Objects.
func (o readable) List(ctx context.Context, bucket, prefix string) ([]Object, error) {
	if err := o.caller.mayLook(bucket, prefix); err != nil {
		return nil, err
	}
	return o.Objects.List(ctx, bucket, prefix)
}
