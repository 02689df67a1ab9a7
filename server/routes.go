package server

import "net/http"

// The methods, short enough for the table to be read at a glance.
const (
	get  = http.MethodGet
	post = http.MethodPost
	put  = http.MethodPut
	del  = http.MethodDelete
)

// routes lists every operation of the API. A few more addresses are not
// operations: the playground, the upload of a backup, /api/openapi.json,
// /healthz and /readyz (router.go). Which answer without a login stands in
// identity.go.
func (s *Server) routes(b builder) {
	add(b, get, "/api/setup", "setup-state", "Login", "Is the first admin still to be made?", s.setupState)
	add(b, post, "/api/setup", "setup", "Login", "Make the first admin and log in", s.setup)
	add(b, post, "/api/login", "login", "Login", "Log in", s.login)
	add(b, post, "/api/logout", "logout", "Login", "End this session", s.logout)
	add(b, post, "/api/logout-all", "logout-all", "Login", "End every session of this admin", s.logoutAll)
	add(b, post, "/api/password", "change-password", "Login", "Change the password; ends the other sessions", s.changePassword)
	add(b, get, "/api/me", "me", "Login", "Who is logged in", s.me)

	add(b, get, "/api/admins", "list-admins", "Admins", "List admins and where they are logged in", s.listAdmins)
	add(b, post, "/api/admins", "create-admin", "Admins", "Make another admin", s.createAdmin)
	add(b, del, "/api/admins/{id}", "delete-admin", "Admins", "Remove an admin; ends its sessions and tokens", s.deleteAdmin)
	add(b, del, "/api/sessions/{id}", "end-session", "Admins", "End a session", s.endSession)

	add(b, get, "/api/tokens", "list-tokens", "API tokens", "List API tokens", s.listTokens)
	add(b, post, "/api/tokens", "create-token", "API tokens", "Make an API token; shown this once", s.createToken)
	add(b, del, "/api/tokens/{id}", "revoke-token", "API tokens", "Revoke an API token", s.revokeToken)

	add(b, get, "/api/vendors", "list-vendors", "Providers", "The catalogue of vendors", s.listVendors)
	add(b, get, "/api/providers", "list-providers", "Providers", "List providers with the state of their keys", s.listProviders)
	add(b, post, "/api/providers", "create-provider", "Providers", "Make a provider", s.createProvider)
	add(b, put, "/api/providers/order", "order-providers", "Providers", "Put the providers in a new order", s.orderProviders)
	add(b, post, "/api/providers/test", "test-new-provider", "Providers", "Try settings that are not saved", s.testNew)
	add(b, get, "/api/providers/{id}", "get-provider", "Providers", "Show a provider", s.getProvider)
	add(b, put, "/api/providers/{id}", "update-provider", "Providers", "Replace a provider's settings", s.updateProvider)
	add(b, del, "/api/providers/{id}", "delete-provider", "Providers", "Delete a provider that no route uses", s.deleteProvider)
	add(b, post, "/api/providers/{id}/test", "test-provider", "Providers", "Make a real, free call with each key", s.testProvider)
	add(b, post, "/api/providers/{id}/discover", "discover-models", "Providers", "Ask the vendor which models it has", s.discover)
	add(b, post, "/api/providers/{id}/keys", "create-provider-key", "Providers", "Add a key", s.createKey)
	add(b, put, "/api/providers/{id}/keys/{key}", "update-provider-key", "Providers", "Rename, weigh, switch or replace a key", s.updateKey)
	add(b, del, "/api/providers/{id}/keys/{key}", "delete-provider-key", "Providers", "Delete a key", s.deleteKey)
	add(b, post, "/api/keys/{id}/unbench", "unbench-key", "Providers", "Put a key back into rotation", s.unbench)

	add(b, get, "/api/routes", "list-routes", "Routes", "List AI routes in order", s.listRoutes)
	add(b, post, "/api/routes", "create-route", "Routes", "Make a route at the end of the list", s.createRoute)
	add(b, put, "/api/routes/order", "order-routes", "Routes", "Put the routes in a new order", s.orderRoutes)
	add(b, get, "/api/routes/{id}", "get-route", "Routes", "Show a route", s.getRoute)
	add(b, put, "/api/routes/{id}", "update-route", "Routes", "Replace a route", s.updateRoute)
	add(b, del, "/api/routes/{id}", "delete-route", "Routes", "Delete a route", s.deleteRoute)
	add(b, post, "/api/routes/{id}/enable", "enable-route", "Routes", "Put a route into service", s.enableRoute)
	add(b, post, "/api/routes/{id}/disable", "disable-route", "Routes", "Take a route out of service", s.disableRoute)
	add(b, post, "/api/routes/{id}/gameday", "game-day", "Game day", "Drive a route with each fault in the way of its first target", s.gameDay)
	add(b, get, "/api/faults", "list-faults", "Game day", "The faults in force, and those there are", s.listFaults)
	add(b, post, "/api/providers/{id}/faults", "inject-fault", "Game day", "Put a fault in front of a provider for a while", s.injectFault)
	add(b, del, "/api/faults", "end-faults", "Game day", "End every injected fault", s.endAllFaults)
	add(b, del, "/api/faults/{id}", "end-fault", "Game day", "End an injected fault", s.endFault)
	add(b, post, "/api/explain", "explain", "Routes", "Which way would a request go now, and why?", s.explain)

	add(b, get, "/api/consumers", "list-consumers", "Consumers", "List consumers", s.listConsumers)
	add(b, post, "/api/consumers", "create-consumer", "Consumers", "Make a consumer", s.createConsumer)
	add(b, get, "/api/consumers/{id}", "get-consumer", "Consumers", "Show a consumer", s.getConsumer)
	add(b, put, "/api/consumers/{id}", "update-consumer", "Consumers", "Replace a consumer's settings", s.updateConsumer)
	add(b, del, "/api/consumers/{id}", "delete-consumer", "Consumers", "Delete a consumer and its keys", s.deleteConsumer)
	add(b, post, "/api/consumers/{id}/keys", "create-consumer-key", "Consumers", "Make a key; shown this once", s.createConsumerKey)
	add(b, put, "/api/consumers/{id}/keys/{key}", "update-consumer-key", "Consumers", "Rename, switch or date a key", s.updateConsumerKey)
	add(b, del, "/api/consumers/{id}/keys/{key}", "delete-consumer-key", "Consumers", "Delete a key", s.deleteConsumerKey)

	add(b, get, "/api/prices", "list-prices", "Prices", "What calls cost: prices entered and shipped", s.listPrices)
	add(b, post, "/api/prices", "create-price", "Prices", "Enter a price; it comes before the shipped one", s.createPrice)
	add(b, get, "/api/prices/export", "export-prices", "Prices", "The prices as a list to take elsewhere", s.exportPrices)
	add(b, post, "/api/prices/import", "import-prices", "Prices", "Enter a list of prices, all or nothing", s.importPrices)
	add(b, get, "/api/prices/unknown", "unknown-prices", "Prices", "Models that served calls without a known price", s.listUnpriced)
	add(b, get, "/api/prices/currency", "get-currency", "Prices", "The currency that sums are shown in", s.getCurrency)
	add(b, put, "/api/prices/currency", "put-currency", "Prices", "Set the currency that sums are shown in and its rates", s.putCurrency)
	add(b, post, "/api/prices/reprice", "reprice", "Prices", "Price the calls of a span again, after a correction", s.reprice)
	add(b, get, "/api/prices/reprice", "repricing", "Prices", "How pricing again stands", s.getRepricing)
	add(b, del, "/api/prices/reprice", "stop-repricing", "Prices", "Give up pricing again", s.stopRepricing)
	add(b, get, "/api/prices/{id}", "get-price", "Prices", "Show a price that was entered", s.getPrice)
	add(b, put, "/api/prices/{id}", "update-price", "Prices", "Replace a price that was entered", s.updatePrice)
	add(b, del, "/api/prices/{id}", "delete-price", "Prices", "Delete a price that was entered", s.deletePrice)
	s.moreRoutes(b)
}

// moreRoutes are those about the program itself: settings, records, status.
func (s *Server) moreRoutes(b builder) {
	add(b, get, "/api/settings", "get-settings", "Settings", "Show the settings", s.getSettings)
	add(b, put, "/api/settings", "put-settings", "Settings", "Replace the settings", s.putSettings)
	add(b, get, "/api/settings/metrics", "get-metrics-settings", "Settings", "Who may read /metrics, and what is in it", s.getMetrics)
	add(b, put, "/api/settings/metrics", "put-metrics-settings", "Settings", "Switch /metrics on or off; say who may read it", s.putMetrics)
	add(b, post, "/api/settings/metrics/token", "create-metrics-token", "Settings", "Make the token for /metrics anew; shown this once", s.createMetricsToken)
	add(b, get, "/api/settings/tracing", "get-tracing-settings", "Settings", "Where OpenTelemetry traces go", s.getTracing)
	add(b, put, "/api/settings/tracing", "put-tracing-settings", "Settings", "Say where OpenTelemetry traces go", s.putTracing)
	add(b, get, "/api/settings/alerts", "get-alert-settings", "Alerts", "What is worth telling, and where", s.getAlerts)
	add(b, put, "/api/settings/alerts", "put-alert-settings", "Alerts", "Say what is worth telling, and where", s.putAlerts)
	add(b, post, "/api/alerts/test", "test-alert", "Alerts", "Send a test message to a webhook", s.testAlert)
	add(b, get, "/api/alerts", "list-alerts", "Alerts", "What goes on now, and what was told", s.listAlertEvents)
	add(b, get, "/api/settings/records", "get-record-settings", "Settings", "How long records are kept", s.getRecordSettings)
	add(b, put, "/api/settings/records", "put-record-settings", "Settings", "Change how long records are kept", s.putRecordSettings)
	add(b, get, "/api/settings/records/size", "record-size", "Settings", "How much room the records take", s.recordSize)
	add(b, post, "/api/settings/records/redaction", "try-redaction", "Settings", "Try what rules black out of a text", s.tryRedaction)
	add(b, get, documentPath, "export-config", "Settings", "The configuration as one YAML document, without secrets", s.exportConfig, answers("application/yaml"))
	add(b, post, documentPath, "apply-config", "Settings", "Apply a YAML document, all or nothing", s.applyConfig)
	add(b, get, "/api/backup", "backup", "Settings", "Download a backup", s.backup, answers("application/gzip"))
	add(b, get, restorePath, "restore-state", "Settings", "Does the next start restore a backup?", s.restoreState)
	add(b, del, restorePath, "cancel-restore", "Settings", "Give up the restore that waits for the next start", s.cancelRestore)
	add(b, get, "/api/certificate", "get-certificate", "Settings", "The certificate of the HTTPS door", s.certificate)
	add(b, put, "/api/certificate", "put-certificate", "Settings", "Put a certificate into service", s.putCertificate)
	add(b, del, "/api/certificate", "reset-certificate", "Settings", "Go back to the self-signed certificate", s.resetCertificate)

	add(b, get, "/api/monitor/overview", "monitor-overview", "Monitoring", "How a span went: sums, steps, rankings, incidents", s.overview)
	add(b, get, "/api/monitor/series", "monitor-series", "Monitoring", "Any figure over time, by any dimension", s.series)
	add(b, get, "/api/monitor/top", "monitor-top", "Monitoring", "Rankings: of dimensions, errors, the slowest, the dearest", s.top)
	add(b, get, "/api/monitor/health", "monitor-health", "Monitoring", "How every provider, key and model does", s.monitorHealth)
	stream(b, "/api/monitor/live", "monitor-live", "Monitoring", "What goes on now, once a second", map[string]any{"now": Live{}}, s.liveNow)

	add(b, get, "/api/requests", "list-requests", "Requests", "The log of requests, newest first", s.listRequests)
	add(b, get, "/api/requests/export", "export-requests", "Requests", "The log as a file", s.exportRequests, answers("text/csv"))
	stream(b, "/api/requests/live", "tail-requests", "Requests", "Requests as they end", map[string]any{"request": Call{}, "lost": Lost{}}, s.tail)
	add(b, get, "/api/requests/{id}", "get-request", "Requests", "What became of a request, attempt by attempt", s.getRequest)

	add(b, get, "/api/revisions", "list-revisions", "Status", "What was changed, when and by whom", s.listRevisions)
	add(b, post, "/api/revisions/{id}/revert", "revert-revision", "Status", "Undo a change", s.revertRevision)
	add(b, get, "/api/status", "status", "Status", "How the program does", s.status)
}
