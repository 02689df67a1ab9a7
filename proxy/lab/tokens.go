package lab

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// tokenSeconds is how long the tokens last that the lab hands out.
const tokenSeconds = 3600

// tokenOperations are the endpoints at which clouds trade credentials for
// tokens: Google's for service accounts, Microsoft's for applications.
func tokenOperations() []op {
	return []op{
		{method: http.MethodPost, path: "/google/token", handle: googleToken, bases: []string{""}, open: true},
		{method: http.MethodPost, path: "/entra/{id}/oauth2/v2.0/token", handle: entraToken, bases: []string{""}, open: true},
	}
}

// issue makes a token for somebody, which is taken for a key from then on.
func (l *Lab) issue(who string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.issued == nil {
		l.issued = map[string]string{}
	}
	value := fmt.Sprintf("lab-token-%d", len(l.issued)+1)
	l.issued[value] = who
	return value
}

// hasIssued reports whether a token is the lab's own.
func (l *Lab) hasIssued(value string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.issued[value] != ""
}

// Revoke makes the lab take none of the tokens any more that it has issued.
func (l *Lab) Revoke() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for value := range l.issued {
		l.issued[value] = ""
	}
}

// Issued counts the tokens that were handed out.
func (l *Lab) Issued() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.issued)
}

// noToken refuses in the words of RFC 6749.
func noToken(status int, code, description string) *reply {
	return newReply(status, "application/json", encode(map[string]string{"error": code, "error_description": description}))
}

func (x *exchange) tokenForm() url.Values {
	form, _ := url.ParseQuery(string(x.body)) // what is broken lacks what is asked for
	return form
}

func (x *exchange) grant(who string) *reply {
	return jsonReply(map[string]any{"access_token": x.lab.issue(who), "token_type": "Bearer", "expires_in": tokenSeconds})
}

// googleToken trades an assertion, signed by a service account's key, for a
// token (RFC 7523).
func googleToken(x *exchange) (*reply, *apiError) {
	form := x.tokenForm()
	if form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		return noToken(http.StatusBadRequest, "unsupported_grant_type", "Invalid grant_type: "+clip(form.Get("grant_type"), 60)), nil
	}
	parts := strings.Split(form.Get("assertion"), ".")
	if len(parts) != 3 {
		return noToken(http.StatusBadRequest, "invalid_grant", "Bad Request"), nil
	}
	var claims struct {
		Issuer   string `json:"iss"`
		Scope    string `json:"scope"`
		Audience string `json:"aud"`
		Issued   int64  `json:"iat"`
		Expires  int64  `json:"exp"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return noToken(http.StatusBadRequest, "invalid_grant", "Invalid JWT: the claims can't be read."), nil
	}
	key := x.lab.opts.Accounts[claims.Issuer]
	if key == nil {
		return noToken(http.StatusBadRequest, "invalid_grant", "Invalid grant: account not found"), nil
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	mac, _ := base64.RawURLEncoding.DecodeString(parts[2]) // what is broken fits nothing
	now := x.lab.opts.Now().Unix()
	switch {
	case rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], mac) != nil:
		return noToken(http.StatusBadRequest, "invalid_grant", "Invalid JWT Signature."), nil
	case claims.Scope == "" || !strings.HasSuffix(claims.Audience, "/google/token") || claims.Expires < now-300 || claims.Issued > now+300:
		return noToken(http.StatusBadRequest, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."), nil
	}
	return x.grant(claims.Issuer), nil
}

// entraToken trades an application's secret for a token.
func entraToken(x *exchange) (*reply, *apiError) {
	form := x.tokenForm()
	client := form.Get("client_id")
	secret, known := x.lab.opts.Apps[client]
	switch {
	case form.Get("grant_type") != "client_credentials":
		return noToken(http.StatusBadRequest, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type."), nil
	case !strings.HasSuffix(form.Get("scope"), "/.default"):
		return noToken(http.StatusBadRequest, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid."), nil
	case !known:
		return noToken(http.StatusBadRequest, "unauthorized_client", "AADSTS700016: Application with identifier '"+clip(client, 40)+"' was not found in the directory. Trace ID: 0 Correlation ID: 0"), nil
	case form.Get("client_secret") != secret:
		return noToken(http.StatusUnauthorized, "invalid_client", "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID. Trace ID: 0 Correlation ID: 0"), nil
	}
	return x.grant(client), nil
}
