package athena

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/google/go-cmp/cmp"
)

func TestTokenMakesASubmissionIdempotent(t *testing.T) {
	s := newStack(t)
	token := strings.Repeat("t", 32)
	start := func(query, token string) (string, error) {
		out, err := s.client.StartQueryExecution(t.Context(), &sdk.StartQueryExecutionInput{QueryString: &query, ClientRequestToken: &token,
			ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://results/")}})
		if err != nil {
			return "", err
		}
		return *out.QueryExecutionId, nil
	}
	first, err := start("CREATE DATABASE x", token)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // while it may run, and when it is history
		again, err := start("CREATE DATABASE x", token)
		if err != nil || again != first {
			t.Errorf("the same token gave %s, %v, want %s", again, err, first)
		}
		if x := s.wait(first); x.Status.State != types.QueryExecutionStateSucceeded {
			t.Errorf("the statement ran twice: %v", aws.ToString(x.Status.StateChangeReason))
		}
	}
	var invalid *types.InvalidRequestException
	if _, err := start("CREATE DATABASE y", token); !errors.As(err, &invalid) {
		t.Errorf("another statement under the same token: %v", err)
	}
	for _, token := range []string{"short", strings.Repeat("t", 129)} {
		if _, err := start("CREATE DATABASE z", token); !errors.As(err, &invalid) {
			t.Errorf("token of %d characters: %v", len(token), err)
		}
	}
}

func TestStartRefuses(t *testing.T) {
	s := newStack(t)
	output := &types.ResultConfiguration{OutputLocation: aws.String("s3://results/")}
	statement := func(n int) string {
		const head = "ALTER TABLE db.t ADD PARTITION (dt='"
		return head + strings.Repeat("é", (n-len(head)-2)/2) + strings.Repeat("x", (n-len(head)-2)%2) + "')"
	}
	for name, in := range map[string]*sdk.StartQueryExecutionInput{
		"no output":         {QueryString: aws.String("SHOW DATABASES")},
		"bad output":        {QueryString: aws.String("SHOW DATABASES"), ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("/tmp")}},
		"unknown workgroup": {QueryString: aws.String("SHOW DATABASES"), ResultConfiguration: output, WorkGroup: aws.String("nope")},
		"too long":          {QueryString: aws.String(statement(262145)), ResultConfiguration: output},
		"other kinds":       {QueryString: aws.String("INSERT INTO t VALUES (1)"), ResultConfiguration: output},
		"other catalog":     {QueryString: aws.String("SHOW DATABASES"), ResultConfiguration: output, QueryExecutionContext: &types.QueryExecutionContext{Catalog: aws.String("hms")}},
	} {
		_, err := s.client.StartQueryExecution(t.Context(), in)
		var invalid *types.InvalidRequestException
		if !errors.As(err, &invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	longest := statement(262144)
	if len(longest) != 262144 {
		t.Fatal(len(longest))
	}
	s.failsWith(longest, "FAILED: SemanticException [Error 10001]: Table not found db.t")
}

func TestTwentyFirstStatementIsRefused(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run("CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string) LOCATION 's3://b/t/'")
	s.objects.block = make(chan struct{})
	var ids []string
	for range 20 {
		ids = append(ids, s.start("MSCK REPAIR TABLE t"))
	}
	_, err := s.client.StartQueryExecution(t.Context(), &sdk.StartQueryExecutionInput{QueryString: aws.String("MSCK REPAIR TABLE t"),
		ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://results/")}})
	var many *types.TooManyRequestsException
	if !errors.As(err, &many) || many.Reason != types.ThrottleReasonConcurrentQueryLimitExceeded {
		t.Errorf("statement 21: %v", err)
	}
	if _, err := s.client.StopQueryExecution(t.Context(), &sdk.StopQueryExecutionInput{QueryExecutionId: &ids[0]}); err != nil {
		t.Fatal(err)
	}
	if x := s.wait(ids[0]); x.Status.State != types.QueryExecutionStateCancelled {
		t.Errorf("stopped: %s", x.Status.State)
	}
	ids[0] = s.start("MSCK REPAIR TABLE t")
	close(s.objects.block)
	for _, id := range ids {
		if x := s.wait(id); x.Status.State != types.QueryExecutionStateSucceeded {
			t.Errorf("%s: %s", x.Status.State, aws.ToString(x.Status.StateChangeReason))
		}
	}
	out, err := s.client.BatchGetQueryExecution(t.Context(), &sdk.BatchGetQueryExecutionInput{QueryExecutionIds: append(ids, "nope")})
	if err != nil || len(out.QueryExecutions) != 20 || len(out.UnprocessedQueryExecutionIds) != 1 {
		t.Errorf("batch get: %v, %v", out, err)
	}
}

func TestWorkGroups(t *testing.T) {
	s := newStack(t)
	ctx := t.Context()
	_, err := s.client.CreateWorkGroup(ctx, &sdk.CreateWorkGroupInput{Name: aws.String("w"), Configuration: &types.WorkGroupConfiguration{
		EnforceWorkGroupConfiguration: aws.Bool(true),
		ResultConfiguration:           &types.ResultConfiguration{OutputLocation: aws.String("s3://results/w")}}})
	if err != nil {
		t.Fatal(err)
	}
	start := func() *types.QueryExecution {
		out, err := s.client.StartQueryExecution(ctx, &sdk.StartQueryExecutionInput{QueryString: aws.String("SHOW DATABASES"), WorkGroup: aws.String("w"),
			ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://results/mine")}})
		if err != nil {
			t.Fatal(err)
		}
		return s.wait(*out.QueryExecutionId)
	}
	if x := start(); *x.ResultConfiguration.OutputLocation != "s3://results/w/"+*x.QueryExecutionId+".txt" {
		t.Errorf("an enforced location must win: %s", *x.ResultConfiguration.OutputLocation)
	}
	_, err = s.client.UpdateWorkGroup(ctx, &sdk.UpdateWorkGroupInput{WorkGroup: aws.String("w"),
		ConfigurationUpdates: &types.WorkGroupConfigurationUpdates{EnforceWorkGroupConfiguration: aws.Bool(false)}})
	if err != nil {
		t.Fatal(err)
	}
	if x := start(); !strings.HasPrefix(*x.ResultConfiguration.OutputLocation, "s3://results/mine/") {
		t.Errorf("the client's location must win: %s", *x.ResultConfiguration.OutputLocation)
	}
	list, err := s.client.ListWorkGroups(ctx, &sdk.ListWorkGroupsInput{})
	if err != nil || len(list.WorkGroups) != 2 || *list.WorkGroups[0].Name != "primary" {
		t.Errorf("%v, %v", list, err)
	}
	executions, err := s.client.ListQueryExecutions(ctx, &sdk.ListQueryExecutionsInput{WorkGroup: aws.String("w")})
	if err != nil || len(executions.QueryExecutionIds) != 2 {
		t.Errorf("%v, %v", executions, err)
	}
	if _, err := s.client.DeleteWorkGroup(ctx, &sdk.DeleteWorkGroupInput{WorkGroup: aws.String("w")}); err != nil {
		t.Error(err)
	}
	if _, err := s.client.GetWorkGroup(ctx, &sdk.GetWorkGroupInput{WorkGroup: aws.String("w")}); err == nil {
		t.Error("a deleted workgroup is still there")
	}
	if _, err := s.client.DeleteWorkGroup(ctx, &sdk.DeleteWorkGroupInput{WorkGroup: aws.String("primary")}); err == nil {
		t.Error("primary can be deleted")
	}
}

func TestHistoryPagesNewestFirst(t *testing.T) {
	s := newStack(t)
	var ids []string
	for range 7 {
		id := s.start("SHOW DATABASES")
		s.wait(id)
		ids = append([]string{id}, ids...)
	}
	var got []string
	pages := sdk.NewListQueryExecutionsPaginator(s.client, &sdk.ListQueryExecutionsInput{MaxResults: aws.Int32(3)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(page.QueryExecutionIds) > 3 {
			t.Errorf("a page of %d", len(page.QueryExecutionIds))
		}
		got = append(got, page.QueryExecutionIds...)
	}
	if d := cmp.Diff(ids, got); d != "" {
		t.Error(d)
	}
}

func TestResultsPageAndAreWritten(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run("CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string) LOCATION 's3://b/t/'")
	var want [][]string
	add := "ALTER TABLE t ADD"
	for i := range 25 {
		add += fmt.Sprintf(" PARTITION (dt='%02d')", i)
		want = append(want, []string{fmt.Sprintf("dt=%02d", i)})
	}
	s.run(add)
	id := s.start("SHOW PARTITIONS t")
	s.wait(id)
	for _, size := range []int32{1, 5, 24, 25, 1000} {
		if d := cmp.Diff(want, s.rows(id, size)); d != "" {
			t.Errorf("pages of %d: %s", size, d)
		}
	}
	if o := s.objects.objects["results"]["out/"+id+".txt"]; o.Size != 25*6 {
		t.Errorf("the result in S3 has %d bytes", o.Size)
	}
	if s.objects.objects["results"]["out/"+id+".txt.metadata"].Size == 0 {
		t.Error("no metadata beside the result")
	}
	_, err := s.client.GetQueryResults(t.Context(), &sdk.GetQueryResultsInput{QueryExecutionId: aws.String("nope")})
	var invalid *types.InvalidRequestException
	if !errors.As(err, &invalid) {
		t.Error(err)
	}
}

func TestFailsWhereTheResultCanNotBeWritten(t *testing.T) {
	s := newStack(t)
	delete(s.objects.objects, "results")
	s.failsWith("SHOW DATABASES", "Unable to write the result to s3://results/out/")
}

func TestCloseEndsWhatRuns(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run("CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string) LOCATION 's3://b/t/'")
	s.objects.block = make(chan struct{})
	id := s.start("MSCK REPAIR TABLE t")
	if err := s.engine.Close(); err != nil {
		t.Fatal(err)
	}
	if x := s.wait(id); x.Status.State != types.QueryExecutionStateCancelled {
		t.Errorf("state is %s", x.Status.State)
	}
	if _, err := s.client.StartQueryExecution(t.Context(), &sdk.StartQueryExecutionInput{QueryString: aws.String("SHOW DATABASES"),
		ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://results/")}}); err == nil {
		t.Error("a closed engine starts statements")
	}
}

func TestMetadataCalls(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run("CREATE EXTERNAL TABLE t (a int COMMENT 'c') PARTITIONED BY (dt string) STORED AS PARQUET LOCATION 's3://b/t/'")
	ctx, catalog := t.Context(), aws.String("AwsDataCatalog")
	m, err := s.client.GetTableMetadata(ctx, &sdk.GetTableMetadataInput{CatalogName: catalog, DatabaseName: aws.String("db"), TableName: aws.String("t")})
	if err != nil || *m.TableMetadata.Columns[0].Comment != "c" || *m.TableMetadata.PartitionKeys[0].Name != "dt" || m.TableMetadata.Parameters["location"] != "s3://b/t/" {
		t.Errorf("%v, %v", m, err)
	}
	list, err := s.client.ListTableMetadata(ctx, &sdk.ListTableMetadataInput{CatalogName: catalog, DatabaseName: aws.String("db"), Expression: aws.String("t*")})
	if err != nil || len(list.TableMetadataList) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	databases, err := s.client.ListDatabases(ctx, &sdk.ListDatabasesInput{CatalogName: catalog})
	if err != nil || len(databases.DatabaseList) != 2 {
		t.Errorf("%v, %v", databases, err)
	}
	if _, err := s.client.GetDataCatalog(ctx, &sdk.GetDataCatalogInput{Name: catalog}); err != nil {
		t.Error(err)
	}
	_, err = s.client.GetDatabase(ctx, &sdk.GetDatabaseInput{CatalogName: catalog, DatabaseName: aws.String("nope")})
	var missing *types.MetadataException
	if !errors.As(err, &missing) {
		t.Error(err)
	}
}

// TestDatabaseOfTheContextMayBeQuoted: awswrangler sends it so with MSCK,
// DESCRIBE and SHOW CREATE TABLE.
func TestDatabaseOfTheContextMayBeQuoted(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run("CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string) LOCATION 's3://b/t/'")
	for _, query := range []string{"MSCK REPAIR TABLE `t`;", "DESCRIBE `t`"} {
		out, err := s.client.StartQueryExecution(t.Context(), &sdk.StartQueryExecutionInput{
			QueryString:           &query,
			QueryExecutionContext: &types.QueryExecutionContext{Database: aws.String("`DB`")},
			ResultConfiguration:   &types.ResultConfiguration{OutputLocation: aws.String("s3://results/out/")},
		})
		if err != nil {
			t.Fatal(err)
		}
		x := s.wait(*out.QueryExecutionId)
		if x.Status.State != types.QueryExecutionStateSucceeded {
			t.Errorf("%s: %s", query, aws.ToString(x.Status.StateChangeReason))
		}
	}
}
