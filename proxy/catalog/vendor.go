package catalog

import "slices"

// Text is a name or sentence in the console's two languages.
type Text struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// Vendor is a company's (or a self-hosted server's) API as data.
type Vendor struct {
	ID   string `json:"id"`   // stable, lower case, e.g. "deepseek"
	Name Text   `json:"name"` // what people call it

	// Speaks lists the protocols the vendor answers and where, in order of
	// preference. The first entry whose Needs are all given is the default.
	Speaks []Speaks `json:"speaks"`

	// Auth says how the key is sent, unless a Speaks entry says otherwise.
	Auth Auth `json:"auth"`

	// Regions are alternative homes of the same API. Keys are usually bound to
	// one. The first is the default. Empty: there is only one home.
	Regions []Region `json:"regions,omitempty"`

	// Fields are settings besides the key that the vendor needs, such as an
	// Azure resource name. Base URLs refer to them as {name}.
	Fields []Field `json:"fields,omitempty"`

	// Models are what the vendor is known for: exact names to list, and
	// patterns by which a bare model name finds its way here.
	Models []Model `json:"models,omitempty"`

	// Fixes repair outgoing bodies where the vendor departs from its dialect.
	Fixes []Fix `json:"fixes,omitempty"`

	// Quirks are where models depart from the protocols they are reached by:
	// what translation must know, as Fixes is for bodies that are passed on.
	Quirks []Quirk `json:"-"`

	// Original marks those who made OpenAI's dialect and take all of it. All
	// others imitate it, and know neither the developer role nor its newer names.
	Original bool `json:"-"`

	// PrefixFlag is the boolean an assistant message must carry for a Prefix
	// model to continue it ("partial", "prefix"). Empty: no flag is needed.
	PrefixFlag string `json:"prefix_flag,omitempty"`

	KeyOptional bool     `json:"key_optional,omitempty"` // works without a key (local servers)
	KeyPrefixes []string `json:"key_prefixes,omitempty"` // how its keys begin, to recognise a pasted one
	KeyURL      string   `json:"key_url,omitempty"`      // where a user gets a key
	DocsURL     string   `json:"docs_url,omitempty"`     // where its API is described

	// Local marks servers that people run on their own machine or network, for
	// which loopback and private addresses are allowed from the start.
	Local bool `json:"local,omitempty"`

	// Popular vendors are offered first (installer, setup tiles); 1 is first, 0 is not.
	Popular int `json:"popular,omitempty"`
}

// Speaks is one protocol at one place.
type Speaks struct {
	Protocol string `json:"protocol"` // "openai", later "anthropic", "gemini", …
	// BaseURL is what endpoint paths are appended to, without a trailing
	// slash. It may hold {field} for a Field of the vendor, {region} for the
	// region's id and {model} for the model being called (Azure deployments).
	// Empty: there is no such place, and the admin must give one.
	BaseURL string `json:"base_url"`
	// Query is added to every URL; values may hold {field}.
	Query map[string]string `json:"query,omitempty"`
	// Headers are sent with every request, unless the caller or the admin sets
	// them.
	Headers map[string]string `json:"headers,omitempty"`
	// Auth overrides the vendor's.
	Auth *Auth `json:"auth,omitempty"`
	// Needs names the fields that must be given for this entry to apply. It is
	// how "Azure with an api-version" differs from "Azure without".
	Needs []string `json:"needs,omitempty"`
	// Models are patterns of the models that are reached this way; empty: all
	// (Vertex has Gemini and Claude behind different protocols). Except are
	// patterns of those that are not.
	Models []string `json:"models,omitempty"`
	Except []string `json:"except,omitempty"`
	// For are top-level fields of a request that this protocol alone serves: a
	// conversation that has one goes this way although the vendor speaks the
	// caller's dialect, too (Ollama's num_ctx).
	For []string `json:"for,omitempty"`
	// Fuller says that this protocol carries more than those before it: what has
	// to be translated anyway goes this way. Bytes still pass in the protocol they
	// came in, where the vendor speaks it.
	Fuller bool `json:"fuller,omitempty"`
	// Paths overrides where an endpoint lives: the key is the protocol's path
	// below the base ("/models"), the value another path below the base, an
	// absolute URL, or "-" where the vendor has no such endpoint. Both may hold
	// the placeholders of BaseURL, and {origin}, which is scheme, host and port
	// of the base in force: a key never leaves the host an admin chose.
	Paths map[string]string `json:"paths,omitempty"`
	// AtHome is Paths at the vendor's own homes alone: for what lies on another
	// host than the base. Where an admin gave a base URL it does not apply, for a
	// key never leaves the host an admin chose.
	AtHome map[string]string `json:"at_home,omitempty"`
	// StreamPaths is Paths for streams, where they live elsewhere.
	StreamPaths map[string]string `json:"stream_paths,omitempty"`
}

// Auth says how a vendor's key travels.
type Auth struct {
	Kind string `json:"kind"` // one of the kinds below
	// Name is the header's or query parameter's name; of sigv4 the service that
	// is signed for, of gcp and azure-ad the scope that is asked for.
	Name string `json:"name,omitempty"`
	// Else is how keys travel that are not of this kind's form, such as a Bedrock
	// API key where there may be an AWS access key, too.
	Else *Auth `json:"else,omitempty"`
}

// The kinds of Auth. The last three don't send the key: they sign with it, or
// fetch a token for it.
const (
	AuthBearer = "bearer"
	AuthHeader = "header"
	AuthQuery  = "query"
	AuthNone   = "none"
	AuthSigV4  = "sigv4"    // AWS Signature Version 4
	AuthGCP    = "gcp"      // a Google service account
	AuthEntra  = "azure-ad" // a Microsoft Entra ID application
)

// Auths are all ways in which the vendor's keys may travel.
func (v *Vendor) Auths() []Auth {
	var all []Auth
	add := func(a *Auth) {
		for ; a != nil; a = a.Else {
			if !slices.ContainsFunc(all, func(o Auth) bool { return o.Kind == a.Kind && o.Name == a.Name }) {
				all = append(all, *a)
			}
		}
	}
	add(&v.Auth)
	for i := range v.Speaks {
		add(v.Speaks[i].Auth)
	}
	return all
}

// Region is one home of a vendor's API.
type Region struct {
	ID   string `json:"id"`
	Name Text   `json:"name"`
	// BaseURLs replaces Speaks.BaseURL by protocol name, for every protocol the
	// vendor speaks.
	BaseURLs map[string]string `json:"base_urls"`
}

// Field is a setting a vendor needs besides its key.
type Field struct {
	Name  string `json:"name"` // as written in braces in URLs, e.g. "resource"
	Label Text   `json:"label"`
	// Required fields are needed unless the admin gives a base URL.
	Required bool   `json:"required,omitempty"`
	Example  string `json:"example,omitempty"`
	// FromKey says that a key may say it (a service account its project), where
	// the admin does not.
	FromKey bool `json:"from_key,omitempty"`
}

// Model is a model, or a family of models, that a vendor is known for.
type Model struct {
	// Match is an exact name, or a pattern in which * stands for any run of
	// characters ("qwen*").
	Match string `json:"match"`
	// Reasoning models think before they speak, so their first token may take
	// a minute.
	Reasoning bool `json:"reasoning,omitempty"`
	// Prefix models continue an assistant message that the request ends with.
	Prefix bool `json:"prefix,omitempty"`
	// Vision models take images.
	Vision bool `json:"vision,omitempty"`
	// Lacks is what the model is known to refuse or to ignore. Not to be in here
	// means nothing: of most models we do not know.
	Lacks []Need `json:"lacks,omitempty"`
	// Context is the context window in tokens; 0 is unknown.
	Context int `json:"context,omitempty"`
	// Kind is "chat" when empty, else "embedding", "image", "audio", "rerank",
	// "video" or "moderation".
	Kind string `json:"kind,omitempty"`
}

// Need is something that a request may need of a model. Its text is for people.
type Need string

// The needs.
const (
	NeedImages Need = "images"
	NeedTools  Need = "tools"
)

// Needs lists what requests may need.
func Needs() []Need { return []Need{NeedImages, NeedTools} }

// IsWithout reports whether a model is known to lack something.
func (v *Vendor) IsWithout(model string, need Need) bool {
	m, ok := v.Model(model)
	return ok && slices.Contains(m.Lacks, need)
}

// Fix repairs one field of an outgoing JSON body on the way to a vendor.
type Fix struct {
	// Do is "drop" (remove Field), "rename" (Field becomes To; where the body
	// has To already, Field is only removed), "clamp" (a number outside Min…Max
	// becomes the nearer bound), "in_path" (remove Field, which the URL says), or
	// "set" (Field becomes To, which is JSON, whether it was there or not).
	Do     string   `json:"do"`
	Field  string   `json:"field"` // a top-level field of the body
	To     string   `json:"to,omitempty"`
	Min    float64  `json:"min,omitempty"`
	Max    float64  `json:"max,omitempty"`
	Models []string `json:"models,omitempty"` // patterns it applies to; empty: all
	Ops    []string `json:"ops,omitempty"`    // llm.Op values it applies to; empty: chat only
}

// The values of Fix.Do.
const (
	FixDrop   = "drop"
	FixRename = "rename"
	FixClamp  = "clamp"
	FixInPath = "in_path"
	FixSet    = "set"
)
