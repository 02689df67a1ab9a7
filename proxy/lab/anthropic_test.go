package lab

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	messages "github.com/anthropics/anthropic-sdk-go"
	messagesoption "github.com/anthropics/anthropic-sdk-go/option"
)

func claude(t *testing.T) messages.Client {
	t.Helper()
	_, base := begin(t, Options{Keys: []string{"sk-sdk-key-0001"}, Pace: -1})
	return messages.NewClient(messagesoption.WithBaseURL(strings.TrimSuffix(base, "/v1")), messagesoption.WithAPIKey("sk-sdk-key-0001"), messagesoption.WithMaxRetries(0))
}

// TestAnthropicSDK goes through a conversation of tools and thinking with
// Anthropic's own client, streamed, and sends back what it got.
func TestAnthropicSDK(t *testing.T) {
	c := claude(t)
	p := messages.MessageNewParams{
		Model: "lab-redact", MaxTokens: 4096,
		Thinking: messages.ThinkingConfigParamOfEnabled(1024),
		System:   []messages.TextBlockParam{{Text: "You are a clerk.", CacheControl: messages.NewCacheControlEphemeralParam()}},
		Messages: []messages.MessageParam{messages.NewUserMessage(messages.NewTextBlock("What is the weather in Paris?"), messages.NewImageBlockBase64("image/png", "iVBORw0KGgo="))},
		Tools: []messages.ToolUnionParam{{OfTool: &messages.ToolParam{Name: "get_weather", InputSchema: messages.ToolInputSchemaParam{
			Properties: map[string]any{"city": map[string]any{"type": "string"}}, Required: []string{"city"},
		}}}},
	}
	stream := c.Messages.NewStreaming(t.Context(), p)
	var first messages.Message
	for stream.Next() {
		if err := first.Accumulate(stream.Current()); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if first.StopReason != "tool_use" || len(first.Content) != 3 || first.Content[0].Signature == "" || first.Content[1].Data == "" {
		t.Fatalf("%+v", first)
	}
	if first.Usage.CacheReadInputTokens == 0 || first.Usage.OutputTokens == 0 {
		t.Errorf("usage %+v", first.Usage)
	}
	whole, err := c.Messages.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole.Content {
		a, b := whole.Content[i], first.Content[i]
		if a.Thinking != b.Thinking || a.Signature != b.Signature || a.Data != b.Data || a.ID != b.ID || string(a.Input) != string(b.Input) {
			t.Errorf("block %d: whole %s, streamed %s", i, a.RawJSON(), b.RawJSON())
		}
	}
	call := first.Content[2]
	p.Messages = append(p.Messages, first.ToParam(), messages.NewUserMessage(messages.NewToolResultBlock(call.ID, "21 °C", false)))
	second, err := c.Messages.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if got := second.Content[len(second.Content)-1].Text; got != "The tool answered: 21 °C." || second.StopReason != "end_turn" {
		t.Errorf("%q %s", got, second.StopReason)
	}
	// A thought that was changed does not come back.
	p.Messages[1].Content[0].OfThinking.Thinking = "something else"
	_, err = c.Messages.New(t.Context(), p)
	var refused *messages.Error
	if !errors.As(err, &refused) || refused.StatusCode != 400 || !strings.Contains(refused.RawJSON(), "Invalid `signature`") {
		t.Errorf("a changed thought: %v", err)
	}
	count, err := c.Messages.CountTokens(t.Context(), messages.MessageCountTokensParams{Model: "lab-chat", Messages: p.Messages[:1]})
	if err != nil || count.InputTokens == 0 {
		t.Errorf("count %+v %v", count, err)
	}
	models, err := c.Models.List(t.Context(), messages.ModelListParams{})
	if err != nil || len(models.Data) < 5 {
		t.Errorf("models %+v %v", models, err)
	}
}

// TestAnthropicText holds that the same question gets the same words as in
// OpenAI's dialect.
func TestAnthropicText(t *testing.T) {
	c := claude(t)
	got, err := c.Messages.New(t.Context(), messages.MessageNewParams{Model: "lab-chat:words=30", MaxTokens: 1000, Messages: []messages.MessageParam{messages.NewUserMessage(messages.NewTextBlock(question1))}})
	if err != nil || got.Content[0].Text != Text(question1, 30) || got.StopReason != "end_turn" {
		t.Errorf("%+v %v", got, err)
	}
	cut, err := c.Messages.New(t.Context(), messages.MessageNewParams{Model: "lab-chat:words=30", MaxTokens: 5, Messages: []messages.MessageParam{messages.NewUserMessage(messages.NewTextBlock(question1))}})
	if err != nil || cut.StopReason != "max_tokens" || cut.Usage.OutputTokens != 5 {
		t.Errorf("%+v %v", cut, err)
	}
}

// TestAnthropicStrict refuses what the real API refuses.
func TestAnthropicStrict(t *testing.T) {
	_, base := begin(t, Options{})
	const hi = `"messages":[{"role":"user","content":"hi"}]`
	const tools = `"tools":[{"name":"f","input_schema":{"type":"object"}}]`
	const use = `{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{}}]}`
	for _, tt := range []struct{ body, want string }{
		{hi + `,"max_tokens":5`, ""},
		{hi, "max_tokens: Field required"},
		{hi + `,"max_tokens":5,"seed":1`, "seed: Extra inputs are not permitted"},
		{hi + `,"max_tokens":5,"temperature":1.5`, "temperature: Input should be less than or equal to 1"},
		{`"max_tokens":5,"messages":[]`, "at least one message"},
		{`"max_tokens":5,"messages":[{"role":"system","content":"x"}]`, "Input should be 'user' or 'assistant'"},
		{`"max_tokens":5,"messages":[{"role":"assistant","content":"x"},{"role":"user","content":"x"}]`, "first message must use"},
		{`"max_tokens":5,"messages":[{"role":"user","content":"x"},{"role":"user","content":"y"}]`, "roles must alternate"},
		{`"max_tokens":5,"messages":[{"role":"user","content":""}]`, "must have non-empty content"},
		{`"max_tokens":5,"messages":[{"role":"user","content":[{"type":"text","text":""}]}]`, "text content blocks must be non-empty"},
		{`"max_tokens":5,"messages":[{"role":"user","content":[{"type":"text","text":" \n"}]}]`, "must contain non-whitespace text"},
		{`"max_tokens":5,"messages":[{"role":"user","content":[{"type":"text","text":"x","name":"y"}]}]`, "messages.0.content.0.text.name: Extra inputs"},
		{`"max_tokens":5,"messages":[{"role":"user","content":[{"type":"input_text","text":"x"}]}]`, "Input tag 'input_text'"},
		{`"max_tokens":5,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"http://x"}}]}]`, "Only HTTPS"},
		{`"max_tokens":5,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/bmp","data":"eA=="}}]}]`, "image/webp"},
		{`"max_tokens":5,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y "}]`, "trailing whitespace"},
		{`"max_tokens":5,` + tools + `,"messages":[{"role":"user","content":"x"},` + use + `,{"role":"user","content":"y"}]`, "without `tool_result` blocks immediately after: t1"},
		{`"max_tokens":5,` + tools + `,"messages":[{"role":"user","content":"x"},` + use + `,{"role":"user","content":[{"type":"text","text":"y"},{"type":"tool_result","tool_use_id":"t1"}]}]`, "without `tool_result` blocks immediately after"},
		{`"max_tokens":5,` + tools + `,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t9","content":"x"}]}]`, "unexpected `tool_use_id`"},
		{`"max_tokens":5,"messages":[{"role":"user","content":"x"},` + use + `,{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1"}]}]`, "must define tools"},
		{`"max_tokens":5,` + tools + `,"messages":[{"role":"user","content":"x"},` + use + `,{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1"}]}]`, ""},
		{`"max_tokens":5,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"a","signature":"b"},{"type":"text","text":"c"}]},{"role":"user","content":"x"}]`, "Invalid `signature`"},
		{hi + `,"max_tokens":2000,"thinking":{"type":"enabled","budget_tokens":100}`, "greater than or equal to 1024"},
		{hi + `,"max_tokens":1024,"thinking":{"type":"enabled","budget_tokens":1024}`, "must be greater than `thinking.budget_tokens`"},
		{hi + `,"max_tokens":2000,"temperature":0,"thinking":{"type":"enabled","budget_tokens":1024}`, "`temperature` may only be set to 1"},
		{hi + `,"max_tokens":2000,"top_k":1,"thinking":{"type":"adaptive"}`, "`top_k` must be unset"},
		{hi + `,"max_tokens":2000,"tool_choice":{"type":"any"},` + tools + `,"thinking":{"type":"enabled","budget_tokens":1024}`, "Thinking may not be enabled when tool_choice"},
		{`"max_tokens":2000,` + tools + `,"thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"x"},` + use + `,{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1"}]}]`, "must start with a thinking block"},
		{hi + `,"max_tokens":5,"tools":[{"name":"a.b","input_schema":{"type":"object"}}]`, "should match pattern"},
		{hi + `,"max_tokens":5,"tools":[{"name":"f","parameters":{}}]`, "tools.0.custom.parameters: Extra inputs"},
		{hi + `,"max_tokens":5,"tools":[{"name":"f","input_schema":{"properties":{}}}]`, "input_schema.type: Field required"},
		{hi + `,"max_tokens":5,"tool_choice":{"type":"auto"}`, "while providing tools"},
		{hi + `,"max_tokens":5,"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}`, "'additionalProperties' must be explicitly set to false"},
		{hi + `,"max_tokens":5,"output_config":{"format":{"type":"json_schema","schema":{"type":"object","additionalProperties":false,"properties":{"n":{"type":"integer","minimum":1}}}}}`, "property 'minimum' is not supported"},
		{hi + `,"max_tokens":5,"service_tier":"flex"`, "'standard_only'"},
		{hi + `,"max_tokens":5,"stop_sequences":["\n"]`, "non-whitespace"},
		{hi + `,"max_tokens":5,"metadata":{"team":"x"}`, "metadata.team: Extra inputs"},
	} {
		got := post(t, base+"/messages", `{"model":"lab-chat",`+tt.body+`}`, "Anthropic-Version", "2023-06-01")
		var e struct {
			Type  string `json:"type"`
			Error struct {
				Type    string `json:"type"`
				Message string `json:"message"`
			} `json:"error"`
		}
		if err := json.Unmarshal(got.body, &e); err != nil {
			t.Fatalf("%s: %s", tt.body, got.body)
		}
		if tt.want == "" && got.status != 200 || tt.want != "" && (got.status != 400 || e.Error.Type != "invalid_request_error" || !strings.Contains(e.Error.Message, tt.want)) {
			t.Errorf("%s: got %d %s, want %q", tt.body, got.status, got.body, tt.want)
		}
	}
	if got := post(t, base+"/messages", `{}`); got.status != 400 {
		t.Errorf("no model: %d", got.status)
	}
}
