// Package refresh settles messages: it reads the notifications in them, adds
// the partitions that they call for to the catalog, and says when a message
// may be forgotten.
//
// # The law
//
// A message may leave the queue only after each of its records is settled:
//
//   - its partition is in the catalog at the wanted location. Somebody read it
//     there, at most 15 minutes ago (5 in a table that was re-created); that a
//     statement succeeded says nothing, because IF NOT EXISTS succeeds without
//     moving a partition that is elsewhere;
//   - or it needs no partition, for a reason that is counted;
//   - or the message was copied to the dead-letter queue with its reasons.
//
// [Refresher.Settle] does that for one message. Its return is the
// acknowledgement: a driver deletes a message whose outcome is Done or Parked
// and hides one whose outcome is Retry. If the process dies anywhere before
// that, the message comes again and nothing is lost: every step here may be
// repeated.
//
// # How
//
// Each table has one planner, which all calls of Settle in flight share. It has
// two loops. Look reads the table's facts (at most 5 minutes old) and looks up
// what is wanted by then, also while a statement waits for its turn or runs;
// what is there is answered, the rest is missing. Add waits for the table's turn
// in the budget, decides then what the statement holds, and has look read back
// what it was about: only what was read is an answer. A partition in flight is
// joined, never sent twice. Nothing a table does makes another table wait: they
// share only the budget of statements, of which tables that fail can hold one.
//
// To follow a message: settle.go, planner.go (join), look.go, add.go, and back.
//
// refresh knows no AWS. It sees the catalog through [Catalog] and the
// dead-letter queue through [DeadLetters], which it owns.
package refresh
