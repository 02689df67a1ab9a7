// Package load measures gateways: it drives chat calls at an address, checks
// every answer to the last word, and says what the calls took.
//
// # What is measured, and how
//
// A Plan is one measurement. Without a rate its loop is closed: each connection
// has one call under way and makes the next when it is answered. With a rate it
// is open: calls start at fixed moments whatever became of those before, and a
// latency counts from the moment the call was meant to start, so that a target
// that stalls can't hide it by slowing the caller down (coordinated omission).
//
// Answers come from the lab or from the Stub, which says the same for a
// fraction of the cost. Each question has one answer, lab.Text, so an answer
// that is lost, cut short, mixed with another or altered is found.
//
// CPU time and memory are those of a process on this machine, from /proc: on a
// machine that others use too, they are what can be trusted, and ratios between
// alternating rounds more than any absolute figure. Compare does such rounds.
//
// Plans are bounded in time, and reach loopback addresses only unless they say
// otherwise.
package load
