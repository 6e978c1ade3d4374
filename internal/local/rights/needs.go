package rights

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Need is a right that a request needs.
type Need struct {
	Action   string // sqs:ReceiveMessage
	Resource string // ARN
}

// Account is whose resources they are. What a request doesn't say, such as the
// work group of a statement, is asked of the account.
type Account struct {
	Region, ID string
	WorkGroup  func(execution string) string // of a statement, "" if there is none
	Key        func(queue string) string     // ARN of a queue's key, "" if it has none
}

func (a Account) arn(service, rest string) string {
	return "arn:aws:" + service + ":" + a.Region + ":" + a.ID + ":" + rest
}

// WorkGroup is the ARN of a work group.
func (a Account) workGroup(name string) string {
	if name == "" {
		name = "primary"
	}
	return a.arn("athena", "workgroup/"+name)
}

// ReadsBody says whether Needs has to know what a request's body is.
func (c Call) ReadsBody() bool {
	return c.Service != "s3" && c.Service != "sts" && c.Service != "cloudwatch" || c.Operation == "DeleteObjects"
}

// Needs are all rights that a request needs; none for one that everybody may
// make, or that no service knows. A body that can't be read names nothing: the
// service says so itself.
func (a Account) Needs(c Call, r *http.Request, body []byte) []Need {
	switch c.Service {
	case "s3":
		return c.onS3(r, body)
	case "cloudwatch":
		return []Need{{"cloudwatch:" + c.Operation, "*"}}
	case "sqs", "glue", "athena":
		var n names
		json.Unmarshal(body, &n) // what has another type is left out
		return map[string]func(string, names) []Need{"sqs": a.onSQS, "glue": a.onGlue, "athena": a.onAthena}[c.Service](c.Operation, n)
	}
	return nil
}

// names are the members of requests that say on what they are.
type names struct {
	QueueName, QueueURL, SourceArn, DestinationArn string
	Tags                                           json.RawMessage
	DatabaseName, TableName, Name                  string
	DatabaseInput, TableInput                      struct{ Name string }
	TablesToDelete                                 []string
	ResourceArn                                    string
	WorkGroup, QueryExecutionID                    string
	QueryExecutionIDs                              []string
}

func (a Account) onSQS(operation string, n names) []Need {
	name := n.QueueName
	if n.QueueURL != "" {
		name = n.QueueURL[strings.LastIndexByte(n.QueueURL, '/')+1:]
	}
	queue := a.arn("sqs", name)
	action := "sqs:" + strings.TrimSuffix(operation, "Batch") // there are no actions of the batches' own
	switch operation {
	case "ListQueues":
		queue = a.arn("sqs", "") // as the refusal names it
	case "StartMessageMoveTask":
		needs := on(n.SourceArn, action, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
		if n.DestinationArn != "" {
			needs = append(needs, Need{"sqs:SendMessage", n.DestinationArn})
		}
		return needs
	case "ListMessageMoveTasks":
		queue = n.SourceArn
	}
	needs := on(queue, action)
	if operation == "CreateQueue" && len(n.Tags) > 0 {
		needs = append(needs, Need{"sqs:TagQueue", queue})
	}
	return append(needs, a.ofKey(name, action)...)
}

// ofKey is what an encrypted queue's key is used for (SQS developer guide, "Key
// management").
func (a Account) ofKey(queue, action string) []Need {
	if a.Key == nil || action != "sqs:SendMessage" && action != "sqs:ReceiveMessage" {
		return nil
	}
	key := a.Key(queue)
	switch {
	case key == "":
		return nil
	case action == "sqs:SendMessage":
		return on(key, "kms:GenerateDataKey", "kms:Decrypt")
	}
	return on(key, "kms:Decrypt")
}

// onGlue: a right on a table is one on its database and on the catalog; a
// listing is of all that there are (Glue developer guide, "Specifying resource
// ARNs").
func (a Account) onGlue(operation string, n names) []Need {
	action := "glue:" + operation
	database := n.DatabaseName
	switch {
	case strings.HasSuffix(operation, "Tags"):
		return on(n.ResourceArn, action)
	case operation == "GetDatabases":
		return a.Database("*", action)
	case strings.HasSuffix(operation, "Database"):
		return a.Database(n.Name+n.DatabaseInput.Name, action)
	case operation == "GetTables" || operation == "GetUserDefinedFunctions":
		return a.Table(database, "*", action)
	case operation == "BatchDeleteTable":
		var needs []Need
		for _, t := range n.TablesToDelete {
			needs = append(needs, a.Table(database, t, action)...)
		}
		return needs
	}
	table := n.TableName + n.TableInput.Name
	if table == "" {
		table = n.Name
	}
	return a.Table(database, table, action)
}

// Database are the rights that Glue asks for of whoever does something with a
// database, "*" for all. Names fold to lower case.
func (a Account) Database(name string, actions ...string) (needs []Need) {
	for _, resource := range []string{"catalog", "database/" + strings.ToLower(name)} {
		needs = append(needs, on(a.arn("glue", resource), actions...)...)
	}
	return needs
}

// Table is Database for a table, "*" for all of the database.
func (a Account) Table(database, table string, actions ...string) []Need {
	resource := "table/" + strings.ToLower(database) + "/" + strings.ToLower(table)
	return append(a.Database(database, actions...), on(a.arn("glue", resource), actions...)...)
}

func (a Account) onAthena(operation string, n names) []Need {
	action := "athena:" + operation
	catalog := a.arn("athena", "datacatalog/AwsDataCatalog")
	switch operation {
	case "ListWorkGroups", "ListDataCatalogs", "ListEngineVersions":
		return on("*", action)
	case "ListTagsForResource":
		return on(n.ResourceArn, action)
	case "CreateWorkGroup":
		return on(a.workGroup(n.Name), action)
	case "GetDataCatalog":
		return on(catalog, action)
	case "GetDatabase":
		return append(on(catalog, action), a.Database(n.DatabaseName, "glue:GetDatabase")...)
	case "ListDatabases":
		return append(on(catalog, action), a.Database("*", "glue:GetDatabases")...)
	case "GetTableMetadata":
		return append(on(catalog, action), a.Table(n.DatabaseName, n.TableName, "glue:GetTable")...)
	case "ListTableMetadata":
		return append(on(catalog, action), a.Table(n.DatabaseName, "*", "glue:GetTables")...)
	}
	if n.QueryExecutionID == "" && n.QueryExecutionIDs == nil {
		return on(a.workGroup(n.WorkGroup), action)
	}
	var needs []Need
	for _, id := range append(n.QueryExecutionIDs, n.QueryExecutionID) {
		if a.WorkGroup == nil || a.WorkGroup(id) == "" {
			continue // the service says that there is none
		}
		if group := a.workGroup(a.WorkGroup(id)); !slices.Contains(needs, Need{action, group}) {
			needs = append(needs, Need{action, group})
		}
	}
	return needs
}

// on is the same resource for several actions.
func on(resource string, actions ...string) (needs []Need) {
	for _, action := range actions {
		needs = append(needs, Need{action, resource})
	}
	return needs
}

func (c Call) onS3(r *http.Request, body []byte) []Need {
	action := "s3:" + c.action
	switch {
	case c.Bucket == "":
		return on("*", action)
	case c.Operation == "DeleteObjects":
		return deleted(c.Bucket, action, body)
	case c.Key == "":
		return on(Bucket(c.Bucket), action)
	}
	needs := on(Object(c.Bucket, c.Key), action)
	if source := r.Header.Get("X-Amz-Copy-Source"); source != "" && (c.Operation == "CopyObject" || c.Operation == "UploadPartCopy") {
		source, _, _ = strings.Cut(source, "?versionId=")
		if plain, err := url.PathUnescape(source); err == nil {
			source = plain
		}
		bucket, key, _ := strings.Cut(strings.TrimPrefix(source, "/"), "/")
		needs = append(needs, Need{"s3:GetObject", Object(bucket, key)})
	}
	return needs
}

func deleted(bucket, action string, body []byte) (needs []Need) {
	var list struct {
		Object []struct{ Key string }
	}
	if xml.Unmarshal(body, &list) != nil {
		return nil // the service says so
	}
	for _, o := range list.Object {
		needs = append(needs, Need{action, Object(bucket, o.Key)})
	}
	return needs
}

// Bucket and Object are ARNs.
func Bucket(name string) string        { return "arn:aws:s3:::" + name }
func Object(bucket, key string) string { return Bucket(bucket) + "/" + key }
