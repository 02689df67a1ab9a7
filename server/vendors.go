package server

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/catalog"
)

// vendors is the catalogue with its index.
type vendors struct {
	list []catalog.Vendor
	byID map[string]*catalog.Vendor
}

// catalogue indexes the catalogue.
func catalogue() vendors {
	v := vendors{list: catalog.Vendors(), byID: map[string]*catalog.Vendor{}}
	for i := range v.list {
		v.byID[v.list[i].ID] = &v.list[i]
	}
	return v
}

// check checks a provider against what its vendor has and needs. A pasted base
// URL is tidied in place, and what it says about the vendor's fields is moved
// there.
func (v vendors) check(f *faults, at string, p *proxy.Provider) {
	vendor := v.byID[p.Vendor]
	if vendor == nil {
		f.add(joinPath(at, "vendor"), "is not in the catalogue: %q. GET /api/vendors lists them; any OpenAI-compatible server has an entry too", bounded(p.Vendor, 64))
		return
	}
	before := len(f.list)
	p.Fields = maps.Clone(p.Fields)
	if p.BaseURL != "" {
		base, found, err := vendor.Tidy(p.BaseURL)
		if err != nil {
			f.add(joinPath(at, "base_url"), "%s", err)
		}
		p.BaseURL = base
		if len(found) > 0 && p.Fields == nil {
			p.Fields = map[string]string{}
		}
		maps.Copy(p.Fields, found)
	}
	f.vendorFields(at, vendor, p)
	if len(f.list) > before {
		return
	}
	fields := maps.Clone(p.Fields)
	for _, field := range vendor.Fields {
		if field.FromKey && fields[field.Name] == "" { // what a key says is looked at when it is saved
			if fields == nil {
				fields = map[string]string{}
			}
			fields[field.Name] = field.Example
		}
	}
	_, _, err := vendor.Resolve(vendor.Speaks[0].Protocol, p.Region, p.BaseURL, fields, "model", "/chat/completions")
	f.unresolved(at, vendor, err)
}

// vendorFields checks region and fields by themselves.
func (f *faults) vendorFields(at string, vendor *catalog.Vendor, p *proxy.Provider) {
	hasRegion := func(r catalog.Region) bool { return r.ID == p.Region }
	if p.Region != "" && !slices.ContainsFunc(vendor.Regions, hasRegion) {
		f.add(joinPath(at, "region"), "is not a region of %s: leave it empty or choose one of: %s", vendor.Name.EN, strings.Join(regionIDs(vendor), ", "))
	}
	for _, name := range sortedKeys(p.Fields) {
		here := joinPath(joinPath(at, "fields"), bounded(name, 64))
		if !slices.ContainsFunc(vendor.Fields, func(v catalog.Field) bool { return v.Name == name }) {
			f.add(here, "is not a setting of %s", vendor.Name.EN)
			continue
		}
		f.text(here, p.Fields[name], 512)
	}
	for _, field := range vendor.Fields {
		if field.Required && p.Fields[field.Name] == "" && p.BaseURL == "" {
			f.add(joinPath(joinPath(at, "fields"), field.Name), "is missing: %s needs its %s", vendor.Name.EN, field.Label.EN)
		}
	}
}

// unresolved shows why no address can be made of a provider's settings, at the
// field it is about.
func (f *faults) unresolved(at string, vendor *catalog.Vendor, err error) {
	var field *catalog.FieldError
	switch {
	case err == nil || errors.Is(err, catalog.ErrNoProtocol) || errors.Is(err, catalog.ErrNoEndpoint):
	case errors.Is(err, catalog.ErrNoBaseURL):
		f.add(joinPath(at, "base_url"), "is missing: %s has no address of its own", vendor.Name.EN)
	case errors.As(err, &field) && (field.Field == "base_url" || field.Field == "region" || field.Field == "model"):
		f.add(joinPath(at, field.Field), "%s", field.Reason)
	case errors.As(err, &field):
		f.add(joinPath(joinPath(at, "fields"), field.Field), "%s", field.Reason)
	default:
		f.add(joinPath(at, "base_url"), "%s", err)
	}
}

// regionIDs lists a vendor's regions.
func regionIDs(vendor *catalog.Vendor) []string {
	ids := make([]string, 0, len(vendor.Regions))
	for _, r := range vendor.Regions {
		ids = append(ids, r.ID)
	}
	return ids
}

// Vendor is a catalogue entry as the API shows it.
type Vendor struct {
	ID          string         `json:"id"`
	Name        Text           `json:"name"`
	BaseURL     string         `json:"base_url" doc:"Where its API lives; {name} stands for a field. Empty: it must be given"`
	Protocols   []string       `json:"protocols" doc:"The dialects it speaks"`
	Regions     []VendorRegion `json:"regions"`
	Fields      []VendorField  `json:"fields" doc:"Settings it needs besides the key"`
	Models      []VendorModel  `json:"models" doc:"What it is known for"`
	KeyOptional bool           `json:"key_optional"`
	KeyPrefixes []string       `json:"key_prefixes" doc:"How its keys begin"`
	KeyURL      string         `json:"key_url,omitempty" doc:"Where to get a key"`
	DocsURL     string         `json:"docs_url,omitempty"`
	Local       bool           `json:"local" doc:"Run on one's own machine: private addresses are allowed"`
	Popular     int            `json:"popular" doc:"Order in which to offer it; 0 is not among the first"`
}

// Text is a name in the console's languages.
type Text struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// VendorRegion is one home of a vendor's API.
type VendorRegion struct {
	ID      string `json:"id"`
	Name    Text   `json:"name"`
	BaseURL string `json:"base_url"`
}

// VendorField is a setting a vendor needs besides its key.
type VendorField struct {
	Name     string `json:"name"`
	Label    Text   `json:"label"`
	Required bool   `json:"required"`
	Example  string `json:"example,omitempty"`
}

// VendorModel is a model, or a family of models, that a vendor is known for.
type VendorModel struct {
	Match     string `json:"match" doc:"A name, or a pattern in which * stands for anything"`
	Kind      string `json:"kind" doc:"chat, embedding, image, audio or rerank"`
	Reasoning bool   `json:"reasoning"`
	Vision    bool   `json:"vision"`
	Context   int    `json:"context" doc:"Context window in tokens; 0 is unknown"`
}

type vendorsOutput struct {
	Body struct {
		Vendors []Vendor `json:"vendors"`
	}
}

// listVendors shows the catalogue.
func (s *Server) listVendors(context.Context, *empty) (*vendorsOutput, error) {
	out := &vendorsOutput{}
	out.Body.Vendors = make([]Vendor, 0, len(s.vendors.list))
	for i := range s.vendors.list {
		out.Body.Vendors = append(out.Body.Vendors, showVendor(&s.vendors.list[i]))
	}
	return out, nil
}

// showVendor converts a catalogue entry.
func showVendor(v *catalog.Vendor) Vendor {
	out := Vendor{
		ID: v.ID, Name: Text(v.Name), KeyOptional: v.KeyOptional, KeyPrefixes: list(v.KeyPrefixes), KeyURL: v.KeyURL,
		DocsURL: v.DocsURL, Local: v.Local, Popular: v.Popular,
		Protocols: []string{}, Regions: []VendorRegion{}, Fields: []VendorField{}, Models: []VendorModel{},
	}
	protocol := ""
	for i, speaks := range v.Speaks {
		if i == 0 {
			out.BaseURL, protocol = speaks.BaseURL, speaks.Protocol
		}
		if !slices.Contains(out.Protocols, speaks.Protocol) {
			out.Protocols = append(out.Protocols, speaks.Protocol)
		}
	}
	for _, r := range v.Regions {
		out.Regions = append(out.Regions, VendorRegion{ID: r.ID, Name: Text(r.Name), BaseURL: r.BaseURLs[protocol]})
	}
	for _, f := range v.Fields {
		out.Fields = append(out.Fields, VendorField{Name: f.Name, Label: Text(f.Label), Required: f.Required, Example: f.Example})
	}
	for _, m := range v.Models {
		kind := m.Kind
		if kind == "" {
			kind = "chat"
		}
		out.Models = append(out.Models, VendorModel{Match: m.Match, Kind: kind, Reasoning: m.Reasoning, Vision: m.Vision, Context: m.Context})
	}
	return out
}

// list makes an empty list of none, since the API has no null lists.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// sortedKeys lists a map's keys in order, so that faults come in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
