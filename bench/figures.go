//go:build unix

package main

// figures are the rows, in the order of what people wait for.
var figures = []figure{
	{"backlog: 10,000 messages, 20 tables, 500 partitions, `athena`", "10 s, 32 statements", "a statement's 1.5 s, five at once: 20 take 6 s, and the slots that are free at first are filled before all was received",
		backlog("athena", 20, 1.5)},
	{"12,000 messages, 50 tables, 1,200 partitions, `athena`", "80 statements", "as above",
		backlog("athena, more tables", 50, 1.5)},
	{"the first by `glue`", "40 calls", "100 partitions a call; how fast SQS hands out messages",
		backlog("glue", 20, 0)},
	{"landed → searchable, 50 new partitions/s, `athena`", "p50 100, p99 300 ms", "a look-up, a statement, and a look-up again; one statement a table at a time",
		searchable("athena")},
	{"the same by `glue`", "p50 8, p99 30 ms", "three calls of Glue",
		searchable("glue")},
	{"`replay --dry-run`, 100,000 notifications, one core", "8 × the original", "reading JSON, two thirds; the process's start, a sixth",
		replayTime},
	{"its memory", "48 MB", "the program's own pages, DuckDB's among them",
		replayMemory},
	{"body → known partition", "1,000 ns, 0 allocations", "reading JSON, two thirds",
		known},
	{"function: a full event of 6 MB, at most", "64 MB", "the event, its bodies, and what waits",
		function},
	{"daemon at rest", "0.5 % of a core, 40 MB", "a long poll every 20 s; the program's own pages",
		atRest},
}
