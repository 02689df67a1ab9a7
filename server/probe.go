package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
)

const (
	probeLimit    = 20 * time.Second // longest a test of one key may take
	probesAtATime = 4                // keys of one provider tested at once: a courtesy to the vendor
)

// Probe is what a real, free call to a provider showed.
type Probe struct {
	Key       string      `json:"key" doc:"The key's name; empty where none was used"`
	KeyID     string      `json:"key_id,omitempty"`
	OK        bool        `json:"ok"`
	Class     string      `json:"class,omitempty" doc:"Why not"`
	Status    int         `json:"status" doc:"The vendor's HTTP status; 0 if none came"`
	Message   string      `json:"message" doc:"What is wrong and what to do, with the vendor's own words"`
	URL       string      `json:"url" doc:"Where it was sent"`
	LatencyMS float64     `json:"latency_ms"`
	Steps     []ProbeStep `json:"steps" doc:"As far as it came"`
	Models    []string    `json:"models" doc:"What the vendor listed"`
	Unlisted  bool        `json:"unlisted" doc:"The vendor lists no models; only that it was reached and took the key is known"`
}

// ProbeStep is one step of a probe.
type ProbeStep struct {
	Name   string  `json:"name" doc:"dns, connect, tls, first_byte or answer"`
	MS     float64 `json:"ms"`
	OK     bool    `json:"ok"`
	Detail string  `json:"detail"`
}

type probesOutput struct {
	Body struct {
		OK      bool    `json:"ok" doc:"Every key passed"`
		Results []Probe `json:"results"`
	}
}

type testProviderInput struct {
	ItemID
	Key string `query:"key" doc:"Id of the one key to test; empty: all of them" maxLength:"64"`
}

// testProvider makes a real, free call with each key of a provider.
func (s *Server) testProvider(ctx context.Context, in *testProviderInput) (*probesOutput, error) {
	p, err := s.configured(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	keys := slices.DeleteFunc(slices.Clone(p.Keys), func(k proxy.Key) bool {
		return k.Secret == "" || in.Key != "" && k.ID != in.Key
	})
	if in.Key != "" && len(keys) == 0 {
		return nil, notFound("key at this provider that could be tested")
	}
	return s.probeAll(ctx, p, keys), nil
}

type testNewInput struct {
	Body struct {
		ProviderSpec
		Key string `json:"key,omitempty" writeOnly:"true" doc:"The key to try"`
	}
}

// testNew makes a real, free call with settings that are not saved.
func (s *Server) testNew(ctx context.Context, in *testNewInput) (*probesOutput, error) {
	f := faults{}
	if in.Body.Name == "" {
		in.Body.Name = "unsaved"
	}
	p := f.provider("body", in.Body.ProviderSpec, s.vendors)
	f.secret("body.key", proxy.Secret(in.Body.Key))
	if hasMask(p.Proxy) {
		f.add("body.proxy", "has **** for its password: enter the password itself")
	}
	if err := f.invalid(); err != nil {
		return nil, err
	}
	p.Disabled = false
	var keys []proxy.Key
	if in.Body.Key != "" {
		keys = []proxy.Key{{Secret: proxy.Secret(in.Body.Key), Weight: 1}}
	}
	return s.probeAll(ctx, p, keys), nil
}

// configured is a provider with its keys as the data plane has them.
func (s *Server) configured(ctx context.Context, id string) (proxy.Provider, error) {
	config, err := s.opts.Store.Config(ctx)
	if err != nil {
		return proxy.Provider{}, err
	}
	i := slices.IndexFunc(config.Providers, func(p proxy.Provider) bool { return p.ID == id })
	if i < 0 {
		return proxy.Provider{}, notFound("provider")
	}
	return config.Providers[i], nil
}

// probeAll tests each key, or, where there is none, whether the provider
// answers without.
func (s *Server) probeAll(ctx context.Context, p proxy.Provider, keys []proxy.Key) *probesOutput {
	if len(keys) == 0 {
		keys = []proxy.Key{{}}
	}
	results := make([]Probe, len(keys))
	slots := make(chan struct{}, probesAtATime)
	var wg sync.WaitGroup
	for i, key := range keys {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i] = s.probe(ctx, p, key)
		})
	}
	wg.Wait()
	out := &probesOutput{}
	out.Body.Results = results
	out.Body.OK = !slices.ContainsFunc(results, func(r Probe) bool { return !r.OK })
	return out
}

// probe tests one key.
func (s *Server) probe(ctx context.Context, p proxy.Provider, key proxy.Key) Probe {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	r := s.opts.Gateway.Probe(ctx, p, key)
	out := Probe{
		Key: key.Name, KeyID: key.ID, OK: r.OK, Class: string(r.Class), Status: r.Status, Message: r.Message, URL: r.URL,
		LatencyMS: milliseconds(r.Latency), Steps: make([]ProbeStep, 0, len(r.Steps)), Models: list(r.Models), Unlisted: r.Unlisted,
	}
	for _, step := range r.Steps {
		out.Steps = append(out.Steps, ProbeStep{Name: step.Name, MS: milliseconds(step.Duration), OK: step.OK, Detail: step.Detail})
	}
	return out
}

// milliseconds is a duration in ms, to the microsecond.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

type discoverInput struct {
	ItemID
	Save bool `query:"save" doc:"Make the models found the ones this provider serves"`
}

type discoverOutput struct {
	Body struct {
		Models []string `json:"models" doc:"What the vendor listed, in order"`
		Added  []string `json:"added" doc:"Listed, but not among the provider's models before"`
		Gone   []string `json:"gone" doc:"Among the provider's models before, but not listed"`
		Saved  bool     `json:"saved"`
	}
}

// discover asks the vendor which models it has.
func (s *Server) discover(ctx context.Context, in *discoverInput) (*discoverOutput, error) {
	p, err := s.configured(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	found, err := s.listed(ctx, p)
	if err != nil {
		return nil, err
	}
	out := &discoverOutput{}
	out.Body.Models, out.Body.Added, out.Body.Gone = found, without(found, p.Models), without(p.Models, found)
	if !in.Save || len(out.Body.Added)+len(out.Body.Gone) == 0 {
		return out, nil
	}
	at := place{kind: "provider", id: p.ID, name: p.Name}
	err = s.change(ctx, fmt.Sprintf("save the models found at provider %s", p.Name), at, func(tx *store.Tx) error {
		row, err := tx.Provider(in.ID)
		if err != nil {
			return err
		}
		row.Models = found
		return tx.UpdateProvider(&row)
	})
	out.Body.Saved = err == nil
	return out, err
}

// listed asks with one key after the other until one is let in.
func (s *Server) listed(ctx context.Context, p proxy.Provider) ([]string, error) {
	keys := slices.DeleteFunc(slices.Clone(p.Keys), func(k proxy.Key) bool { return k.Disabled || k.Secret == "" })
	if len(keys) == 0 {
		keys = []proxy.Key{{}}
	}
	var last Probe
	for _, key := range keys {
		if last = s.probe(ctx, p, key); last.OK {
			break
		}
	}
	switch {
	case !last.OK:
		return nil, problem(http.StatusBadGateway, "vendor_failed", "the vendor did not list its models: %s", last.Message)
	case last.Unlisted || len(last.Models) == 0:
		return nil, problem(http.StatusBadGateway, "unlisted", "this vendor does not list its models: enter their names by hand")
	}
	models := make([]string, 0, len(last.Models))
	for _, m := range last.Models {
		f := faults{} // a vendor's list is somebody else's text
		if f.label("", m, maxModel) && len(models) < maxModels {
			models = append(models, m)
		}
	}
	slices.Sort(models)
	return slices.Compact(models), nil
}

// without is what is in a but not in b.
func without(a, b []string) []string {
	in := make(map[string]bool, len(b))
	for _, s := range b {
		in[s] = true
	}
	out := []string{}
	for _, s := range a {
		if !in[s] {
			out = append(out, s)
		}
	}
	return out
}
