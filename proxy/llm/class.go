package llm

// Class says what kind of failure a call or an attempt met. What happens next
// (next key, next target, give up) is decided by class alone, never by text.
type Class string

// The classes. Their names appear in the log, in the API and in a route's
// triggers, so they are part of the product's contract.
const (
	ClassNone              Class = ""                    // no failure
	ClassConnect           Class = "connect"             // no connection: DNS, dial, reset before an answer
	ClassTLS               Class = "tls"                 // the TLS handshake or the certificate failed
	ClassHeadersTimeout    Class = "headers_timeout"     // no response headers in time
	ClassFirstTokenTimeout Class = "first_token_timeout" // headers, but no content in time
	ClassIdleTimeout       Class = "idle_timeout"        // content, then silence
	ClassTotalTimeout      Class = "total_timeout"       // the call's whole time was used up
	ClassRateLimited       Class = "rate_limited"        // 429 that passes by itself
	ClassQuotaExhausted    Class = "quota_exhausted"     // 402, or 429 that only money cures
	ClassOverloaded        Class = "overloaded"          // 503 or 529: the vendor is busy
	ClassServerError       Class = "server_error"        // any other 5xx
	ClassAuth              Class = "auth"                // the vendor refused our key: 401 or 403
	ClassModelNotFound     Class = "model_not_found"     // the vendor does not know the model
	ClassContextLength     Class = "context_length"      // the prompt is longer than the model takes
	ClassContentFilter     Class = "content_filter"      // the vendor refused the content
	ClassBadRequest        Class = "bad_request"         // any other 4xx: the caller's own mistake
	ClassMalformed         Class = "malformed"           // an answer that is not in the vendor's protocol
	ClassCut               Class = "cut"                 // an answer that ended before it was whole
	ClassClientClosed      Class = "client_closed"       // the caller went away
	ClassOutrun            Class = "outrun"              // called off: another target's answer began first
	ClassUnavailable       Class = "unavailable"         // nothing left to try: every key or target is out
	ClassDenied            Class = "denied"              // Posthouse itself refused the caller
	ClassShutdown          Class = "shutdown"            // Posthouse is stopping
	ClassInternal          Class = "internal"            // a fault of our own
)

// Classes lists every class a vendor's answer can be given, in the order the
// documentation shows them. Triggers may name any of these.
func Classes() []Class {
	return []Class{
		ClassConnect, ClassTLS, ClassHeadersTimeout, ClassFirstTokenTimeout, ClassIdleTimeout,
		ClassRateLimited, ClassQuotaExhausted, ClassOverloaded, ClassServerError, ClassAuth,
		ClassModelNotFound, ClassContextLength, ClassContentFilter, ClassBadRequest,
		ClassMalformed, ClassCut,
	}
}
