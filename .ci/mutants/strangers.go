package main

// What strangers write.
var strangers = []mutant{
	{"the function's log drives a terminal", 5, "cmd/internal/plainjson/plainjson.go",
		"w.To.Write(Escape(line))", "w.To.Write(line)", "./cmd/internal/plainjson"},
	{"local: a row as deep as it likes", 3, "internal/local/athena/hivejson.go",
		"w.depth > maxRowDepth", "w.depth > 1<<30", "./internal/local/athena -run FuzzRow"},
	{"large bodies are placed all at once", 3, "internal/refresh/settle.go",
		"	if len(body) > largeBody {\n", "	if len(body) > 100*largeBody {\n", settles + " -run TenHostile"},
	{"the keys of CloudTrail's shape are all counted", 3, "internal/event/body.go",
		"	if t.s != \"\" || !afterEmpty {\n", "	if true {\n", events},
	{"reasons that alternate are kept apart", 3, "internal/event/event.go",
		"dst[i].Reason != \"\"; i--", "dst[i].Reason == why; i--", events},
	{"local: a statement's panic is everybody's", 3, "internal/local/athena/start.go",
		"	if p := recover(); p != nil {\n", "	if p := any(nil); p != nil {\n", engine},
	{"local: subqueries as deep as they like", 3, "internal/local/athena/nesting.go",
		"			if inside > maxNesting {\n", "			if inside > 1000 {\n", engine},
	{"local: comments as DuckDB ends them", 3, "internal/local/athena/nesting.go",
		"			blank(b[i : i+n])\n		}\n		i += n", "		}\n		i += n", engine},
}
