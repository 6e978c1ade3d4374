package main

// mutant is a way to break the code. Its text is in its file exactly once; who
// changes the code changes it here too, so that the break keeps its meaning.
type mutant struct {
	name    string
	promise int // that it breaks (docs/decisions.md): 1 lost, 2 wrong, 3 blocked, 4 too much work, 5 unexplained
	file    string
	old     string
	new     string
	tests   string // arguments of go test: the packages that have to notice
}

const (
	events  = "./internal/event"
	tables  = "./internal/table"
	settles = "./internal/refresh"
	drives  = "./internal/daemon -skip TestNothingIsLost"
	world   = "./internal/daemon -run TestNothingIsLost -seeds 8 -count 5"
	queues  = "./internal/sqs -skip OnTheLocal"
	ddl     = "./internal/catalog/athena -skip OnTheLocal"
	written = "./internal/catalog/athena -run Statement|Written"
	glues   = "./internal/catalog/glue -skip OnTheLocal"
	halving = "./internal/catalog/bisect"
	objects = "./internal/local/s3"
)

var breaks = []mutant{
	// What may be acknowledged, and when.
	{"acknowledge before add", 1, "internal/refresh/round.go",
		"	err := t.submit(ctx, tab, parts)\n",
		"	t.answerAll(missing, answer{added: true, at: time.Now()})\n	err := t.submit(ctx, tab, parts)\n", settles},
	{"acknowledge before add, simulated", 1, "internal/refresh/round.go",
		"	err := t.submit(ctx, tab, parts)\n",
		"	t.answerAll(missing, answer{added: true, at: time.Now()})\n	err := t.submit(ctx, tab, parts)\n", world},
	{"remember before confirmed", 1, "internal/refresh/round.go",
		"		parts[i] = tab.partition(w)\n",
		`		parts[i] = tab.partition(w)
		t.mu.Lock()
		t.known.remember(&known{identity: w.identity, values: parts[i].Values, location: w.part.Location,
			keys: w.part.Keys, raw: w.part.Values, parquet: w.parquet, read: wall(), wanted: wall()})
		t.mu.Unlock()
`, settles},
	{"trust IF NOT EXISTS", 1, "internal/refresh/round.go",
		"	left, readErr := t.readBack(ctx, tab, missing)\n",
		"	if err == nil {\n		t.answerAll(missing, answer{added: true, at: time.Now()})\n		return\n	}\n	left, readErr := t.readBack(ctx, tab, missing)\n", settles},
	{"trust IF NOT EXISTS, simulated", 1, "internal/refresh/round.go",
		"	left, readErr := t.readBack(ctx, tab, missing)\n",
		"	if err == nil {\n		t.answerAll(missing, answer{added: true, at: time.Now()})\n		return\n	}\n	left, readErr := t.readBack(ctx, tab, missing)\n", world},
	{"location not compared", 1, "internal/refresh/lookup.go",
		"case normalise(p.Location) != w.part.Location:", "case false:", settles},
	{"location not compared, simulated", 1, "internal/refresh/lookup.go",
		"case normalise(p.Location) != w.part.Location:", "case false:", world},
	{"location not compared when read again", 1, "internal/refresh/lookup.go",
		"	if normalise(p.Location) == k.location {\n", "	if p.Location != \"\" {\n", settles},
	{"location remembered not compared", 1, "internal/refresh/lookup.go",
		"	case k.location != w.part.Location:\n", "	case false:\n", settles},
	{"identity of the table not compared after the read", 1, "internal/refresh/lookup.go",
		"if after, err := t.currentFacts(ctx); err != nil || after.ID != before.ID {", "if _, err := t.currentFacts(ctx); err != nil {", settles},
	{"memory kept when the table was re-created", 1, "internal/refresh/facts.go",
		"		t.known.clear()\n		t.bad = nil\n", "		t.bad = nil\n", settles},
	{"memory kept longer than 15 minutes", 1, "internal/refresh/memory.go",
		"confirmedFor = 15 * time.Minute", "confirmedFor = 16 * time.Minute", settles},
	{"facts kept longer than 5 minutes", 1, "internal/refresh/facts.go",
		"const factsFor = 5 * time.Minute", "const factsFor = 6 * time.Minute", settles},
	{"a folder is known though the facts are old", 1, "internal/refresh/folders.go",
		"!freshAt(now, t.facts.read, factsFor) || ", "", settles},
	{"a folder is known though its partition is forgotten", 1, "internal/refresh/folders.go",
		"t.known.byValues[k.identity] == k && ", "", settles},
	{"a folder is known though the file is hidden", 2, "internal/refresh/folders.go",
		"table.PlainFile(key[i:]) && ", "", settles},
	{"what was read in the future is fresh", 1, "internal/refresh/refresher.go",
		"return age >= 0 && age < max", "return age < max", settles},
	{"ages by the clock that stands still", 1, "internal/refresh/refresher.go",
		"time.Now().Round(0)", "time.Now()", settles},
	{"the last record decides, not the worst", 1, "internal/refresh/settle.go",
		"	s.worst = max(s.worst, k)\n", "	s.worst = k\n", settles},
	{"the last answer decides, not the worst", 1, "internal/refresh/settle.go",
		"s.worst = max(s.worst, a.reason.rank())", "s.worst = a.reason.rank()", settles},
	{"parked without a confirmed copy", 1, "internal/refresh/settle.go",
		"	if err == nil {\n		return Parked\n", "	if err == nil || ctx.Err() == nil {\n		return Parked\n", settles},
	{"parked without a confirmed copy, simulated", 1, "internal/refresh/settle.go",
		"	if err == nil {\n		return Parked\n", "	if err == nil || ctx.Err() == nil {\n		return Parked\n", world},
	{"parked where there is no dead-letter queue", 1, "internal/refresh/settle.go",
		"	if err == nil {\n		return Parked\n", "	if err == nil || errors.Is(err, ErrNoDeadLetterQueue) {\n		return Parked\n", settles},
	{"the checksum of the copy not compared", 1, "internal/sqs/park.go",
		" || aws.ToString(out.MD5OfMessageBody) != hex.EncodeToString(sum[:])", " || hex.EncodeToString(sum[:]) == \"\"", queues},
	{"deleted though it is to be tried again", 1, "internal/daemon/intake.go",
		"case s.Outcome == refresh.Done, s.Outcome == refresh.Parked:", "case s.Outcome != \"\":", drives},
	{"deleted though it is to be tried again, simulated", 1, "internal/daemon/intake.go",
		"case s.Outcome == refresh.Done, s.Outcome == refresh.Parked:", "case s.Outcome != \"\":", world},
	{"a deadline parked by age", 1, "internal/refresh/retry.go",
		"c.reason == Deadline || c.reason == Throttled", "c.reason == Throttled", settles},
	{"throttled parked by age", 1, "internal/refresh/retry.go",
		"c.reason == Deadline || c.reason == Throttled", "c.reason == Deadline", settles},
	{"given up by receives, not by age", 1, "internal/refresh/retry.go",
		" && wall().Sub(m.FirstReceived) >= patience", "", settles},
	{"one entry of a batch answer ignored", 1, "internal/sqs/batch.go",
		"		case !done[id]:\n", "		case !done[id] && i > 0:\n", queues},
	{"HTTP 200 with failed entries is success", 1, "internal/sqs/batch.go",
		"	a := answer{failed: out.Failed}\n	for _, s := range out.Successful {\n", "	a := answer{failed: out.Failed[:0]}\n	for _, s := range in.Entries {\n", queues},
	{"HTTP 200 with failed partitions is success", 1, "internal/catalog/glue/writer.go",
		"err = itemErrors(out.Errors)", "err = itemErrors(out.Errors[:0])", glues},
	{"partitions left unprocessed do not exist", 4, "internal/catalog/glue/partitions.go",
		"		unprocessed = append(unprocessed, k.Values)\n", "		_ = k\n", glues},
	{"the token is made of the statement", 1, "internal/catalog/athena/athena.go",
		"aws.String(rand.Text() + rand.Text())", "aws.String(rand.Text()[:0] + sql)", ddl},
	{"a statement is left alone when the time is over", 1, "internal/catalog/athena/athena.go",
		"	final, waitErr := w.awaitStopped(ctx, id)\n", "	final, waitErr := status{state: \"CANCELLED\"}, error(nil)\n", ddl},
	{"a statement is not stopped when the time is over", 3, "internal/catalog/athena/athena.go",
		"	stopErr := w.stopStatement(ctx, id)\n", "	var stopErr error\n", ddl},
	{"notification and object in two transactions", 1, "internal/local/s3/objects.go",
		"		return s.notify(ctx, tx, event, name, key, &o)\n	})\n	var refused",
		"		return nil\n	})\n	if err == nil {\n		err = s.Update(func(tx *bbolt.Tx) error { return s.notify(ctx, tx, event, name, key, &o) })\n	}\n	var refused", objects},

	// What an object's key may do.
	{"a key decoded twice", 2, "internal/event/event.go",
		"		return decoded\n", "		return DecodeKey(decoded)\n", events},
	{"a key decoded that is not encoded", 2, "internal/event/event.go",
		"Key: b.detail.key.s,", "Key: DecodeKey(b.detail.key.s),", events},
	{"a bad record spoils its neighbours", 3, "internal/event/event.go",
		"	case r.wrong:\n		return reason(dst, Malformed)\n", "	case r.wrong:\n		return reason(dst[:0], Malformed)\n", events},
	{"text after the body", 2, "internal/event/scanner.go",
		"p.peek() == 0 && p.i == len(p.s) && !p.failed", "!p.failed", events},
	{"any depth", 3, "internal/event/scanner.go",
		" && p.depth <= maxDepth", "", events},
	{"error output not ignored", 2, "internal/table/router.go",
		"isErrorOutput(name) {", "isErrorOutput(name) && false {", tables},
	{"a writer's staging folder not ignored", 2, "internal/table/router.go",
		"isStaging(name) {", "isStaging(name) && false {", tables},
	{"hidden files not ignored", 2, "internal/table/router.go",
		"hiddenBelow(f, m.end); ok {", "hiddenBelow(f, m.end); ok && false {", tables},
	{"calendar not checked", 2, "internal/table/check.go",
		"d <= daysIn(y, mo)", "d <= 31", tables},
	{"a value not checked for ${", 2, "internal/table/check.go",
		"	case strings.Contains(v, \"${\"):\n", "	case strings.Contains(v, \"$\\x00{\"):\n", tables},
	{"a location not checked for ${", 2, "internal/table/check.go",
		"case c == '$' && i+1 < len(folder) && folder[i+1] == '{':", "case false:", tables},
	{"a value not checked for control characters", 2, "internal/table/check.go",
		"if r < 0x20 || r >= 0x7f && r < 0xa0 {", "if r < 0x20 {", tables},
	{"another bucket's table may be claimed", 2, "internal/table/router.go",
		"owned && !contains(owners, bucket)", "owned && len(owners) == 0", tables},
	{"the location ends below the partition", 2, "internal/table/match.go",
		"f.key[:f.start(m.end)] }", "f.key[:f.start(f.len())] }", tables},
	{"values that differ in case are one", 2, "internal/refresh/memory.go",
		"	return strings.Join(values, \"\\x00\")\n", "	return strings.ToLower(strings.Join(values, \"\\x00\"))\n", settles},
	{"01 and 1 are two partitions", 2, "internal/refresh/lookup.go",
		"	return [][]string{values, raw}\n", "	return [][]string{values}\n", settles},
	{"the escape of a quote is SQL's", 2, "internal/catalog/athena/statement.go",
		"`'`, `\\'`)", "`'`, `''`)", written},
	{"a backslash is not escaped", 2, "internal/catalog/athena/statement.go",
		"`\\`, `\\\\`, ", "", written},
	{"a literal not checked for ${", 2, "internal/catalog/athena/statement.go",
		"	case strings.Contains(s, \"${\"):\n", "	case strings.Contains(s, \"$\\x00{\"):\n", written},
	{"a back-quote in a name", 2, "internal/catalog/athena/statement.go",
		"strings.ContainsRune(name, '`') || ", "", written},
	{"a statement over 262,144 bytes", 2, "internal/catalog/athena/statement.go",
		"maxStatement = 262_144", "maxStatement = 262_145", written},
	{"a partition's name speaks for the service", 2, "internal/catalog/athena/failure.go",
		"	v := s.verdict(without(s.reason, parts))\n", "	v := s.verdict(s.reason)\n", ddl},

	// Who may make whom wait.
	{"no bound on halving", 3, "internal/catalog/bisect/bisect.go",
		"return 2*max(bits.Len(uint(n))-1, 0) + 10", "return 4*n + 10 + 0*bits.Len(uint(n))", halving},
	{"halving whatever the error", 3, "internal/catalog/athena/failure.go",
		"refresh.ErrThrottled, err)\n	}\n	return err\n", "refresh.ErrThrottled, err)\n	}\n	return bisect.Splittable(err)\n", ddl},
	{"tables that hang take all slots", 3, "internal/refresh/budget.go",
		"b.inUse >= b.limit || t.sick && b.sick", "b.inUse >= b.limit", settles},
	{"a slot released before the statement is final", 3, "internal/refresh/statement.go",
		`		err := t.r.o.Catalog.Add(stop, tab, parts)
		if err != nil && stop.Err() != nil { // not yet by what is deferred here
			err = fmt.Errorf("add partitions to %s: %w: %w", t.name, errStopped, err)
		}
		t.setAdding(false)
		t.r.budget.release(sick)
`,
		`		early := context.AfterFunc(stop, func() { t.r.budget.release(sick) })
		err := t.r.o.Catalog.Add(stop, tab, parts)
		t.setAdding(false)
		if early() {
			t.r.budget.release(sick)
		}
`, settles},
	{"a second statement while one is being stopped", 3, "internal/refresh/statement.go",
		"	if t.isAdding() {\n", "	if t.isAdding() && false {\n", settles},
	{"a second statement while one is being stopped, simulated", 3, "internal/refresh/statement.go",
		"	if t.isAdding() {\n", "	if t.isAdding() && false {\n", world},
	{"a statement may take longer than 2 minutes", 3, "internal/refresh/statement.go",
		"	statementTime = 2 * time.Minute", "	statementTime = 3 * time.Minute", settles},
	{"the surplus of a table not bounded", 3, "internal/refresh/planner.go",
		"w.t.wait(+1) > r.o.Hand/2", "w.t.wait(+1) > 1000*r.o.Hand", settles},
	{"a bad partition fails its neighbours", 3, "internal/refresh/round.go",
		"	missing, suspected := t.firstTime(missing)\n	t.putBack(suspected)\n", "", settles},
	{"a bad partition stops its table", 3, "internal/refresh/round.go",
		"	case len(tried) == 1 && t.alone(left[0]):\n		t.suspect(left, err)\n", "", settles},
	{"the deadline is not the messages' own", 3, "internal/refresh/planner.go",
		"	patient := ctx\n", "	patient := w.t.r.work\n", settles},
	{"memory of a table not bounded", 3, "internal/refresh/memory.go",
		"	for len(m.byValues) >= mostKnown {\n", "	for len(m.byValues) >= 1000*mostKnown {\n", settles},
	{"memory of all tables not bounded", 3, "internal/refresh/memory.go",
		"	if m.all.Load() >= 2*mostKnownInAll {\n", "	if m.all.Load() >= 1000*mostKnownInAll {\n", settles},
	{"made-up tables remembered", 3, "internal/refresh/planner.go",
		"		t.gone = true\n		t.r.forget(t)\n", "", settles},
	{"a crowded queue waits for a table", 3, "internal/refresh/retry.go",
		"	if r.crowded.Load() && !r.gate.closed() {\n", "	if r.crowded.Load() && r.gate.closed() {\n", settles},
	{"a crowded queue parked while the database fails", 1, "internal/refresh/retry.go",
		"	if r.crowded.Load() && !r.gate.closed() {\n", "	if r.crowded.Load() {\n", settles},
	{"what failed together comes back together", 3, "internal/refresh/retry.go",
		"return wait - rand.N(wait/4)", "return wait - rand.N(time.Duration(1))", settles},
	{"the bytes in hand not bounded", 3, "internal/daemon/intake.go",
		" || h.bytes >= handBytes", "", drives},
	{"the messages in hand not bounded", 3, "internal/daemon/intake.go",
		"len(h.since) >= most || ", "", drives},
	{"a panic takes the others along", 3, "internal/daemon/intake.go",
		"		if p := recover(); p != nil {\n", "		if p := any(nil); p != nil {\n", drives},
	{"the heartbeat dropped", 3, "internal/daemon/daemon.go",
		"	heart.Go(func() { n.heartbeat(beating) })\n", "	heart.Go(func() { <-beating.Done() })\n", drives},
	{"stopping keeps what it did not finish", 3, "internal/daemon/intake.go",
		"Hidden{m.Handle, 0}", "Hidden{m.Handle, s.Wait}", drives},
	{"the queue emptied while the catalog is down", 3, "internal/daemon/invocation.go",
		"	if n.received == 0 || !v.Settler.CatalogDown() {\n", "	if n.received >= 0 {\n", drives},

	// What is asked of the services.
	{"no sleep after an error", 4, "internal/daemon/daemon.go",
		"pause(ctx, backOff+rand.N(backOff/2))", "pause(ctx, rand.N(backOff/2)/1000)", drives},
	{"no sleep after an error, simulated", 4, "internal/daemon/daemon.go",
		"pause(ctx, backOff+rand.N(backOff/2))", "pause(ctx, rand.N(backOff/2)/1000)", world},
	{"no sleep after an error, in an invocation", 4, "internal/daemon/invocation.go",
		"			pause(ctx, min(time.Duration(failures)*time.Second, time.Until(settleBy)))\n", "", drives},
	{"no sleep after an empty answer that came at once", 4, "internal/daemon/daemon.go",
		"			pause(ctx, time.Second)\n", "			pause(ctx, time.Millisecond)\n", drives},
	{"two planners of one table", 4, "internal/refresh/planner.go",
		"	if !t.running && len(t.next) > 0 {\n", "	if len(t.next) > 0 {\n", settles},
	{"two planners of one table, simulated", 4, "internal/refresh/planner.go",
		"	if !t.running && len(t.next) > 0 {\n", "	if len(t.next) > 0 {\n", world},
	{"a listing for every missing table", 4, "internal/refresh/gate.go",
		"	case !fresh(l.read, listingFor):\n", "	case !fresh(l.read, time.Nanosecond):\n", settles},
	{"a reading for every missing table", 4, "internal/refresh/gate.go",
		"	if missing = !l.names[name]; missing {\n		l.missed = wall()\n	}\n", "	missing = !l.names[name]\n", settles},
	{"the database checked for every round", 4, "internal/refresh/gate.go",
		"return g.ok || g.err != nil", "return g.err != nil", settles},
	{"a failing database checked for every round", 4, "internal/refresh/gate.go",
		" || g.err != nil && fresh(g.asked, g.wait)", "", settles},
	{"known partitions read again one by one", 4, "internal/refresh/lookup.go",
		"	stale := t.dueAgain(unread)\n", "	stale := t.dueAgain(nil)\n", settles},
	{"a failing table does not rest longer", 4, "internal/refresh/health.go",
		"rest = min(rest, h.first<<h.failures)", "rest = min(rest, h.first)", settles},
	{"throttling does not shrink the budget", 4, "internal/refresh/budget.go",
		"b.limit, b.good = max(1, b.limit/2), 0", "b.good = 0", settles},
	{"the budget does not recover", 3, "internal/refresh/budget.go",
		"b.limit, b.good = b.limit+1, 0", "b.good = 0", settles},
	{"an addition throttled is repeated by the SDK", 4, "internal/catalog/athena/athena.go",
		"o.Retryer = w.retryer }", "_ = w.retryer }", ddl},

	// What people are told.
	{"reasons of neighbours lost", 5, "internal/refresh/settle.go",
		"c.reason != \"\" && c.rank >= worst && ", "c.reason != \"\" && c.rank >= s.worst && ", settles},
	{"ignored reasons parked beside the others", 5, "internal/refresh/settle.go",
		"	case s.worst == parked:\n		out.Outcome = r.park(ctx, m, s.distinct(parked))\n",
		"	case s.worst == parked:\n		out.Outcome = r.park(ctx, m, s.distinct(settled))\n", settles},
}
