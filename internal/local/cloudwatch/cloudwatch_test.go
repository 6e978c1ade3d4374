package cloudwatch

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// five minutes from noon on, of queue q: 1, 2, 3, 4, 5.
func five(queue, metric string, from, to time.Time) (points []Point) {
	if queue != "q" || metric != "NumberOfMessagesSent" {
		return nil
	}
	for i := range 5 {
		if at := noon.Add(time.Duration(i) * time.Minute); !at.Before(from) && at.Before(to) {
			points = append(points, Point{at, float64(i + 1)})
		}
	}
	return points
}

// inJSON posts a call in AWS JSON, inCBOR one in CBOR.
func inJSON(operation, body string) (status int, answer string) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", Target+"."+operation)
	return answered(r)
}

func inCBOR(operation, body string) (status int, answer string) {
	return answered(httptest.NewRequest(http.MethodPost, Path+operation, strings.NewReader(body)))
}

func answered(r *http.Request) (status int, answer string) {
	w := httptest.NewRecorder()
	Service(five).ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		return 0, err.Error()
	}
	return w.Code, string(body)
}

// asking is a call about the minutes from noon on.
func asking(period int, stat, more string) string {
	return fmt.Sprintf(`{"StartTime":%d,"EndTime":%d,"MetricDataQueries":[{"Id":"a","MetricStat":{"Period":%d,"Stat":%q,
		"Metric":{"Namespace":"AWS/SQS","MetricName":"NumberOfMessagesSent","Dimensions":[{"Name":"QueueName","Value":"q"}]}}}]%s}`,
		noon.Unix(), noon.Add(5*time.Minute).Unix(), period, stat, more)
}

func TestMinutesArePutTogetherToPeriods(t *testing.T) {
	at := func(minute int) string { return fmt.Sprint(noon.Add(time.Duration(minute) * time.Minute).Unix()) }
	for name, c := range map[string]struct{ body, want string }{
		"the newest first":   {asking(120, "Sum", ""), `"Timestamps":[` + at(4) + "," + at(2) + "," + at(0) + `],"Values":[5,7,3]`},
		"the oldest first":   {asking(120, "Sum", `,"ScanBy":"TimestampAscending"`), `"Timestamps":[` + at(0) + "," + at(2) + "," + at(4) + `],"Values":[3,7,5]`},
		"samples":            {asking(180, "SampleCount", ""), `"Values":[2,3]`},
		"averages":           {asking(180, "Average", ""), `"Values":[4.5,2]`},
		"maxima":             {asking(180, "Maximum", ""), `"Values":[5,3]`},
		"minima":             {asking(180, "Minimum", ""), `"Values":[4,1]`},
		"another queue":      {strings.Replace(asking(60, "Sum", ""), `"q"`, `"r"`, 1), `"StatusCode":"Complete","Timestamps":[],"Values":[]`},
		"another namespace":  {strings.Replace(asking(60, "p99", ""), "AWS/SQS", "Own", 1), `"Timestamps":[],"Values":[]`},
		"a label":            {strings.Replace(asking(60, "Sum", ""), `"Id"`, `"Label":"mine","Id"`, 1), `"Label":"mine"`},
		"what isn't wanted":  {strings.Replace(asking(60, "Sum", ""), `"Id"`, `"ReturnData":false,"Id"`, 1), `"MetricDataResults":[]`},
		"the longest period": {asking(math.MaxInt32/60*60, "Sum", ""), `"Values":[15]`},
	} {
		if status, got := inJSON("GetMetricData", c.body); status != http.StatusOK || !strings.Contains(got, c.want) {
			t.Errorf("%s: %d %s; want %s", name, status, got, c.want)
		}
	}
}

func TestWhatCloudWatchRefusesIsRefused(t *testing.T) {
	good := asking(60, "Sum", "")
	many := strings.Repeat(`{"Id":"a"},`, maxQueries) + `{"Id":"a"}`
	for name, c := range map[string]struct{ body, code string }{
		"no JSON":                {`{"StartTime":`, "SerializationException"},
		"another type":           {`{"StartTime":"noon"}`, "SerializationException"},
		"a period beyond":        {asking(math.MaxInt32+1, "Sum", ""), "SerializationException"},
		"too deep":               {strings.Repeat("[", 20_000), "SerializationException"},
		"too long":               {`{"ScanBy":"` + strings.Repeat("x", maxRequest) + `"}`, "SerializationException"},
		"nothing":                {``, "InvalidParameterValueException"},
		"no queries":             {`{"StartTime":1,"EndTime":2}`, "InvalidParameterValueException"},
		"too many queries":       {`{"StartTime":1,"EndTime":2,"MetricDataQueries":[` + many + `]}`, "InvalidParameterValueException"},
		"an end before it began": {strings.Replace(good, `"EndTime":1`, `"EndTime":0.1`, 1), "InvalidParameterValueException"},
		"an end beyond all":      {strings.Replace(good, `"EndTime":1`, `"EndTime":1e300,"x":1`, 1), "InvalidParameterValueException"},
		"an expression":          {`{"StartTime":1,"EndTime":2,"MetricDataQueries":[{"Id":"a","Expression":"1"}]}`, "InvalidParameterValueException"},
		"no id":                  {strings.Replace(good, `"Id":"a",`, "", 1), "InvalidParameterValueException"},
		"seconds":                {asking(90, "Sum", ""), "InvalidParameterValueException"},
		"an unknown statistic":   {asking(60, "p99", ""), "InvalidParameterValueException"},
	} {
		if status, got := inJSON("GetMetricData", c.body); status != http.StatusBadRequest || !strings.Contains(got, `"__type":"`+c.code+`"`) {
			t.Errorf("%s: %d %.200s; want %s", name, status, got, c.code)
		}
	}
	if status, got := inJSON("ListMetrics", "{}"); status != http.StatusBadRequest || !strings.Contains(got, "UnknownOperationException") {
		t.Errorf("ListMetrics: %d %s", status, got)
	}
}

// hostile is CBOR that is none, or more than there is.
var hostile = map[string]string{
	"nothing":                   "",
	"an end in the middle":      "\xa1\x69Start",
	"a length without its text": "\x7b\x7f\xff\xff\xff\xff\xff\xff\xff",
	"a list of 2⁶³":             "\xa1\x61a\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
	"a map of 2³²":              "\xba\xff\xff\xff\xff\x61a\x00",
	"deeper than anybody asks":  strings.Repeat("\x81", 10_000) + "\x00",
	"tags of tags":              strings.Repeat("\xc1", 10_000) + "\x00",
	"no end":                    "\xbf\x61a\x9f\x01",
	"a key that is a number":    "\xa1\x01\x02",
	"no such value":             "\xff",
	"not a number":              "\xa1\x69StartTime\xfb\x7f\xf8\x00\x00\x00\x00\x00\x00",
	"too long":                  "\x7a\x00\x20\x00\x00" + strings.Repeat("x", 1<<21),
	"a list":                    "\x80",
}

func TestHostileCBORIsRefused(t *testing.T) {
	for name, body := range hostile {
		status, got := inCBOR("GetMetricData", body)
		v, err := cbor.Decode([]byte(got))
		m, _ := v.(cbor.Map)
		if code, _ := m["__type"].(cbor.String); err != nil || status != http.StatusBadRequest || code != "com.amazonaws.cloudwatch#SerializationException" {
			t.Errorf("%s: %d %q, %v", name, status, got, err)
		}
	}
}

// TestBothProtocolsSayTheSame: what a call means is not the protocol's affair.
func TestBothProtocolsSayTheSame(t *testing.T) {
	body := cbor.Encode(cbor.Map{
		"StartTime": &cbor.Tag{ID: 1, Value: cbor.Uint(noon.Unix())}, "EndTime": &cbor.Tag{ID: 1, Value: cbor.Float64(noon.Add(time.Hour).Unix())},
		"MetricDataQueries": cbor.List{cbor.Map{"Id": cbor.String("a"), "ReturnData": cbor.Bool(true), "MetricStat": cbor.Map{
			"Period": cbor.Uint(120), "Stat": cbor.String("Sum"), "Metric": cbor.Map{
				"Namespace": cbor.String(queues), "MetricName": cbor.String("NumberOfMessagesSent"),
				"Dimensions": cbor.List{cbor.Map{"Name": cbor.String("QueueName"), "Value": cbor.String("q")}},
			}}}},
	})
	status, got := inCBOR("GetMetricData", string(body))
	v, err := cbor.Decode([]byte(got))
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d %q, %v", status, got, err)
	}
	r := v.(cbor.Map)["MetricDataResults"].(cbor.List)[0].(cbor.Map)
	if want := (cbor.List{cbor.Float64(5), cbor.Float64(7), cbor.Float64(3)}); !slices.Equal(r["Values"].(cbor.List), want) {
		t.Errorf("values %v, want %v", r["Values"], want)
	}
	if tag, ok := r["Timestamps"].(cbor.List)[0].(*cbor.Tag); !ok || tag.ID != 1 || tag.Value != cbor.Float64(noon.Add(4*time.Minute).Unix()) {
		t.Errorf("times %v", r["Timestamps"])
	}
}

// Whatever is sent, in either protocol, is answered or refused, and it is never
// the server's fault.
func FuzzRequest(f *testing.F) {
	for _, body := range hostile {
		if len(body) <= 1<<16 {
			f.Add(body)
		}
	}
	f.Add(asking(60, "Sum", ""))
	f.Add(string(cbor.Encode(cbor.Map{"StartTime": cbor.Uint(1), "EndTime": cbor.Float32(2), "MetricDataQueries": cbor.List{cbor.Map{"Id": cbor.String("a")}}})))
	f.Fuzz(func(t *testing.T, body string) {
		for _, post := range []func(operation, body string) (int, string){inJSON, inCBOR} {
			if status, got := post("GetMetricData", body); status != http.StatusOK && status != http.StatusBadRequest {
				t.Errorf("%q: %d %q", body, status, got)
			}
		}
	})
}
