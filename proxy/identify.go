package proxy

import (
	"context"
	"crypto/sha256"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// KeyPrefix begins every consumer key. A key with it is always looked up, so
// that a revoked or mistyped one is refused even where none would be needed.
const KeyPrefix = "ph-"

// TokenPrefix begins the console's API tokens, which must not be spread to
// clients of the proxy.
const TokenPrefix = "pht-"

// maxCredential bounds what is taken for a key, in bytes.
const maxCredential = 512

// trustedKey marks the context of calls that were let in already.
type trustedKey struct{}

// Trusted marks a call as made by the program itself for someone it has let in
// already, such as an admin trying a model in the console. It needs no key and
// may ask for everything; name is what the record calls the caller.
func Trusted(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, trustedKey{}, name)
}

// identify says who the caller is: a consumer, or nobody in particular where
// the access mode lets such callers in.
func (s *Snapshot) identify(r *http.Request, query url.Values, now time.Time) (*consumer, *llm.Error) {
	if _, ok := r.Context().Value(trustedKey{}).(string); ok {
		return nil, nil
	}
	own := false // a key of ours was shown
	for _, cred := range credentials(r.Header, query) {
		if len(cred) > maxCredential {
			return nil, denied("invalid_api_key", "The API key is far too long to be one of this gateway's.")
		}
		if strings.HasPrefix(cred, TokenPrefix) {
			return nil, denied("invalid_api_key", "This is an API token for the console, which opens everything there. The proxy takes consumers' keys ("+KeyPrefix+"…). Take the token out of this client.")
		}
		own = own || strings.HasPrefix(cred, KeyPrefix)
		k := s.callers[sha256.Sum256([]byte(cred))]
		switch {
		case k == nil:
			continue
		case k.disabled:
			return nil, denied("api_key_disabled", "This API key, or the consumer it belongs to, is disabled. Ask the gateway's admin.")
		case !k.conf.Expires.IsZero() && !now.Before(k.conf.Expires):
			return nil, denied("api_key_expired", "This API key expired on "+k.conf.Expires.UTC().Format(time.RFC3339)+". Ask the gateway's admin for a new one.")
		}
		return k.consumer, nil
	}
	if own {
		return nil, denied("invalid_api_key", "This API key is not known here: it was mistyped, or deleted. Ask the gateway's admin.")
	}
	switch {
	case s.access == AccessOpen, s.access == AccessLocal && isLocal(r):
		return nil, nil
	case s.access == AccessLocal && isLoopback(r.RemoteAddr):
		return nil, denied("invalid_api_key", "Only programs on this machine that call localhost themselves need no API key; this request came by way of a proxy, a browser page or another name. Send a key as Authorization: Bearer "+KeyPrefix+"….")
	case s.access == AccessLocal:
		return nil, denied("invalid_api_key", "Callers from other machines need an API key of this gateway: send it as Authorization: Bearer "+KeyPrefix+"…. An admin makes keys under Consumers.")
	}
	return nil, denied("invalid_api_key", "This gateway needs one of its own API keys: send it as Authorization: Bearer "+KeyPrefix+"…. An admin makes keys under Consumers.")
}

func denied(code, message string) *llm.Error {
	return &llm.Error{Class: llm.ClassDenied, Status: http.StatusUnauthorized, Type: "authentication_error", Code: code, Message: message}
}

// credentials are the keys a request shows, in every form that clients of the
// common dialects use.
func credentials(h http.Header, query url.Values) []string {
	var got []string
	for _, v := range h.Values("Authorization") {
		if scheme, token, ok := strings.Cut(v, " "); ok && strings.EqualFold(scheme, "Bearer") {
			got = append(got, strings.TrimSpace(token))
		}
	}
	for _, name := range []string{"X-Api-Key", "Api-Key", "X-Goog-Api-Key"} {
		got = append(got, h.Values(name)...)
	}
	got = append(got, query["key"]...) // Gemini's clients
	return got
}

// forwarding are the headers by which reverse proxies and tunnels show
// themselves. One that adds none of them can't be told from a local caller;
// the documentation says to use AccessKeys behind a reverse proxy.
var forwarding = []string{
	"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server",
	"X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "X-Original-Forwarded-For", "X-Envoy-External-Address",
	"True-Client-Ip", "Cf-Connecting-Ip", "Cf-Ray", "Fastly-Client-Ip",
}

// Forwarded reports whether a request's headers show that it was passed on by
// somebody, so that the socket's other end is not who made it. The console
// asks the same before it trusts a caller on this machine.
func Forwarded(h http.Header) bool {
	return slices.ContainsFunc(forwarding, func(name string) bool { return len(h.Values(name)) > 0 })
}

// isLocal reports whether the request was made on this machine, by a program
// and not by way of a browser page from elsewhere or a reverse proxy: for
// those the address is loopback too.
func isLocal(r *http.Request) bool {
	if !isLoopback(r.RemoteAddr) || !isLocalName(r.Host) {
		return false
	}
	if Forwarded(r.Header) {
		return false
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "same-site" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && isLocalName(u.Host)
}

func isLoopback(address string) bool {
	ap, err := netip.ParseAddrPort(address)
	return err == nil && ap.Addr().Unmap().IsLoopback()
}

// isLocalName reports whether a Host or origin names this machine itself. A
// name that only resolves here (DNS rebinding) does not.
func isLocalName(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(strings.ToLower(strings.TrimSuffix(host, ".")), "[]")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// clientIP is the caller's address as the socket has it. Headers that claim
// another are anyone's to write.
func clientIP(r *http.Request) string {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return ap.Addr().Unmap().String()
}
