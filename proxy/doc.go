// Package proxy is the data plane: it takes calls in the dialects of OpenAI, Anthropic and Gemini and has
// them served by the vendors behind it. It knows no database, no web framework
// and no console; it works from one value, Config, which anything can build.
//
// # The life of a request
//
// Each stage is a file, or two:
//
//   - accept (accept.go): find the endpoint that the path and method mean.
//   - identify (identify.go): find out who calls; the body is not read yet.
//   - read (body.go, peek.go): take the body whole, and look at only the model,
//     the stream flag and where each top-level field stands.
//   - choose (route.go, plan.go): the first written route that matches, else
//     the provider that the model names, else the providers known for it; then
//     the order in which the targets will be tried (balance.go), in which a
//     conversation goes back to where it was (affinity.go).
//   - walk (walk.go): from target to target until one serves; two side by side
//     where the route hedges (hedge.go).
//   - attempt (attempt.go, upstream.go, keyring.go): one target with one key.
//     The caller's bytes go out unchanged but for the model's name and what the
//     catalogue says the vendor spells differently.
//   - relay (relay.go, stream.go): nothing is promised to the caller until the
//     answer is whole or the stream's first content event is here; until then
//     any failure leaves room for another try, the next key or the next target,
//     as a table by class of failure says (policy.go, failure.go), unless the
//     target's circuit breaker is open (breaker.go). After it, events are passed
//     on as they come, a stream that breaks off is finished by the next target
//     (rescue.go), and one that nobody can finish ends in an error event and a
//     broken connection, never in a quiet end. All writing to the client goes
//     through one place (out.go), which also keeps silent streams alive.
//   - finish (finish.go, record.go): one record and one log line. A client that
//     leaves before ends the attempt, or not (leave.go).
//
// Faults can be put in front of a provider (inject.go), or of a route's first
// target in a gateway of its own (gameday.go); the fake vendor plays them over
// connections within the process (simulator.go).
//
// # What lives how long
//
// A Snapshot is compiled from a Config (compile.go), immutable, and swapped
// atomically; a call keeps the one it began with. What is learned while serving
// (which keys are out, open connections) lives beside it in the Gateway, under
// stable ids, and survives reloads.
package proxy
