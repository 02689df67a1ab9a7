package proxy

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	messages "github.com/anthropics/anthropic-sdk-go"
	messagesoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	oaishared "github.com/openai/openai-go/v3/shared"
	"google.golang.org/genai"

	"github.com/posthouse/posthouse/proxy/llm"
)

// turn is what a client had of a streamed answer.
type turn struct {
	calls   []string // ids of the tools that were called
	thought string
	text    string
}

// conversation is a client's: it asks, with its own history, and answers the
// tools that were called last.
type sdkConversation interface {
	asks(t *testing.T) turn
	answers(last turn, result string)
}

// The first question, which has a picture, and the tool.
const (
	matrixQuestion = "What is the weather in Paris? The picture shows the place."
	matrixTool     = "get_weather"
	matrixResult   = "22 degrees and sunny"
	tinySeal       = "phs1_" // how our own seals begin, which no vendor must see
)

func matrixSchema() map[string]any {
	return map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"}, "additionalProperties": false}
}

// TestEveryGoClientWithEveryVendor has the vendors' own clients for Go, each with
// a vendor of each dialect, hold a conversation of two turns with a picture,
// reasoning and two tools at once, streamed. The fakes are as strict as the
// vendors: without what they signed the second turn would be refused.
func TestEveryGoClientWithEveryVendor(t *testing.T) {
	t.Parallel()
	g := newRig(t, func(g *rig) Config {
		conf := everyVendor(g)
		ollama := g.provider("ollama", "sk-vendor-canary-2")
		ollama.Vendor = "ollama"
		conf.Providers = append(conf.Providers, g.provider("chat", "sk-vendor-canary-1"), ollama)
		return conf
	})
	vendors := []struct{ model, dialect, signed string }{
		{"chat/lab-reason-tools2", "openai", ""},
		{"openai/lab-codex-reason-tools2", "responses", `"encrypted_content":"`},
		{"claude/lab-reason-tools2", "anthropic", `"signature":"`},
		{"gemini/lab-reason-tools2", "gemini", `"thoughtSignature":"`},
		{"bedrock/lab-anthropic.claude-reason-tools2", "bedrock", `"signature":"`},
		{"ollama/lab-reason-tools2", "ollama", ""},
		{"cohere/lab-reason-tools2", "cohere", ""},
	}
	clients := map[string]func(t *testing.T, model string) sdkConversation{
		"openai-go chat":      func(_ *testing.T, model string) sdkConversation { return newChatSDK(g, model) },
		"openai-go responses": func(_ *testing.T, model string) sdkConversation { return newResponsesSDK(g, model) },
		"anthropic-sdk-go":    func(_ *testing.T, model string) sdkConversation { return newMessagesSDK(g, model) },
		"genai":               func(_ *testing.T, model string) sdkConversation { return newGenaiSDK(g, model) },
	}
	for name, begin := range clients {
		for _, vendor := range vendors {
			t.Run(name+" with "+vendor.dialect, func(t *testing.T) {
				c := begin(t, vendor.model)
				first := c.asks(t)
				if len(first.calls) != 2 || first.calls[0] == first.calls[1] {
					t.Fatalf("calls %q", first.calls)
				}
				// OpenAI shows summaries only to who asks for them, for which these two
				// have no words; what was thought still goes back, encrypted.
				hidden := vendor.dialect == "responses" && (name == "openai-go chat" || name == "anthropic-sdk-go")
				if (first.thought == "") != hidden {
					t.Errorf("reasoning to be seen: %q", first.thought)
				}
				c.answers(first, matrixResult)
				second := c.asks(t)
				if strings.Count(second.text, matrixResult) != 2 || len(second.calls) > 0 {
					t.Errorf("the second turn: %+v", second)
				}
				calls := g.lab.Calls()
				if sent := string(calls[len(calls)-1].Body); !strings.Contains(sent, vendor.signed) || strings.Contains(sent, "skip_thought") || strings.Contains(sent, tinySeal) {
					t.Errorf("the vendor did not get back what it signed: %s", sent)
				}
				for range 2 {
					r := g.lastRecord()
					if len(r.Attempts) != 1 || r.Attempts[0].Dialect != vendor.dialect || !r.UsageSeen || r.Usage.Output == 0 {
						t.Errorf("attempts %+v, usage %+v", r.Attempts, r.Usage)
					}
				}
			})
		}
	}
}

// chatSDK is openai-go in chat completions.
type chatSDK struct {
	client openai.Client
	params openai.ChatCompletionNewParams
	last   openai.ChatCompletionMessage
}

func openAIClient(g *rig) openai.Client {
	return openai.NewClient(option.WithBaseURL(g.url+"/v1"), option.WithAPIKey("anything"), option.WithHTTPClient(g.client), option.WithMaxRetries(0))
}

func newChatSDK(g *rig, model string) *chatSDK {
	c := &chatSDK{client: openAIClient(g), params: openai.ChatCompletionNewParams{
		Model: model, ReasoningEffort: "low", StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
			openai.TextContentPart(matrixQuestion),
			openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: "data:image/png;base64," + tinyPNG}),
		})},
		Tools: []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(oaishared.FunctionDefinitionParam{Name: matrixTool, Parameters: matrixSchema()})},
	}}
	c.params.SetExtraFields(onlyNative(model))
	return c
}

// onlyNative are the fields for which Ollama and Cohere are asked in their own
// dialects: what only those serve.
func onlyNative(model string) map[string]any {
	if strings.HasPrefix(model, "ollama/") {
		return map[string]any{"num_ctx": 8192}
	}
	if strings.HasPrefix(model, "cohere/") {
		return map[string]any{"top_k": 20}
	}
	return nil
}

func (c *chatSDK) asks(t *testing.T) turn {
	t.Helper()
	var out turn
	var whole openai.ChatCompletionAccumulator
	s := c.client.Chat.Completions.NewStreaming(t.Context(), c.params)
	for s.Next() {
		chunk := s.Current()
		whole.AddChunk(chunk)
		if len(chunk.Choices) > 0 {
			var delta struct {
				Reasoning string `json:"reasoning_content"`
			}
			if err := json.Unmarshal([]byte(chunk.Choices[0].Delta.RawJSON()), &delta); err != nil {
				t.Fatal(err)
			}
			out.thought += delta.Reasoning
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	c.last = whole.Choices[0].Message
	out.text = c.last.Content
	for _, call := range c.last.ToolCalls {
		if !json.Valid([]byte(call.Function.Arguments)) || call.Function.Name != matrixTool {
			t.Errorf("call %+v", call.Function)
		}
		out.calls = append(out.calls, call.ID)
	}
	if whole.Usage.CompletionTokens == 0 {
		t.Errorf("usage %+v", whole.Usage)
	}
	return out
}

func (c *chatSDK) answers(last turn, result string) {
	c.params.Messages = append(c.params.Messages, c.last.ToParam())
	for _, id := range last.calls {
		c.params.Messages = append(c.params.Messages, openai.ToolMessage(result, id))
	}
}

// responsesSDK is openai-go in the Responses API.
type responsesSDK struct {
	client openai.Client
	params responses.ResponseNewParams
	last   *responses.Response
}

func newResponsesSDK(g *rig, model string) *responsesSDK {
	c := &responsesSDK{client: openAIClient(g), params: responses.ResponseNewParams{
		Model: model, Store: openai.Bool(false), Include: []responses.ResponseIncludable{"reasoning.encrypted_content"},
		Reasoning: oaishared.ReasoningParam{Effort: "low", Summary: "auto"},
		Tools:     []responses.ToolUnionParam{{OfFunction: &responses.FunctionToolParam{Name: matrixTool, Strict: openai.Bool(false), Parameters: matrixSchema()}}},
	}}
	c.params.Input.OfInputItemList = responses.ResponseInputParam{responses.ResponseInputItemParamOfMessage(responses.ResponseInputMessageContentListParam{
		responses.ResponseInputContentParamOfInputText(matrixQuestion),
		{OfInputImage: &responses.ResponseInputImageParam{Detail: "auto", ImageURL: openai.String("data:image/png;base64," + tinyPNG)}},
	}, "user")}
	c.params.SetExtraFields(onlyNative(model))
	return c
}

func (c *responsesSDK) asks(t *testing.T) turn {
	t.Helper()
	c.last = lastOf(t, &c.client, c.params)
	out := turn{text: c.last.OutputText()}
	for _, item := range c.last.Output {
		switch item.Type {
		case "reasoning":
			for _, s := range item.Summary {
				out.thought += s.Text
			}
		case "function_call":
			out.calls = append(out.calls, item.CallID)
		}
	}
	return out
}

func (c *responsesSDK) answers(last turn, result string) {
	list := &c.params.Input.OfInputItemList
	for _, item := range c.last.Output {
		var param responses.ResponseInputItemUnionParam
		if json.Unmarshal([]byte(item.RawJSON()), &param) == nil {
			*list = append(*list, param)
		}
	}
	for _, id := range last.calls {
		*list = append(*list, toolOutput(id, result))
	}
}

// messagesSDK is anthropic-sdk-go.
type messagesSDK struct {
	client messages.Client
	params messages.MessageNewParams
	last   messages.Message
}

func newMessagesSDK(g *rig, model string) *messagesSDK {
	c := &messagesSDK{
		client: messages.NewClient(messagesoption.WithBaseURL(g.url), messagesoption.WithAPIKey("anything"), messagesoption.WithHTTPClient(g.client), messagesoption.WithMaxRetries(0)),
		params: messages.MessageNewParams{
			Model: model, MaxTokens: 8192, Thinking: messages.ThinkingConfigParamOfEnabled(2048),
			Messages: []messages.MessageParam{messages.NewUserMessage(messages.NewTextBlock(matrixQuestion), messages.NewImageBlockBase64("image/png", tinyPNG))},
			Tools: []messages.ToolUnionParam{{OfTool: &messages.ToolParam{Name: matrixTool, InputSchema: messages.ToolInputSchemaParam{
				Properties: map[string]any{"city": map[string]any{"type": "string"}}, Required: []string{"city"},
			}}}},
		},
	}
	c.params.SetExtraFields(onlyNative(model))
	return c
}

func (c *messagesSDK) asks(t *testing.T) turn {
	t.Helper()
	var out turn
	c.last = messages.Message{}
	s := c.client.Messages.NewStreaming(t.Context(), c.params)
	for s.Next() {
		if err := c.last.Accumulate(s.Current()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	for _, b := range c.last.Content {
		switch b.Type {
		case "thinking":
			out.thought += b.Thinking
		case "text":
			out.text += b.Text
		case "tool_use":
			out.calls = append(out.calls, b.ID)
		}
	}
	if stop := map[bool]messages.StopReason{true: "tool_use", false: "end_turn"}[len(out.calls) > 0]; c.last.StopReason != stop || c.last.Usage.OutputTokens == 0 {
		t.Errorf("ended with %s, usage %+v", c.last.StopReason, c.last.Usage)
	}
	return out
}

func (c *messagesSDK) answers(last turn, result string) {
	var results []messages.ContentBlockParamUnion
	for _, id := range last.calls {
		results = append(results, messages.NewToolResultBlock(id, result, false))
	}
	c.params.Messages = append(c.params.Messages, c.last.ToParam(), messages.NewUserMessage(results...))
}

// genaiSDK is google.golang.org/genai.
type genaiSDK struct {
	client  *genai.Client
	model   string
	config  *genai.GenerateContentConfig
	history []*genai.Content
	last    []*genai.Part
}

func newGenaiSDK(g *rig, model string) *genaiSDK {
	return &genaiSDK{
		client: googleClient(g), model: model,
		config: &genai.GenerateContentConfig{
			Tools:          []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{{Name: matrixTool, ParametersJsonSchema: matrixSchema()}}}},
			ThinkingConfig: &genai.ThinkingConfig{IncludeThoughts: true, ThinkingLevel: genai.ThinkingLevelLow},
			HTTPOptions:    &genai.HTTPOptions{ExtraBody: onlyNative(model)},
		},
		history: []*genai.Content{{Role: "user", Parts: []*genai.Part{{Text: matrixQuestion}, {InlineData: &genai.Blob{MIMEType: "image/png", Data: []byte("\x89PNG\r\n\x1a\n")}}}}},
	}
}

func (c *genaiSDK) asks(t *testing.T) turn {
	t.Helper()
	var out turn
	var end *genai.GenerateContentResponse
	out.text, c.last, end = said(t, c.client.Models.GenerateContentStream(t.Context(), c.model, c.history, c.config))
	for i, p := range c.last {
		switch {
		case p.FunctionCall != nil:
			id := p.FunctionCall.ID
			if id == "" { // as Google leaves it out; the place tells calls apart
				id = "part " + string(rune('0'+i))
			}
			out.calls = append(out.calls, id)
		case p.Thought:
			out.thought += p.Text
		}
	}
	if end == nil || end.UsageMetadata == nil || end.UsageMetadata.TotalTokenCount == 0 {
		t.Errorf("the end: %+v", end)
	}
	return out
}

func (c *genaiSDK) answers(_ turn, result string) {
	called := slices.DeleteFunc(slices.Clone(c.last), func(p *genai.Part) bool { return p.FunctionCall == nil })
	results := &genai.Content{Role: "user"}
	for _, p := range called {
		results.Parts = append(results.Parts, &genai.Part{FunctionResponse: &genai.FunctionResponse{ID: p.FunctionCall.ID, Name: p.FunctionCall.Name, Response: map[string]any{"output": result}}})
	}
	c.history = append(c.history, &genai.Content{Role: "model", Parts: c.last}, results)
}

// TestSealsAreNotCounted: a conversation that another vendor's thinking is sealed
// in is counted without our seals, which no vendor must see.
func TestSealsAreNotCounted(t *testing.T) {
	t.Parallel()
	g := newRig(t, everyVendor)
	seal := (&llm.State{Kind: llm.StateSignature, Data: "c2lnbmVk", Origin: "0123456789ab"}).Seal()
	for path, body := range map[string]string{
		"/v1/messages/count_tokens": `{"model":"claude/lab-reason","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"` + seal + `"},{"type":"text","text":"yes"}]},{"role":"user","content":"go on"}]}`,
		"/v1beta/models/gemini%2Flab-reason:countTokens": `{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":"yes","thoughtSignature":"` +
			base64.StdEncoding.EncodeToString([]byte(seal)) + `"}]},{"role":"user","parts":[{"text":"go on"}]}]}`,
	} {
		a := g.do(g.request("POST", path, body))
		calls := g.lab.Calls()
		if a.status != http.StatusOK || !strings.Contains(strings.ToLower(a.body), "tokens\":") || len(calls) == 0 || llm.HoldsSeal(calls[len(calls)-1].Body) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if calls := g.lab.Calls(); len(calls) != 2 {
		t.Errorf("the vendors counted %d times", len(calls))
	}
}
