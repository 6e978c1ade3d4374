package cloudwatch

import (
	"encoding/json"
	"net/http"
	"strings"

	"athenarefresh/internal/local/awsjson"

	"github.com/aws/smithy-go/encoding/cbor"
)

// Path is what the path of every call in CBOR begins with.
const Path = "/service/" + Target + "/operation/"

// both answers a call in the protocol in which it is made. CBOR is turned into
// JSON on the way in, so that there is one reader of requests.
type both struct{ json awsjson.Service }

// ServeHTTP implements http.Handler. The signature is the front door's affair.
func (b both) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Amz-Target") != "" {
		b.json.ServeHTTP(w, r)
		return
	}
	out, err := b.json.Call(w, r, strings.TrimPrefix(r.URL.Path, Path), asJSON)
	if err != nil {
		Refuse(w, err)
		return
	}
	answer(w, http.StatusOK, out.(*output).cbor())
}

// Refuse answers a client that speaks CBOR with an error, also for whoever doesn't let
// it in.
func Refuse(w http.ResponseWriter, err error) {
	e, status := awsjson.Explain(w, err)
	answer(w, status, cbor.Map{"__type": cbor.String("com.amazonaws.cloudwatch#" + e.Code), "message": cbor.String(e.Message)})
}

func answer(w http.ResponseWriter, status int, out cbor.Value) {
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.Header().Set("Content-Type", "application/cbor")
	w.WriteHeader(status)
	w.Write(cbor.Encode(out))
}

func asJSON(body []byte) ([]byte, error) {
	v, err := cbor.Decode(body)
	if err != nil {
		return nil, err
	}
	return json.Marshal(plain(v))
}

// plain is a value as encoding/json has it; a time, which is tagged, is a
// number. What a request never holds is nothing.
func plain(v cbor.Value) any {
	switch v := v.(type) {
	case cbor.Map:
		m := map[string]any{}
		for name, member := range v {
			m[name] = plain(member)
		}
		return m
	case cbor.List:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = plain(e)
		}
		return list
	case *cbor.Tag:
		return plain(v.Value)
	case cbor.String:
		return string(v)
	case cbor.Uint:
		return uint64(v)
	case cbor.Float32:
		return float64(v)
	case cbor.Float64:
		return float64(v)
	case cbor.Bool:
		return bool(v)
	}
	return nil
}

// cbor is an answer in CBOR; times have the tag 1.
func (o *output) cbor() cbor.Value {
	results := cbor.List{}
	for _, r := range o.MetricDataResults {
		times, values := cbor.List{}, cbor.List{}
		for i := range r.Values {
			times = append(times, &cbor.Tag{ID: 1, Value: cbor.Float64(r.Timestamps[i])})
			values = append(values, cbor.Float64(r.Values[i]))
		}
		results = append(results, cbor.Map{
			"Id": cbor.String(r.ID), "Label": cbor.String(r.Label), "StatusCode": cbor.String(r.StatusCode),
			"Timestamps": times, "Values": values,
		})
	}
	return cbor.Map{"MetricDataResults": results, "Messages": cbor.List{}}
}
