// Package store keeps what Posthouse must remember, in two SQLite files of
// the data folder. config.db holds providers, routes, consumers, settings,
// people and the history of changes; it is written rarely and must never lose
// an acknowledged change (synchronous FULL). records.db holds the account of
// every call; it is written all the time and may be lost, so that a full,
// locked or damaged one never stops the proxy (Records).
//
// Saving is publishing: Change runs a function in one transaction, reads the
// whole configuration back, lets proxy.Compile judge it, and commits only what
// the data plane can serve. The snapshot that was judged is the one that is
// handed to Options.Publish, in the order of the commits.
//
// Each file has one writing connection (BEGIN IMMEDIATE) and a few reading
// ones (query_only): transactions that begin by reading and then write would
// otherwise fail with SQLITE_BUSY whatever the busy timeout. The SQL keeps to
// a subset that Postgres understands too.
package store
