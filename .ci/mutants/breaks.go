package main

import "slices"

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
	events   = "./internal/event"
	tables   = "./internal/table"
	settles  = "./internal/refresh"
	drives   = "./internal/daemon -skip TestNothingIsLost"
	world    = "./internal/daemon -run TestNothingIsLost -seeds 8 -count 5"
	queues   = "./internal/aws/sqs -skip OnTheLocal"
	ddl      = "./internal/aws/athena -skip OnTheLocal"
	written  = "./internal/aws/athena -run Statement|Written"
	glues    = "./internal/aws/glue -skip OnTheLocal"
	schemas  = "./internal/schema"
	samples  = "./internal/aws/sample"
	halving  = "./internal/aws/bisect"
	objects  = "./internal/local/s3"
	deploys  = "./internal/deploy"
	runs     = "./internal/deploy/terraform"
	handler  = "./internal/lambda"
	metrics  = "./internal/emf"
	mends    = "./internal/reconcile"
	doctors  = "./internal/doctor"
	facts    = "./internal/aws/inspect"
	hints    = "./cmd/athena-refresh -run TestCommandsInHints"
	parking  = "./internal/parked"
	verdicts = "./internal/monitor"
	shows    = "./internal/statuspage -skip Browser"
	numbers  = "./internal/aws/cloudwatch"
	engine   = "./internal/local/athena -run Comments|Panic|Nesting"
)

// breaks are all of them.
var breaks = slices.Concat(heart, function, operating, deployment, strangers)
