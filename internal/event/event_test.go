package event

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func created(bucket, key string) Record { return Record{Bucket: bucket, Key: key, Count: 1} }
func because(r Reason) Record           { return Record{Reason: r, Count: 1} }

const good = `{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}`

func sns(message string) string {
	m, _ := json.Marshal(message)
	return `{"Type":"Notification","Message":` + string(m) + `}`
}

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want []Record
	}{
		"a created object":                   {`{"Records":[` + good + `]}`, []Record{created("b", "k")}},
		"event time":                         {`{"Records":[{"eventTime":"2018-03-01T05:10:00.000Z","eventName":"ObjectCreated:Copy","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}`, []Record{{Bucket: "b", Key: "k", Time: "2018-03-01T05:10:00.000Z", Count: 1}}},
		"s3: before the event name":          {`{"Records":[{"eventName":"s3:ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}`, []Record{created("b", "k")}},
		"key decoded once":                   {`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"a+b%2Bc%2520"}}}]}`, []Record{created("b", "a b+c%20")}},
		"broken escape leaves the whole key": {`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"a+b%2B%zz"}}}]}`, []Record{created("b", "a+b%2B%zz")}},
		"Ceph encodes no key":                {`{"Records":[{"eventSource":"ceph:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"dt=2026-01-02 03%3A00/eu+west"}}}]}`, []Record{created("b", "dt=2026-01-02 03%3A00/eu+west")}},
		"other makers of S3 do":              {`{"Records":[{"eventSource":"minio:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"a+b"}}}]}`, []Record{created("b", "a b")}},
		"CloudTrail's validation":            {"\n CloudTrail validation message.\n", []Record{because(TestEvent)}},
		"CloudTrail's validation by SNS":     {sns("CloudTrail validation message."), []Record{because(TestEvent)}},
		"a validation that says more":        {"CloudTrail validation message. x", []Record{because(Malformed)}},
		"CloudTrail's topic without keys":    {`{"s3Bucket":"b"}`, []Record{because(NotANotification)}},
		"CloudTrail's topic, no bucket":      {`{"s3ObjectKey":["a"]}`, []Record{because(NotANotification)}},
		"CloudTrail's topic, one string":     {`{"s3Bucket":"b","s3ObjectKey":"a%20b"}`, []Record{created("b", "a%20b")}},
		"CloudTrail's topic, an empty text":  {`{"s3Bucket":"b","s3ObjectKey":""}`, []Record{because(Malformed)}},
		"bad neighbours in their order":      {`{"Records":[1,` + good + `,{"s3":null},{"eventSource":"aws:sns","s3":{}},` + good + `]}`, []Record{because(Malformed), created("b", "k"), {Reason: NotS3, Count: 2}, created("b", "k")}},
		"Records of the wrong type":          {`{"Records":{}}`, []Record{because(Malformed)}},
		"Records twice, the later counts":    {`{"Records":[` + good + `],"Records":[]}`, []Record{because(NoRecords)}},
		"Records twice, the later is null":   {`{"Records":[` + good + `],"Records":null}`, []Record{because(NotANotification)}},
		"member names are case-sensitive":    {`{"records":[` + good + `]}`, []Record{because(NotANotification)}},
		"wrong type beside good records":     {`{"Records":[` + good + `],"Type":7}`, []Record{because(Malformed)}},
		"s3 of the wrong type":               {`{"Records":[{"eventName":"ObjectCreated:Put","s3":7}]}`, []Record{because(Malformed)}},
		"bucket of the wrong type":           {`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":"b","object":{"key":"k"}}}]}`, []Record{because(Malformed)}},
		"empty key":                          {`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":""}}}]}`, []Record{because(Malformed)}},
		"event name null is absent":          {`{"Records":[{"eventName":null,"s3":{}}]}`, []Record{because(Malformed)}},
		"deletions are not created":          {`{"Records":[{"eventName":"ObjectRemoved:Delete","s3":{}}]}`, []Record{because(NotCreated)}},
		"trailing text":                      {`{"Records":[]} x`, []Record{because(Malformed)}},
		"two objects":                        {`{"Records":[]}{}`, []Record{because(Malformed)}},
		"trailing comma":                     {`{"Records":[],}`, []Record{because(Malformed)}},
		"a comma too many":                   {`{"Records":[` + good + `,,]}`, []Record{because(Malformed)}},
		"byte order mark":                    {"\ufeff{}", []Record{because(Malformed)}},
		"not UTF-8":                          {"{\"a\":\"\xff\"}", []Record{because(Malformed)}},
		"control character in a string":      {"{\"a\":\"\n\"}", []Record{because(Malformed)}},
		"leading zero":                       {`{"a":01}`, []Record{because(Malformed)}},
		"huge number":                        {`{"a":1e999999999}`, []Record{because(NotANotification)}},
		"good records, broken end":           {`{"Records":[` + good + `]`, []Record{because(Malformed)}},
		"test event":                         {`{"Event":"s3:TestEvent"}`, []Record{because(TestEvent)}},
		"another event":                      {`{"Event":"x"}`, []Record{because(NotANotification)}},
		"sns three deep":                     {sns(sns(sns(`{"Records":[` + good + `]}`))), []Record{created("b", "k")}},
		"sns four deep":                      {sns(sns(sns(sns(`{"Records":[` + good + `]}`)))), []Record{because(Malformed)}},
		"sns without a message":              {`{"Type":"Notification"}`, []Record{because(Malformed)}},
		"sns message null":                   {`{"Type":"Notification","Message":null}`, []Record{because(Malformed)}},
		"sns message an object":              {`{"Type":"Notification","Message":{}}`, []Record{because(Malformed)}},
		"sns unsubscribe":                    {`{"Type":"UnsubscribeConfirmation"}`, []Record{because(SNSControl)}},
		"another type":                       {`{"Type":"x"}`, []Record{because(NotANotification)}},
		"eventbridge":                        {`{"detail-type":"Object Created","source":"aws.s3","time":"t","detail":{"bucket":{"name":"b"},"object":{"key":"a+%2B"}}}`, []Record{{Bucket: "b", Key: "a+%2B", Time: "t", Count: 1}}},
		"eventbridge without detail":         {`{"detail-type":"Object Created","source":"aws.s3"}`, []Record{because(Malformed)}},
		"eventbridge, another event":         {`{"detail-type":"Object Tags Added","source":"aws.s3","detail":{}}`, []Record{because(NotCreated)}},
		"eventbridge, another source":        {`{"detail-type":"Object Deleted","source":"aws.ec2","detail":{}}`, []Record{because(NotANotification)}},
		"eventbridge without a source":       {`{"detail-type":"Object Created"}`, []Record{because(NotANotification)}},
		"cloudtrail, one string":             {`{"s3Bucket":"b","s3ObjectKey":"a+b"}`, []Record{created("b", "a+b")}},
		"cloudtrail, a bad key among good":   {`{"s3Bucket":"b","s3ObjectKey":["a",7,"c"]}`, []Record{created("b", "a"), because(Malformed), created("b", "c")}},
		"cloudtrail without a bucket":        {`{"s3ObjectKey":["a"]}`, []Record{because(NotANotification)}},
		"cloudtrail without keys":            {`{"s3Bucket":"b","s3ObjectKey":null}`, []Record{because(NotANotification)}},
		"each short escape":                  {`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"\b\f\n\r\t\/\"\\"}}}]}`, []Record{created("b", "\b\f\n\r\t/\"\\")}},
		"escaped member names":               {`{"\u0052ecords":[` + good + `]}`, []Record{created("b", "k")}},
		"a pair of surrogates":               {`{"s3Bucket":"b","s3ObjectKey":"\ud83d\ude00"}`, []Record{created("b", "😀")}},
		"an escape, no plus":                 {`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"%61%2520b"}}}]}`, []Record{created("b", "a%20b")}},
		"a plus, no escape":                  {`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"+a+b"}}}]}`, []Record{created("b", " a b")}},
		"members before those that count":    {`{"Records":[{"s3":{"x":[],"object":{"size":1,"key":"k"},"bucket":{"arn":{},"name":"b"}},"x":0,"eventName":"ObjectCreated:Put"}]}`, []Record{created("b", "k")}},
		"event source of the wrong type":     {`{"Records":[{"eventSource":7,"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}`, []Record{because(Malformed)}},
		"event time of the wrong type":       {`{"Records":[{"eventTime":7,"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}`, []Record{created("b", "k")}},
		"a deletion with a wrong s3":         {`{"Records":[{"eventName":"ObjectRemoved:Delete","s3":7}]}`, []Record{because(Malformed)}},
		"a deletion with a wrong bucket":     {`{"Records":[{"eventName":"ObjectRemoved:Delete","s3":{"bucket":{"name":7}}}]}`, []Record{because(Malformed)}},
		"empty bucket":                       {`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":""},"object":{"key":"k"}}}]}`, []Record{because(Malformed)}},
		"NUL after the object":               {"{}\x00", []Record{because(Malformed)}},
		"many lists side by side":            {`{"Records":[` + strings.Repeat("{},", 200) + `{}]}`, []Record{{Reason: NotS3, Count: 201}}},
		"cloudtrail beside a source":         {`{"source":"x","s3Bucket":"b","s3ObjectKey":"k"}`, []Record{created("b", "k")}},
		"a hundred deep":                     {`{"a":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `}`, []Record{because(NotANotification)}},
		"a hundred and one deep":             {`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, []Record{because(Malformed)}},
		"a bad record after a good one":      {`{"Records":[` + good + `,7]}`, []Record{created("b", "k"), because(Malformed)}},
		"a source that only ends in s3":      {`{"Records":[{"eventSource":"aws:nos3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}`, []Record{because(NotS3)}},
		"a name of the wrong type, then one": {`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":7,"name":"b"},"object":{"key":"k"}}}]}`, []Record{because(Malformed)}},
		"a key of the wrong type, then one":  {`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":7,"key":"k"}}}]}`, []Record{because(Malformed)}},
		"s3 twice, the later counts":         {`{"Records":[{"eventName":"ObjectCreated:Put","s3":7,"s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}`, []Record{created("b", "k")}},
		"s3 twice, the later has no bucket":  {`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"k"}},"s3":{"object":{"key":"k"}}}]}`, []Record{because(Malformed)}},
		"eventbridge, more than created":     {`{"detail-type":"Object Created Again","source":"aws.s3","detail":{"bucket":{"name":"b"},"object":{"key":"k"}}}`, []Record{because(NotCreated)}},
		"an escape of a large U":             {`{"s3Bucket":"b","s3ObjectKey":"\U0041"}`, []Record{because(Malformed)}},
		"half a pair, then text":             {`{"s3Bucket":"b","s3ObjectKey":"\ud83dx\ude00"}`, []Record{created("b", "\ufffdx\ufffd")}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, Parse(c.body)); d != "" {
				t.Errorf("Parse(%s):\n%s", c.body, d)
			}
		})
	}
}

// TestDamageIsSeen: a body with one byte gone, put in or changed, and every
// beginning of it, is well formed if encoding/json says so.
func TestDamageIsSeen(t *testing.T) {
	body := `{"Records" : [` + good + `] , "some more of it":[0,-2.5e+30,true,false,null,{},"\u0000 \ud83d\ude00 \n",{"\u0041 b":"eight or more bytes"}],"c:":"d e"}`
	for i := range body {
		checkSyntax(t, body[:i])
		checkSyntax(t, body[:i]+body[i+1:])
		for _, c := range []byte("\x00\x1f \"\\/:;,.[]{}-+09aeux~") {
			checkSyntax(t, body[:i]+string(rune(c))+body[i:])
			checkSyntax(t, body[:i]+string(rune(c))+body[i+1:])
		}
	}
	if got := Parse(body); !cmp.Equal(got, []Record{created("b", "k")}) {
		t.Errorf("undamaged: %+v", got)
	}
}

func TestRoomIsUsedAgain(t *testing.T) {
	room := Parse(`{"Records":[1,` + good + `]}`)
	if d := cmp.Diff([]Record{because(Malformed)}, ParseInto(room, `x`)); d != "" {
		t.Error(d)
	}
}

func TestAMillionEmptyRecordsTakeNoRoom(t *testing.T) {
	body := `{"Records":[` + strings.Repeat("0,", 500_000) + `0]}`
	if d := cmp.Diff([]Record{{Reason: Malformed, Count: 500_001}}, Parse(body)); d != "" {
		t.Error(d)
	}
}

// FuzzParse holds the scanner against encoding/json: both find the same bodies
// well formed (but for the depth), and every body has an answer.
func FuzzParse(f *testing.F) {
	file, err := os.Open("../../testdata/cases/messages.ndjson")
	if err != nil {
		f.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c struct{ Bodies []string }
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			f.Fatal(err)
		}
		if len(c.Bodies[0]) < 4096 {
			f.Add(c.Bodies[0])
		}
	}
	f.Fuzz(func(t *testing.T, body string) {
		records := Parse(body)
		if len(records) == 0 {
			t.Fatal("no record")
		}
		for _, r := range records {
			if r.Count < 1 || (r.Reason == "") != (r.Key != "" && r.Bucket != "") {
				t.Fatalf("record %+v", r)
			}
			if r.Reason == "" && (!utf8.ValidString(r.Bucket) || r.Count != 1) {
				t.Fatalf("record %+v", r)
			}
		}
		checkSyntax(t, body)
	})
}

func checkSyntax(t *testing.T, body string) {
	_, ok := readBody(nil, body)
	if ok && !json.Valid([]byte(body)) {
		t.Fatalf("took what is not JSON: %q", body)
	}
	p := scanner{s: body}
	p.skip()
	if p.depth > maxDepth || !utf8.ValidString(body) {
		return
	}
	if got, want := p.end(), json.Valid([]byte(body)); got != want {
		t.Fatalf("well formed: %v, encoding/json says %v: %q", got, want, body)
	}
}

// body1 is what S3 sends, whole (docs/aws-facts.md 2.2).
const body1 = `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2026-01-02T03:04:05.678Z","eventName":"ObjectCreated:Put","userIdentity":{"principalId":"AWS:AROAEXAMPLE:firehose"},"requestParameters":{"sourceIPAddress":"10.0.0.1"},"responseElements":{"x-amz-request-id":"C3D13FE58DE4C810","x-amz-id-2":"FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"},"s3":{"s3SchemaVersion":"1.0","configurationId":"athena-refresh","bucket":{"name":"example.streamalert.data","ownerIdentity":{"principalId":"A3NL1KOZZKExample"},"arn":"arn:aws:s3:::example.streamalert.data"},"object":{"key":"cloudtrail_events/2026/01/02/03/example-1-2026-01-02-03-04-05-uuid.gz","size":1024,"eTag":"d41d8cd98f00b204e9800998ecf8427e","versionId":"096fKKXTRTtl3on89fVO.nfljtsv6qko","sequencer":"0055AED6DCD90281E5"}}}]}`

func BenchmarkParse(b *testing.B) { benchmarkParse(b, body1) }

// BenchmarkParseSNS is the same inside SNS: one string with an escape for each quote.
func BenchmarkParseSNS(b *testing.B) {
	inner, err := json.Marshal(body1)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkParse(b, `{"Type":"Notification","TopicArn":"arn:aws:sns:us-east-1:123456789012:t","Message":`+string(inner)+`}`)
}

func benchmarkParse(b *testing.B, body string) {
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	var room []Record
	for b.Loop() {
		room = ParseInto(room, body)
	}
	if room[0].Reason != "" {
		b.Fatal(room)
	}
}

func BenchmarkParseEncodingJSON(b *testing.B) {
	b.SetBytes(int64(len(body1)))
	for b.Loop() {
		var v struct {
			Records []struct {
				EventSource, EventName string
				S3                     struct {
					Bucket struct{ Name string }
					Object struct{ Key string }
				}
			}
		}
		if err := json.Unmarshal([]byte(body1), &v); err != nil {
			b.Fatal(err)
		}
	}
}
