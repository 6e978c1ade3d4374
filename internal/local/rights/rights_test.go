package rights_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/local/rights"
)

var account = rights.Account{
	Region: "eu-west-1", ID: "123456789012",
	WorkGroup: func(id string) string { return map[string]string{"1": "wg", "2": "wg", "3": "other"}[id] },
	Key:       func(queue string) string { return map[string]string{"secret": "KEY"}[queue] },
}

// needs are written as one would read them aloud.
func needs(t *testing.T, method, path, target, body string, header ...string) string {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader(body))
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	call := rights.CallOf(r, "", "")
	if !call.ReadsBody() && strings.Contains(body, "{") {
		t.Errorf("%s: its body is not asked for", target)
	}
	var list []string
	for _, n := range account.Needs(call, r, []byte(body)) {
		n.Resource = strings.ReplaceAll(n.Resource, ":eu-west-1:123456789012:", ":")
		list = append(list, n.Action+" "+strings.TrimPrefix(n.Resource, "arn:aws:"))
	}
	return strings.Join(list, ", ")
}

func TestWhatARequestNeeds(t *testing.T) {
	for _, c := range []struct{ target, body, want string }{
		{"AmazonSQS.ReceiveMessage", `{"QueueUrl":"http://h/1/q"}`, "sqs:ReceiveMessage sqs:q"},
		{"AmazonSQS.DeleteMessageBatch", `{"QueueUrl":"http://h/1/q","Entries":[]}`, "sqs:DeleteMessage sqs:q"},
		{"AmazonSQS.GetQueueUrl", `{"QueueName":"q"}`, "sqs:GetQueueUrl sqs:q"},
		{"AmazonSQS.ListQueues", `{}`, "sqs:ListQueues sqs:"},
		{"AmazonSQS.SendMessageBatch", `{"QueueUrl":"http://h/1/secret"}`, "sqs:SendMessage sqs:secret, kms:GenerateDataKey KEY, kms:Decrypt KEY"},
		{"AmazonSQS.ReceiveMessage", `{"QueueUrl":"http://h/1/secret"}`, "sqs:ReceiveMessage sqs:secret, kms:Decrypt KEY"},
		{"AmazonSQS.CreateQueue", `{"QueueName":"q","tags":{"a":"b"}}`, "sqs:CreateQueue sqs:q, sqs:TagQueue sqs:q"},
		{"AmazonSQS.StartMessageMoveTask", `{"SourceArn":"A","DestinationArn":"B"}`,
			"sqs:StartMessageMoveTask A, sqs:ReceiveMessage A, sqs:DeleteMessage A, sqs:GetQueueAttributes A, sqs:SendMessage B"},
		{"AWSGlue.GetTable", `{"DatabaseName":"DB","Name":"T"}`, "glue:GetTable glue:catalog, glue:GetTable glue:database/db, glue:GetTable glue:table/db/t"},
		{"AWSGlue.CreateTable", `{"DatabaseName":"db","TableInput":{"Name":"T"}}`, "glue:CreateTable glue:catalog, glue:CreateTable glue:database/db, glue:CreateTable glue:table/db/t"},
		{"AWSGlue.BatchGetPartition", `{"DatabaseName":"db","TableName":"t","PartitionsToGet":[{"Values":["Name"]}]}`,
			"glue:BatchGetPartition glue:catalog, glue:BatchGetPartition glue:database/db, glue:BatchGetPartition glue:table/db/t"},
		{"AWSGlue.GetTables", `{"DatabaseName":"db"}`, "glue:GetTables glue:catalog, glue:GetTables glue:database/db, glue:GetTables glue:table/db/*"},
		{"AWSGlue.GetDatabases", `{}`, "glue:GetDatabases glue:catalog, glue:GetDatabases glue:database/*"},
		{"AWSGlue.GetDatabase", `{"Name":"db"}`, "glue:GetDatabase glue:catalog, glue:GetDatabase glue:database/db"},
		{"AWSGlue.CreateDatabase", `{"DatabaseInput":{"Name":"db"}}`, "glue:CreateDatabase glue:catalog, glue:CreateDatabase glue:database/db"},
		{"AmazonAthena.StartQueryExecution", `{"WorkGroup":"wg","QueryString":"SELECT 1"}`, "athena:StartQueryExecution athena:workgroup/wg"},
		{"AmazonAthena.StartQueryExecution", `{}`, "athena:StartQueryExecution athena:workgroup/primary"},
		{"AmazonAthena.GetQueryResults", `{"QueryExecutionId":"3"}`, "athena:GetQueryResults athena:workgroup/other"},
		{"AmazonAthena.BatchGetQueryExecution", `{"QueryExecutionIds":["1","2","3","?"]}`,
			"athena:BatchGetQueryExecution athena:workgroup/wg, athena:BatchGetQueryExecution athena:workgroup/other"},
		{"AmazonAthena.ListDatabases", `{}`, "athena:ListDatabases athena:datacatalog/AwsDataCatalog, glue:GetDatabases glue:catalog, glue:GetDatabases glue:database/*"},
		{"GraniteServiceVersion20100801.GetMetricData", ``, "cloudwatch:GetMetricData *"},
		{"DynamoDB_20120810.ListTables", `{}`, ""},
	} {
		if got := needs(t, "POST", "/", c.target, c.body); got != c.want {
			t.Errorf("%s %s:\n got %s\nwant %s", c.target, c.body, got, c.want)
		}
	}
	for _, c := range []struct{ method, path, want string }{
		{"GET", "/", "s3:ListAllMyBuckets *"},
		{"GET", "/b?list-type=2&prefix=x", "s3:ListBucket s3:::b"},
		{"HEAD", "/b", "s3:ListBucket s3:::b"},
		{"PUT", "/b", "s3:CreateBucket s3:::b"},
		{"GET", "/b?location", "s3:GetBucketLocation s3:::b"},
		{"PUT", "/b?notification", "s3:PutBucketNotification s3:::b"},
		{"GET", "/b?uploads", "s3:ListBucketMultipartUploads s3:::b"},
		{"GET", "/b?lifecycle", "s3:GetLifecycleConfiguration s3:::b"},
		{"GET", "/b/a%20b/c", "s3:GetObject s3:::b/a b/c"},
		{"HEAD", "/b/k", "s3:GetObject s3:::b/k"},
		{"PUT", "/b/k", "s3:PutObject s3:::b/k"},
		{"DELETE", "/b/k", "s3:DeleteObject s3:::b/k"},
		{"POST", "/b/k?uploads", "s3:PutObject s3:::b/k"},
		{"PUT", "/b/k?uploadId=1&partNumber=1", "s3:PutObject s3:::b/k"},
		{"GET", "/b/k?uploadId=1", "s3:ListMultipartUploadParts s3:::b/k"},
		{"DELETE", "/b/k?uploadId=1", "s3:AbortMultipartUpload s3:::b/k"},
	} {
		if got := needs(t, c.method, c.path, "", ""); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.method, c.path, got, c.want)
		}
	}
	if got := needs(t, "PUT", "/b/k", "", "", "X-Amz-Copy-Source", "/a/x%20y?versionId=1"); got != "s3:PutObject s3:::b/k, s3:GetObject s3:::a/x y" {
		t.Errorf("a copy: %s", got)
	}
	if got := needs(t, "POST", "/b?delete", "", "<Delete><Object><Key>x</Key></Object><Object><Key>y</Key></Object></Delete>"); got != "s3:DeleteObject s3:::b/x, s3:DeleteObject s3:::b/y" {
		t.Errorf("several deleted: %s", got)
	}
}

// TestEveryOperationHasItsName is that S3's operations are told apart as they
// are listed.
func TestEveryOperationHasItsName(t *testing.T) {
	if !slices.IsSorted(rights.S3Operations()) {
		t.Error("the list is not in order")
	}
	for _, c := range [][2]string{{"GET /b/k", "GetObject"}, {"GET /b", "ListObjects"}, {"GET /b?notification", "GetBucketNotificationConfiguration"}, {"POST /b/k?uploadId=1", "CompleteMultipartUpload"}} {
		method, path, _ := strings.Cut(c[0], " ")
		got := rights.CallOf(httptest.NewRequest(method, "http://127.0.0.1"+path, nil), "", "").Operation
		if got != c[1] || !slices.Contains(rights.S3Operations(), got) {
			t.Errorf("%s is %s, want %s", c[0], got, c[1])
		}
	}
}
