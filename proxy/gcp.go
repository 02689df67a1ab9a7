package proxy

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/llm"
)

// serviceAccount is a Google service account's key file.
type serviceAccount struct {
	email, keyID, project string
	key                   Secret // in PEM
	tokenURL              string
}

// googleTokens is where Google hands out tokens, unless a key file says
// otherwise.
const googleTokens = "https://oauth2.googleapis.com/token" //nolint:gosec // an address

// parseServiceAccount reads the JSON that Google's console downloads.
func parseServiceAccount(text string) (credential, error) {
	if !strings.HasPrefix(text, "{") {
		return nil, nil
	}
	f := fields(text)
	a := &serviceAccount{
		email: f["clientemail"], keyID: f["privatekeyid"], project: f["projectid"], key: Secret(f["privatekey"]), tokenURL: f["tokenuri"],
	}
	switch {
	case f == nil:
		return nil, errors.New("the key begins like JSON, but is not: paste the whole file")
	case f["type"] != "" && f["type"] != "service_account":
		return nil, fmt.Errorf("the JSON is a Google credential of type %q: a service account's key file is needed (IAM & Admin, Service accounts, Keys)", clipWords(f["type"]))
	case a.email == "" && a.key == "":
		return nil, nil
	case a.email == "" || a.key == "":
		return nil, errors.New("the service account's JSON lacks client_email or private_key: paste the whole file")
	}
	if !usablePEM(a.key.Reveal()) {
		return nil, errors.New("the private_key in the service account's JSON can't be read: paste the file as it was downloaded")
	}
	if a.tokenURL == "" {
		a.tokenURL = googleTokens
	}
	return a, nil
}

// usablePEM reports whether there is an RSA key in it.
func usablePEM(text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	if k, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		_, ok := k.(*rsa.PrivateKey)
		return ok
	}
	_, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	return err == nil
}

func (a *serviceAccount) kind() string { return catalog.AuthGCP }

func (a *serviceAccount) field(name string) string {
	if name == "project" {
		return a.project
	}
	return ""
}

func (a *serviceAccount) secrets() []Secret { return []Secret{a.key} }

// authorise sends an access token for the account.
func (a *serviceAccount) authorise(ctx context.Context, s *signing) *llm.Error {
	return s.sendToken(ctx, a.fetch)
}

// fetch trades a signed assertion for an access token (RFC 7523).
func (a *serviceAccount) fetch(ctx context.Context, s *signing) (accessToken, *llm.Error) {
	const who = "Google (service account)"
	if err := guardToken(a.tokenURL, s.provider.transport.private); err != nil {
		return accessToken{}, &llm.Error{Class: llm.ClassAuth, Status: http.StatusUnauthorized, Message: "the service account's token_uri can't be used: " + err.Error()}
	}
	conf := jwt.Config{Email: a.email, PrivateKey: []byte(a.key.Reveal()), PrivateKeyID: a.keyID, Scopes: []string{s.auth.Name}, TokenURL: a.tokenURL}
	asked := s.g.now()
	got, err := conf.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, s.tokenClient())).Token()
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.Response != nil:
		words := fields(string(refused.Body))
		return accessToken{}, refusedToken(who, refused.Response.StatusCode, words["error"], words["errordescription"])
	case err != nil:
		return accessToken{}, &llm.Error{Class: llm.ClassConnect, Message: who + " could not be asked for a token: " + clipWords(err.Error())}
	}
	return accessToken{value: Secret(got.AccessToken), until: asked.Add(time.Until(got.Expiry))}, nil
}
