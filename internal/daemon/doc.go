// Package daemon drives refresh from a queue: it receives messages, has refresh
// settle each by itself, and acknowledges it by the outcome.
//
// The order is the safety: it deletes a message only after Settle returned Done
// or Parked for it. Whatever happens between receive and delete (a crash, a lost
// reply, a deadline), the queue hands the message out again.
//
// [Daemon] does so until it is stopped, continuously or on a schedule.
// [Invocation] is one run of the scheduled function, and of the command once: it
// ends when the queue is empty and nothing is in hand, or its time is over.
package daemon
