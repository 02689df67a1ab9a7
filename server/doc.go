// Package server is the control plane: the console's HTTP API, the console
// itself, and the configuration as one YAML document.
//
// A request passes a short chain of plain net/http handlers — request id,
// security headers, recovery, host check, cross-origin check, identity, body —
// and then reaches gin, which only routes, and huma, which binds and validates
// and describes. The handlers are plain functions from a context and a typed
// input to a typed output or an error, one file a resource, all listed in
// routes.go. What the API shows (Provider), what the database keeps
// (store.Provider) and what the data plane serves from (proxy.Provider) are
// three types on purpose: a secret has a field on the way in and none on the
// way out.
//
// The same specifications (ProviderSpec, RouteSpec, ConsumerSpec,
// SettingsSpec) are the bodies of writes and the items of the YAML document, so
// one set of checks serves both, and every error names its path.
package server
