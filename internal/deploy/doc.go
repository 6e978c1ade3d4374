// Package deploy puts the function into an AWS account, and takes it out again.
//
// It owns the order in which that happens, and what is true if it is killed in
// between:
//
//  1. Everything is checked and the program built before anything is changed.
//  2. Terraform applies the module: queue, function, triggers, alarms. What
//     serves is the alias, which Terraform leaves where it is, so that the former
//     version goes on serving whatever happens from here on.
//  3. The new version is probed: it answers with its version and settings, and
//     touches nothing.
//  4. Only then is the alias moved to it.
//  5. The buckets are told to notify the queue, last: what lands finds a function.
//
// Killed anywhere, the next run finds what is there and goes on: each step looks
// first and does only what is missing.
//
// The package knows no SDK and no Terraform: aws/account, and terraform below it,
// are their adapters, and the interfaces are here.
package deploy
