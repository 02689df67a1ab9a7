package catalog

import "github.com/posthouse/posthouse/proxy/protocol"

// cohereOwn is Cohere's own API. Its imitation of OpenAI's takes the fields that
// its page lists and refuses, or passes over, what stands in For. Callers of
// OpenAI's dialect who use none of that are passed through to the byte: the API
// of Cohere's own would give them nothing. For all others, who are translated
// anyway, it is the better one. Source: docs.cohere.com/docs/compatibility-api
// (2026-11).
func cohereOwn() Speaks {
	return Speaks{
		Protocol: "cohere", BaseURL: "https://api.cohere.com", Fuller: true,
		For: []string{
			"tool_choice", "top_k", "logprobs", "reasoning_effort", "thinking", "documents", "citation_options", "safety_mode", "priority",
			"dimensions", "input_type", "truncate",
		},
	}
}

// cohereQuirks are where Cohere's older models know less than its newest. Source:
// docs.cohere.com/docs/models (2026-11).
func cohereQuirks() []Quirk {
	plain := []string{"command-r*", "command-a-03-2025", "command-a-translate-*", "command-light*", "command-nightly*", "c4ai-aya-expanse-*"}
	return []Quirk{
		{Protocol: "cohere", Models: plain, Traits: protocol.Traits{Thinks: protocol.ThinksNot, NoImages: true}},
		{Protocol: "cohere", Models: []string{"command-a-vision-*", "c4ai-aya-vision-*"}, Traits: protocol.Traits{Thinks: protocol.ThinksNot}},
		{Protocol: "cohere", Models: []string{"command-a-reasoning-*"}, Traits: protocol.Traits{NoImages: true}},
		{Protocol: "cohere", Models: []string{"command-r", "command-r-*", "command-r-plus*", "command-light*", "c4ai-aya-*"}, Traits: protocol.Traits{NoToolRequired: true}},
	}
}

// dashscopeOwn is the API of Model Studio that is its own. In conversations the
// imitation of OpenAI's takes nearly all of it, so that even what is translated
// goes there; but it names no sources of a search, and does none of the tasks of
// reading pictures. Of vectors it can't be told what they are for, which callers
// of other dialects can say. Models that see have a path of their own. Source:
// help.aliyun.com/en/model-studio/qwen-api-via-dashscope and
// /text-embedding-synchronous-api (2026-11).
func dashscopeOwn() []Speaks {
	const home = "https://dashscope.aliyuncs.com/api/v1"
	vectors := []string{"text-embedding-*"}
	chats := []string{"search_options", "ocr_options"}
	return []Speaks{
		{Protocol: "dashscope", BaseURL: home, Models: vectors, Fuller: true, For: []string{"text_type", "instruct"}},
		{
			Protocol: "dashscope", BaseURL: home, Models: seeingQwen(), For: chats,
			Paths: map[string]string{"/services/aigc/text-generation/generation": "/services/aigc/multimodal-generation/generation"},
		},
		{Protocol: "dashscope", BaseURL: home, Except: append(vectors, seeingQwen()...), For: chats},
	}
}

// seeingQwen are the models at Model Studio that see: Qwen's from 3.5 on, and
// those for the purpose.
func seeingQwen() []string {
	return []string{"qwen3.*", "qwen*vl-*", "qwen*-ocr*", "qvq*"}
}

// streamOnlyQwen are the models at Model Studio that answer in streams alone.
func streamOnlyQwen() []string { return []string{"qwq*", "qvq*", "qwen3-*-thinking*"} }
