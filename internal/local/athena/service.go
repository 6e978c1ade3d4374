package athena

import (
	"context"
	"encoding/json"

	"go.etcd.io/bbolt"

	"athenarefresh/internal/local/awsjson"
)

// Service serves the Athena API: JSON 1.1, target AmazonAthena.*.
func (e *Engine) Service() *awsjson.Service {
	return &awsjson.Service{Version: "1.1", MaxBody: 4 << 20, Operations: map[string]awsjson.Operation{
		"StartQueryExecution":    awsjson.Op(e.apiStart),
		"GetQueryExecution":      awsjson.Op(e.apiGet),
		"BatchGetQueryExecution": awsjson.Op(e.apiBatchGet),
		"ListQueryExecutions":    awsjson.Op(e.apiList),
		"StopQueryExecution":     awsjson.Op(e.apiStop),
		"GetQueryResults":        awsjson.Op(e.apiResults),

		"GetQueryRuntimeStatistics": awsjson.Op(e.apiRuntimeStatistics),
		"ListEngineVersions":        awsjson.Op(listEngineVersions),

		"CreateWorkGroup": awsjson.Op(e.apiCreateWorkGroup),
		"GetWorkGroup":    awsjson.Op(e.apiGetWorkGroup),
		"ListWorkGroups":  awsjson.Op(e.apiListWorkGroups),
		"UpdateWorkGroup": awsjson.Op(e.apiUpdateWorkGroup),
		"DeleteWorkGroup": awsjson.Op(e.apiDeleteWorkGroup),

		"GetDataCatalog":      awsjson.Op(e.apiDataCatalog),
		"ListDataCatalogs":    awsjson.Op(e.apiDataCatalogs),
		"GetDatabase":         awsjson.Op(e.apiGetDatabase),
		"ListDatabases":       awsjson.Op(e.apiListDatabases),
		"GetTableMetadata":    awsjson.Op(e.apiTableMetadata),
		"ListTableMetadata":   awsjson.Op(e.apiListTableMetadata),
		"ListTagsForResource": awsjson.Op(noTags),
	}}
}

func noTags(context.Context, json.RawMessage) (map[string]any, error) {
	return map[string]any{"Tags": []any{}}, nil
}

func listEngineVersions(context.Context, json.RawMessage) (map[string]any, error) {
	return map[string]any{"EngineVersions": []engineVersion{engineV3}}, nil
}

func (e *Engine) apiRuntimeStatistics(_ context.Context, in idInput) (map[string]any, error) {
	r, err := e.mustFind(in.QueryExecutionID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"QueryRuntimeStatistics": map[string]any{
		"Timeline": r.Statistics,
		"Rows":     map[string]any{"InputBytes": r.Statistics.DataScannedInBytes},
	}}, nil
}

type idInput struct {
	QueryExecutionID string `json:"QueryExecutionId"`
}

// find returns an execution as it is now, active or final, or nil.
func (e *Engine) find(id string) (*record, error) {
	e.mu.Lock()
	if x := e.active[id]; x != nil {
		r := x.record
		e.mu.Unlock()
		return &r, nil
	}
	e.mu.Unlock()
	return e.stored(id)
}

// mustFind is find with the API's error for an id that doesn't exist.
func (e *Engine) mustFind(id string) (*record, error) {
	r, err := e.find(id)
	if err == nil && r == nil {
		err = invalidRequest("QueryExecution %s was not found", id)
	}
	return r, err
}

// WorkGroup is that of an execution, "" if there is none.
func (e *Engine) WorkGroup(id string) string {
	r, err := e.find(id)
	if err != nil || r == nil {
		return ""
	}
	return r.WorkGroup
}

func (e *Engine) apiGet(_ context.Context, in idInput) (map[string]any, error) {
	r, err := e.mustFind(in.QueryExecutionID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"QueryExecution": r.queryExecution}, nil
}

type batchGetInput struct {
	QueryExecutionIDs []string `json:"QueryExecutionIds"`
}

func (e *Engine) apiBatchGet(_ context.Context, in batchGetInput) (map[string]any, error) {
	if n := len(in.QueryExecutionIDs); n < 1 || n > 50 {
		return nil, invalidRequest("1 validation error detected: Value at 'queryExecutionIds' failed to satisfy constraint: Member must have length between 1 and 50")
	}
	found, missing := []*queryExecution{}, []map[string]string{}
	for _, id := range in.QueryExecutionIDs {
		r, err := e.find(id)
		if err != nil {
			return nil, err
		}
		if r == nil {
			missing = append(missing, map[string]string{
				"QueryExecutionId": id, "ErrorCode": "INVALID_QUERY_EXECUTION_ID", "ErrorMessage": "QueryExecution " + id + " was not found"})
			continue
		}
		found = append(found, &r.queryExecution)
	}
	return map[string]any{"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}, nil
}

type listExecutionsInput struct {
	listInput
	WorkGroup string
}

type executionsPage struct {
	QueryExecutionIDs []string `json:"QueryExecutionIds"`
	NextToken         string   `json:",omitempty"`
}

// apiList lists a workgroup's executions, the newest first: on the first page
// those that are active, then the history.
func (e *Engine) apiList(_ context.Context, in listExecutionsInput) (executionsPage, error) {
	out := executionsPage{QueryExecutionIDs: []string{}}
	if in.WorkGroup == "" {
		in.WorkGroup = primary
	}
	if in.NextToken == "" {
		out.QueryExecutionIDs = e.activeIn(in.WorkGroup)
	}
	before, err := decodeToken(in.NextToken)
	if err != nil {
		return out, err
	}
	size := limited(in.MaxResults, 50)
	err = e.DB.View(func(tx *bbolt.Tx) error {
		cur := bucket(tx, timesBucket).Cursor()
		for k := lastBefore(cur, before); k != nil; k, _ = cur.Prev() {
			if len(out.QueryExecutionIDs) >= size {
				return nil
			}
			id := string(k[8:])
			r, err := getJSON[struct{ WorkGroup string }](tx, executionsBucket, id)
			if err != nil {
				return err
			}
			if r != nil && r.WorkGroup == in.WorkGroup {
				out.QueryExecutionIDs = append(out.QueryExecutionIDs, id)
				out.NextToken = encodeToken(k)
			}
		}
		out.NextToken = ""
		return nil
	})
	return out, err
}

// lastBefore moves to the last key before the given one, or of all.
func lastBefore(cur *bbolt.Cursor, before []byte) []byte {
	var found []byte
	if len(before) > 0 {
		found, _ = cur.Seek(before)
	}
	if found == nil {
		k, _ := cur.Last()
		return k
	}
	k, _ := cur.Prev()
	return k
}

func (e *Engine) activeIn(workGroup string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	ids := []string{}
	for id, x := range e.active {
		if x.WorkGroup == workGroup {
			ids = append(ids, id)
		}
	}
	return ids
}

// apiStop cancels an active execution; a final one is left as it is.
func (e *Engine) apiStop(_ context.Context, in idInput) (struct{}, error) {
	e.mu.Lock()
	x := e.active[in.QueryExecutionID]
	if x != nil {
		x.stopped = true
		x.cancel()
	}
	e.mu.Unlock()
	if x != nil {
		return struct{}{}, nil
	}
	_, err := e.mustFind(in.QueryExecutionID)
	return struct{}{}, err
}
