package catalog

import "github.com/posthouse/posthouse/proxy/protocol"

// Vendors is the list, the most popular first, then the others in the order
// they are offered. It is shared: callers must not change it.
func Vendors() []Vendor { return vendors }

// ByID finds a vendor. The entry is shared: callers must not change it.
func ByID(id string) (*Vendor, bool) {
	for i := range vendors {
		if vendors[i].ID == id {
			return &vendors[i], true
		}
	}
	return nil, false
}

// compat is what nearly every vendor speaks: OpenAI's protocol at one place.
func compat(base string) []Speaks {
	return []Speaks{{Protocol: "openai", BaseURL: base}}
}

// compatBut is compat with some endpoints elsewhere, or missing ("-").
func compatBut(base string, paths map[string]string) []Speaks {
	return []Speaks{{Protocol: "openai", BaseURL: base, Paths: paths}}
}

// region is a home for OpenAI's protocol.
func region(id, en, zh, base string) Region {
	return Region{ID: id, Name: Text{EN: en, ZH: zh}, BaseURLs: map[string]string{"openai": base}}
}

// alike is a vendor that speaks OpenAI's protocol at one place and others
// beside it.
func alike(base string, others ...Speaks) []Speaks {
	return append(compat(base), others...)
}

// messages is Anthropic's protocol, as vendors imitate it: most count no
// tokens and list no models there.
func messages(base string, auth Auth) Speaks {
	return Speaks{
		Protocol: "anthropic", BaseURL: base, Auth: &auth,
		Headers: map[string]string{"anthropic-version": "2023-06-01"},
		Paths:   map[string]string{"/v1/messages/count_tokens": "-"},
	}
}

// responsesOnly are OpenAI's models without chat completions (its models' pages,
// "Endpoints").
var responsesOnly = []string{"*-codex*", "codex-*", "o1-pro*", "o3-pro*", "gpt-5*-pro*"}

// chatBut is compat without some models, which other protocols serve.
func chatBut(base string, models ...string) []Speaks {
	return []Speaks{{Protocol: "openai", BaseURL: base, Except: models}}
}

// responses is OpenAI's Responses API at a vendor that has it.
func responses(base string) Speaks { return Speaks{Protocol: "responses", BaseURL: base} }

// apiKey is Anthropic's way of sending a key.
func apiKey() Auth { return Auth{Kind: AuthHeader, Name: "x-api-key"} }

// openWeights are servers that people run: they take what their engines know,
// and no more of OpenAI's own than they have to.
func openWeights() []Quirk {
	return []Quirk{{Protocol: "openai", Traits: protocol.Traits{TopK: true}}}
}

// also is a region with a home for another protocol, where that does not lie
// on the same host at the same place as elsewhere.
func also(r Region, protocol, base string) Region {
	r.BaseURLs[protocol] = base
	return r
}

// claudeQuirks are where models of Claude's family depart from what the newest
// take, in the protocol by which a vendor has them; prefix is what stands before
// their names there. Sources: platform.claude.com, models overview and thinking;
// from Opus 4.7 on no sampling and no budget for thinking is taken.
func claudeQuirks(name, prefix string) []Quirk {
	of := func(patterns ...string) []string {
		for i, p := range patterns {
			patterns[i] = prefix + "claude-" + p
		}
		return patterns
	}
	older := of("2*", "3*", "instant*", "*-4-0*", "*-4-1*", "*-4-2025*", "*-4@2025*", "*-4-5*", "*-4-6*")
	return []Quirk{
		{Protocol: name, Models: of("*"), Traits: protocol.Traits{MaxOutput: 64000, Thinks: protocol.ThinksAdaptively, TopEffort: "max", OneSampling: true}},
		{Protocol: name, Models: of("*"), Except: older, Traits: protocol.Traits{FixedSampling: true}},
		{Protocol: name, Models: of("*-4-6*"), Traits: protocol.Traits{TopEffort: "high"}},
		{Protocol: name, Models: of("*-4-5*"), Traits: protocol.Traits{Thinks: protocol.ThinksByBudget}},
		{Protocol: name, Models: of("opus-4-0*", "opus-4-1*", "opus-4-2025*", "opus-4@2025*"), Traits: protocol.Traits{MaxOutput: 32000, Thinks: protocol.ThinksByBudget, NoJSONSchema: true}},
		{Protocol: name, Models: of("sonnet-4-0*", "sonnet-4-2025*", "sonnet-4@2025*", "3-7*"), Traits: protocol.Traits{Thinks: protocol.ThinksByBudget, NoJSONSchema: true}},
		{Protocol: name, Models: of("3-5*"), Traits: protocol.Traits{MaxOutput: 8192, Thinks: protocol.ThinksNot, NoJSONSchema: true}},
		{Protocol: name, Models: of("3-haiku*", "3-opus*", "3-sonnet*", "2*", "instant*"), Traits: protocol.Traits{MaxOutput: 4096, Thinks: protocol.ThinksNot, NoJSONSchema: true}},
		{Protocol: name, Models: of("opus-5*", "opus-4-8*"), Traits: protocol.Traits{SystemAnywhere: true}},
	}
}

// geminiQuirks are where Gemini's generations differ.
func geminiQuirks() []Quirk {
	return []Quirk{
		{Protocol: "gemini", Traits: protocol.Traits{Thinks: protocol.ThinksByLevel}},
		{Protocol: "gemini", Models: []string{"gemini-2.5*"}, Traits: protocol.Traits{Thinks: protocol.ThinksByBudget}},
		{Protocol: "gemini", Models: []string{"gemini-2.0*", "gemini-1.5*", "gemma-*"}, Traits: protocol.Traits{Thinks: protocol.ThinksNot, SchemaSubset: true}},
	}
}

// entra is how Azure takes keys: a token for an application, or a plain key in
// a header.
func entra(scope, header string) Auth {
	return Auth{Kind: AuthEntra, Name: scope, Else: &Auth{Kind: AuthHeader, Name: header}}
}

// foundry is entra for the APIs that came with Foundry.
func foundry(header string) *Auth {
	a := entra("https://ai.azure.com/.default", header)
	return &a
}

// bearer is how nearly every key travels.
func bearer() Auth { return Auth{Kind: AuthBearer} }

// azurePaths is where Azure's dated API keeps what belongs to a deployment;
// everything else (responses, models, files) lies directly below /openai.
func azurePaths(deployment string) map[string]string {
	paths := map[string]string{}
	for _, endpoint := range []string{
		"/chat/completions", "/completions", "/embeddings", "/images/generations", "/images/edits",
		"/audio/speech", "/audio/transcriptions", "/audio/translations",
	} {
		paths[endpoint] = "/deployments/" + deployment + endpoint
	}
	return paths
}

// maxTokensFix is for models that refuse max_tokens by its old name.
func maxTokensFix(models ...string) Fix {
	return Fix{Do: FixRename, Field: "max_tokens", To: "max_completion_tokens", Models: models}
}

// drop removes fields that some models refuse.
func drop(models []string, fields ...string) []Fix {
	fixes := make([]Fix, len(fields))
	for i, field := range fields {
		fixes[i] = Fix{Do: FixDrop, Field: field, Models: models}
	}
	return fixes
}

// vendors is data: nothing writes to it. To add an OpenAI-compatible vendor,
// add one entry. Exact model names are few, for they age: an admin's own list
// and the vendor's list endpoint know better. Families are patterns, and what
// is marked on them (reasoning, vision, context) is a default that decides
// patience, never what a model may be asked.
var vendors = []Vendor{
	{
		ID:      "deepseek",
		Name:    Text{EN: "DeepSeek", ZH: "深度求索 DeepSeek"},
		Popular: 1,
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoJSONSchema: true, NoStrict: true, NoParallelTools: true, NoImages: true, NoAudio: true, NoFiles: true, NoN: true, Thinks: protocol.ThinksBySwitch, TopEffort: "max", EchoThinking: protocol.EchoTools}},
			{Protocol: "openai", Models: []string{"deepseek-chat"}, Traits: protocol.Traits{Thinks: protocol.ThinksNot, EchoThinking: protocol.EchoNever}},
			{Protocol: "anthropic", Traits: protocol.Traits{NoImages: true, NoFiles: true, Thinks: protocol.ThinksByBudget}},
		},
		Auth:        bearer(),
		Speaks:      alike("https://api.deepseek.com", messages("https://api.deepseek.com/anthropic", apiKey())),
		KeyURL:      "https://platform.deepseek.com/api_keys",
		DocsURL:     "https://api-docs.deepseek.com/",
		KeyPrefixes: []string{"sk-"},
		// None is marked Prefix: DeepSeek continues an answer only below /beta.
		Models: []Model{
			{Match: "deepseek-flash", Reasoning: true},
			{Match: "deepseek-v4-pro", Reasoning: true},
			{Match: "deepseek-chat", Lacks: []Need{NeedImages}, Context: 131072},
			{Match: "deepseek-reasoner", Lacks: []Need{NeedImages}, Reasoning: true, Context: 131072},
			{Match: "deepseek-v*", Reasoning: true},
			{Match: "deepseek-*"},
		},
	},
	{
		ID:      "dashscope",
		Name:    Text{EN: "Aliyun Model Studio (Qwen)", ZH: "阿里云百炼（通义千问）"},
		Popular: 2,
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoJSONSchema: true, NoToolRequired: true, NoStrict: true, TopK: true, CacheMarks: true, Thinks: protocol.ThinksByEnable, EchoThinking: protocol.EchoNever, EmbedBatch: 10}},
			{Protocol: "openai", Models: streamOnlyQwen(), Traits: protocol.Traits{StreamOnly: true}},
			{Protocol: "dashscope", Traits: protocol.Traits{EchoThinking: protocol.EchoNever}},
			{Protocol: "dashscope", Except: seeingQwen(), Traits: protocol.Traits{NoImages: true}},
			{Protocol: "dashscope", Models: streamOnlyQwen(), Traits: protocol.Traits{StreamOnly: true}},
		},
		Auth: bearer(),
		// Reranking has a home of its own on the same host.
		Speaks: append(
			compatBut("https://dashscope.aliyuncs.com/compatible-mode/v1", map[string]string{
				"/rerank": "{origin}/compatible-api/v1/reranks",
			}),
			append([]Speaks{
				messages("https://dashscope.aliyuncs.com/apps/anthropic", apiKey()),
				responses("https://dashscope.aliyuncs.com/compatible-mode/v1"),
			}, dashscopeOwn()...)...,
		),
		Regions: []Region{
			region("cn", "China (Beijing)", "中国内地（北京）", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
			region("intl", "International (Singapore)", "国际（新加坡）", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"),
			region("us", "United States (Virginia)", "美国（弗吉尼亚）", "https://dashscope-us.aliyuncs.com/compatible-mode/v1"),
			region("hk", "China (Hong Kong)", "中国香港", "https://cn-hongkong.dashscope.aliyuncs.com/compatible-mode/v1"),
		},
		KeyURL:      "https://bailian.console.aliyun.com/?tab=model#/api-key",
		DocsURL:     "https://help.aliyun.com/zh/model-studio/",
		KeyPrefixes: []string{"sk-"},
		PrefixFlag:  "partial",
		Models: []Model{
			{Match: "qwen-plus", Prefix: true},
			{Match: "qwen-max", Lacks: []Need{NeedImages}, Prefix: true, Context: 32768},
			{Match: "qwen-flash", Prefix: true},
			{Match: "qwen-turbo", Prefix: true},
			{Match: "qwen3-max", Lacks: []Need{NeedImages}, Prefix: true, Context: 262144},
			{Match: "qwen3-coder-plus", Lacks: []Need{NeedImages}, Prefix: true},
			{Match: "qwen3.6-plus", Reasoning: true, Vision: true, Context: 1000000},
			{Match: "qwen3-vl-plus", Vision: true},
			{Match: "qwen-vl-max", Vision: true},
			{Match: "qwq-plus", Lacks: []Need{NeedImages}, Reasoning: true},
			{Match: "text-embedding-v4", Kind: "embedding"},
			{Match: "text-embedding-v3", Kind: "embedding"},
			{Match: "qwen3-rerank", Kind: "rerank"},
			{Match: "qwen-plus-*", Prefix: true},
			{Match: "qwen-max-*", Lacks: []Need{NeedImages}, Prefix: true},
			{Match: "qwen-turbo-*", Prefix: true},
			{Match: "qwen3-max-*", Lacks: []Need{NeedImages}, Prefix: true},
			{Match: "qwen3-coder-*", Lacks: []Need{NeedImages}, Prefix: true},
			{Match: "qwen3*-thinking*", Reasoning: true},
			{Match: "qwen3.*", Reasoning: true},
			{Match: "qwen*vl-*", Vision: true},
			{Match: "qwen-image*", Kind: "image"},
			{Match: "qwen*-rerank*", Kind: "rerank"},
			{Match: "gte-rerank*", Kind: "rerank"},
			{Match: "text-embedding-v*", Kind: "embedding"},
			{Match: "qwq*", Lacks: []Need{NeedImages}, Reasoning: true},
			{Match: "qvq*", Reasoning: true, Vision: true},
			{Match: "qwen*"},
		},
	},
	{
		ID:      "openai",
		Name:    Text{EN: "OpenAI", ZH: "OpenAI"},
		Popular: 3,
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{CacheKey: true, EchoThinking: protocol.EchoNever}},
			{Models: []string{"o1*", "o3*", "o4*", "gpt-5*"}, Except: []string{"gpt-5*-chat*"}, Traits: protocol.Traits{FixedSampling: true, NoLogprobs: true}},
			{Protocol: "openai", Models: []string{"o3*", "o4*"}, Traits: protocol.Traits{NoStop: true}},
			{Protocol: "openai", Models: []string{"gpt-4*", "gpt-3*", "chatgpt-*", "gpt-5*-chat*"}, Traits: protocol.Traits{Thinks: protocol.ThinksNot}},
		},
		Auth:        bearer(),
		Speaks:      append(chatBut("https://api.openai.com/v1", responsesOnly...), responses("https://api.openai.com/v1")),
		Original:    true,
		KeyURL:      "https://platform.openai.com/api-keys",
		DocsURL:     "https://platform.openai.com/docs/api-reference",
		KeyPrefixes: []string{"sk-proj-", "sk-svcacct-", "sk-admin-", "sk-"},
		Fixes:       []Fix{maxTokensFix("o1*", "o3*", "o4*", "gpt-5*")},
		Models: []Model{
			{Match: "gpt-5.4-mini", Reasoning: true, Vision: true},
			{Match: "gpt-5.5", Reasoning: true, Vision: true, Context: 1050000},
			{Match: "gpt-5.4", Reasoning: true, Vision: true, Context: 1050000},
			{Match: "gpt-5", Reasoning: true, Vision: true, Context: 400000},
			{Match: "gpt-5-mini", Reasoning: true, Vision: true, Context: 400000},
			{Match: "gpt-4.1", Vision: true, Context: 1047576},
			{Match: "gpt-4.1-mini", Vision: true, Context: 1047576},
			{Match: "gpt-4o", Vision: true, Context: 128000},
			{Match: "gpt-4o-mini", Vision: true, Context: 128000},
			{Match: "o3", Reasoning: true, Vision: true, Context: 200000},
			{Match: "o4-mini", Reasoning: true, Vision: true, Context: 200000},
			{Match: "text-embedding-3-small", Kind: "embedding", Context: 8192},
			{Match: "text-embedding-3-large", Kind: "embedding", Context: 8192},
			{Match: "omni-moderation-latest", Kind: "moderation"},
			{Match: "gpt-5*", Reasoning: true, Vision: true},
			{Match: "gpt-5*-chat*", Vision: true},
			{Match: "gpt-4.1*", Vision: true, Context: 1047576},
			{Match: "gpt-4o*", Vision: true, Context: 128000},
			{Match: "gpt-4o*-transcribe*", Kind: "audio"},
			{Match: "gpt-4o*-tts*", Kind: "audio"},
			{Match: "gpt-image-*", Kind: "image"},
			{Match: "gpt-*"},
			{Match: "gpt-3.5*", Lacks: []Need{NeedImages}},
			{Match: "chatgpt-*", Vision: true},
			{Match: "o1*", Reasoning: true},
			{Match: "o1-mini*", Lacks: []Need{NeedImages, NeedTools}, Reasoning: true},
			{Match: "o3*", Reasoning: true},
			{Match: "o3-mini*", Lacks: []Need{NeedImages}, Reasoning: true},
			{Match: "o4*", Reasoning: true},
			{Match: "codex-*", Reasoning: true},
			{Match: "computer-use-*", Vision: true},
			{Match: "text-embedding-3-*", Kind: "embedding"},
			{Match: "text-embedding-ada-*", Kind: "embedding"},
			{Match: "dall-e-*", Kind: "image"},
			{Match: "sora-*", Kind: "video"},
			{Match: "whisper-1", Kind: "audio"},
			{Match: "tts-1*", Kind: "audio"},
			{Match: "omni-moderation-*", Kind: "moderation"},
			{Match: "ft:*"},
		},
	},
	{
		ID:      "anthropic",
		Name:    Text{EN: "Anthropic (Claude)", ZH: "Anthropic（Claude）"},
		Popular: 4,
		Auth:    apiKey(),
		Speaks: []Speaks{{
			Protocol: "anthropic",
			BaseURL:  "https://api.anthropic.com",
			Headers:  map[string]string{"anthropic-version": "2023-06-01"},
		}},
		Quirks:      claudeQuirks("anthropic", ""),
		KeyURL:      "https://platform.claude.com/settings/keys",
		DocsURL:     "https://platform.claude.com/docs/en/api/overview",
		KeyPrefixes: []string{"sk-ant-"},
		Models: []Model{
			{Match: "claude-haiku-5-5", Reasoning: true, Vision: true},
			{Match: "claude-sonnet-5-5", Reasoning: true, Vision: true},
			{Match: "claude-opus-5-5", Reasoning: true, Vision: true},
			{Match: "claude-opus-4-8", Reasoning: true, Vision: true},
			{Match: "claude-sonnet-4-6", Reasoning: true, Vision: true, Context: 1000000},
			{Match: "claude-haiku-4-5", Vision: true, Context: 200000},
			{Match: "claude-opus-4-6", Reasoning: true, Vision: true, Context: 1000000},
			{Match: "claude-haiku-4*", Vision: true, Context: 200000},
			{Match: "claude-3*", Vision: true, Context: 200000},
			{Match: "claude-*", Reasoning: true, Vision: true},
		},
	},
	{
		ID:      "gemini",
		Name:    Text{EN: "Google Gemini", ZH: "谷歌 Gemini"},
		Popular: 5,
		Auth:    Auth{Kind: AuthHeader, Name: "x-goog-api-key"},
		Speaks: []Speaks{
			{Protocol: "gemini", BaseURL: "https://generativelanguage.googleapis.com/v1beta"},
			{
				// For what the native API has under another name (pictures, batches):
				// conversations and vectors go the native way, which loses nothing.
				Protocol: "openai",
				BaseURL:  "https://generativelanguage.googleapis.com/v1beta/openai",
				Auth:     &Auth{Kind: AuthBearer},
				Paths:    map[string]string{"/chat/completions": "-", "/embeddings": "-"},
			},
		},
		Quirks:      geminiQuirks(),
		KeyURL:      "https://aistudio.google.com/apikey",
		DocsURL:     "https://ai.google.dev/gemini-api/docs/openai",
		KeyPrefixes: []string{"AIza"},
		Models: []Model{
			{Match: "gemini-3.6-flash", Reasoning: true, Vision: true, Context: 1048576},
			{Match: "gemini-3.1-pro-preview", Reasoning: true, Vision: true, Context: 1048576},
			{Match: "gemini-2.5-pro", Reasoning: true, Vision: true, Context: 1048576},
			{Match: "gemini-2.5-flash", Reasoning: true, Vision: true, Context: 1048576},
			{Match: "gemini-embedding-001", Kind: "embedding"},
			{Match: "gemini-embedding-*", Kind: "embedding"},
			{Match: "gemini-2.0-*", Vision: true, Context: 1048576},
			{Match: "gemini-*", Reasoning: true, Vision: true},
			{Match: "gemini-*-image*", Kind: "image"},
			{Match: "gemini-*-tts*", Kind: "audio"},
			{Match: "gemma-*"},
			{Match: "imagen-*", Kind: "image"},
			{Match: "veo-*", Kind: "video"},
		},
	},
	{
		ID:      "doubao",
		Name:    Text{EN: "Volcengine Ark (Doubao)", ZH: "火山方舟（豆包）"},
		Popular: 6,
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoStrict: true, Thinks: protocol.ThinksBySwitch, EchoThinking: protocol.EchoTools}},
		},
		Auth:   bearer(),
		Speaks: alike("https://ark.cn-beijing.volces.com/api/v3", responses("https://ark.cn-beijing.volces.com/api/v3")),
		Regions: []Region{
			region("cn", "China (Beijing)", "中国内地（北京）", "https://ark.cn-beijing.volces.com/api/v3"),
			region("byteplus", "International (BytePlus ModelArk)", "国际（BytePlus ModelArk）", "https://ark.ap-southeast.bytepluses.com/api/v3"),
			region("coding", "China, coding plan", "中国内地，Coding Plan", "https://ark.cn-beijing.volces.com/api/coding/v3"),
		},
		KeyURL:  "https://console.volcengine.com/ark/region:ark+cn-beijing/apiKey",
		DocsURL: "https://www.volcengine.com/docs/82379",
		Fixes: []Fix{
			{Do: FixDrop, Field: "parallel_tool_calls", Ops: []string{"responses"}},
			{Do: FixDrop, Field: "tool_choice", Ops: []string{"responses"}},
		},
		Models: []Model{
			{Match: "doubao-seed-2-0-pro-260215", Reasoning: true, Vision: true},
			{Match: "doubao-seed-1-8-251228", Reasoning: true, Vision: true, Context: 256000},
			{Match: "doubao-seed-1-6-250615", Reasoning: true, Vision: true, Context: 256000},
			{Match: "doubao-seed-1-6-flash-250615", Reasoning: true, Vision: true, Context: 256000},
			{Match: "doubao-seed-*", Reasoning: true, Vision: true},
			{Match: "doubao-*vision*", Vision: true},
			{Match: "doubao-embedding*", Kind: "embedding"},
			{Match: "doubao-seedream-*", Kind: "image"},
			{Match: "doubao-seedance-*", Kind: "video"},
			{Match: "doubao-*"},
			{Match: "ep-*"},
			{Match: "ark-*"},
			{Match: "seed-*", Reasoning: true},
		},
	},
	{
		ID:      "moonshot",
		Name:    Text{EN: "Moonshot AI (Kimi)", ZH: "月之暗面（Kimi）"},
		Popular: 7,
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoToolRequired: true, NoStrict: true, InlinesMedia: true, NoAudio: true, NoFiles: true, NoLogprobs: true, Thinks: protocol.ThinksBySwitch, EchoThinking: protocol.EchoTools}},
			{Protocol: "openai", Models: []string{"moonshot-*", "kimi-k2-*"}, Traits: protocol.Traits{LowTemperature: true, Thinks: protocol.ThinksNot}},
			{Protocol: "openai", Models: []string{"kimi-k2.5*", "kimi-k2.6*", "kimi-k2.7*", "kimi-k3*"}, Traits: protocol.Traits{FixedSampling: true, NoN: true}},
			{Protocol: "openai", Models: []string{"kimi-k3*"}, Traits: protocol.Traits{Thinks: protocol.ThinksByEffort, TopEffort: "max"}},
		},
		Auth:   bearer(),
		Speaks: alike("https://api.moonshot.cn/v1", messages("https://api.moonshot.cn/anthropic", bearer()), responses("https://api.moonshot.cn/v1")),
		Regions: []Region{
			region("cn", "China", "中国内地", "https://api.moonshot.cn/v1"),
			region("intl", "International", "国际", "https://api.moonshot.ai/v1"),
		},
		KeyURL:      "https://platform.moonshot.cn/console/api-keys",
		DocsURL:     "https://platform.moonshot.cn/docs",
		KeyPrefixes: []string{"sk-"},
		PrefixFlag:  "partial",
		Fixes: append(
			// These fix the sampling themselves and refuse to be told.
			drop([]string{"kimi-k2.5*", "kimi-k2.6*", "kimi-k2.7*", "kimi-k3*"},
				"temperature", "top_p", "n", "presence_penalty", "frequency_penalty"),
			Fix{Do: FixClamp, Field: "temperature", Min: 0, Max: 1, Models: []string{"moonshot-v1-*", "kimi-k2-*"}},
		),
		Models: []Model{
			{Match: "kimi-k2.6", Reasoning: true, Vision: true, Context: 262144},
			{Match: "kimi-k3", Reasoning: true},
			{Match: "moonshot-v1-8k", Lacks: []Need{NeedImages}, Prefix: true, Context: 8192},
			{Match: "moonshot-v1-32k", Lacks: []Need{NeedImages}, Prefix: true, Context: 32768},
			{Match: "moonshot-v1-128k", Lacks: []Need{NeedImages}, Prefix: true, Context: 131072},
			{Match: "moonshot-v1-*vision*", Vision: true, Prefix: true},
			{Match: "moonshot-*", Prefix: true},
			{Match: "kimi-k2-*", Lacks: []Need{NeedImages}, Prefix: true, Context: 262144},
			{Match: "kimi-k2-thinking*", Lacks: []Need{NeedImages}, Reasoning: true, Context: 262144},
			{Match: "kimi-*", Reasoning: true},
		},
	},
	{
		ID:      "zhipu",
		Name:    Text{EN: "Zhipu AI / Z.ai (GLM)", ZH: "智谱 AI（GLM）"},
		Popular: 8,
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoToolRequired: true, NoJSONSchema: true, NoStrict: true, NoParallelTools: true, NoN: true, NoSeed: true, NoLogprobs: true, NoPenalties: true, LowTemperature: true, Thinks: protocol.ThinksBySwitch, EchoThinking: protocol.EchoTools}},
		},
		Auth:   bearer(),
		Speaks: alike("https://open.bigmodel.cn/api/paas/v4", messages("https://open.bigmodel.cn/api/anthropic", apiKey())),
		Regions: []Region{
			region("cn", "China (BigModel)", "中国内地（BigModel）", "https://open.bigmodel.cn/api/paas/v4"),
			region("intl", "International (Z.ai)", "国际（Z.ai）", "https://api.z.ai/api/paas/v4"),
			also(region("coding", "China, coding plan", "中国内地，编程套餐", "https://open.bigmodel.cn/api/coding/paas/v4"), "anthropic", "https://open.bigmodel.cn/api/anthropic"),
			also(region("intl-coding", "International, coding plan", "国际，编程套餐", "https://api.z.ai/api/coding/paas/v4"), "anthropic", "https://api.z.ai/api/anthropic"),
		},
		KeyURL:  "https://bigmodel.cn/usercenter/proj-mgmt/apikeys",
		DocsURL: "https://docs.bigmodel.cn/",
		Fixes:   []Fix{{Do: FixClamp, Field: "temperature", Min: 0, Max: 1}},
		Models: []Model{
			{Match: "glm-5.3-flash", Reasoning: true},
			{Match: "glm-5.3", Reasoning: true},
			{Match: "glm-4.7", Lacks: []Need{NeedImages}, Reasoning: true, Context: 200000},
			{Match: "glm-4.6", Lacks: []Need{NeedImages}, Reasoning: true, Context: 200000},
			{Match: "glm-4.5-air", Lacks: []Need{NeedImages}, Reasoning: true, Context: 131072},
			{Match: "embedding-3", Kind: "embedding"},
			{Match: "glm-4-*"},
			{Match: "glm-4*v*", Vision: true},
			{Match: "glm-4.1v-thinking*", Reasoning: true, Vision: true},
			{Match: "glm-4.5v*", Reasoning: true, Vision: true},
			{Match: "glm-4.6v*", Reasoning: true, Vision: true},
			{Match: "glm-*", Reasoning: true},
			{Match: "GLM-*", Reasoning: true},
			{Match: "charglm-*"},
			{Match: "codegeex-*", Lacks: []Need{NeedImages}},
			{Match: "cogview-*", Kind: "image"},
			{Match: "cogvideox*", Kind: "video"},
		},
	},
	{
		ID:      "azure",
		Name:    Text{EN: "Azure OpenAI", ZH: "微软 Azure OpenAI"},
		Popular: 9,
		Quirks: append([]Quirk{
			{Protocol: "openai", Traits: protocol.Traits{CacheKey: true, EchoThinking: protocol.EchoNever}},
			{Models: []string{"o1*", "o3*", "o4*", "gpt-5*"}, Except: []string{"gpt-5*-chat*"}, Traits: protocol.Traits{FixedSampling: true, NoLogprobs: true}},
			{Protocol: "openai", Models: []string{"o3*", "o4*"}, Traits: protocol.Traits{NoStop: true}},
			{Protocol: "openai", Models: []string{"gpt-4*", "gpt-3*", "chatgpt-*", "gpt-5*-chat*"}, Traits: protocol.Traits{Thinks: protocol.ThinksNot}},
		}, claudeQuirks("anthropic", "")...),
		// Keys may be applications in Entra ID, of which the two APIs want tokens
		// of different scopes.
		Auth: entra("https://cognitiveservices.azure.com/.default", "api-key"),
		Speaks: []Speaks{
			{
				Protocol: "openai",
				BaseURL:  "https://{resource}.openai.azure.com/openai",
				Query:    map[string]string{"api-version": "{api_version}"},
				Needs:    []string{"api_version", "deployment"},
				Except:   []string{"claude-*"},
				Paths:    azurePaths("{deployment}"),
			},
			{
				Protocol: "openai",
				BaseURL:  "https://{resource}.openai.azure.com/openai",
				Query:    map[string]string{"api-version": "{api_version}"},
				Needs:    []string{"api_version"},
				Except:   []string{"claude-*"},
				Paths:    azurePaths("{model}"),
			},
			{
				Protocol: "openai",
				BaseURL:  "https://{resource}.openai.azure.com/openai/v1",
				Except:   []string{"claude-*"},
				Auth:     foundry("api-key"),
			},
			{
				Protocol: "responses",
				BaseURL:  "https://{resource}.openai.azure.com/openai",
				Query:    map[string]string{"api-version": "{api_version}"},
				Needs:    []string{"api_version"},
				Except:   []string{"claude-*"},
			},
			{
				Protocol: "responses",
				BaseURL:  "https://{resource}.openai.azure.com/openai/v1",
				Except:   []string{"claude-*"},
				Auth:     foundry("api-key"),
			},
			{
				Protocol: "anthropic",
				BaseURL:  "https://{resource}.services.ai.azure.com/anthropic",
				Headers:  map[string]string{"anthropic-version": "2023-06-01"},
				Models:   []string{"claude-*"},
				Auth:     foundry("x-api-key"),
				Paths:    map[string]string{"/v1/models": "-"},
			},
		},
		Original: true,
		Fields: []Field{
			{
				Name:     "resource",
				Label:    Text{EN: "Resource name", ZH: "资源名称"},
				Required: true,
				Example:  "my-company",
			},
			{
				Name:    "api_version",
				Label:   Text{EN: "API version (only for the dated API; empty: /openai/v1)", ZH: "API 版本（仅旧版按日期的接口需要；留空则用 /openai/v1）"},
				Example: "2024-10-21",
			},
			{
				Name:    "deployment",
				Label:   Text{EN: "One deployment for every request (only with an API version; empty: the model's name is the deployment)", ZH: "所有请求固定使用的部署（仅在填写 API 版本时有效；留空则以模型名作为部署名）"},
				Example: "my-gpt-4o",
			},
		},
		KeyURL:  "https://ai.azure.com/",
		DocsURL: "https://learn.microsoft.com/azure/ai-foundry/openai/",
		Fixes:   []Fix{maxTokensFix("o1*", "o3*", "o4*", "gpt-5*")},
		// Deployments may be called anything, so none is listed. People mostly
		// call them by the model's name.
		Models: []Model{
			{Match: "gpt-5*", Reasoning: true, Vision: true},
			{Match: "gpt-5*-chat*", Vision: true},
			{Match: "gpt-4o*", Vision: true, Context: 128000},
			{Match: "gpt-4.1*", Vision: true, Context: 1047576},
			{Match: "gpt-image-*", Kind: "image"},
			{Match: "gpt-*"},
			{Match: "o1*", Reasoning: true},
			{Match: "o3*", Reasoning: true},
			{Match: "o4*", Reasoning: true},
			{Match: "text-embedding-3-*", Kind: "embedding"},
			{Match: "text-embedding-ada-*", Kind: "embedding"},
			{Match: "claude-*", Reasoning: true, Vision: true},
		},
	},
	{
		ID:      "openrouter",
		Name:    Text{EN: "OpenRouter", ZH: "OpenRouter"},
		Popular: 10,
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{TopK: true, CacheMarks: true, Thinks: protocol.ThinksByObject, EchoThinking: protocol.EchoTools}},
		},
		Auth:   bearer(),
		Speaks: alike("https://openrouter.ai/api/v1", messages("https://openrouter.ai/api", bearer()), responses("https://openrouter.ai/api/v1")),
		Regions: []Region{
			region("global", "Global", "全球", "https://openrouter.ai/api/v1"),
			region("eu", "European Union", "欧盟", "https://eu.openrouter.ai/api/v1"),
		},
		KeyURL:      "https://openrouter.ai/settings/keys",
		DocsURL:     "https://openrouter.ai/docs/api-reference/overview",
		KeyPrefixes: []string{"sk-or-"},
		Models: []Model{
			{Match: "openrouter/auto"},
			{Match: "openrouter/*"},
			{Match: "anthropic/*", Reasoning: true, Vision: true},
			{Match: "cohere/*"},
			{Match: "deepseek/*", Reasoning: true},
			{Match: "google/*", Reasoning: true},
			{Match: "meta-llama/*"},
			{Match: "minimax/*", Reasoning: true},
			{Match: "mistralai/*"},
			{Match: "moonshotai/*", Reasoning: true},
			{Match: "nousresearch/*"},
			{Match: "nvidia/*"},
			{Match: "openai/*", Reasoning: true},
			{Match: "perplexity/*"},
			{Match: "qwen/*"},
			{Match: "x-ai/*", Reasoning: true},
			{Match: "xiaomi/*"},
			{Match: "z-ai/*", Reasoning: true},
		},
	},
	{
		ID:      "ollama",
		Name:    Text{EN: "Ollama", ZH: "Ollama"},
		Popular: 11,
		Quirks: []Quirk{
			{Protocol: "ollama", Traits: protocol.Traits{InlinesMedia: true}},
			{Protocol: "ollama", Models: []string{"gpt-oss*"}, Traits: protocol.Traits{Thinks: protocol.ThinksByLevel}},
			{Protocol: "openai", Traits: protocol.Traits{NoToolRequired: true, NoParallelTools: true, NoLogprobs: true, NoN: true, InlinesMedia: true, NoAudio: true, NoFiles: true, NoStrict: true, Thinks: protocol.ThinksByEffort}},
		},
		Auth: bearer(),
		Speaks: alike("http://localhost:11434/v1", messages("http://localhost:11434", bearer()), responses("http://localhost:11434/v1"),
			Speaks{Protocol: "ollama", BaseURL: "http://localhost:11434", For: []string{"num_ctx", "keep_alive", "options"}}),
		Regions: []Region{
			region("local", "This machine", "本机", "http://localhost:11434/v1"),
			region("cloud", "Ollama Cloud", "Ollama 云", "https://ollama.com/v1"),
		},
		Local:       true,
		KeyOptional: true,
		KeyURL:      "https://ollama.com/settings/keys",
		DocsURL:     "https://docs.ollama.com/api/openai-compatibility",
	},
	{
		ID:          "custom",
		Name:        Text{EN: "Any OpenAI-compatible URL", ZH: "任意 OpenAI 兼容地址"},
		Popular:     12,
		Quirks:      openWeights(),
		Auth:        bearer(),
		Speaks:      compat(""),
		KeyOptional: true,
	},

	// China.
	{
		ID:   "minimax",
		Name: Text{EN: "MiniMax", ZH: "MiniMax（稀宇科技）"},
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoJSONSchema: true, NoStrict: true, NoImages: true, NoAudio: true, NoFiles: true, LowTemperature: true, ThinkTags: true, NoN: true, NoLogprobs: true, Thinks: protocol.ThinksNot, EchoThinking: protocol.EchoTools}},
		},
		Auth:   bearer(),
		Speaks: alike("https://api.minimaxi.com/v1", messages("https://api.minimaxi.com/anthropic", bearer()), responses("https://api.minimaxi.com/v1")),
		Regions: []Region{
			region("cn", "China", "中国内地", "https://api.minimaxi.com/v1"),
			region("intl", "International", "国际", "https://api.minimax.io/v1"),
		},
		KeyURL:  "https://platform.minimaxi.com/user-center/basic-information/interface-key",
		DocsURL: "https://platform.minimaxi.com/docs",
		// The range is (0, 1]: nought itself is refused.
		Fixes: []Fix{{Do: FixClamp, Field: "temperature", Min: 0.01, Max: 1}},
		Models: []Model{
			{Match: "MiniMax-M2", Lacks: []Need{NeedImages}, Reasoning: true, Context: 204800},
			{Match: "MiniMax-M2.7", Reasoning: true},
			{Match: "MiniMax-M3", Reasoning: true},
			{Match: "MiniMax-M*", Reasoning: true},
			{Match: "MiniMax-*"},
			{Match: "minimax-m*", Reasoning: true},
			{Match: "abab*"},
			{Match: "speech-0*", Kind: "audio"},
			{Match: "embo-*", Kind: "embedding"},
		},
	},
	{
		ID:   "qianfan",
		Name: Text{EN: "Baidu Qianfan (ERNIE)", ZH: "百度千帆（文心）"},
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoStrict: true, NoN: true, NoLogprobs: true, Thinks: protocol.ThinksByEnable}},
		},
		Auth:        bearer(),
		Speaks:      compat("https://qianfan.baidubce.com/v2"),
		KeyURL:      "https://console.bce.baidu.com/iam/#/iam/apikey/list",
		DocsURL:     "https://cloud.baidu.com/doc/qianfan-api/index.html",
		KeyPrefixes: []string{"bce-v3/"},
		Models: []Model{
			{Match: "ernie-4.5-turbo-128k", Context: 131072},
			{Match: "ernie-x1-turbo-32k", Lacks: []Need{NeedImages}, Reasoning: true, Context: 32768},
			{Match: "ernie-4.5-turbo-vl*", Vision: true},
			{Match: "ernie-x1*", Lacks: []Need{NeedImages}, Reasoning: true},
			{Match: "ernie-*"},
			{Match: "bce-reranker*", Kind: "rerank"},
		},
	},
	{
		ID:   "hunyuan",
		Name: Text{EN: "Tencent Hunyuan", ZH: "腾讯混元"},
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoJSONSchema: true, NoJSONMode: true, NoStrict: true, NoToolRequired: true, NoParallelTools: true, NoN: true, NoLogprobs: true, Alternates: true, Thinks: protocol.ThinksNot}},
		},
		Auth:    bearer(),
		Speaks:  compat("https://api.hunyuan.cloud.tencent.com/v1"),
		KeyURL:  "https://console.cloud.tencent.com/hunyuan/start",
		DocsURL: "https://cloud.tencent.com/document/product/1729/111007",
		Models: []Model{
			{Match: "hunyuan-turbos-latest"},
			{Match: "hunyuan-t1-latest", Lacks: []Need{NeedImages}, Reasoning: true},
			{Match: "hunyuan-lite", Lacks: []Need{NeedImages}},
			{Match: "hunyuan-embedding", Kind: "embedding"},
			{Match: "hunyuan-t1*", Lacks: []Need{NeedImages}, Reasoning: true},
			{Match: "hunyuan-*vision*", Vision: true},
			{Match: "hunyuan-*"},
		},
	},
	{
		ID:   "spark",
		Name: Text{EN: "iFlytek Spark", ZH: "讯飞星火"},
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoJSONSchema: true, NoStrict: true, NoToolRequired: true, NoParallelTools: true, NoN: true, NoSeed: true, NoLogprobs: true, NoImages: true, NoAudio: true, NoFiles: true, TopK: true, Thinks: protocol.ThinksNot}},
		},
		Auth: bearer(),
		// X1 models live at another version of the same API.
		Speaks: compat("https://spark-api-open.xf-yun.com/v1"),
		Regions: []Region{
			region("v1", "All models but X1", "X1 以外的模型", "https://spark-api-open.xf-yun.com/v1"),
			region("v2", "Spark X1", "星火 X1", "https://spark-api-open.xf-yun.com/v2"),
		},
		KeyURL:  "https://console.xfyun.cn/services/bmx1",
		DocsURL: "https://www.xfyun.cn/doc/spark/HTTP%E8%B0%83%E7%94%A8%E6%96%87%E6%A1%A3.html",
		Models: []Model{
			{Match: "4.0Ultra"},
			{Match: "generalv3.5"},
			{Match: "max-32k", Context: 32768},
			{Match: "pro-128k", Context: 131072},
			{Match: "generalv3"},
			{Match: "spark-x*", Reasoning: true},
			{Match: "spark-*"},
		},
	},
	{
		ID:     "stepfun",
		Name:   Text{EN: "StepFun", ZH: "阶跃星辰"},
		Auth:   bearer(),
		Speaks: alike("https://api.stepfun.com/v1", messages("https://api.stepfun.com", bearer()), responses("https://api.stepfun.com/v1")),
		Regions: []Region{
			region("cn", "China", "中国内地", "https://api.stepfun.com/v1"),
			region("intl", "International", "国际", "https://api.stepfun.ai/v1"),
			region("plan", "China, step plan", "中国内地，Step Plan", "https://api.stepfun.com/step_plan/v1"),
		},
		KeyURL:  "https://platform.stepfun.com/interface-key",
		DocsURL: "https://platform.stepfun.com/docs",
		Models: []Model{
			{Match: "step-2-16k", Lacks: []Need{NeedImages}, Context: 16384},
			{Match: "step-3", Reasoning: true, Vision: true},
			{Match: "step-1v-*", Vision: true},
			{Match: "step-1o-*", Vision: true},
			{Match: "step-r1*", Reasoning: true, Vision: true},
			{Match: "step-3*", Reasoning: true},
			{Match: "step-tts-*", Kind: "audio"},
			{Match: "step-asr*", Kind: "audio"},
			{Match: "step-1x-*", Kind: "image"},
			{Match: "step-*"},
		},
	},
	{
		ID:      "yi",
		Name:    Text{EN: "01.AI (Yi)", ZH: "零一万物（Yi）"},
		Auth:    bearer(),
		Speaks:  compat("https://api.lingyiwanwu.com/v1"),
		KeyURL:  "https://platform.lingyiwanwu.com/apikeys",
		DocsURL: "https://platform.lingyiwanwu.com/docs",
		Models: []Model{
			{Match: "yi-lightning", Lacks: []Need{NeedImages}},
			{Match: "yi-vision*", Vision: true},
			{Match: "yi-*"},
		},
	},
	{
		ID:          "baichuan",
		Name:        Text{EN: "Baichuan", ZH: "百川智能"},
		Auth:        bearer(),
		Speaks:      compat("https://api.baichuan-ai.com/v1"),
		KeyURL:      "https://platform.baichuan-ai.com/console/apikey",
		DocsURL:     "https://platform.baichuan-ai.com/docs/api",
		KeyPrefixes: []string{"sk-"},
		Fixes:       []Fix{{Do: FixClamp, Field: "temperature", Min: 0, Max: 1}},
		Models: []Model{
			{Match: "Baichuan4-Turbo", Context: 32768},
			{Match: "Baichuan4-Air", Context: 32768},
			{Match: "Baichuan-Text-Embedding", Kind: "embedding"},
			{Match: "Baichuan-M*", Reasoning: true},
			{Match: "Baichuan*"},
		},
	},
	{
		ID:      "360",
		Name:    Text{EN: "360 AI", ZH: "360 智脑"},
		Auth:    bearer(),
		Speaks:  compat("https://api.360.cn/v1"),
		KeyURL:  "https://ai.360.com/platform/keys",
		DocsURL: "https://ai.360.com/platform/docs/overview",
		Models: []Model{
			{Match: "360gpt2-pro"},
			{Match: "360gpt2-o1", Reasoning: true},
			{Match: "360zhinao*"},
			{Match: "360gpt*"},
		},
	},
	{
		ID:      "longcat",
		Name:    Text{EN: "Meituan LongCat", ZH: "美团 LongCat"},
		Auth:    bearer(),
		Speaks:  compatBut("https://api.longcat.chat/openai/v1", map[string]string{"/models": "{origin}/v1/models"}),
		KeyURL:  "https://longcat.chat/platform/api_keys",
		DocsURL: "https://longcat.chat/platform/docs/",
		Models: []Model{
			{Match: "LongCat-2.0", Lacks: []Need{NeedImages}, Reasoning: true, Context: 1048576},
			{Match: "LongCat-*-Thinking*", Reasoning: true},
			{Match: "LongCat-*"},
		},
	},
	{
		ID:      "mimo",
		Name:    Text{EN: "Xiaomi MiMo", ZH: "小米 MiMo"},
		Auth:    bearer(),
		Speaks:  compat("https://api.xiaomimimo.com/v1"),
		KeyURL:  "https://platform.xiaomimimo.com/",
		DocsURL: "https://platform.xiaomimimo.com/docs",
		Models: []Model{
			{Match: "mimo-v2-flash", Lacks: []Need{NeedImages}, Context: 262144},
			{Match: "mimo-v2.5-pro", Reasoning: true},
			{Match: "mimo-*", Reasoning: true},
		},
	},

	// The rest of the world.
	bedrock(),
	vertex(),
	{
		ID:   "groq",
		Name: Text{EN: "Groq", ZH: "Groq"},
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoLogprobs: true, NoN: true, NoFiles: true, NoAudio: true, Thinks: protocol.ThinksByEffort, EchoThinking: protocol.EchoNever}},
		},
		Auth:        bearer(),
		Speaks:      append(compatBut("https://api.groq.com/openai/v1", map[string]string{"/embeddings": "-"}), responses("https://api.groq.com/openai/v1")),
		KeyURL:      "https://console.groq.com/keys",
		DocsURL:     "https://console.groq.com/docs/openai",
		KeyPrefixes: []string{"gsk_"},
		Fixes:       drop(nil, "prompt_cache_key", "store", "logprobs", "top_logprobs", "logit_bias"),
		Models: []Model{
			{Match: "llama-3.3-70b-versatile", Lacks: []Need{NeedImages}, Context: 131072},
			{Match: "llama-3.1-8b-instant", Lacks: []Need{NeedImages}, Context: 131072},
			{Match: "openai/gpt-oss-120b", Lacks: []Need{NeedImages}, Reasoning: true, Context: 131072},
			{Match: "openai/gpt-oss-20b", Lacks: []Need{NeedImages}, Reasoning: true, Context: 131072},
			{Match: "openai/gpt-oss-*", Lacks: []Need{NeedImages}, Reasoning: true},
			{Match: "whisper-large-v3*", Kind: "audio"},
			{Match: "llama-3.*"},
			{Match: "groq/*"},
			{Match: "meta-llama/*"},
			{Match: "moonshotai/*"},
			{Match: "qwen/*", Reasoning: true},
		},
	},
	{
		ID:   "mistral",
		Name: Text{EN: "Mistral AI", ZH: "Mistral AI"},
		Auth: bearer(),
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoStreamOptions: true, CallIDs: 9}}, // counts come unasked
		},
		Speaks:     compat("https://api.mistral.ai/v1"),
		KeyURL:     "https://console.mistral.ai/api-keys",
		DocsURL:    "https://docs.mistral.ai/api",
		PrefixFlag: "prefix",
		Fixes: []Fix{
			{Do: FixRename, Field: "max_completion_tokens", To: "max_tokens"},
			{Do: FixRename, Field: "seed", To: "random_seed"},
		},
		Models: []Model{
			{Match: "mistral-small-latest", Prefix: true, Vision: true},
			{Match: "mistral-medium-latest", Prefix: true, Vision: true},
			{Match: "mistral-large-latest", Prefix: true},
			{Match: "codestral-latest", Lacks: []Need{NeedImages}, Prefix: true},
			{Match: "magistral-medium-latest", Reasoning: true},
			{Match: "mistral-embed", Kind: "embedding"},
			{Match: "mistral-embed*", Kind: "embedding"},
			{Match: "codestral-embed*", Kind: "embedding"},
			{Match: "mistral-moderation-*", Kind: "moderation"},
			{Match: "magistral-*", Reasoning: true},
			{Match: "mistral-*", Prefix: true},
			{Match: "ministral-*", Prefix: true},
			{Match: "codestral-*", Lacks: []Need{NeedImages}, Prefix: true},
			{Match: "devstral-*", Prefix: true},
			{Match: "open-mistral-*", Prefix: true},
			{Match: "open-mixtral-*", Lacks: []Need{NeedImages}, Prefix: true},
			{Match: "pixtral-*", Prefix: true, Vision: true},
			{Match: "voxtral-*", Kind: "audio"},
		},
	},
	{
		ID:   "cohere",
		Name: Text{EN: "Cohere", ZH: "Cohere"},
		Quirks: append([]Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoStreamOptions: true, NoN: true, NoParallelTools: true, NoToolRequired: true, NoLogprobs: true, NoAudio: true, NoFiles: true}},
			{Protocol: "cohere", Traits: protocol.Traits{LowTemperature: true}},
		}, cohereQuirks()...),
		Auth: bearer(),
		Speaks: append(
			compatBut("https://api.cohere.ai/compatibility/v1", map[string]string{
				"/models": "{origin}/v1/models",
				"/rerank": "{origin}/v2/rerank",
			}),
			cohereOwn(),
		),
		KeyURL:  "https://dashboard.cohere.com/api-keys",
		DocsURL: "https://docs.cohere.com/docs/compatibility-api",
		Models: []Model{
			{Match: "command-a-03-2025", Lacks: []Need{NeedImages}, Context: 256000},
			{Match: "command-r7b-12-2024", Lacks: []Need{NeedImages}, Context: 128000},
			{Match: "embed-v4.0", Kind: "embedding"},
			{Match: "rerank-v3.5", Kind: "rerank"},
			{Match: "command-a-reasoning-08-2025", Lacks: []Need{NeedImages}, Reasoning: true, Context: 256000},
			{Match: "command-a-vision-07-2025", Vision: true, Context: 128000},
			{Match: "command-a-reasoning-*", Lacks: []Need{NeedImages}, Reasoning: true},
			{Match: "command-a-vision-*", Vision: true},
			{Match: "command-*"},
			{Match: "c4ai-*"},
			{Match: "embed-*", Kind: "embedding"},
			{Match: "rerank-v*", Kind: "rerank"},
			{Match: "rerank-english-*", Kind: "rerank"},
			{Match: "rerank-multilingual-*", Kind: "rerank"},
		},
	},
	{
		ID:   "xai",
		Name: Text{EN: "xAI (Grok)", ZH: "xAI（Grok）"},
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoAudio: true, NoFiles: true, EchoThinking: protocol.EchoNever}},
			{Protocol: "openai", Models: []string{"grok-4*", "grok-code*"}, Except: []string{"*non-reasoning*"}, Traits: protocol.Traits{Thinks: protocol.ThinksNot, NoStop: true, NoPenalties: true}},
		},
		Auth:        bearer(),
		Speaks:      alike("https://api.x.ai/v1", responses("https://api.x.ai/v1")),
		KeyURL:      "https://console.x.ai/",
		DocsURL:     "https://docs.x.ai/",
		KeyPrefixes: []string{"xai-"},
		// Only names known to reason: the non-reasoning ones take these fields.
		Fixes: drop([]string{
			"grok-3-mini*", "grok-4", "grok-4-0709", "grok-4-latest",
			"grok-4-fast-reasoning*", "grok-4-1-fast-reasoning*", "grok-code-fast*",
		}, "stop", "presence_penalty", "frequency_penalty"),
		Models: []Model{
			{Match: "grok-4.3", Reasoning: true},
			{Match: "grok-4", Reasoning: true, Vision: true, Context: 256000},
			{Match: "grok-3-mini", Lacks: []Need{NeedImages}, Reasoning: true, Context: 131072},
			{Match: "grok-3-mini*", Lacks: []Need{NeedImages}, Reasoning: true},
			{Match: "grok-4*", Reasoning: true, Vision: true},
			{Match: "grok-4*-non-reasoning*", Vision: true},
			{Match: "grok-code-*", Lacks: []Need{NeedImages}, Reasoning: true},
			{Match: "grok-*image*", Kind: "image"},
			{Match: "grok-*"},
		},
	},
	{
		ID:   "perplexity",
		Name: Text{EN: "Perplexity", ZH: "Perplexity"},
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoTools: true, NoSeed: true, NoN: true, NoStop: true, NoLogprobs: true, NoAudio: true, Alternates: true, ThinkTags: true, NoStreamOptions: true, Thinks: protocol.ThinksByEffort}},
		},
		Auth: bearer(),
		// Chat lies at the root, what came later below /v1. There is no list.
		Speaks: append(compatBut("https://api.perplexity.ai", map[string]string{
			"/embeddings": "/v1/embeddings",
			"/models":     "-",
		}), responses("https://api.perplexity.ai/v1")),
		KeyURL:      "https://www.perplexity.ai/account/api/keys",
		DocsURL:     "https://docs.perplexity.ai/",
		KeyPrefixes: []string{"pplx-"},
		Models: []Model{
			{Match: "sonar", Lacks: []Need{NeedTools}, Context: 127072},
			{Match: "sonar-pro", Lacks: []Need{NeedTools}, Context: 200000},
			{Match: "sonar-reasoning-pro", Lacks: []Need{NeedTools}, Reasoning: true, Context: 127072},
			{Match: "sonar-deep-research", Lacks: []Need{NeedTools}, Reasoning: true, Context: 127072},
			{Match: "sonar-reasoning*", Lacks: []Need{NeedTools}, Reasoning: true},
			{Match: "sonar*", Lacks: []Need{NeedTools}},
			{Match: "pplx-embed-*", Kind: "embedding"},
		},
	},
	{
		ID:   "cerebras",
		Name: Text{EN: "Cerebras", ZH: "Cerebras"},
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoPenalties: true, NoN: true, NoImages: true, NoAudio: true, NoFiles: true, Thinks: protocol.ThinksByEffort}},
		},
		Auth:        bearer(),
		Speaks:      compatBut("https://api.cerebras.ai/v1", map[string]string{"/embeddings": "-"}),
		KeyURL:      "https://cloud.cerebras.ai/",
		DocsURL:     "https://inference-docs.cerebras.ai/",
		KeyPrefixes: []string{"csk-"},
		Models: []Model{
			{Match: "gpt-oss-120b", Reasoning: true, Context: 131072},
			{Match: "llama3.1-8b"},
			{Match: "llama3.1-*"},
			{Match: "zai-glm-*", Reasoning: true},
			{Match: "gpt-oss-*", Reasoning: true},
		},
	},
	{
		ID:      "sambanova",
		Name:    Text{EN: "SambaNova", ZH: "SambaNova"},
		Auth:    bearer(),
		Speaks:  compat("https://api.sambanova.ai/v1"),
		KeyURL:  "https://cloud.sambanova.ai/apis",
		DocsURL: "https://docs.sambanova.ai/",
		Models: []Model{
			{Match: "Meta-Llama-3.3-70B-Instruct"},
			{Match: "Meta-Llama-*"},
			{Match: "DeepSeek-*", Reasoning: true},
		},
	},
	{
		ID:          "jina",
		Name:        Text{EN: "Jina AI", ZH: "Jina AI"},
		Auth:        bearer(),
		Speaks:      compat("https://api.jina.ai/v1"),
		KeyURL:      "https://jina.ai/api-dashboard/",
		DocsURL:     "https://jina.ai/embeddings/",
		KeyPrefixes: []string{"jina_"},
		Models: []Model{
			{Match: "jina-embeddings-v4", Kind: "embedding"},
			{Match: "jina-embeddings-v3", Kind: "embedding"},
			{Match: "jina-reranker-v2-base-multilingual", Kind: "rerank"},
			{Match: "jina-embeddings-*", Kind: "embedding"},
			{Match: "jina-reranker-*", Kind: "rerank"},
			{Match: "jina-*", Kind: "embedding"},
		},
	},
	{
		ID:          "voyage",
		Name:        Text{EN: "Voyage AI", ZH: "Voyage AI"},
		Auth:        bearer(),
		Speaks:      compat("https://api.voyageai.com/v1"),
		KeyURL:      "https://dashboard.voyageai.com/organization/api-keys",
		DocsURL:     "https://docs.voyageai.com/",
		KeyPrefixes: []string{"pa-"},
		Models: []Model{
			{Match: "voyage-3.5", Kind: "embedding"},
			{Match: "voyage-3-large", Kind: "embedding"},
			{Match: "rerank-2.5", Kind: "rerank"},
			{Match: "voyage-*", Kind: "embedding"},
			{Match: "rerank-2*", Kind: "rerank"},
		},
	},

	// Many models behind one key: names are org/name.
	{
		ID:   "siliconflow",
		Name: Text{EN: "SiliconFlow", ZH: "硅基流动"},
		Quirks: []Quirk{
			{Protocol: "openai", Traits: protocol.Traits{NoStrict: true, TopK: true, Thinks: protocol.ThinksByEnable}},
		},
		Auth:   bearer(),
		Speaks: alike("https://api.siliconflow.cn/v1", messages("https://api.siliconflow.cn", bearer())),
		Regions: []Region{
			region("cn", "China", "中国内地", "https://api.siliconflow.cn/v1"),
			region("intl", "International", "国际", "https://api.siliconflow.com/v1"),
		},
		KeyURL:      "https://cloud.siliconflow.cn/account/ak",
		DocsURL:     "https://docs.siliconflow.cn/",
		KeyPrefixes: []string{"sk-"},
		Models: []Model{
			{Match: "Qwen/Qwen3-8B", Reasoning: true},
			{Match: "deepseek-ai/DeepSeek-V3.2", Reasoning: true},
			{Match: "BAAI/bge-m3", Kind: "embedding"},
			{Match: "BAAI/bge-reranker-v2-m3", Kind: "rerank"},
			{Match: "BAAI/*", Kind: "embedding"},
			{Match: "BAAI/bge-reranker-*", Kind: "rerank"},
			{Match: "Qwen/*", Reasoning: true},
			{Match: "Pro/*"},
			{Match: "LoRA/*"},
			{Match: "MiniMaxAI/*", Reasoning: true},
			{Match: "THUDM/*", Reasoning: true},
			{Match: "baidu/*"},
			{Match: "deepseek-ai/*", Reasoning: true},
			{Match: "inclusionAI/*"},
			{Match: "internlm/*"},
			{Match: "moonshotai/*", Reasoning: true},
			{Match: "stepfun-ai/*"},
			{Match: "tencent/*"},
			{Match: "zai-org/*", Reasoning: true},
		},
	},
	{
		ID:          "modelscope",
		Name:        Text{EN: "ModelScope", ZH: "魔搭社区 ModelScope"},
		Auth:        bearer(),
		Speaks:      compat("https://api-inference.modelscope.cn/v1"),
		KeyURL:      "https://modelscope.cn/my/myaccesstoken",
		DocsURL:     "https://modelscope.cn/docs/model-service/API-Inference/intro",
		KeyPrefixes: []string{"ms-"},
		Models: []Model{
			{Match: "Qwen/*"},
			{Match: "deepseek-ai/*", Reasoning: true},
			{Match: "ZhipuAI/*", Reasoning: true},
			{Match: "moonshotai/*", Reasoning: true},
			{Match: "LLM-Research/*"},
		},
	},
	{
		ID:          "together",
		Name:        Text{EN: "Together AI", ZH: "Together AI"},
		Auth:        bearer(),
		Speaks:      compat("https://api.together.xyz/v1"),
		KeyURL:      "https://api.together.ai/settings/api-keys",
		DocsURL:     "https://docs.together.ai/docs/openai-api-compatibility",
		KeyPrefixes: []string{"tgp_v1_"},
		Models: []Model{
			{Match: "meta-llama/Llama-3.3-70B-Instruct-Turbo", Context: 131072},
			{Match: "Qwen/*"},
			{Match: "deepseek-ai/*", Reasoning: true},
			{Match: "meta-llama/*"},
			{Match: "mistralai/*"},
			{Match: "moonshotai/*", Reasoning: true},
			{Match: "togethercomputer/*"},
			{Match: "zai-org/*", Reasoning: true},
		},
	},
	{
		ID:          "fireworks",
		Name:        Text{EN: "Fireworks AI", ZH: "Fireworks AI"},
		Auth:        bearer(),
		Speaks:      alike("https://api.fireworks.ai/inference/v1", messages("https://api.fireworks.ai/inference", bearer())),
		KeyURL:      "https://app.fireworks.ai/settings/users/api-keys",
		DocsURL:     "https://docs.fireworks.ai/",
		KeyPrefixes: []string{"fw_"},
		Models: []Model{
			{Match: "accounts/fireworks/models/llama-v3p3-70b-instruct", Context: 131072},
			{Match: "accounts/fireworks/models/gpt-oss-120b", Reasoning: true, Context: 131072},
			{Match: "accounts/*"},
		},
	},
	{
		ID:      "nvidia",
		Name:    Text{EN: "NVIDIA NIM", ZH: "英伟达 NIM"},
		Auth:    bearer(),
		Speaks:  compat("https://integrate.api.nvidia.com/v1"),
		KeyURL:  "https://build.nvidia.com/settings/api-keys",
		DocsURL: "https://docs.api.nvidia.com/nim/reference/llm-apis",

		KeyPrefixes: []string{"nvapi-"},
		Models: []Model{
			{Match: "meta/llama-3.3-70b-instruct", Context: 131072},
			{Match: "nvidia/*"},
			{Match: "meta/*"},
			{Match: "deepseek-ai/*", Reasoning: true},
			{Match: "microsoft/*"},
			{Match: "mistralai/*"},
			{Match: "moonshotai/*", Reasoning: true},
			{Match: "qwen/*"},
		},
	},
	{
		ID:          "huggingface",
		Name:        Text{EN: "Hugging Face", ZH: "Hugging Face"},
		Auth:        bearer(),
		Speaks:      compat("https://router.huggingface.co/v1"),
		KeyURL:      "https://huggingface.co/settings/tokens",
		DocsURL:     "https://huggingface.co/docs/inference-providers",
		KeyPrefixes: []string{"hf_"},
		Models: []Model{
			{Match: "openai/gpt-oss-120b", Lacks: []Need{NeedImages}, Reasoning: true, Context: 131072},
			{Match: "meta-llama/Llama-3.3-70B-Instruct", Context: 131072},
			{Match: "openai/gpt-oss-*", Lacks: []Need{NeedImages}, Reasoning: true},
			{Match: "HuggingFaceTB/*"},
			{Match: "MiniMaxAI/*", Reasoning: true},
			{Match: "Qwen/*"},
			{Match: "deepseek-ai/*", Reasoning: true},
			{Match: "google/gemma-*"},
			{Match: "meta-llama/*"},
			{Match: "mistralai/*"},
			{Match: "moonshotai/*", Reasoning: true},
			{Match: "zai-org/*", Reasoning: true},
		},
	},
	{
		ID:   "github",
		Name: Text{EN: "GitHub Models", ZH: "GitHub Models"},
		Auth: bearer(),
		Speaks: compatBut("https://models.github.ai/inference", map[string]string{
			"/models": "{origin}/catalog/models",
		}),
		KeyURL:      "https://github.com/settings/personal-access-tokens",
		DocsURL:     "https://docs.github.com/github-models",
		KeyPrefixes: []string{"github_pat_", "ghp_"},
		Fixes:       []Fix{maxTokensFix("openai/o1*", "openai/o3*", "openai/o4*", "openai/gpt-5*")},
		Models: []Model{
			{Match: "openai/gpt-4.1", Vision: true},
			{Match: "openai/gpt-4o-mini", Vision: true},
			{Match: "openai/gpt-5*", Reasoning: true, Vision: true},
			{Match: "openai/o*", Reasoning: true},
			{Match: "openai/text-embedding-3-*", Kind: "embedding"},
			{Match: "openai/*"},
			{Match: "ai21-labs/*"},
			{Match: "cohere/*"},
			{Match: "deepseek/*", Reasoning: true},
			{Match: "meta/*"},
			{Match: "microsoft/*"},
			{Match: "mistral-ai/*"},
			{Match: "xai/*", Reasoning: true},
		},
	},
	{
		ID:     "cloudflare",
		Name:   Text{EN: "Cloudflare Workers AI", ZH: "Cloudflare Workers AI"},
		Auth:   bearer(),
		Speaks: alike("https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1", responses("https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1")),
		Fields: []Field{{
			Name:     "account_id",
			Label:    Text{EN: "Account ID", ZH: "账户 ID"},
			Required: true,
			Example:  "023e105f4ecef8ad9ca31a8372d0c353",
		}},
		KeyURL:  "https://dash.cloudflare.com/profile/api-tokens",
		DocsURL: "https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility/",
		Models: []Model{
			{Match: "@cf/meta/llama-3.3-70b-instruct-fp8-fast"},
			{Match: "@cf/openai/gpt-oss-120b", Reasoning: true},
			{Match: "@cf/baai/bge-m3", Kind: "embedding"},
			{Match: "@cf/baai/*", Kind: "embedding"},
			{Match: "@cf/*"},
			{Match: "@hf/*"},
		},
	},
	{
		ID:      "deepinfra",
		Name:    Text{EN: "DeepInfra", ZH: "DeepInfra"},
		Auth:    bearer(),
		Speaks:  compat("https://api.deepinfra.com/v1/openai"),
		KeyURL:  "https://deepinfra.com/dash/api_keys",
		DocsURL: "https://deepinfra.com/docs/openai_api",
		Models: []Model{
			{Match: "meta-llama/Llama-3.3-70B-Instruct", Context: 131072},
			{Match: "Qwen/*"},
			{Match: "deepseek-ai/*", Reasoning: true},
			{Match: "meta-llama/*"},
			{Match: "mistralai/*"},
			{Match: "moonshotai/*", Reasoning: true},
			{Match: "zai-org/*", Reasoning: true},
		},
	},
	{
		ID:          "novita",
		Name:        Text{EN: "Novita AI", ZH: "Novita AI"},
		Auth:        bearer(),
		Speaks:      compat("https://api.novita.ai/openai/v1"),
		KeyURL:      "https://novita.ai/settings/key-management",
		DocsURL:     "https://novita.ai/docs",
		KeyPrefixes: []string{"sk_"},
		Models: []Model{
			{Match: "meta-llama/llama-3.3-70b-instruct", Context: 131072},
			{Match: "deepseek/*", Reasoning: true},
			{Match: "meta-llama/*"},
			{Match: "minimax/*", Reasoning: true},
			{Match: "moonshotai/*", Reasoning: true},
			{Match: "qwen/*"},
			{Match: "zai-org/*", Reasoning: true},
		},
	},
	{
		ID:      "nebius",
		Name:    Text{EN: "Nebius Token Factory", ZH: "Nebius Token Factory"},
		Auth:    bearer(),
		Speaks:  compat("https://api.tokenfactory.nebius.com/v1"),
		KeyURL:  "https://tokenfactory.nebius.com/",
		DocsURL: "https://docs.tokenfactory.nebius.com/",
		Models: []Model{
			{Match: "meta-llama/Llama-3.3-70B-Instruct", Context: 131072},
			{Match: "Qwen/*"},
			{Match: "deepseek-ai/*", Reasoning: true},
			{Match: "meta-llama/*"},
			{Match: "moonshotai/*", Reasoning: true},
			{Match: "nvidia/*"},
			{Match: "zai-org/*", Reasoning: true},
			{Match: "NousResearch/*"},
			{Match: "BAAI/*", Kind: "embedding"},
		},
	},

	// On one's own machine or network. What they serve, only they know.
	{
		ID:          "vllm",
		Name:        Text{EN: "vLLM", ZH: "vLLM"},
		Quirks:      openWeights(),
		Auth:        bearer(),
		Speaks:      alike("http://localhost:8000/v1", messages("http://localhost:8000", bearer()), responses("http://localhost:8000/v1")),
		Local:       true,
		KeyOptional: true,
		DocsURL:     "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
	},
	{
		ID:          "sglang",
		Name:        Text{EN: "SGLang", ZH: "SGLang"},
		Quirks:      openWeights(),
		Auth:        bearer(),
		Speaks:      alike("http://localhost:30000/v1", responses("http://localhost:30000/v1")),
		Local:       true,
		KeyOptional: true,
		DocsURL:     "https://docs.sglang.ai/",
	},
	{
		ID:          "lmstudio",
		Name:        Text{EN: "LM Studio", ZH: "LM Studio"},
		Quirks:      openWeights(),
		Auth:        bearer(),
		Speaks:      alike("http://localhost:1234/v1", messages("http://localhost:1234", bearer()), responses("http://localhost:1234/v1")),
		Local:       true,
		KeyOptional: true,
		DocsURL:     "https://lmstudio.ai/docs/app/api/endpoints/openai",
	},
	{
		ID:          "llamacpp",
		Name:        Text{EN: "llama.cpp", ZH: "llama.cpp"},
		Quirks:      openWeights(),
		Auth:        bearer(),
		Speaks:      alike("http://localhost:8080/v1", messages("http://localhost:8080", bearer()), responses("http://localhost:8080/v1")),
		Local:       true,
		KeyOptional: true,
		DocsURL:     "https://github.com/ggml-org/llama.cpp/tree/master/tools/server",
	},
	{
		ID:          "xinference",
		Name:        Text{EN: "Xinference", ZH: "Xinference"},
		Quirks:      openWeights(),
		Auth:        bearer(),
		Speaks:      compat("http://localhost:9997/v1"),
		Local:       true,
		KeyOptional: true,
		DocsURL:     "https://inference.readthedocs.io/",
	},
	{
		ID:   "demo",
		Name: Text{EN: "Posthouse demo", ZH: "Posthouse 演示"},
		Auth: bearer(),
		// The fake vendor inside Posthouse listens where it finds a free port.
		Speaks:      compat(""),
		Local:       true,
		KeyOptional: true,
		Models: []Model{
			{Match: "demo-chat", Prefix: true},
			{Match: "demo-reason", Reasoning: true, Prefix: true},
			{Match: "demo-tools2", Prefix: true},
			{Match: "demo-slow", Prefix: true},
			{Match: "demo-embed", Kind: "embedding"},
			{Match: "demo-*", Prefix: true},
			{Match: "lab-*", Prefix: true},
			{Match: "fault-*", Prefix: true},
		},
	},
}
