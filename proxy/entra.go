package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/llm"
)

// entraApp is an application in Microsoft Entra ID with a client secret.
type entraApp struct {
	tenant, client string
	secret         Secret
	authority      string // where it signs in
}

// entraAuthority is where applications of the public cloud sign in. Those of
// national clouds say theirs in JSON (activeDirectoryEndpointUrl).
const entraAuthority = "https://login.microsoftonline.com"

// maxToken bounds the answer of a token endpoint, in bytes.
const maxToken = 64 << 10

// guid is how tenants and applications are called; a tenant may also be a
// domain.
var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$`)

// tenantName is what may stand in the path of the sign-in address.
var tenantName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.-]*$`)

// parseEntra reads TENANT:CLIENT:SECRET, or the JSON that the az tool prints
// for a service principal, in either of its forms.
func parseEntra(text string) (credential, error) {
	a := &entraApp{authority: entraAuthority}
	if strings.HasPrefix(text, "{") {
		f := fields(text)
		a.tenant = first(f, "tenantid", "tenant")
		a.client = first(f, "clientid", "appid")
		a.secret = Secret(first(f, "clientsecret", "password", "secret"))
		if v := first(f, "activedirectoryendpointurl", "authority"); v != "" {
			a.authority = strings.TrimRight(v, "/")
		}
		if a.tenant == "" && a.client == "" {
			return nil, nil
		}
	} else {
		parts := strings.SplitN(text, ":", 3)
		if len(parts) < 2 || !guid.MatchString(parts[1]) || !tenantName.MatchString(parts[0]) {
			return nil, nil
		}
		a.tenant, a.client = parts[0], parts[1]
		if len(parts) == 3 {
			a.secret = Secret(parts[2])
		}
	}
	switch {
	case a.tenant == "" || a.client == "" || a.secret == "":
		return nil, errors.New("an Entra application has three parts: paste them as TENANT_ID:CLIENT_ID:CLIENT_SECRET")
	case !tenantName.MatchString(a.tenant):
		return nil, errors.New("the Entra tenant must be its id or a domain")
	}
	return a, nil
}

func (a *entraApp) kind() string { return catalog.AuthEntra }

func (*entraApp) field(string) string { return "" }

func (a *entraApp) secrets() []Secret { return []Secret{a.secret} }

// authorise sends an access token for the application.
func (a *entraApp) authorise(ctx context.Context, s *signing) *llm.Error {
	return s.sendToken(ctx, a.fetch)
}

// fetch signs in with the client's own credentials (RFC 6749 §4.4).
func (a *entraApp) fetch(ctx context.Context, s *signing) (accessToken, *llm.Error) {
	const who = "Microsoft Entra ID"
	address := a.authority + "/" + a.tenant + "/oauth2/v2.0/token"
	if err := guardToken(address, s.provider.transport.private); err != nil {
		return accessToken{}, &llm.Error{Class: llm.ClassAuth, Status: http.StatusUnauthorized, Message: "the Entra authority can't be used: " + err.Error()}
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {a.client}, "client_secret": {a.secret.Reveal()}, "scope": {s.auth.Name},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return accessToken{}, &llm.Error{Class: llm.ClassInternal, Message: who + ": the token's address can't be used"}
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	asked := s.g.now()
	resp, err := s.tokenClient().Do(r)
	if err != nil {
		return accessToken{}, &llm.Error{Class: llm.ClassConnect, Message: who + " could not be asked for a token: " + clipWords(err.Error())}
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxToken)) // half an answer is not JSON
	var got struct {
		Token       string `json:"access_token"`
		Seconds     int64  `json:"expires_in"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	err = json.Unmarshal(body, &got)
	if resp.StatusCode != http.StatusOK || err != nil || got.Token == "" {
		description, _, _ := strings.Cut(got.Description, "Trace ID:") // what follows is for Microsoft
		return accessToken{}, refusedToken(who, resp.StatusCode, got.Error, description)
	}
	return accessToken{value: Secret(got.Token), until: asked.Add(time.Duration(got.Seconds) * time.Second)}, nil
}
