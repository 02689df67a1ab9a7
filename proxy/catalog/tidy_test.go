package catalog

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTidy(t *testing.T) {
	none := map[string]string{}
	for _, c := range []struct {
		vendor, pasted, base string
		fields               map[string]string
	}{
		{"openai", " https://api.openai.com/v1/ \n", "https://api.openai.com/v1", none},
		{"openai", "https://API.OpenAI.com/v1/chat/completions", "https://api.openai.com/v1", none},
		{"openai", "https://proxy.example", "https://proxy.example/v1", none},
		{"openai", "https://proxy.example/", "https://proxy.example/v1", none},
		{"openai", "https://proxy.example/v1/models/", "https://proxy.example/v1", none},
		{"openai", "https://proxy.example/v1//embeddings", "https://proxy.example/v1", none},
		{"openai", "https://proxy.example:8443/a/b/responses", "https://proxy.example:8443/a/b", none},
		{"deepseek", "https://api.deepseek.com/chat/completions", "https://api.deepseek.com", none},
		{"deepseek", "https://api.deepseek.com", "https://api.deepseek.com", none},
		{"dashscope", "https://ws-1.cn-beijing.maas.aliyuncs.com", "https://ws-1.cn-beijing.maas.aliyuncs.com/compatible-mode/v1", none},
		{"zhipu", "https://open.bigmodel.cn/api/paas/v4/chat/completions", "https://open.bigmodel.cn/api/paas/v4", none},
		{"custom", "http://localhost:8000", "http://localhost:8000/v1", none},
		{"custom", "http://[::1]:8000/", "http://[::1]:8000/v1", none},
		{"custom", "http://gpu_box:8000/v1/completions", "http://gpu_box:8000/v1", none},
		{"custom", "https://例子.example/v1", "https://例子.example/v1", none},
		{"custom", "https://gw.corp/%E6%A8%A1/v1", "https://gw.corp/%E6%A8%A1/v1", none},
		{"custom", "https://gw.corp/{model}/v1", "https://gw.corp/{model}/v1", none},
		{"custom", "https://root.corp/chat/completions", "https://root.corp/.", none},
		{"custom", "https://root.corp/.", "https://root.corp/.", none},
		{"ollama", "http://127.0.0.1:11434/", "http://127.0.0.1:11434/v1", none},
		{"demo", "http://127.0.0.1:9", "http://127.0.0.1:9/v1", none},
		{"perplexity", "https://api.perplexity.ai/chat/completions", "https://api.perplexity.ai", none},

		{"cloudflare", "https://api.cloudflare.com/client/v4/accounts/abc/ai/v1/chat/completions", "", map[string]string{"account_id": "abc"}},
		{"cloudflare", "https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1", "", none},
		{"cloudflare", "https://gw.corp/cf/abc/ai/v1", "https://gw.corp/cf/abc/ai/v1", none},

		// Azure: the whole URL, with the deployment, the domain only.
		{"azure", "https://acme.openai.azure.com/openai/deployments/prod/chat/completions?api-version=2024-10-21", "", map[string]string{"resource": "acme", "deployment": "prod", "api_version": "2024-10-21"}},
		{"azure", "https://acme.openai.azure.com/openai/deployments/my%20prod/?api-version=2024-10-21", "", map[string]string{"resource": "acme", "deployment": "my prod", "api_version": "2024-10-21"}},
		{"azure", "https://acme.openai.azure.com/openai/deployments/prod", "", map[string]string{"resource": "acme", "deployment": "prod"}},
		{"azure", "https://ACME.openai.azure.com", "", map[string]string{"resource": "acme"}},
		{"azure", "https://acme.openai.azure.com/", "", map[string]string{"resource": "acme"}},
		{"azure", "https://acme.openai.azure.com/?api-version=2024-10-21", "", map[string]string{"resource": "acme", "api_version": "2024-10-21"}},
		{"azure", "https://acme.openai.azure.com/openai", "", map[string]string{"resource": "acme"}},
		{"azure", "https://acme.openai.azure.com/openai/v1/", "", map[string]string{"resource": "acme"}},
		{"azure", "https://acme.openai.azure.com/openai/v1/chat/completions?api-version=preview", "", map[string]string{"resource": "acme"}},
		{"azure", "https://acme.openai.azure.com/openai/responses?api-version=2025-03-01-preview", "", map[string]string{"resource": "acme", "api_version": "2025-03-01-preview"}},
		{"azure", "https://acme.services.ai.azure.com/openai/v1/", "https://acme.services.ai.azure.com/openai/v1", none},
		{"azure", "https://acme.cognitiveservices.azure.com", "https://acme.cognitiveservices.azure.com/openai", none},
		{"azure", "https://acme.cognitiveservices.azure.com/openai/deployments/prod/chat/completions?api-version=2024-10-21", "https://acme.cognitiveservices.azure.com/openai", map[string]string{"deployment": "prod", "api_version": "2024-10-21"}},
		{"azure", "https://gw.corp/az/openai?API-Version=2024-10-21", "https://gw.corp/az/openai", map[string]string{"api_version": "2024-10-21"}},
		{"azure", "https://gw.corp/az/openai", "https://gw.corp/az/openai", none},
		{"azure", "https://gw.corp/az/openai/v1?api-version=preview", "https://gw.corp/az/openai/v1", none},
		{"azure", "https://gw.corp/aoai/deployments/prod/embeddings?api-version=2024-10-21", "https://gw.corp/aoai", map[string]string{"deployment": "prod", "api_version": "2024-10-21"}},
	} {
		t.Run(c.vendor+" "+c.pasted, func(t *testing.T) {
			v, _ := ByID(c.vendor)
			base, fields, err := v.Tidy(c.pasted)
			if err != nil {
				t.Fatal(err)
			}
			if base != c.base {
				t.Errorf("base %q, want %q", base, c.base)
			}
			if diff := cmp.Diff(c.fields, fields); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTidyThenResolve is what pasting a URL is for: it is called again.
func TestTidyThenResolve(t *testing.T) {
	for vendor, urls := range map[string][]string{
		"azure": {
			"https://acme.openai.azure.com/openai/deployments/m/chat/completions?api-version=2024-10-21",
			"https://acme.cognitiveservices.azure.com/openai/deployments/m/chat/completions?api-version=2024-10-21",
			"https://gw.corp/deployments/m/chat/completions?api-version=2024-10-21",
			"https://acme.openai.azure.com/openai/v1/chat/completions",
			"https://gw.corp/a/openai/v1/chat/completions",
		},
		"custom":     {"https://gw.corp/chat/completions", "http://127.0.0.1:8000/v1/chat/completions", "https://gw.corp/a/v3/chat/completions"},
		"cloudflare": {"https://api.cloudflare.com/client/v4/accounts/abc/ai/v1/chat/completions"},
		"spark":      {"https://spark-api-open.xf-yun.com/v2/chat/completions"},
		"openrouter": {"https://openrouter.ai/api/v1/chat/completions"},
	} {
		v, _ := ByID(vendor)
		for _, want := range urls {
			base, fields, err := v.Tidy(want)
			if err != nil {
				t.Errorf("%s: %v", want, err)
				continue
			}
			got, _, err := v.Resolve("openai", "", base, fields, "m", "/chat/completions")
			if err != nil || got != want {
				t.Errorf("%s became %s (%v)", want, got, err)
			}
		}
	}
}

func TestTidyRefuses(t *testing.T) {
	for pasted, word := range map[string]string{
		"":                                          "https://",
		"api.openai.com/v1":                         "https://",
		"localhost:8000":                            "https://",
		"ftp://host/v1":                             "https://",
		"file:///etc/passwd":                        "https://",
		"javascript:alert(1)":                       "https://",
		"https://":                                  "no host",
		"https:///v1":                               "no host",
		"https://:443/v1":                           "no host",
		"https:host":                                "no host",
		"https://u:secret@host/v1":                  "user name",
		"https://secret@host/v1":                    "user name",
		"https://host/v1#secret":                    "fragment",
		"https://host/v1#":                          "fragment",
		"https://host/v1?key=secret":                `"key"`,
		"https://host/v1?a=%zz":                     "not a URL",
		"https://host/%zz":                          "not a URL",
		"https://ho st/v1":                          "space",
		"https://host/a b":                          "space",
		"https://host/a\x00b":                       "control",
		"https://host/a\nb":                         "control",
		"https://host/\xff":                         "control",
		"https://host:99999/v1":                     "port",
		"https://host:0/v1":                         "port",
		"https://host:/v1":                          "port",
		"https://host:x/v1":                         "not a URL",
		"https://ho!st/v1":                          "host or port",
		"https://[fe80::1%25eth0]/":                 "host or port",
		"https://{resource}.openai.azure.com":       "placeholder",
		"https://host/{who}/v1":                     "placeholder",
		"https://host/{model/v1":                    "placeholder",
		"https://host/model}/v1":                    "placeholder",
		"https://host/" + strings.Repeat("a", 2048): "longer",
		"https://host/" + strings.Repeat("模", 600):  "longer",
	} {
		v, _ := ByID("custom")
		base, fields, err := v.Tidy(pasted)
		if err == nil {
			t.Errorf("%q became %q %v", pasted, base, fields)
			continue
		}
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q: %q does not say %q", pasted, err, word)
		}
		if strings.Contains(err.Error(), "secret") || strings.ContainsAny(err.Error(), "\n") {
			t.Errorf("%q: %q tells too much", pasted, err)
		}
	}
}

func FuzzTidy(f *testing.F) {
	for _, vendor := range []string{"azure", "custom", "cloudflare", "openai", "deepseek"} {
		f.Add(vendor, "https://acme.openai.azure.com/openai/deployments/prod/chat/completions?api-version=2024-10-21")
		f.Add(vendor, "http://[::1]:8000/v1/")
		f.Add(vendor, "https://gw.corp/chat/completions")
		f.Add(vendor, "https://gw.corp/{model}/../v1//models/.")
		f.Add(vendor, "https://api.cloudflare.com/client/v4/accounts/a%2Fb/ai/v1")
	}
	f.Fuzz(func(t *testing.T, vendor, pasted string) {
		v, ok := ByID(vendor)
		if !ok {
			return
		}
		base, fields, err := v.Tidy(pasted)
		if err != nil {
			return
		}
		for name := range fields {
			if !v.hasField(name) {
				t.Fatalf("%q gave the unknown field %q", pasted, name)
			}
		}
		if base != "" {
			checkTidy(t, v, base)
		}
		raw, _, err := v.Resolve("openai", "", base, fields, "m", "/chat/completions")
		var fe *FieldError
		if err != nil && !errors.As(err, &fe) {
			t.Fatalf("%q became %q %v: %v", pasted, base, fields, err)
		}
		if err == nil && base != "" && !strings.HasPrefix(raw, originOf(base)+"/") {
			t.Fatalf("%q became %q, which is not at %q", pasted, raw, base)
		}
	})
}

// checkTidy says what every tidy base must be.
func checkTidy(t *testing.T, v *Vendor, base string) {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || strings.HasSuffix(base, "/") || len(base) > maxURL {
		t.Fatalf("%q is not tidy: %v", base, err)
	}
	again, _, err := v.Tidy(base)
	if err != nil || again != base {
		t.Fatalf("tidying %q again gave %q: %v", base, again, err)
	}
}
