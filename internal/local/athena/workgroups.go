package athena

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.etcd.io/bbolt"

	"athenarefresh/internal/local/awsjson"
	"athenarefresh/internal/local/glue"
)

// primary is the workgroup that every account has.
const primary = "primary"

type workGroup struct {
	Name          string
	State         string // ENABLED or DISABLED
	Description   string `json:",omitempty"`
	Configuration workGroupConfiguration
	CreationTime  glue.Timestamp
}

type workGroupConfiguration struct {
	ResultConfiguration             resultConfiguration
	EnforceWorkGroupConfiguration   bool
	PublishCloudWatchMetricsEnabled bool
	RequesterPaysEnabled            bool
	BytesScannedCutoffPerQuery      int64 `json:",omitempty"`
	EngineVersion                   engineVersion
}

var workGroupName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,128}$`)

func (e *Engine) newWorkGroup(name string) *workGroup {
	return &workGroup{Name: name, State: "ENABLED", CreationTime: glue.Timestamp{Time: e.now().UTC()},
		Configuration: workGroupConfiguration{EngineVersion: engineV3}}
}

func putWorkGroup(tx *bbolt.Tx, w *workGroup) error {
	return putJSON(tx, workGroupsBucket, w.Name, w)
}

func getWorkGroup(tx *bbolt.Tx, name string) (*workGroup, error) {
	name = cmp.Or(name, primary)
	w, err := getJSON[workGroup](tx, workGroupsBucket, name)
	if err == nil && w == nil {
		return nil, invalidRequest("WorkGroup %s is not found.", name)
	}
	return w, err
}

func (e *Engine) workGroup(name string) (w *workGroup, err error) {
	err = e.DB.View(func(tx *bbolt.Tx) error {
		w, err = getWorkGroup(tx, name)
		return err
	})
	return w, err
}

type createWorkGroupInput struct {
	Name          string
	Description   string
	Configuration *workGroupConfiguration
}

func (e *Engine) apiCreateWorkGroup(_ context.Context, in createWorkGroupInput) (struct{}, error) {
	if !workGroupName.MatchString(in.Name) {
		return struct{}{}, invalidRequest("WorkGroup name %q is not valid", in.Name)
	}
	w := e.newWorkGroup(in.Name)
	w.Description = in.Description
	// The API's defaults for a workgroup that is created.
	w.Configuration.EnforceWorkGroupConfiguration = true
	if in.Configuration != nil {
		w.Configuration = *in.Configuration
		w.Configuration.EngineVersion = engineV3
	}
	return struct{}{}, e.DB.Update(func(tx *bbolt.Tx) error {
		if bucket(tx, workGroupsBucket).Get([]byte(in.Name)) != nil {
			return invalidRequest("WorkGroup %s is already created.", in.Name)
		}
		return putWorkGroup(tx, w)
	})
}

func (e *Engine) apiGetWorkGroup(_ context.Context, in struct{ WorkGroup string }) (struct{ WorkGroup *workGroup }, error) {
	w, err := e.workGroup(in.WorkGroup)
	return struct{ WorkGroup *workGroup }{w}, err
}

type workGroupSummary struct {
	Name, State, Description string
	CreationTime             glue.Timestamp
	EngineVersion            engineVersion
}

func (e *Engine) apiListWorkGroups(_ context.Context, in listInput) (map[string]any, error) {
	all := []workGroupSummary{}
	err := e.DB.View(func(tx *bbolt.Tx) error {
		return bucket(tx, workGroupsBucket).ForEach(func(name, _ []byte) error {
			w, err := getWorkGroup(tx, string(name))
			if err == nil {
				all = append(all, workGroupSummary{w.Name, w.State, w.Description, w.CreationTime, engineV3})
			}
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return pageOf("WorkGroups", all, in, func(w workGroupSummary) string { return w.Name })
}

type updateWorkGroupInput struct {
	WorkGroup            string
	Description          *string
	State                string
	ConfigurationUpdates json.RawMessage // the members of a configuration that change
}

func (e *Engine) apiUpdateWorkGroup(_ context.Context, in updateWorkGroupInput) (struct{}, error) {
	return struct{}{}, e.DB.Update(func(tx *bbolt.Tx) error {
		w, err := getWorkGroup(tx, in.WorkGroup)
		if err != nil {
			return err
		}
		if in.Description != nil {
			w.Description = *in.Description
		}
		w.State = cmp.Or(in.State, w.State)
		if err := w.Configuration.update(in.ConfigurationUpdates); err != nil {
			return awsjson.Errorf("SerializationException", "%v", err)
		}
		return putWorkGroup(tx, w)
	})
}

func (c *workGroupConfiguration) update(members json.RawMessage) error {
	if members == nil {
		return nil
	}
	var of struct {
		ResultConfigurationUpdates struct {
			OutputLocation       *string
			RemoveOutputLocation bool
		}
		RemoveBytesScannedCutoffPerQuery bool
	}
	if err := errors.Join(json.Unmarshal(members, c), json.Unmarshal(members, &of)); err != nil {
		return err
	}
	c.EngineVersion = engineV3
	if of.RemoveBytesScannedCutoffPerQuery {
		c.BytesScannedCutoffPerQuery = 0
	}
	if result := of.ResultConfigurationUpdates; result.RemoveOutputLocation {
		c.ResultConfiguration.OutputLocation = ""
	} else if result.OutputLocation != nil {
		c.ResultConfiguration.OutputLocation = *result.OutputLocation
	}
	return nil
}

func (e *Engine) apiDeleteWorkGroup(_ context.Context, in struct{ WorkGroup string }) (struct{}, error) {
	if in.WorkGroup == primary {
		return struct{}{}, invalidRequest("WorkGroup primary can't be deleted.")
	}
	return struct{}{}, e.DB.Update(func(tx *bbolt.Tx) error {
		if _, err := getWorkGroup(tx, in.WorkGroup); err != nil {
			return err
		}
		return bucket(tx, workGroupsBucket).Delete([]byte(in.WorkGroup))
	})
}

// outputLocation is where a statement's result goes: the workgroup's if it
// says so or the client doesn't, always with one trailing slash.
func (w *workGroup) outputLocation(client string) (string, error) {
	own := w.Configuration.ResultConfiguration.OutputLocation
	if own != "" && (client == "" || w.Configuration.EnforceWorkGroupConfiguration) {
		client = own
	}
	if client == "" {
		return "", invalidRequest("No output location provided. You did not provide an output location for your query results, either through the workgroup configuration setting or the API input.")
	}
	if _, _, err := splitLocation(client); err != nil {
		return "", invalidRequest("outputLocation is not a valid S3 path.")
	}
	return strings.TrimRight(client, "/") + "/", nil
}

// splitLocation takes s3://bucket/prefix apart.
func splitLocation(location string) (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(location, "s3://")
	bucket, prefix, _ = strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return "", "", fmt.Errorf("%q is no S3 location", location)
	}
	return bucket, prefix, nil
}

func encodeToken(key []byte) string { return base64.RawURLEncoding.EncodeToString(key) }

func decodeToken(token string) ([]byte, error) {
	key, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return nil, invalidRequest("Invalid NextToken")
	}
	return key, nil
}

// limited is a page's size: what was asked for, at most most.
func limited(asked, most int) int {
	if asked <= 0 || asked > most {
		return most
	}
	return asked
}
