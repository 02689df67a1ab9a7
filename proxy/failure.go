package proxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

// errClientGone is the cause by which a call ends when its client can't be
// written to any more.
var errClientGone = errors.New("the client went away")

func timeoutError(class llm.Class, after time.Duration) *llm.Error {
	what := map[llm.Class]string{
		llm.ClassHeadersTimeout:    "no answer within %v",
		llm.ClassFirstTokenTimeout: "no first token within %v",
		llm.ClassIdleTimeout:       "silence for %v in the middle of the answer",
		llm.ClassTotalTimeout:      "the call's whole time of %v is used up",
	}[class]
	return &llm.Error{Class: class, Message: fmt.Sprintf(what, after)}
}

// broken explains an error of the connection to a vendor: who or what ended
// it. answering says whether the answer had begun.
func (t *try) broken(err error, answering bool) *llm.Error {
	var timeout *llm.Error
	cause := context.Cause(t.ctx)
	switch {
	case t.r.Context().Err() != nil, errors.Is(cause, errClientGone):
		return clientGone()
	case errors.As(cause, &timeout):
		e := *timeout
		return &e
	case errors.Is(cause, errOutrun):
		return outrun()
	case errors.Is(cause, errStopping):
		return shutdownError()
	case errors.Is(err, errGuarded):
		return &llm.Error{Class: llm.ClassConnect, Message: "it may not be called there: " + innermost(err)}
	case isTLS(err):
		return &llm.Error{Class: llm.ClassTLS, Message: "TLS failed: " + innermost(err)}
	case answering:
		return &llm.Error{Class: llm.ClassCut, Message: "the connection broke in the middle of the answer"}
	}
	return &llm.Error{Class: llm.ClassConnect, Message: "it can't be reached: " + innermost(err)}
}

func clientGone() *llm.Error {
	return &llm.Error{Class: llm.ClassClientClosed, Status: statusClientClosed, Message: "the client closed the connection before the answer was whole"}
}

// statusClientClosed is nginx's status for a client that left; nobody sees it
// but the log.
const statusClientClosed = 499

func isTLS(err error) bool {
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var alert tls.AlertError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	return errors.As(err, &record) || errors.As(err, &verify) || errors.As(err, &alert) ||
		errors.As(err, &unknown) || errors.As(err, &host) || strings.Contains(err.Error(), "tls: ")
}

// innermost is the text of the error at the bottom, without the layers of
// net/http, net and os around it, which repeat the URL.
func innermost(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		var dns *net.DNSError
		if errors.As(op.Err, &dns) {
			return fmt.Sprintf("the name %s does not resolve (%s)", dns.Name, dns.Err)
		}
		err = op.Err
	}
	if errors.Is(err, errGuarded) {
		return err.Error()
	}
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// noKey is why a provider can't even be asked.
func noKey(p *provider, wait time.Duration, why *KeyState) *llm.Error {
	switch {
	case len(p.keys) == 0:
		return unavailable(p.name + " has no key that is switched on")
	case why != nil && why.State == KeyCooling:
		return &llm.Error{
			Class: llm.ClassRateLimited, Status: http.StatusTooManyRequests, RetryAfter: wait, Vendor: p.name,
			Message: "every key of " + p.name + " is cooling down after rate limits: " + why.Reason,
		}
	case why != nil:
		e := unavailable("every key of " + p.name + " is benched: " + why.Reason)
		e.Class = why.Class
		return e
	}
	return unavailable(p.name + " has no usable key")
}

func unavailable(message string) *llm.Error {
	return &llm.Error{Class: llm.ClassUnavailable, Status: http.StatusServiceUnavailable, Message: message}
}

// conclude makes one error for the caller of all that went wrong.
func conclude(failed []failure) *llm.Error {
	if len(failed) == 0 {
		return unavailable("no target is left to try")
	}
	last := decisive(failed)
	e := *last.err
	if e.Class == llm.ClassClientClosed || e.Class == llm.ClassShutdown {
		return &e
	}
	told(&e, last.provider)
	if len(failed) == 1 {
		return &e
	}
	same := true
	var parts []string
	for _, f := range failed {
		same = same && f.err.Class == e.Class
		parts = append(parts, fmt.Sprintf("%s: %s", f.provider, f.err.Class))
		if f.err.Class == llm.ClassRateLimited && f.err.RetryAfter > 0 && f.err.RetryAfter < e.RetryAfter {
			e.RetryAfter = f.err.RetryAfter
		}
	}
	e.Message += " (tried " + strings.Join(parts, "; ") + ")"
	if !same && (!callersOwn(e.Class) || e.Class == llm.ClassModelNotFound) {
		e.Status, e.Code, e.Raw = http.StatusServiceUnavailable, "all_targets_failed", nil
	}
	return &e
}

// decisive is the failure that says most to the caller: the last one of a
// target that was really asked, else the last.
func decisive(failed []failure) failure {
	for i := len(failed) - 1; i >= 0; i-- {
		if !failed[i].skipped {
			return failed[i]
		}
	}
	return failed[len(failed)-1]
}

// callersOwn reports whether a failure is about the request itself, so that
// the vendor's own answer is the right one for the caller.
func callersOwn(class llm.Class) bool {
	switch class {
	case llm.ClassBadRequest, llm.ClassContextLength, llm.ClassContentFilter, llm.ClassModelNotFound:
		return true
	}
	return false
}

// told gives an error of a vendor the status and code by which callers learn
// of it. A vendor's 401 is about our key, not the caller's, so it is a 502.
func told(e *llm.Error, provider string) {
	if !callersOwn(e.Class) {
		e.Raw = nil
		e.Message = "The provider " + provider + " failed: " + e.Message
	}
	answer := map[llm.Class]struct {
		status int
		code   string
	}{
		llm.ClassConnect:           {http.StatusBadGateway, "upstream_unreachable"},
		llm.ClassTLS:               {http.StatusBadGateway, "upstream_tls"},
		llm.ClassHeadersTimeout:    {http.StatusGatewayTimeout, "upstream_timeout"},
		llm.ClassFirstTokenTimeout: {http.StatusGatewayTimeout, "upstream_timeout"},
		llm.ClassIdleTimeout:       {http.StatusGatewayTimeout, "upstream_timeout"},
		llm.ClassTotalTimeout:      {http.StatusGatewayTimeout, "upstream_timeout"},
		llm.ClassRateLimited:       {http.StatusTooManyRequests, "rate_limit_exceeded"},
		llm.ClassQuotaExhausted:    {http.StatusBadGateway, "upstream_quota"},
		llm.ClassOverloaded:        {http.StatusServiceUnavailable, "upstream_overloaded"},
		llm.ClassServerError:       {http.StatusBadGateway, "upstream_error"},
		llm.ClassAuth:              {http.StatusBadGateway, "upstream_auth"},
		llm.ClassMalformed:         {http.StatusBadGateway, "upstream_malformed"},
		llm.ClassCut:               {http.StatusBadGateway, "stream_interrupted"},
		llm.ClassUnavailable:       {http.StatusServiceUnavailable, "no_usable_key"},
	}
	if a, ok := answer[e.Class]; ok {
		e.Status, e.Code, e.Type, e.Param = a.status, a.code, "upstream_error", ""
		if e.Class == llm.ClassRateLimited {
			e.Type = "rate_limit_error"
		}
	}
	if e.Status < 400 {
		e.Status = http.StatusBadGateway
	}
}

// redact takes a provider's keys out of a vendor's words, should it repeat one.
func redact(s string, p *provider) string {
	p.secrets(func(secret string) {
		if len(secret) >= 8 && strings.Contains(s, secret) {
			s = strings.ReplaceAll(s, secret, Secret(secret).Hint())
		}
	})
	return s
}

// revealing reports whether bytes of a vendor hold one of the provider's keys.
func revealing(b []byte, p *provider) bool {
	found := false
	p.secrets(func(secret string) {
		found = found || len(secret) >= 8 && bytes.Contains(b, []byte(secret))
	})
	return found
}
