// Package metrics keeps Prometheus metrics of calls, keys, breakers and the
// records, and of the Go runtime. Names follow OpenTelemetry's conventions for
// generative AI where there are any (docs/metrics.md lists all of them).
//
// Labels are bounded: a model is named only once a vendor has served it, up to a
// limit, and is "other" beyond; consumers are left out unless an admin wants
// them, and bounded too. What a call adds to is looked up once for each
// combination of labels and kept.
package metrics
