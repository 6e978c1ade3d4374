package main

// The function, and what it and the daemon tell.
var function = []mutant{
	// The function: its answer to a batch is the acknowledgement.
	{"a message of a batch that has to come again is not named", 1, "internal/lambda/batch.go",
		"		case refresh.Done, refresh.Parked:\n", "		case refresh.Done, refresh.Parked, refresh.Retry:\n", handler},
	{"a batch of which nothing failed is answered with null", 1, "internal/lambda/batch.go",
		"	failures := []events.SQSBatchItemFailure{}\n", "	var failures []events.SQSBatchItemFailure\n", handler},
	{"a message is named twice", 3, "internal/lambda/batch.go",
		"		case !named[r.ID]:\n", "		default:\n", handler},
	{"a message without an id is left out of the answer", 1, "internal/lambda/batch.go",
		"			err = errNoID\n", "			err = nil\n", handler},
	{"a batch that can't be read is taken for a schedule", 1, "internal/lambda/event.go",
		"errors.As(err, &wrong) && !e.isBatch()", "errors.As(err, &wrong)", handler},
	{"a batch is settled while switched off", 2, "internal/lambda/batch.go",
		"	if h.Config.Enabled {\n", "	if true {\n", handler},
	{"no time is kept to acknowledge a batch", 3, "internal/lambda/lambda.go",
		"settleBy: end.Add(-daemon.Reserve(max(0, end.Sub(begun))))", "settleBy: end", handler},
	{"answered while a statement is under way", 1, "internal/lambda/batch.go",
		"	h.rest(whole, w)\n", "", handler},
	{"a frozen function's connections are used again", 3, "internal/lambda/lambda.go",
		"		h.Reconnect()\n", "", handler},
	{"the least that is known survives no invocation", 4, "internal/lambda/lambda.go",
		"	if h.worker == nil {\n", "	if true {\n", handler},

	// What people are told.
	{"reasons of neighbours lost", 5, "internal/refresh/settle.go",
		"c.reason != \"\" && c.rank >= worst && ", "c.reason != \"\" && c.rank >= s.worst && ", settles},
	{"ignored reasons parked beside the others", 5, "internal/refresh/settle.go",
		"	case s.worst == parked:\n		out.Outcome = r.park(ctx, m, s.distinct(parked))\n",
		"	case s.worst == parked:\n		out.Outcome = r.park(ctx, m, s.distinct(settled))\n", settles},

	// What metrics say.
	{"a meter counts twice", 5, "internal/refresh/tally.go",
		"	t, m.t = m.t, Tally{}\n", "	t = m.t\n", settles},
	{"a second meter takes from the first", 5, "internal/refresh/tally.go",
		"	r.tally.meters = append(r.tally.meters, m)\n", "	r.tally.meters = []*Meter{m}\n", settles},
	{"only the samples are counted", 5, "internal/refresh/tally.go",
		"	l.Objects++\n", "	l.Objects = len(l.Samples)\n", settles},
	{"the service's refusals not counted", 5, "internal/refresh/metered.go",
		"	if errors.Is(*err, ErrThrottled) {\n", "	if errors.Is(*err, ErrDatabaseMissing) {\n", settles},
	{"a queue that time was too short for looks empty", 5, "internal/daemon/invocation.go",
		"	return got > 0 && ctx.Err() == nil, err\n", "	return got < 0, err\n", drives},
	{"a minute reported again with the next", 5, "internal/daemon/daemon.go",
		"	d.told = now\n", "", drives},
	{"more numbers in a member than CloudWatch takes", 5, "internal/emf/tables.go",
		"mostValues = 100", "mostValues = 101", metrics},
	{"metrics without a bound on tables", 5, "internal/emf/tables.go",
		"	if len(list) <= mostTables {\n", "	if len(list) <= mostTables*100 {\n", metrics},
	{"seconds where CloudWatch reads milliseconds", 5, "internal/emf/emf.go",
		"at.UnixMilli()", "at.Unix()", metrics},
}
