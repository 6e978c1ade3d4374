// Package refresh settles messages: it reads the notifications in them, adds
// the partitions that they call for to the catalog, and says when a message
// may be deleted.
//
// # The law
//
// A message may leave the queue only after each of its records is settled:
//
//   - its partition is in the catalog at the wanted location: we read it there,
//     at most 15 minutes ago, and notice within 5 that a table was re-created.
//     That a statement succeeded proves nothing, because IF NOT EXISTS succeeds
//     without moving a partition that is elsewhere;
//   - or it needs no partition, for a reason that is counted;
//   - or the message was copied to the dead-letter queue with its reasons.
//
// [Refresher.Settle] does that for one message, and its return is the
// acknowledgement: the driver deletes a message whose outcome is Done or Parked
// and hides one whose outcome is Retry.
//
// # The way of a message, and what a crash costs
//
// Until the driver deletes it the queue keeps the message and hands it out again
// when its visibility timeout ends. So a crash at any step loses nothing, if
// every step may be repeated:
//
//	step                                           crash here: when the message comes again
//	settle.go   Settle reads the records, and      all of it is done anew
//	            requests each one's partition
//	planner.go  join: the partition is known,      the memory is gone, so it is looked up
//	            or the record waits for it
//	look.go     lookLoop looks it up: there, or    it is looked up again
//	            missing
//	add.go      addRound sends one statement of     the statement may still end: then the
//	            what is missing                    partition is found there, and not added
//	look.go     lookLoop reads back what the       it is found there
//	            statement was about
//	park.go     conclude parks the message if      parked twice: the second copy is the
//	            one of its records calls for that  price for not losing the first
//	the driver  deletes or hides the message       it is settled again, from what is there
//
// # How
//
// Each table has one planner, which all calls of Settle in flight share. It has
// two loops. The look loop reads the table's facts (at most 5 minutes old) and
// looks up what is wanted by then, also while a statement waits for its turn or
// runs: what is there is answered, the rest is missing. The adding round waits for
// the table's turn in the budget, decides only then what the statement holds,
// and has the look loop read it back: only what was read is an answer. A
// partition in flight is joined, never sent twice. Tables wait for each other
// only in the budget of statements, of which those that fail share one slot.
//
// Beside that way lie contract.go (what we ask of a catalog and a dead-letter
// queue, and the reasons that we answer with), memory.go (what was read lately),
// facts.go and values.go (what a table is, and which values it can hold),
// retry.go (when a message is tried again, and when given up), backoff.go (how a
// table waits after a failure), suspects.go (partitions that failed by
// themselves), health.go (whether the catalog works at all), budget.go (the
// statements in flight), tally.go (what is counted), latency.go (how long it took
// from landed to searchable), begun.go (Settle in two halves, for many
// messages at once), rehearse.go (the same way with nothing at its end), ask.go
// (what would be made of one object) and refresher.go.
//
// refresh knows no AWS: it sees the catalog through [Catalog] and the
// dead-letter queue through [DeadLetters].
package refresh
