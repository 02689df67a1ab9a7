package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestModelPrefersExactThenLongest(t *testing.T) {
	v := &Vendor{Models: []Model{
		{Match: "a*", Context: 1},
		{Match: "a-b*", Context: 2},
		{Match: "*-b-c", Context: 3},
		{Match: "a-b", Context: 4},
	}}
	for _, c := range []struct {
		name string
		want int
		ok   bool
	}{
		{"a", 1, true},
		{"a-b", 4, true},
		{"a-bc", 2, true},
		{"a-b-c", 3, true},
		{"A-b", 0, false},
		{"", 0, false},
		{"b", 0, false},
	} {
		got, ok := v.Model(c.name)
		if ok != c.ok || got.Context != c.want {
			t.Errorf("Model(%q) = %d, %v; want %d, %v", c.name, got.Context, ok, c.want, c.ok)
		}
	}
}

func TestBareNamesFindTheirVendor(t *testing.T) {
	for name, want := range map[string]string{
		"qwen-max":                    "dashscope",
		"qwen3-235b-a22b":             "dashscope",
		"qwq-32b":                     "dashscope",
		"deepseek-chat":               "deepseek",
		"deepseek-reasoner":           "deepseek",
		"deepseek-v4-pro":             "deepseek",
		"gpt-4o-2024-08-06":           "openai",
		"o3-mini":                     "openai",
		"chatgpt-4o-latest":           "openai",
		"text-embedding-3-small":      "openai",
		"text-embedding-v3":           "dashscope",
		"claude-sonnet-4-20250514":    "anthropic",
		"gemini-2.5-flash-lite":       "gemini",
		"doubao-1-5-pro-32k-250115":   "doubao",
		"ep-20250101-abcde":           "doubao",
		"kimi-k2-0905-preview":        "moonshot",
		"moonshot-v1-auto":            "moonshot",
		"glm-4.5":                     "zhipu",
		"MiniMax-M2":                  "minimax",
		"ernie-4.0-8k":                "qianfan",
		"hunyuan-standard":            "hunyuan",
		"4.0Ultra":                    "spark",
		"step-1-8k":                   "stepfun",
		"grok-3":                      "xai",
		"sonar-pro":                   "perplexity",
		"mistral-small-latest":        "mistral",
		"command-r-plus":              "cohere",
		"llama-3.3-70b-versatile":     "groq",
		"@cf/meta/llama-3-8b":         "cloudflare",
		"accounts/fireworks/models/x": "fireworks",
		"demo-slow":                   "demo",
	} {
		got := ""
		for i := range Vendors() {
			if _, ok := Vendors()[i].Model(name); ok {
				got = Vendors()[i].ID
				break
			}
		}
		if got != want {
			t.Errorf("%s goes to %q, want %q", name, got, want)
		}
	}
}

func TestPopularNamesHaveOneHome(t *testing.T) {
	// The clouds' names are their tenants' by design.
	clouds := []string{"azure", "vertex"}
	for _, name := range []string{"deepseek-chat", "qwen-max", "claude-sonnet-4-6", "gemini-2.5-pro", "glm-4.6", "kimi-k3", "moonshot-v1-8k", "doubao-seed-1-8-251228", "MiniMax-M2", "grok-4"} {
		var ids []string
		for i := range Vendors() {
			if _, ok := Vendors()[i].Model(name); ok && !slices.Contains(clouds, Vendors()[i].ID) {
				ids = append(ids, Vendors()[i].ID)
			}
		}
		if len(ids) != 1 {
			t.Errorf("%s is claimed by %v", name, ids)
		}
	}
}

func TestTraits(t *testing.T) {
	for _, c := range []struct {
		vendor, model             string
		reasoning, prefix, vision bool
		kind                      string
	}{
		{"openai", "gpt-5-chat-latest", false, false, true, ""},
		{"openai", "gpt-5-nano", true, false, true, ""},
		{"openai", "gpt-4o-mini-transcribe", false, false, false, "audio"},
		{"openai", "text-embedding-3-large", false, false, false, "embedding"},
		{"deepseek", "deepseek-chat", false, false, false, ""},
		{"deepseek", "deepseek-reasoner", true, false, false, ""},
		{"dashscope", "qwen-max-latest", false, true, false, ""},
		{"dashscope", "qwen3-30b-a3b-thinking-2507", true, false, false, ""},
		{"dashscope", "qwen3-vl-flash", false, false, true, ""},
		{"dashscope", "qwen3-rerank", false, false, false, "rerank"},
		{"moonshot", "kimi-k2-0905-preview", false, true, false, ""},
		{"moonshot", "kimi-k2-thinking", true, false, false, ""},
		{"moonshot", "kimi-k2.5", true, false, false, ""},
		{"mistral", "mistral-large-2411", false, true, false, ""},
		{"mistral", "magistral-small-2506", true, false, false, ""},
		{"xai", "grok-4-fast-non-reasoning", false, false, true, ""},
		{"anthropic", "claude-haiku-4-5-20251001", false, false, true, ""},
		{"zhipu", "glm-4-plus", false, false, false, ""},
		{"zhipu", "glm-4v-plus", false, false, true, ""},
		{"zhipu", "glm-4.5v", true, false, true, ""},
		{"siliconflow", "BAAI/bge-reranker-large", false, false, false, "rerank"},
	} {
		v, _ := ByID(c.vendor)
		m, ok := v.Model(c.model)
		if !ok || m.Reasoning != c.reasoning || m.Prefix != c.prefix || m.Vision != c.vision || m.Kind != c.kind {
			t.Errorf("%s %s: got %+v, %v", c.vendor, c.model, m, ok)
		}
	}
}

func TestListedLeavesPatternsOut(t *testing.T) {
	v := &Vendor{Models: []Model{{Match: "b"}, {Match: "c*"}, {Match: "a"}}}
	if diff := cmp.Diff([]string{"b", "a"}, v.Listed()); diff != "" {
		t.Error(diff)
	}
}

func TestRecognise(t *testing.T) {
	for _, c := range []struct{ key, want string }{
		{"sk-ant-api03-x", "anthropic"},
		{"sk-or-v1-x", "openrouter"},
		{"sk-proj-x", "openai"},
		{"gsk_x", "groq"},
		{"hf_x", "huggingface"},
		{"xai-x", "xai"},
		{"nvapi-x", "nvidia"},
		{" AIzaSyx\n", "gemini"},
		{"pplx-x", "perplexity"},
		{"csk-x", "cerebras"},
		{"ghp_x", "github"},
		{"github_pat_x", "github"},
		{"fw_x", "fireworks"},
		{"bce-v3/ALTAK-x", "qianfan"},
		{"sk-0123456789", "deepseek"},
	} {
		if got := Recognise(c.key); len(got) == 0 || got[0] != c.want {
			t.Errorf("Recognise(%q) = %v, want %s first", c.key, got, c.want)
		}
	}
	if got := Recognise("sk-x"); len(got) < 4 {
		t.Errorf("sk- is many vendors': %v", got)
	}
	for _, key := range []string{"", "   ", "nothing"} {
		if got := Recognise(key); len(got) != 0 {
			t.Errorf("Recognise(%q) = %v", key, got)
		}
	}
}

func TestGlobIsNotExponential(t *testing.T) {
	pattern := strings.Repeat("*a", 2000) + "b"
	if Glob(pattern, strings.Repeat("a", 4000)) {
		t.Error("matched without a b")
	}
}

// reference says what Glob should: slowly and plainly.
func reference(pattern, s string) bool {
	fits := make([]bool, len(s)+1)
	fits[0] = true
	for i := range len(pattern) {
		next := make([]bool, len(s)+1)
		if pattern[i] == '*' {
			next[0] = fits[0]
			for j := range len(s) {
				next[j+1] = next[j] || fits[j+1]
			}
		} else {
			for j := range len(s) {
				next[j+1] = fits[j] && s[j] == pattern[i]
			}
		}
		fits = next
	}
	return fits[len(s)]
}

func FuzzGlob(f *testing.F) {
	for _, c := range [][2]string{{"", ""}, {"*", ""}, {"qwen*", "qwen-max"}, {"*a*b*", "xxaxxb"}, {"a*a*a", "aa"}, {"**", "中文"}, {"a", "b"}} {
		f.Add(c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 200 || len(s) > 200 {
			return
		}
		if got, want := Glob(pattern, s), reference(pattern, s); got != want {
			t.Errorf("Glob(%q, %q) = %v", pattern, s, got)
		}
	})
}

func TestModelAllocatesNothing(t *testing.T) {
	v, _ := ByID("dashscope")
	if n := testing.AllocsPerRun(100, func() { v.Model("qwen3-235b-a22b-thinking-2507") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkModel(b *testing.B) {
	v, _ := ByID("openai")
	for _, name := range []string{"gpt-4o", "gpt-5.2-2026-01-01", "unknown-model"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v.Model(name)
			}
		})
	}
}
