package proxy

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/llm"
)

// credential is a provider's key that is not sent itself: it signs requests, or
// fetches tokens that are sent in its place.
type credential interface {
	// kind is the catalog's word for it.
	kind() string
	// authorise makes a request that is otherwise ready one that the vendor takes.
	authorise(ctx context.Context, s *signing) *llm.Error
	// secrets are the parts of it that must never be seen.
	secrets() []Secret
	// field is what it says of a setting of the provider (catalog.Field.FromKey);
	// empty: nothing.
	field(name string) string
}

// keyFields are a provider's settings, with those that the admin left to the
// keys: the first key that says one decides.
func keyFields(p *provider) map[string]string {
	all := p.fields
	for _, f := range p.vendor.Fields {
		if !f.FromKey || all[f.Name] != "" {
			continue
		}
		for _, k := range p.keys {
			if k.credential == nil || k.credential.field(f.Name) == "" {
				continue
			}
			all = maps.Clone(all)
			if all == nil {
				all = map[string]string{}
			}
			all[f.Name] = k.credential.field(f.Name)
			break
		}
	}
	return all
}

// signing is what a credential knows of the request it is for.
type signing struct {
	g        *Gateway
	request  *http.Request
	auth     catalog.Auth
	provider *provider
	key      *key
}

// forms are what a key that is a credential may look like, by kind. A parser
// returns nil for text of another form, and an error for text that is of this
// form and can't be used.
var forms = map[string]func(text string) (credential, error){
	catalog.AuthSigV4: parseAWS,
	catalog.AuthGCP:   parseServiceAccount,
	catalog.AuthEntra: parseEntra,
}

// parseKey reads a provider's key as what its vendor takes: a credential, or
// nil for a plain key that is sent as it is. The error says what is wrong with
// the key and holds nothing of it.
func parseKey(v *catalog.Vendor, secret Secret) (credential, error) {
	text := strings.TrimSpace(secret.Reveal())
	var wrong error
	for _, auth := range v.Auths() {
		parse := forms[auth.Kind]
		if parse == nil {
			continue
		}
		c, err := parse(text)
		switch {
		case c != nil:
			return c, nil
		case err != nil && wrong == nil:
			wrong = err
		}
	}
	switch {
	case wrong != nil:
		return nil, wrong
	case strings.HasPrefix(text, "{"):
		return nil, fmt.Errorf("the key is JSON, but not of a kind that %s takes: %s", v.Name.EN, takes(v))
	case strings.ContainsFunc(secret.Reveal(), func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return nil, fmt.Errorf("the key holds a space, a line break or a character that no key has: paste it again")
	}
	return nil, nil
}

// takes says what a vendor's keys may be.
func takes(v *catalog.Vendor) string {
	words := map[string]string{
		catalog.AuthSigV4: "an AWS access key as ACCESS_KEY_ID:SECRET_ACCESS_KEY",
		catalog.AuthGCP:   "a service account's JSON key file",
		catalog.AuthEntra: "an Entra application as TENANT_ID:CLIENT_ID:CLIENT_SECRET",
	}
	var list []string
	for _, auth := range v.Auths() {
		if w := words[auth.Kind]; w != "" {
			list = append(list, w)
		}
	}
	if len(list) == 0 {
		return "paste the API key alone"
	}
	return "paste " + strings.Join(list, ", or ") + ", or an API key"
}

// fields reads the texts of a JSON object, whatever case and separators their
// names are written in: clientId, client_id and ClientID are one. What is no
// text is left out, but for an object named Credentials, as AWS nests them.
func fields(text string) map[string]string {
	var raw map[string]llm.Raw
	if json.Unmarshal([]byte(text), &raw) != nil {
		return nil
	}
	out := map[string]string{}
	for name, v := range raw {
		var s string
		if json.Unmarshal(v, &s) == nil {
			out[plainName(name)] = strings.TrimSpace(s)
		} else if plainName(name) == "credentials" {
			for n, s := range fields(string(v)) {
				out[n] = s
			}
		}
	}
	return out
}

func plainName(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(name))
}

// first is the first of some fields that is there.
func first(fields map[string]string, names ...string) string {
	for _, n := range names {
		if v := fields[n]; v != "" {
			return v
		}
	}
	return ""
}

// sendToken sends an access token that the credential is traded for; one that
// is kept still, or else a new one.
func (s *signing) sendToken(ctx context.Context, fetch func(context.Context, *signing) (accessToken, *llm.Error)) *llm.Error {
	value, failed := s.g.tokens.get(ctx, s.key, s.auth.Name, func(ctx context.Context) (accessToken, *llm.Error) {
		return fetch(ctx, s)
	})
	if failed != nil {
		return failed
	}
	s.request.Header.Set("Authorization", "Bearer "+value.Reveal())
	return nil
}

// authorise puts a provider's key into a request, in the vendor's way. Query
// parameters are set on the request's URL.
func (g *Gateway) authorise(ctx context.Context, r *http.Request, auth catalog.Auth, p *provider, k *key) *llm.Error {
	if k == nil || auth.Kind == catalog.AuthNone {
		return nil
	}
	for a := &auth; a != nil; a = a.Else {
		switch {
		case k.credential != nil && k.credential.kind() == a.Kind:
			return k.credential.authorise(ctx, &signing{g, r, *a, p, k})
		case k.credential == nil && forms[a.Kind] == nil:
			sendKey(r, *a, k.secret)
			return nil
		}
	}
	return &llm.Error{
		Class: llm.ClassAuth, Status: http.StatusUnauthorized,
		Message: fmt.Sprintf("the key is not of a kind that %s takes here: %s", p.vendor.Name.EN, takes(p.vendor)),
	}
}

// sendKey sends a key as it is.
func sendKey(r *http.Request, auth catalog.Auth, secret Secret) {
	text := strings.TrimSpace(secret.Reveal())
	switch auth.Kind {
	case catalog.AuthBearer:
		r.Header.Set("Authorization", "Bearer "+text)
	case catalog.AuthHeader:
		r.Header.Set(auth.Name, text)
	case catalog.AuthQuery:
		query := r.URL.Query()
		query.Set(auth.Name, text)
		r.URL.RawQuery = query.Encode()
	}
}

// guardToken refuses to send a credential to where tokens can't come from: in
// the clear, unless the admin allowed the provider's own network.
func guardToken(address string, private bool) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !(private && u.Scheme == "http") {
		return fmt.Errorf("tokens must come from an https address")
	}
	return nil
}
