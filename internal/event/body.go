package event

import "unicode/utf8"

// text is a member that is a string, or isn't there. null counts as not there.
type text struct {
	s       string
	present bool
}

func (t text) is(s string) bool { return t.present && t.s == s }

// body is the members of a message's body that decide what it is.
type body struct {
	records      []Record
	hasRecords   bool
	event        text
	typ          text
	message      text
	detailType   text
	source       text
	time         text
	detail       object
	trailBucket  text
	trailKeys    string // the list of keys, or a single one, as JSON
	trailRecords int    // how many records become of it
	hasTrailKeys bool
}

// object is where a record says which object it is about.
type object struct {
	bucket, key text
	wrong       bool // a known member has the wrong type
}

// rawRecord is the members of an entry of Records.
type rawRecord struct {
	source, name, time text
	s3                 object
	hasS3              bool
	wrong              bool
}

// readBody reads a body in one pass. Its records are written to dst; they
// count only if the whole body turns out to be well formed.
func readBody(dst []Record, s string) (body, bool) {
	b := body{records: dst}
	if !utf8.ValidString(s) {
		return b, false
	}
	p := scanner{s: s}
	for m := p.object(); m.next(); {
		p.readMember(&b, m.name)
	}
	return b, p.end()
}

// readMember reads a member of the body itself. A known one of the wrong type
// makes the body malformed.
func (p *scanner) readMember(b *body, name string) {
	switch name {
	case "Records":
		p.readRecords(b)
	case "Event":
		b.event = p.needText()
	case "Type":
		b.typ = p.needText()
	case "Message":
		b.message = p.needText()
	case "detail-type":
		b.detailType = p.needText()
	case "source":
		b.source = p.needText()
	case "time":
		b.time, _ = p.text()
	case "detail":
		if b.detail = (object{}); !p.null() {
			p.need(p.peek() == '{')
			p.readObject(&b.detail)
		}
	case "s3Bucket":
		b.trailBucket = p.needText()
	case "s3ObjectKey":
		p.readTrailKeys(b)
	default:
		p.skip()
	}
}

// readRecords reads the list; where the member is there twice, the later one
// counts, as everywhere.
func (p *scanner) readRecords(b *body) {
	b.records, b.hasRecords = b.records[:0], false
	if p.null() {
		return
	}
	b.hasRecords = true
	p.need(p.peek() == '[')
	for l := p.list(); l.next(); {
		r := p.readRecord()
		b.records = appendRecord(b.records, &r)
	}
}

func (p *scanner) readRecord() (r rawRecord) {
	if p.peek() != '{' {
		r.wrong = true
		p.skip()
		return r
	}
	for m := p.object(); m.next(); {
		ok := true
		switch m.name {
		case "eventSource":
			r.source, ok = p.text()
		case "eventName":
			r.name, ok = p.text()
		case "eventTime":
			r.time, _ = p.text()
		case "s3":
			r.hasS3, r.s3 = false, object{}
			if !p.null() {
				r.hasS3 = true
				p.readObject(&r.s3)
			}
		default:
			p.skip()
		}
		r.wrong = r.wrong || !ok
	}
	r.wrong = r.wrong || r.s3.wrong
	return r
}

// readObject reads {"bucket":{"name":…},"object":{"key":…}}.
func (p *scanner) readObject(o *object) {
	if p.peek() != '{' {
		o.wrong = true
		p.skip()
		return
	}
	for m := p.object(); m.next(); {
		switch m.name {
		case "bucket":
			o.bucket = p.inner("name", &o.wrong)
		case "object":
			o.key = p.inner("key", &o.wrong)
		default:
			p.skip()
		}
	}
}

// inner reads the text that an object holds under one name.
func (p *scanner) inner(name string, wrong *bool) (t text) {
	if p.null() {
		return t
	}
	if p.peek() != '{' {
		*wrong = true
		p.skip()
		return t
	}
	for m := p.object(); m.next(); {
		if m.name != name {
			p.skip()
			continue
		}
		var ok bool
		t, ok = p.text()
		*wrong = *wrong || !ok
	}
	return t
}

// readTrailKeys checks a list of keys or a single one, and counts. The keys are
// read once the bucket is known: a key may be four bytes long, and all of them in
// a list of their own would take more room than their records.
func (p *scanner) readTrailKeys(b *body) {
	b.trailRecords, b.hasTrailKeys = 0, !p.null()
	if !b.hasTrailKeys {
		return
	}
	begin := p.i
	if p.peek() != '[' {
		p.needText()
		b.trailRecords = 1
	} else {
		empty := false // the entry before: those in a row become one record
		for l := p.list(); l.next(); empty = !p.trailKey(empty, b) {
		}
	}
	b.trailKeys = p.s[begin:p.i]
}

// trailKey reads an entry and says whether it is a key.
func (p *scanner) trailKey(afterEmpty bool, b *body) bool {
	t, _ := p.text()
	if t.s != "" || !afterEmpty {
		b.trailRecords++
	}
	return t.s != ""
}

// needText reads a string or null; anything else makes the body malformed.
func (p *scanner) needText() text {
	t, ok := p.text()
	p.need(ok)
	return t
}
