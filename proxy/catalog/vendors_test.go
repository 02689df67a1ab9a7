package catalog

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/protocol"
)

// fieldsOf is every field of a vendor, filled with its example.
func fieldsOf(v *Vendor) map[string]string {
	fields := map[string]string{}
	for _, f := range v.Fields {
		fields[f.Name] = f.Example
	}
	return fields
}

// requiredOf is only what a vendor cannot do without.
func requiredOf(v *Vendor) map[string]string {
	fields := map[string]string{}
	for _, f := range v.Fields {
		if f.Required || f.FromKey {
			fields[f.Name] = f.Example
		}
	}
	return fields
}

func TestEveryVendorIsComplete(t *testing.T) {
	idForm := regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
	seen := map[string]bool{}
	for i := range Vendors() {
		v := &Vendors()[i]
		t.Run(v.ID, func(t *testing.T) {
			if !idForm.MatchString(v.ID) || seen[v.ID] {
				t.Errorf("id %q is not lower case or not unique", v.ID)
			}
			seen[v.ID] = true
			if got, ok := ByID(v.ID); !ok || got != v {
				t.Errorf("ByID(%q) = %v, %v", v.ID, got, ok)
			}
			checkTexts(t, v)
			checkLinks(t, v)
			checkAuth(t, v.Auth)
			if len(v.Speaks) == 0 || !slices.Contains([]string{"openai", "anthropic", "gemini", "bedrock"}, v.Speaks[0].Protocol) {
				t.Error("must speak a protocol with conversations first")
			}
			for _, s := range v.Speaks {
				if s.Auth != nil {
					checkAuth(t, *s.Auth)
				}
				for _, need := range s.Needs {
					if !v.hasField(need) {
						t.Errorf("needs %q, which is no field", need)
					}
				}
			}
			if v.Local && !v.KeyOptional {
				t.Error("a local server works without a key")
			}
		})
	}
	if _, ok := ByID("nobody"); ok {
		t.Error("ByID found nobody")
	}
}

func checkTexts(t *testing.T, v *Vendor) {
	t.Helper()
	texts := []Text{v.Name}
	for _, r := range v.Regions {
		texts = append(texts, r.Name)
	}
	for _, f := range v.Fields {
		texts = append(texts, f.Label)
		if f.Example == "" {
			t.Errorf("field %s has no example", f.Name)
		}
	}
	for _, text := range texts {
		if strings.TrimSpace(text.EN) == "" || strings.TrimSpace(text.ZH) == "" {
			t.Errorf("%+v lacks a language", text)
		}
	}
}

func checkLinks(t *testing.T, v *Vendor) {
	t.Helper()
	if v.KeyURL == "" && !v.KeyOptional {
		t.Error("has no link to where a key is got")
	}
	for _, link := range []string{v.KeyURL, v.DocsURL} {
		if link == "" {
			continue
		}
		if u, err := url.Parse(link); err != nil || u.Scheme != "https" || u.Host == "" {
			t.Errorf("link %q is not https", link)
		}
	}
	for i, prefix := range v.KeyPrefixes {
		if prefix == "" || slices.Contains(v.KeyPrefixes[:i], prefix) {
			t.Errorf("key prefix %q is empty or listed twice", prefix)
		}
	}
}

func checkAuth(t *testing.T, a Auth) {
	t.Helper()
	plain := []string{AuthBearer, AuthNone, AuthHeader, AuthQuery}
	signed := []string{AuthSigV4, AuthGCP, AuthEntra}
	named := a.Kind != AuthBearer && a.Kind != AuthNone
	if !slices.Contains(append(plain, signed...), a.Kind) || named != (a.Name != "") {
		t.Errorf("auth %+v is not well-formed", a)
	}
	switch {
	case a.Else == nil:
	case slices.Contains(plain, a.Kind):
		t.Errorf("auth %+v takes every key, and leaves none to another", a)
	default:
		checkAuth(t, *a.Else)
	}
}

func TestTheIssuesVendorsAreThere(t *testing.T) {
	for _, id := range strings.Fields(`dashscope deepseek azure openai doubao moonshot zhipu minimax
		qianfan hunyuan spark stepfun yi baichuan siliconflow 360 groq mistral cohere together fireworks
		openrouter xai perplexity cerebras nvidia huggingface github cloudflare anthropic gemini ollama
		vllm sglang lmstudio llamacpp xinference custom demo bedrock vertex`) {
		if _, ok := ByID(id); !ok {
			t.Errorf("%s is missing", id)
		}
	}
}

func TestPopularVendorsComeFirstInOrder(t *testing.T) {
	want := []string{
		"deepseek", "dashscope", "openai", "anthropic", "gemini", "doubao",
		"moonshot", "zhipu", "azure", "openrouter", "ollama", "custom",
	}
	for i, v := range Vendors() {
		switch {
		case i < len(want) && (v.ID != want[i] || v.Popular != i+1):
			t.Errorf("place %d is %s (popular %d), want %s", i+1, v.ID, v.Popular, want[i])
		case i >= len(want) && v.Popular != 0:
			t.Errorf("%s is popular %d, but stands at %d", v.ID, v.Popular, i+1)
		}
	}
}

func TestRegionsCoverEveryProtocol(t *testing.T) {
	for _, v := range Vendors() {
		ids := map[string]bool{}
		for i, r := range v.Regions {
			if r.ID == "" || ids[r.ID] {
				t.Errorf("%s: region %q is empty or there twice", v.ID, r.ID)
			}
			ids[r.ID] = true
			if r.BaseURLs[v.Speaks[0].Protocol] == "" {
				t.Errorf("%s/%s has no home for %s", v.ID, r.ID, v.Speaks[0].Protocol)
			}
			for protocol := range r.BaseURLs {
				if !slices.Contains(v.Protocols(""), protocol) {
					t.Errorf("%s/%s has a home for %s, which the vendor does not speak", v.ID, r.ID, protocol)
				}
			}
			for n := range v.Speaks {
				s := &v.Speaks[n]
				home, ok := v.regional(&v.Regions[i], s)
				if i == 0 && (!ok || home != s.BaseURL) {
					t.Errorf("%s: for %s the first region and the default home differ: %s", v.ID, s.Protocol, home)
				}
			}
		}
	}
}

// TestOtherProtocolsMove holds where the protocols beside a vendor's first one
// live, in a region or below a base URL that an admin gave for the first.
func TestOtherProtocolsMove(t *testing.T) {
	for _, tt := range []struct{ vendor, protocol, region, base, path, want string }{
		{"dashscope", "anthropic", "", "", "/v1/messages", "https://dashscope.aliyuncs.com/apps/anthropic/v1/messages"},
		{"dashscope", "anthropic", "intl", "", "/v1/messages", "https://dashscope-intl.aliyuncs.com/apps/anthropic/v1/messages"},
		{"dashscope", "anthropic", "", "https://ws1.cn-beijing.maas.aliyuncs.com/compatible-mode/v1", "/v1/messages", "https://ws1.cn-beijing.maas.aliyuncs.com/apps/anthropic/v1/messages"},
		{"dashscope", "responses", "us", "", "/responses", "https://dashscope-us.aliyuncs.com/compatible-mode/v1/responses"},
		{"dashscope", "anthropic", "", "https://proxy.example/elsewhere", "/v1/messages", ""},
		{"deepseek", "anthropic", "", "http://127.0.0.1:9000", "/v1/messages", "http://127.0.0.1:9000/anthropic/v1/messages"},
		{"zhipu", "anthropic", "intl-coding", "", "/v1/messages", "https://api.z.ai/api/anthropic/v1/messages"},
		{"zhipu", "anthropic", "intl", "", "/v1/messages", "https://api.z.ai/api/anthropic/v1/messages"},
		{"moonshot", "anthropic", "intl", "", "/v1/messages", "https://api.moonshot.ai/anthropic/v1/messages"},
		{"anthropic", "openai", "", "", "/chat/completions", ""},
		{"gemini", "gemini", "", "", "/models/{model}:generateContent", "https://generativelanguage.googleapis.com/v1beta/models/m%2Fx:generateContent"},
		{"bedrock", "bedrock", "eu-west-1", "", "/model/{model}/converse", "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m%2Fx/converse"},
		{"bedrock", "bedrock", "", "http://127.0.0.1:9000", "/model/{model}/converse-stream", "http://127.0.0.1:9000/model/m%2Fx/converse-stream"},
		{"bedrock", "openai", "", "", "/chat/completions", ""},
		{"bedrock", "bedrock", "eu-west-1", "", "/foundation-models", "https://bedrock.eu-west-1.amazonaws.com/foundation-models"},
		{"bedrock", "bedrock", "", "http://127.0.0.1:9000", "/foundation-models", ""},
		{"cohere", "cohere", "", "", "/v2/chat", "https://api.cohere.com/v2/chat"},
		{"cohere", "cohere", "", "http://127.0.0.1:9000/compatibility/v1", "/v2/embed", "http://127.0.0.1:9000/v2/embed"},
		{"vertex", "gemini", "express", "", "/models/{model}:generateContent", "https://aiplatform.googleapis.com/v1/publishers/google/models/m%2Fx:generateContent"},
		{"vertex", "anthropic", "express", "", "/v1/messages", ""},
		{"gemini", "openai", "", "", "/chat/completions", ""},
		{"gemini", "openai", "", "", "/images/generations", "https://generativelanguage.googleapis.com/v1beta/openai/images/generations"},
	} {
		v, _ := ByID(tt.vendor)
		got, _, err := v.Resolve(tt.protocol, tt.region, tt.base, nil, "m/x", tt.path)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%s in %s (%s %s): got %q, %v, want %q", tt.vendor, tt.protocol, tt.region, tt.base, got, err, tt.want)
		}
		if v.Offers(tt.protocol, tt.region, tt.base, nil, "m/x", tt.path) != (tt.want != "") {
			t.Errorf("%s in %s: Offers and Resolve disagree", tt.vendor, tt.protocol)
		}
	}
}

// TestClaudeInTheClouds holds where Claude is reached at Vertex and in Azure,
// and that nothing else is reached there.
func TestClaudeInTheClouds(t *testing.T) {
	const project = "https://us-east5-aiplatform.googleapis.com/v1/projects/p1/locations/us-east5/publishers/"
	for _, tt := range []struct {
		vendor, protocol, region, base, model, path string
		stream                                      bool
		want                                        string
	}{
		{"vertex", "anthropic", "us-east5", "", "claude-sonnet-4-5@20250929", "/v1/messages", false, project + "anthropic/models/claude-sonnet-4-5@20250929:rawPredict"},
		{"vertex", "anthropic", "us-east5", "", "claude-x", "/v1/messages", true, project + "anthropic/models/claude-x:streamRawPredict"},
		{"vertex", "anthropic", "us-east5", "", "claude-x", "/v1/messages/count_tokens", false, project + "anthropic/models/count-tokens:rawPredict"},
		{"vertex", "anthropic", "", "", "gemini-3", "/v1/messages", false, ""},
		{"vertex", "gemini", "us-east5", "", "gemini-3", "/models/{model}:streamGenerateContent?alt=sse", true, project + "google/models/gemini-3:streamGenerateContent?alt=sse"},
		{"vertex", "gemini", "", "", "claude-x", "/models/{model}:generateContent", false, ""},
		{"vertex", "anthropic", "global", "http://127.0.0.1:9000/v1/projects/{project}/locations/{region}/publishers/google", "claude-x", "/v1/messages", false, "http://127.0.0.1:9000/v1/projects/p1/locations/global/publishers/anthropic/models/claude-x:rawPredict"},
		{"azure", "anthropic", "", "", "claude-x", "/v1/messages", true, "https://r1.services.ai.azure.com/anthropic/v1/messages"},
		{"azure", "openai", "", "", "claude-x", "/chat/completions", false, ""},
		{"azure", "openai", "", "", "gpt-5", "/chat/completions", false, "https://r1.openai.azure.com/openai/v1/chat/completions"},
	} {
		v, _ := ByID(tt.vendor)
		fields := map[string]string{"project": "p1", "resource": "r1"}
		resolve := v.Resolve
		if tt.stream {
			resolve = v.ResolveStream
		}
		got, _, err := resolve(tt.protocol, tt.region, tt.base, fields, tt.model, tt.path)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%s %s %s: got %q, %v, want %q", tt.vendor, tt.protocol, tt.model, got, err, tt.want)
		}
		if slices.Contains(v.Protocols(tt.model), tt.protocol) != (tt.want != "") {
			t.Errorf("%s reaches %s by %v", tt.vendor, tt.model, v.Protocols(tt.model))
		}
	}
}

// TestQuirks holds that quirks are laid over each other, and that those who
// imitate OpenAI are known to.
func TestQuirks(t *testing.T) {
	for _, tt := range []struct {
		vendor, protocol, model string
		ok                      func(protocol.Traits) bool
	}{
		{"openai", "openai", "gpt-5.4", func(t protocol.Traits) bool { return t.FixedSampling && !t.NoDeveloper && t.CacheKey }},
		{"openai", "openai", "gpt-5-chat-latest", func(t protocol.Traits) bool { return !t.FixedSampling && t.Thinks == protocol.ThinksNot }},
		{"deepseek", "openai", "deepseek-v4-pro", func(t protocol.Traits) bool { return t.OldMaxTokens && t.EchoThinking == protocol.EchoTools }},
		{"deepseek", "openai", "deepseek-chat", func(t protocol.Traits) bool { return t.Thinks == protocol.ThinksNot }},
		{"yi", "openai", "yi-lightning", func(t protocol.Traits) bool { return t.OldMaxTokens && t.NoDeveloper }},
		{"anthropic", "anthropic", "claude-3-5-haiku-latest", func(t protocol.Traits) bool { return t.Thinks == protocol.ThinksNot && t.MaxOutput == 8192 }},
		{"anthropic", "anthropic", "claude-sonnet-4-6", func(t protocol.Traits) bool { return t.Thinks == protocol.ThinksAdaptively && t.Context == 1000000 }},
		{"anthropic", "anthropic", "claude-opus-4-7", func(t protocol.Traits) bool { return t.FixedSampling && t.TopEffort == "max" }},
		{"anthropic", "anthropic", "claude-sonnet-4-5-20250929", func(t protocol.Traits) bool {
			return t.Thinks == protocol.ThinksByBudget && !t.FixedSampling && !t.NoJSONSchema
		}},
		{"vertex", "anthropic", "claude-sonnet-4@20250514", func(t protocol.Traits) bool {
			return t.Thinks == protocol.ThinksByBudget && t.NoJSONSchema && t.InlinesMedia
		}},
		{"bedrock", "bedrock", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", func(t protocol.Traits) bool { return t.Thinks == protocol.ThinksNot && t.NoJSONSchema }},
		{"bedrock", "bedrock", "global.anthropic.claude-opus-4-7", func(t protocol.Traits) bool { return t.Thinks == protocol.ThinksAdaptively && t.FixedSampling }},
		{"bedrock", "bedrock", "us.amazon.nova-2-lite-v1:0", func(t protocol.Traits) bool { return t.Thinks == protocol.ThinksByLevel && t.NoJSONSchema }},
		{"bedrock", "bedrock", "us.amazon.nova-pro-v1:0", func(t protocol.Traits) bool { return t.Thinks == protocol.ThinksNot }},
		{"gemini", "gemini", "gemini-2.5-pro", func(t protocol.Traits) bool { return t.Thinks == protocol.ThinksByBudget }},
	} {
		v, _ := ByID(tt.vendor)
		if got := v.Traits(tt.protocol, tt.model); !tt.ok(got) {
			t.Errorf("%s/%s: %+v", tt.vendor, tt.model, got)
		}
	}
}

func TestModelsAreWellFormed(t *testing.T) {
	kinds := []string{"", "embedding", "image", "audio", "rerank", "video", "moderation"}
	for i := range Vendors() {
		v := &Vendors()[i]
		seen := map[string]bool{}
		for _, m := range v.Models {
			if m.Match == "" || m.Match == "*" || seen[m.Match] {
				t.Errorf("%s: model %q is empty, takes everything, or is there twice", v.ID, m.Match)
			}
			seen[m.Match] = true
			if !slices.Contains(kinds, m.Kind) || m.Context < 0 {
				t.Errorf("%s: model %q: kind %q, context %d", v.ID, m.Match, m.Kind, m.Context)
			}
		}
		for _, name := range v.Listed() {
			if _, ok := v.Model(name); !ok {
				t.Errorf("%s lists %s and does not know it", v.ID, name)
			}
		}
		if first := v.Listed(); len(first) > 0 {
			if m, _ := v.Model(first[0]); m.Kind != "" && !strings.HasPrefix(m.Kind, "embedding") {
				t.Errorf("%s: %s comes first, but cannot be greeted", v.ID, first[0])
			}
		}
	}
}

func TestFixesAreWellFormed(t *testing.T) {
	ops := []string{"chat", "completion", "embeddings", "responses", "images", "audio", "rerank", "moderation", "count"}
	field := regexp.MustCompile(`^[a-z][a-z_]*$`)
	for _, v := range Vendors() {
		for _, f := range v.Fixes {
			ok := field.MatchString(f.Field) && (f.Field != "model" || f.Do == FixInPath) && f.Field != "messages" && f.Field != "stream"
			switch f.Do {
			case FixDrop:
				ok = ok && f.To == "" && f.Min == 0 && f.Max == 0
			case FixRename:
				ok = ok && field.MatchString(f.To) && f.To != f.Field && f.Min == 0 && f.Max == 0
			case FixClamp:
				ok = ok && f.To == "" && f.Min < f.Max
			case FixInPath:
				ok = ok && f.To == "" && len(f.Models) > 0
			case FixSet:
				ok = ok && json.Valid([]byte(f.To))
			default:
				ok = false
			}
			for _, op := range f.Ops {
				ok = ok && slices.Contains(ops, op)
			}
			for _, m := range f.Models {
				ok = ok && m != "" && m != "*"
			}
			if !ok {
				t.Errorf("%s: fix %+v is not well-formed", v.ID, f)
			}
		}
	}
}

// TestXAIFixSparesModelsThatDoNotReason guards the one place where a family's
// pattern would cost callers fields that the vendor takes.
func TestXAIFixSparesModelsThatDoNotReason(t *testing.T) {
	v, _ := ByID("xai")
	for _, f := range v.Fixes {
		for _, pattern := range f.Models {
			for _, name := range []string{"grok-3", "grok-2-1212", "grok-4-fast-non-reasoning", "grok-4-1-fast-non-reasoning"} {
				if Glob(pattern, name) {
					t.Errorf("%s %s applies to %s by %s", f.Do, f.Field, name, pattern)
				}
			}
		}
	}
}
