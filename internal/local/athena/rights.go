package athena

import (
	"context"
	"fmt"

	"athenarefresh/internal/hiveql"
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
	c := caller{account: e.account}
	if e.mayOf != nil {
		c.may = e.mayOf(context.WithoutCancel(ctx))
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

// writes asks for what leaving a result needs.
func (c caller) writes(location string) error {
	bucket, key, _ := splitLocation(location) // one that is none was refused before
	var needs []rights.Need
	for _, action := range []string{"s3:ListBucket", "s3:ListBucketMultipartUploads"} {
		needs = append(needs, rights.Need{Action: action, Resource: rights.Bucket(bucket)})
	}
	for _, action := range []string{"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"} {
		needs = append(needs, rights.Need{Action: action, Resource: rights.Object(bucket, key)})
	}
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

// onTable is the table that a statement is about, and what each kind does with
// its table; no actions where it is about none.
func onTable(s hiveql.Statement) (name hiveql.TableName, actions []string) {
	switch s := s.(type) {
	case *hiveql.AddPartitions:
		return s.Table, addActions
	case *hiveql.RepairTable:
		return s.Table, addActions
	case *hiveql.DropPartitions:
		return s.Table, []string{"glue:GetTable", "glue:GetPartition", "glue:GetPartitions", "glue:DeletePartition", "glue:BatchDeletePartition"}
	case *hiveql.SetPartitionLocation:
		return s.Table, []string{"glue:GetTable", "glue:GetPartition", "glue:UpdatePartition"}
	case *hiveql.SetTableLocation:
		return s.Table, alterActions
	case *hiveql.SetTableProperties:
		return s.Table, alterActions
	case *hiveql.AddColumns:
		return s.Table, alterActions
	case *hiveql.CreateTable:
		return s.Name, []string{"glue:GetTable", "glue:CreateTable"}
	case *hiveql.DropTable:
		return s.Name, []string{"glue:GetTable", "glue:DeleteTable", "glue:GetPartitions", "glue:GetPartition", "glue:DeletePartition"}
	case *hiveql.ShowPartitions:
		return s.Table, []string{"glue:GetTable", "glue:GetPartitions"}
	case *hiveql.ShowColumns:
		return s.Table, readActions
	case *hiveql.ShowCreateTable:
		return s.Table, readActions
	case *hiveql.DescribeTable:
		return s.Table, readActions
	}
	return hiveql.TableName{}, nil
}

var (
	readActions  = []string{"glue:GetTable"}
	alterActions = []string{"glue:GetTable", "glue:GetPartitions", "glue:UpdateTable"}
	addActions   = []string{"glue:GetTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition", "glue:CreatePartition", "glue:BatchCreatePartition"}
)

// mayRun asks for what a statement of DDL needs of the catalog and of the folders
// that it names. Whoever runs any needs rights on the database default.
func (d *ddl) mayRun(s hiveql.Statement) error {
	a := d.caller.account
	needs := a.Database("default", "glue:GetDatabase", "glue:CreateDatabase")
	database := d.database
	switch s := s.(type) {
	case *hiveql.ShowDatabases:
		needs = append(needs, a.Database("*", "glue:GetDatabases")...)
	case *hiveql.CreateDatabase:
		needs = append(needs, a.Database(s.Name, "glue:GetDatabase", "glue:CreateDatabase")...)
	case *hiveql.DropDatabase:
		needs = append(needs, a.Database(s.Name, "glue:GetDatabase", "glue:DeleteDatabase")...)
		needs = append(needs, a.Table(s.Name, "*", "glue:GetTables", "glue:GetTable", "glue:DeleteTable")...)
	case *hiveql.ShowTables:
		database = d.databaseOf(hiveql.TableName{Database: s.Database})
		needs = append(needs, a.Table(database, "*", "glue:GetTables")...)
	}
	if name, actions := onTable(s); actions != nil {
		database = d.databaseOf(name)
		needs = append(needs, a.Table(database, name.Table, actions...)...)
	}
	if _, all := s.(*hiveql.ShowDatabases); !all {
		needs = append(needs, a.Database(database, "glue:GetDatabase")...)
	}
	return d.caller.glue(needs...)
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
	objects, err := d.objects.List(d.ctx, bucket, key)
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
	return c.s3(
		rights.Need{Action: "s3:GetBucketLocation", Resource: rights.Bucket(bucket)},
		rights.Need{Action: "s3:ListBucket", Resource: rights.Bucket(bucket)},
		rights.Need{Action: "s3:GetObject", Resource: rights.Object(bucket, key)},
	)
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
