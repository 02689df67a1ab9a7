package catalog

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryVendorResolves(t *testing.T) {
	for i := range Vendors() {
		v := &Vendors()[i]
		base := ""
		if v.Speaks[0].BaseURL == "" {
			base = "http://127.0.0.1:9/v1"
			if _, _, err := v.Resolve("openai", "", "", nil, "m", "/chat/completions"); !errors.Is(err, ErrNoBaseURL) {
				t.Errorf("%s without a base URL: %v", v.ID, err)
			}
		}
		regions := []string{""}
		for _, r := range v.Regions {
			regions = append(regions, r.ID)
		}
		for _, fields := range []map[string]string{fieldsOf(v), requiredOf(v)} {
			for _, region := range regions {
				for n, s := range v.Speaks {
					if n > 0 && !v.Offers(s.Protocol, region, base, fields, "some-model", "/chat/completions") {
						continue // a plan or a server without it
					}
					raw, auth, err := v.Resolve(s.Protocol, region, base, fields, "some-model", "/chat/completions")
					if err != nil {
						t.Errorf("%s/%s %s: %v", v.ID, region, s.Protocol, err)
						continue
					}
					u, err := url.Parse(raw)
					if err != nil || u.Host == "" || strings.ContainsAny(raw, "{}") || !strings.HasSuffix(u.Path, "/chat/completions") {
						t.Errorf("%s/%s: %q is no good: %v", v.ID, region, raw, err)
					}
					if u.Scheme != "https" && !(u.Scheme == "http" && (v.Local || base != "")) {
						t.Errorf("%s/%s: %q is not https", v.ID, region, raw)
					}
					checkAuth(t, auth)
				}
			}
		}
	}
}

func TestResolve(t *testing.T) {
	azure := map[string]string{"resource": "acme"}
	dated := map[string]string{"resource": "acme", "api_version": "2024-10-21"}
	pinned := map[string]string{"resource": "acme", "api_version": "2024-10-21", "deployment": "prod"}
	for _, c := range []struct {
		name, vendor, protocol, region, base string
		fields                               map[string]string
		model, path, want                    string
	}{
		{"plain", "deepseek", "openai", "", "", nil, "m", "/chat/completions", "https://api.deepseek.com/chat/completions"},
		{"first region", "dashscope", "openai", "", "", nil, "m", "/chat/completions", "https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions"},
		{"other region", "dashscope", "openai", "intl", "", nil, "m", "/models", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1/models"},
		{"origin follows the region", "dashscope", "openai", "us", "", nil, "m", "/rerank", "https://dashscope-us.aliyuncs.com/compatible-api/v1/reranks"},
		{"origin follows the base", "dashscope", "openai", "us", "https://gw.corp:444/q/v1", nil, "m", "/rerank", "https://gw.corp:444/compatible-api/v1/reranks"},
		{"base replaces region", "zhipu", "openai", "intl", "https://gw.corp/glm/", nil, "m", "/models", "https://gw.corp/glm/models"},
		{"root base", "custom", "openai", "", "https://gw.corp/.", nil, "m", "/models", "https://gw.corp/models"},
		{"model in a base", "custom", "openai", "", "https://gw.corp/{model}/v1", nil, "a/b c", "/chat/completions", "https://gw.corp/a%2Fb%20c/v1/chat/completions"},
		{"azure v1", "azure", "openai", "", "", azure, "gpt", "/chat/completions", "https://acme.openai.azure.com/openai/v1/chat/completions"},
		{"azure dated", "azure", "openai", "", "", dated, "gpt 4", "/chat/completions", "https://acme.openai.azure.com/openai/deployments/gpt%204/chat/completions?api-version=2024-10-21"},
		{"azure dated responses", "azure", "openai", "", "", dated, "gpt", "/responses", "https://acme.openai.azure.com/openai/responses?api-version=2024-10-21"},
		{"azure dated models", "azure", "openai", "", "", dated, "", "/models", "https://acme.openai.azure.com/openai/models?api-version=2024-10-21"},
		{"azure pinned", "azure", "openai", "", "", pinned, "gpt", "/embeddings", "https://acme.openai.azure.com/openai/deployments/prod/embeddings?api-version=2024-10-21"},
		{"azure other host, dated", "azure", "openai", "", "https://gw.corp/az/openai", dated, "gpt", "/chat/completions", "https://gw.corp/az/openai/deployments/gpt/chat/completions?api-version=2024-10-21"},
		{"azure other host, v1 says the path", "azure", "openai", "", "https://acme.services.ai.azure.com/openai/v1", dated, "gpt", "/chat/completions", "https://acme.services.ai.azure.com/openai/v1/chat/completions"},
		{"azure other host, no version", "azure", "openai", "", "https://gw.corp/az/openai", azure, "gpt", "/chat/completions", "https://gw.corp/az/openai/v1/chat/completions"},
		{"azure gateway with paths of its own", "azure", "openai", "", "https://gw.corp/az", azure, "gpt", "/chat/completions", "https://gw.corp/az/chat/completions"},
		{"field in the path", "cloudflare", "openai", "", "", map[string]string{"account_id": "../x"}, "m", "/models", "https://api.cloudflare.com/client/v4/accounts/..%2Fx/ai/v1/models"},
		{"second protocol", "anthropic", "anthropic", "", "", nil, "m", "/v1/messages", "https://api.anthropic.com/v1/messages"},
		{"endpoint elsewhere", "perplexity", "openai", "", "", nil, "m", "/embeddings", "https://api.perplexity.ai/v1/embeddings"},
		{"catalogue elsewhere", "github", "openai", "", "", nil, "m", "/models", "https://models.github.ai/catalog/models"},
		{"unlisted endpoint", "openai", "openai", "", "", nil, "m", "/files/a%2Fb", "https://api.openai.com/v1/files/a%2Fb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, _ := ByID(c.vendor)
			got, _, err := v.Resolve(c.protocol, c.region, c.base, c.fields, c.model, c.path)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestResolveAuth(t *testing.T) {
	for _, c := range []struct {
		vendor, protocol string
		want             Auth
	}{
		{"openai", "openai", Auth{Kind: AuthBearer}},
		{"azure", "openai", entra("https://cognitiveservices.azure.com/.default", "api-key")},
		{"gemini", "openai", Auth{Kind: AuthBearer}},
		{"anthropic", "anthropic", Auth{Kind: AuthHeader, Name: "x-api-key"}},
		{"gemini", "gemini", Auth{Kind: AuthHeader, Name: "x-goog-api-key"}},
	} {
		v, _ := ByID(c.vendor)
		_, got, err := v.Resolve(c.protocol, "", "", fieldsOf(v), "m", "/x")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %s: %s", c.vendor, c.protocol, diff)
		}
	}
	v, _ := ByID("anthropic")
	if v.Headers("anthropic")["anthropic-version"] == "" || v.Headers("nothing") != nil {
		t.Error("headers")
	}
}

func TestResolveRefuses(t *testing.T) {
	for _, c := range []struct {
		name, vendor, protocol, region, base string
		fields                               map[string]string
		model, path, field                   string
		is                                   error
	}{
		{name: "missing field", vendor: "azure", field: "resource"},
		{name: "missing account", vendor: "cloudflare", field: "account_id"},
		{name: "missing model", vendor: "azure", fields: map[string]string{"resource": "a", "api_version": "b"}, field: "model"},
		{name: "unknown region", vendor: "dashscope", region: "mars", field: "region"},
		{name: "no endpoint", vendor: "groq", path: "/embeddings", is: ErrNoEndpoint},
		{name: "no protocol", vendor: "groq", protocol: "gemini", is: ErrNoProtocol},
		{name: "no base", vendor: "custom", is: ErrNoBaseURL},
		{name: "no base for the demo", vendor: "demo", is: ErrNoBaseURL},
		{name: "field changes the host", vendor: "azure", fields: map[string]string{"resource": "evil.example/"}, field: "resource"},
		{name: "field with a user", vendor: "azure", fields: map[string]string{"resource": "u@evil"}, field: "resource"},
		{name: "field with a port", vendor: "azure", fields: map[string]string{"resource": "evil:80"}, field: "resource"},
		{name: "model climbs", vendor: "azure", fields: map[string]string{"resource": "a", "api_version": "b"}, model: "..", field: "model"},
		{name: "base without a scheme", vendor: "custom", base: "gw.corp/v1", field: "base_url"},
		{name: "base with a user", vendor: "custom", base: "https://u:p@gw.corp/v1", field: "base_url"},
		{name: "base of another scheme", vendor: "custom", base: "file:///etc/passwd", field: "base_url"},
		{name: "base with an open brace", vendor: "custom", base: "https://gw.corp/{model", field: "base_url"},
		{name: "base with a stranger", vendor: "custom", base: "https://gw.corp/{who}", field: "who"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, _ := ByID(c.vendor)
			if c.protocol == "" {
				c.protocol = "openai"
			}
			if c.path == "" {
				c.path = "/chat/completions"
			}
			got, _, err := v.Resolve(c.protocol, c.region, c.base, c.fields, c.model, c.path)
			if err == nil {
				t.Fatalf("got %s", got)
			}
			var fe *FieldError
			switch {
			case c.is != nil && !errors.Is(err, c.is):
				t.Errorf("%v is not %v", err, c.is)
			case c.field != "" && (!errors.As(err, &fe) || fe.Field != c.field):
				t.Errorf("%v does not name %s", err, c.field)
			case !strings.Contains(err.Error(), c.vendor):
				t.Errorf("%v does not name the vendor", err)
			}
		})
	}
}

func FuzzResolve(f *testing.F) {
	f.Add("azure", "", "", "acme", "2024-10-21", "gpt-4o", "/chat/completions")
	f.Add("custom", "", "http://127.0.0.1:8000/v1", "", "", "a/../b", "/models")
	f.Add("dashscope", "intl", "", "", "", "", "/rerank")
	f.Add("cloudflare", "", "", "..", "", "m", "/x")
	f.Fuzz(func(t *testing.T, vendor, region, base, first, second, model, path string) {
		v, ok := ByID(vendor)
		if !ok {
			return
		}
		fields := map[string]string{}
		for i, f := range v.Fields {
			fields[f.Name] = []string{first, second, first}[i]
		}
		raw, _, err := v.Resolve("openai", region, base, fields, model, path)
		if err != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || u.User != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			t.Fatalf("%q is no good: %v", raw, err)
		}
		if base == "" && vendor == "azure" && !strings.HasSuffix(u.Host, ".openai.azure.com") {
			t.Fatalf("%q left its host", raw)
		}
	})
}
