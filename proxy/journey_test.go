package proxy

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// traveller is a plain client of a dialect: it sends back what it got, and
// knows nothing of seals.
type traveller struct {
	dialect string
	history []any // messages, contents or items
}

const tinyPNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

type object = map[string]any

// says adds what the user says, with a picture or without.
func (c *traveller) says(text string, picture bool) {
	var parts []any
	switch c.dialect {
	case "openai":
		parts = []any{object{"type": "text", "text": text}}
		if picture {
			parts = append(parts, object{"type": "image_url", "image_url": object{"url": "data:image/png;base64," + tinyPNG}})
		}
	case "responses":
		parts = []any{object{"type": "input_text", "text": text}}
		if picture {
			parts = append(parts, object{"type": "input_image", "image_url": "data:image/png;base64," + tinyPNG})
		}
	case "anthropic":
		parts = []any{object{"type": "text", "text": text}}
		if picture {
			parts = append(parts, object{"type": "image", "source": object{"type": "base64", "media_type": "image/png", "data": tinyPNG}})
		}
	case "gemini":
		parts = []any{object{"text": text}}
		if picture {
			parts = append(parts, object{"inlineData": object{"mimeType": "image/png", "data": tinyPNG}})
		}
		c.history = append(c.history, object{"role": "user", "parts": parts})
		return
	}
	c.history = append(c.history, object{"role": "user", "content": parts})
}

// question is the path and body by which a model is asked to go on.
func (c *traveller) question(model string) (path string, body object) {
	schema := object{"type": "object", "properties": object{"city": object{"type": "string"}}, "required": []string{"city"}}
	switch c.dialect {
	case "openai":
		return "/v1/chat/completions", object{
			"model": model, "messages": c.history, "reasoning_effort": "low", "max_completion_tokens": 4096,
			"tools": []any{object{"type": "function", "function": object{"name": "get_weather", "parameters": schema}}},
		}
	case "responses":
		return "/v1/responses", object{
			"model": model, "input": c.history, "reasoning": object{"effort": "low", "summary": "auto"}, "store": false, "include": []string{"reasoning.encrypted_content"},
			"tools": []any{object{"type": "function", "name": "get_weather", "parameters": schema, "strict": false}},
		}
	case "anthropic":
		return "/v1/messages", object{
			"model": model, "max_tokens": 8192, "messages": c.history, "thinking": object{"type": "enabled", "budget_tokens": 2048},
			"tools": []any{object{"name": "get_weather", "input_schema": schema}},
		}
	}
	return "/v1beta/models/" + strings.ReplaceAll(model, "/", "%2F") + ":generateContent", object{
		"contents": c.history, "generationConfig": object{"thinkingConfig": object{"thinkingBudget": 2048, "includeThoughts": true}, "maxOutputTokens": 4096},
		"tools": []any{object{"functionDeclarations": []any{object{"name": "get_weather", "parametersJsonSchema": schema}}}},
	}
}

func elements(v any) []any { l, _ := v.([]any); return l }

func member(v any, name string) any { m, _ := v.(object); return m[name] }

// hears takes an answer into the history, answers the tools that it calls, and
// reports how many there were.
func (c *traveller) hears(answer object, result string) (calls int) {
	switch c.dialect {
	case "openai":
		message := member(elements(answer["choices"])[0], "message")
		c.history = append(c.history, message)
		for _, call := range elements(member(message, "tool_calls")) {
			calls++
			c.history = append(c.history, object{"role": "tool", "tool_call_id": member(call, "id"), "content": result})
		}
	case "responses":
		c.history = append(c.history, elements(answer["output"])...)
		for _, item := range elements(answer["output"]) {
			if member(item, "type") == "function_call" {
				calls++
				c.history = append(c.history, object{"type": "function_call_output", "call_id": member(item, "call_id"), "output": result})
			}
		}
	case "anthropic":
		c.history = append(c.history, object{"role": "assistant", "content": answer["content"]})
		var results []any
		for _, block := range elements(answer["content"]) {
			if member(block, "type") == "tool_use" {
				results = append(results, object{"type": "tool_result", "tool_use_id": member(block, "id"), "content": result})
			}
		}
		if calls = len(results); calls > 0 {
			c.history = append(c.history, object{"role": "user", "content": results})
		}
	case "gemini":
		content := member(elements(answer["candidates"])[0], "content")
		c.history = append(c.history, content)
		var results []any
		for _, part := range elements(member(content, "parts")) {
			call := member(part, "functionCall")
			if call == nil {
				continue
			}
			response := object{"name": member(call, "name"), "response": object{"output": result}}
			if id := member(call, "id"); id != nil {
				response["id"] = id
			}
			results = append(results, object{"functionResponse": response})
		}
		if calls = len(results); calls > 0 {
			c.history = append(c.history, object{"role": "user", "parts": results})
		}
	}
	return calls
}

// everyVendor has one provider for each dialect that vendors speak. The fakes
// behind them are as strict as the vendors.
func everyVendor(g *rig) Config {
	base := strings.TrimSuffix(g.labURL, "/v1")
	provider := func(name, vendor, path string) Provider {
		return Provider{
			ID: "p-" + name, Name: name, Vendor: vendor, BaseURL: base + "/p/" + name + path, AllowPrivate: true,
			Keys: []Key{{ID: "k-" + name, Name: name, Secret: Secret("sk-journey-canary-" + name)}},
		}
	}
	openai := provider("openai", "openai", "/v1")
	return Config{Providers: []Provider{
		openai, provider("deepseek", "deepseek", "/v1"), provider("claude", "anthropic", ""), provider("gemini", "gemini", "/v1beta"),
		provider("bedrock", "bedrock", ""), provider("open", "vllm", "/v1"), provider("cohere", "cohere", "/compatibility/v1"),
	}}
}

// TestJourney: a conversation of twenty turns with tools, reasoning and a
// picture changes its vendor on every turn, and none of the strict fakes
// refuses a request, whatever dialect the client speaks.
func TestJourney(t *testing.T) {
	t.Parallel()
	vendors := []string{"openai", "claude", "cohere", "gemini", "bedrock", "claude", "open", "gemini"}
	for _, c := range clients {
		t.Run(c.dialect, func(t *testing.T) {
			t.Parallel()
			g := newRig(t, everyVendor)
			client := &traveller{dialect: c.dialect}
			asked, called, questions := map[string]int{}, 0, 0
			for turn := range 20 {
				client.says(fmt.Sprintf("Turn %d: what is the weather in Paris?", turn), turn%7 == 0)
				for range 4 { // a turn with tools takes two questions
					vendor := vendors[questions%len(vendors)]
					questions++
					asked[vendor]++
					path, body := client.question(vendor + "/lab-reason-tools2")
					b, err := json.Marshal(body)
					if err != nil {
						t.Fatal(err)
					}
					r := g.request("POST", path, string(b))
					if c.dialect == "anthropic" {
						r.Header.Set("Anthropic-Version", "2023-06-01")
					}
					a := g.do(r)
					if a.status != http.StatusOK {
						t.Fatalf("turn %d at %s: %d %s\n%s", turn, vendor, a.status, a.body, b)
					}
					var answer object
					if err := json.Unmarshal([]byte(a.body), &answer); err != nil {
						t.Fatal(err)
					}
					n := client.hears(answer, fmt.Sprintf("22 degrees on turn %d", turn))
					called += n
					if n == 0 {
						break
					}
				}
			}
			if called < 20 || len(asked) < 5 {
				t.Errorf("%d tools were called, vendors were asked %v", called, asked)
			}
			for _, call := range g.lab.Calls() {
				if call.Status != http.StatusOK || strings.Contains(string(call.Body), "phs1_") {
					t.Errorf("%s was sent our seal, or refused (%d): %.2000s", call.Provider, call.Status, call.Body)
				}
			}
			t.Logf("%d tools called; asked: %v", called, slices.Sorted(maps.Keys(asked)))
		})
	}
}
