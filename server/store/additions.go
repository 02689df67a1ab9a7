package store

import (
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/posthouse/posthouse/proxy"
)

// additions are what a provider adds to its requests and the outbound proxy
// they go through. Any of it may hold a credential (a gateway's own header, a
// proxy's password), so it is sealed as a whole.
type additions struct {
	Proxy   string            `json:"proxy,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Query   map[string]string `json:"query,omitempty"`
}

func (q queries) sealAdditions(p *Provider) (string, error) {
	plain, err := json.Marshal(additions{Proxy: p.Proxy, Headers: p.Headers, Query: p.Query})
	if err != nil {
		return "", fmt.Errorf("provider additions: %w", err)
	}
	sealed, err := q.sealer.Seal(plain, p.ID)
	if err != nil {
		return "", fmt.Errorf("seal provider additions: %w", err)
	}
	return sealed, nil
}

// additions unseals a provider's additions. Without the key that sealed them
// there are none; the provider's own keys say what happened (see Broken).
func (q queries) additions(r providerRow) additions {
	var a additions
	plain, err := q.sealer.Unseal(r.Additions, r.ID)
	if err != nil {
		return a
	}
	_ = json.Unmarshal(plain, &a) // it was authenticated, so it is what was sealed
	return a
}

// hinted is what revisions show: names, and values as hints.
func (a additions) hinted() additions {
	shown := additions{Headers: hints(a.Headers), Query: hints(a.Query)}
	if u, err := url.Parse(a.Proxy); err == nil {
		shown.Proxy = u.Redacted()
	}
	return shown
}

func hints(values map[string]string) map[string]string {
	if len(values) == 0 {
		return nil
	}
	shown := make(map[string]string, len(values))
	for name, value := range values {
		shown[name] = proxy.Secret(value).Hint()
	}
	return shown
}
