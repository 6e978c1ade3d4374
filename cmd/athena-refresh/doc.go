// Athena-refresh makes log files in S3 searchable as they land: it reads S3's
// notifications from a queue and adds the partitions that Athena needs to find
// the files.
//
// This package is the command line, one file a command, and only wires. What it
// wires, from the bottom up:
//
//	internal/event           a message's body → records, one for each object      pure
//	internal/table           an object's bucket and key → partition, or a reason   pure
//	internal/source          what we know of each writer's logs, a page each → rules  pure
//	internal/schedule        rate(…) and cron(…), as EventBridge reads them        pure
//	internal/config          conf/global.json and conf/lambda.json; its struct is the manual
//	internal/refresh         settles messages; owns the interfaces Catalog and DeadLetters
//	internal/daemon          drives refresh from a queue; owns the interface Queue
//	internal/lambda          drives refresh from the events of a Lambda function
//	internal/reconcile       compares S3 with the catalog; owns the interfaces Objects and Mender
//	internal/capture         reads messages that were captured, and replays them
//	internal/parked          looks into the dead-letter queue and sends back; owns the interface DeadLetters
//	internal/schema          columns, formats and SerDes of tables: a source's, a file's, merged   pure
//	internal/schema/sample   brings a few files of a folder here, to look at
//	internal/schema/infer    where a schema comes from; that of a sample, by DuckDB
//	internal/hiveql          Hive's DDL, read and written                          pure
//	internal/duck            starts a DuckDB that strangers can't get out of; quotes for it
//	internal/metrics         the one list of metrics, alerts and charts; CloudWatch's lines  pure
//	internal/monitor         a queue's numbers → whether it keeps up, in words; owns the interface Metrics
//	internal/s3events        which objects a bucket's notification configuration covers  pure
//	internal/iam             judges requests by policies, as IAM does              pure
//	internal/coverage        which time of which table can be searched, and when objects landed
//	internal/faults          what can be amiss, in which words, and what repairs it  pure
//	internal/statuspage      shows how a daemon fares: a page, JSON, and counters for Prometheus; answers where an object belongs
//	internal/doctor          judges a deployment by facts                          pure
//	internal/deploy          puts the function into an account: what, in which order
//	internal/deploy/terraform  is its infrastructure
//	internal/discover        what lies in a folder or a bucket: rules and tables for it
//	internal/prompt          a person's statements, and how their answers are shown
//	internal/demo            lands CloudTrail files, and tells whether a query finds them
//	internal/terminal        prints tables, progress, and what strangers wrote; groups a log
//
// What speaks to AWS, each seen by cmd alone:
//
//	internal/aws/sqs         is a Queue and DeadLetters
//	internal/aws/glue        is a Catalog's Reader, and a Writer by the catalog's own API
//	internal/aws/athena      is a Writer by DDL
//	internal/aws/query       runs SQL through the Athena API
//	internal/aws/objects     is reconcile's Objects, on S3, and takes samples of them
//	internal/aws/cloudwatch  reads a queue's metrics
//	internal/aws/diagnostics has AWS tell the facts that doctor judges
//	internal/aws/account     is the account that deploy changes: functions, notifications, what exists
//	internal/aws/provision   makes the resources of a configuration on the embedded AWS
//	internal/aws/awserror    reads the errors that all services give, for these
//	internal/aws/retries     waits and halves what a call left undone, for these
//	internal/aws/s3client    makes clients of S3, wherever that is, for these
//
// And what plays AWS, or starts all of this:
//
//	internal/local           is an S3, SQS, Glue and Athena for this machine; imports nothing of the above but hiveql, duck, iam and s3events
//	cmd/lambda               is the function, a program of its own that only wires, as this one
//	cmd/internal/worker      wires queue, catalog and Refresher, for every program that settles messages
//
// Arrows point one way: event and table know nothing but themselves, refresh
// knows those two and no AWS, daemon and lambda know refresh, and an adapter
// knows the vocabulary that it translates to. Only packages below cmd see two
// adapters.
//
// # The path of a message
//
// The command once is one invocation, as the scheduled function runs it:
//
//  1. sqs.Queue.Receive hands out up to ten messages, which the queue hides for
//     its visibility timeout. daemon.Invocation settles each by itself.
//  2. event.Parse reads the body. It answers for every body that there is: what
//     is no notification becomes a record with the reason.
//  3. table.Router.Place decides where the object of a record belongs, by its
//     bucket and key alone: a partition, or why there is none.
//  4. refresh.Refresher.Settle requests the partition of the table's planner. If
//     we read it in the catalog lately, that is the answer. Otherwise the planner
//     looks up what is wanted (Reader.Partitions, by glue), adds what is missing
//     (Writer.Add, by athena or glue), and looks it up again. Only a partition
//     that we read at the wanted location counts, not that a statement succeeded.
//     What is wanted while a statement runs goes into the next one.
//  5. When every record of a message is settled, Settle returns its outcome, and
//     that is the acknowledgement: done, and the message is deleted; parked, and
//     it was copied to the dead-letter queue with its reasons and is deleted;
//     retry, and it is hidden until it is tried again.
//
// If the process is killed anywhere on this path, the queue hands the message out
// again, and every step may be repeated: kill_test.go kills it at every request.
// internal/refresh/doc.go says step by step what a crash costs.
//
// # The others
//
// The function runs these steps when a schedule invokes it. With the queue as
// its trigger, Lambda receives, and deletes what the function's answer doesn't
// name: that answer is the acknowledgement, given when every message of the
// batch is settled.
//
// source.Expand spells a rule with a source out where the configuration is read,
// so the Router knows ordinary rules only.
//
// explain is step 3 alone; with --live it settles the object up to the moment
// at which something would be added. replay runs steps 2 to 5 on messages from
// a file, with nothing to acknowledge; with --dry-run the catalog is one whose
// tables all exist and are empty (refresh.Rehearsal), and the statements are
// written by the function that the Writer uses. table create asks the rules which
// keys a table has (table.Router.Home), and a sample, a name or a file which columns
// (infer.Origin, or infer.OriginOf where nobody says); what it creates, step 4 accepts.
// table rebuild changes the table and then every partition of it (glue.Tables.Rebuild).
// doctor judges tables by what step 4 would say of them (refresh.Table.Accepts). demo
// and open are local, run and query in one process (openStack); demo lands files, and
// holds what a query finds against them.
//
// reconcile begins at the other end: it lists the buckets, has step 3 say what
// each folder is (table.Router.FolderStanding: it need not look at every object), and
// compares with what the catalog has. What is missing goes through step 4, as
// if a message had spoken of it (refresh.Refresher.SettleObjects); run and the
// function do that on reconcile_every.
//
// Results go to stdout and everything else to stderr. The exit code is 0 if all
// is done, 1 after a failure, 2 for a wrong command line, and 3 if the command did
// what it could and left something undone, or found something wrong: a message
// that is parked or to be tried again, a difference, a check of doctor's, a bucket
// that can't be told (errUndone).
package main
