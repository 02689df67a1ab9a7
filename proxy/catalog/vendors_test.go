package catalog

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
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
		if f.Required {
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
			if len(v.Speaks) == 0 || v.Speaks[0].Protocol != "openai" {
				t.Error("must speak openai first")
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
	named := a.Kind == AuthHeader || a.Kind == AuthQuery
	if !slices.Contains([]string{AuthBearer, AuthHeader, AuthQuery, AuthNone}, a.Kind) || named != (a.Name != "") {
		t.Errorf("auth %+v is not well-formed", a)
	}
}

func TestTheIssuesVendorsAreThere(t *testing.T) {
	for _, id := range strings.Fields(`dashscope deepseek azure openai doubao moonshot zhipu minimax
		qianfan hunyuan spark stepfun yi baichuan siliconflow 360 groq mistral cohere together fireworks
		openrouter xai perplexity cerebras nvidia huggingface github cloudflare anthropic gemini ollama
		vllm sglang lmstudio llamacpp xinference custom demo`) {
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
			if len(r.BaseURLs) != len(v.protocols()) {
				t.Errorf("%s/%s covers %d protocols of %d", v.ID, r.ID, len(r.BaseURLs), len(v.protocols()))
			}
			for _, s := range v.Speaks {
				if r.BaseURLs[s.Protocol] == "" {
					t.Errorf("%s/%s has no home for %s", v.ID, r.ID, s.Protocol)
				}
				if i == 0 && r.BaseURLs[s.Protocol] != s.BaseURL {
					t.Errorf("%s: the first region and the default home differ", v.ID)
				}
			}
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
	ops := []string{"chat", "completion", "embeddings", "responses", "images", "audio", "rerank", "moderation"}
	field := regexp.MustCompile(`^[a-z][a-z_]*$`)
	for _, v := range Vendors() {
		for _, f := range v.Fixes {
			ok := field.MatchString(f.Field) && f.Field != "model" && f.Field != "messages" && f.Field != "stream"
			switch f.Do {
			case FixDrop:
				ok = ok && f.To == "" && f.Min == 0 && f.Max == 0
			case FixRename:
				ok = ok && field.MatchString(f.To) && f.To != f.Field && f.Min == 0 && f.Max == 0
			case FixClamp:
				ok = ok && f.To == "" && f.Min < f.Max
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
