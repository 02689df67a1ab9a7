package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genai"

	"github.com/posthouse/posthouse/proxy/lab"
)

// dialectsRig has one provider that speaks OpenAI's chat completions, one that
// speaks Gemini's own dialect and one that has the Responses API too.
func dialectsRig(t testing.TB) *rig {
	return newRig(t, func(g *rig) Config {
		base := strings.TrimSuffix(g.labURL, "/v1")
		gem := g.provider("gem", "sk-vendor-canary-2")
		gem.Vendor, gem.BaseURL = "gemini", base+"/p/gem/v1beta"
		resp := g.provider("resp", "sk-vendor-canary-3")
		resp.Vendor = "openai"
		return Config{Providers: []Provider{g.provider("chat", "sk-vendor-canary-1"), gem, resp}}
	})
}

func googleClient(g *rig) *genai.Client {
	g.t.Helper()
	c, err := genai.NewClient(g.t.Context(), &genai.ClientConfig{
		APIKey: "anything", Backend: genai.BackendGeminiAPI, HTTPClient: g.client, HTTPOptions: genai.HTTPOptions{BaseURL: g.url},
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return c
}

// googleTools is a function as Google's client offers it, in OpenAPI's words.
func googleTools() []*genai.Tool {
	return []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{{
		Name: "get_weather", Description: "Tells the weather.",
		Parameters: &genai.Schema{Type: genai.TypeObject, Properties: map[string]*genai.Schema{"city": {Type: genai.TypeString, Nullable: genai.Ptr(true)}}, Required: []string{"city"}},
	}}}}
}

// said is what a stream said, thought and called.
func said(t *testing.T, all func(func(*genai.GenerateContentResponse, error) bool)) (text string, parts []*genai.Part, last *genai.GenerateContentResponse) {
	t.Helper()
	for r, err := range all {
		if err != nil {
			t.Fatal(err)
		}
		last = r
		if len(r.Candidates) == 0 || r.Candidates[0].Content == nil {
			continue
		}
		for _, p := range r.Candidates[0].Content.Parts {
			parts = append(parts, p)
			if !p.Thought {
				text += p.Text
			}
		}
	}
	return text, parts, last
}

// TestGoogleClient drives the gateway with Google's own client, against a
// vendor of each dialect: the same answer comes from all of them.
func TestGoogleClient(t *testing.T) {
	t.Parallel()
	g := dialectsRig(t)
	c := googleClient(g)
	ctx := t.Context()
	for _, vendor := range []string{"chat", "gem", "resp"} {
		t.Run(vendor, func(t *testing.T) {
			model := vendor + "/lab-plain"
			ask := genai.Text(story)
			r, err := c.Models.GenerateContent(ctx, model, ask, &genai.GenerateContentConfig{Temperature: genai.Ptr[float32](0)})
			if err != nil {
				t.Fatal(err)
			}
			if r.Text() != lab.Text(story, 60) || r.Candidates[0].FinishReason != genai.FinishReasonStop || r.UsageMetadata.PromptTokenCount == 0 || r.UsageMetadata.CandidatesTokenCount == 0 {
				t.Errorf("whole: %q %+v", r.Text(), r.UsageMetadata)
			}
			text, _, last := said(t, c.Models.GenerateContentStream(ctx, model, ask, nil))
			if text != lab.Text(story, 60) || last.Candidates[0].FinishReason != genai.FinishReasonStop || last.UsageMetadata == nil {
				t.Errorf("streamed: %q %+v", text, last)
			}
			n, err := c.Models.CountTokens(ctx, "gem/lab-plain", ask, nil)
			if err != nil || n.TotalTokens == 0 {
				t.Errorf("count: %+v, %v", n, err)
			}
			v, err := c.Models.EmbedContent(ctx, vendor+"/lab-embed", []*genai.Content{genai.NewContentFromText("a b", genai.RoleUser), genai.NewContentFromText("c", genai.RoleUser)}, nil)
			if err != nil || len(v.Embeddings) != 2 || len(v.Embeddings[0].Values) != 256 {
				t.Errorf("embeddings: %v", err)
			}
			_, err = c.Models.GenerateContent(ctx, vendor+"/nobody-has-this", ask, nil)
			var api genai.APIError
			if !errors.As(err, &api) || api.Code != 404 || api.Status != "NOT_FOUND" || api.Message == "" {
				t.Errorf("an unknown model: %v", err)
			}
		})
	}
	page, err := c.Models.List(ctx, nil)
	if err != nil || len(page.Items) == 0 || !strings.HasPrefix(page.Items[0].Name, "models/") {
		t.Errorf("models: %+v, %v", page, err)
	}
}

// TestGoogleClientTools has a conversation of two turns with an image, thoughts
// and a tool, streamed, with the client's own history.
func TestGoogleClientTools(t *testing.T) {
	t.Parallel()
	g := dialectsRig(t)
	c := googleClient(g)
	for _, vendor := range []string{"chat", "gem", "resp"} {
		t.Run(vendor, func(t *testing.T) {
			config := &genai.GenerateContentConfig{
				SystemInstruction: genai.NewContentFromText("Be brief.", genai.RoleUser), Tools: googleTools(),
				ThinkingConfig: &genai.ThinkingConfig{IncludeThoughts: true, ThinkingLevel: genai.ThinkingLevelLow},
			}
			history := []*genai.Content{{Role: "user", Parts: []*genai.Part{{Text: "What is the weather in this city?"}, {InlineData: &genai.Blob{MIMEType: "image/png", Data: []byte("\x89PNG\r\n\x1a\n")}}}}}
			_, parts, _ := said(t, c.Models.GenerateContentStream(t.Context(), vendor+"/lab-reason", history, config))
			i := slices.IndexFunc(parts, func(p *genai.Part) bool { return p.FunctionCall != nil })
			if i < 0 || parts[i].FunctionCall.Name != "get_weather" || parts[i].FunctionCall.Args["city"] == nil {
				t.Fatalf("no call: %+v", parts)
			}
			if !slices.ContainsFunc(parts, func(p *genai.Part) bool { return p.Thought && p.Text != "" }) {
				t.Error("no thoughts")
			}
			call := parts[i].FunctionCall
			history = append(history,
				&genai.Content{Role: "model", Parts: parts},
				&genai.Content{Role: "user", Parts: []*genai.Part{{FunctionResponse: &genai.FunctionResponse{ID: call.ID, Name: call.Name, Response: map[string]any{"output": "rain"}}}}})
			text, _, _ := said(t, c.Models.GenerateContentStream(t.Context(), vendor+"/lab-reason", history, config))
			if !strings.Contains(text, "rain") {
				t.Errorf("the answer does not know the weather: %q", text)
			}
			// The same without ids, as older clients send it.
			history[2].Parts[0].FunctionResponse.ID = ""
			call.ID = ""
			if text, _, _ = said(t, c.Models.GenerateContentStream(t.Context(), vendor+"/lab-reason", history, config)); !strings.Contains(text, "rain") {
				t.Errorf("without ids: %q", text)
			}
		})
	}
}

// TestGoogleClientSeesErrors: what breaks in mid-stream reaches Google's client
// as an error, and a blocked prompt is no answer.
func TestGoogleClientSeesErrors(t *testing.T) {
	t.Parallel()
	g := dialectsRig(t)
	c := googleClient(g)
	for _, model := range []string{"chat/fault-miderr", "gem/fault-miderr", "resp/fault-miderr", "chat/fault-die", "gem/fault-die", "gem/fault-eof", "resp/fault-eof"} {
		var got error
		for _, err := range c.Models.GenerateContentStream(t.Context(), model, genai.Text(story), nil) {
			if err != nil {
				got = err
				break
			}
		}
		var api genai.APIError
		if !errors.As(got, &api) || api.Message == "" {
			t.Errorf("%s: %v", model, got)
		}
	}
	for _, status := range []int{503, 429} { // in this order, for a limit takes the key out for a while
		_, err := c.Models.GenerateContent(t.Context(), fmt.Sprintf("gem/fault-e%d", status), genai.Text(story), nil)
		var api genai.APIError
		if !errors.As(err, &api) || api.Code != status {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestGeminiArrayOfBothVendors asks for a stream as one JSON array, of a vendor of the same
// dialect and of another.
func TestGeminiArrayOfBothVendors(t *testing.T) {
	t.Parallel()
	g := dialectsRig(t)
	for _, vendor := range []string{"gem", "chat"} {
		a := g.do(g.request("POST", "/v1beta/models/"+vendor+"/lab-plain:streamGenerateContent", fmt.Sprintf(`{"contents":[{"parts":[{"text":%q}]}]}`, story)))
		var all []genai.GenerateContentResponse
		if err := json.Unmarshal([]byte(a.body), &all); err != nil {
			t.Fatalf("%s: %d %v\n%.300s", vendor, a.status, err, a.body)
		}
		text := ""
		for _, r := range all {
			text += r.Text()
		}
		if text != lab.Text(story, 60) || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %q, %s", vendor, text, a.header.Get("Content-Type"))
		}
		if rec := g.lastRecord(); !rec.UsageSeen || rec.Usage.Output == 0 {
			t.Errorf("%s: usage %+v", vendor, rec.Usage)
		}
	}
}

// TestGeminiVendor has a client of OpenAI's dialect talk to a vendor as strict as
// Gemini 3: signatures come back in ids, or the call would be refused.
func TestGeminiVendor(t *testing.T) {
	t.Parallel()
	g := dialectsRig(t)
	tools := `[{"type":"function","function":{"name":"get_weather","description":"Tells the weather.","parameters":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}}},{"type":"function","function":{"name":"get_time"}}]`
	messages := []string{`{"role":"system","content":"Be brief."}`, `{"role":"user","content":[{"type":"text","text":"Weather and time please?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}`}
	ask := func(model string) (message json.RawMessage, calls []struct{ ID string }, content string) {
		a := g.do(g.request("POST", "/v1/chat/completions", fmt.Sprintf(`{"model":%q,"messages":[%s],"tools":%s,"reasoning_effort":"low"}`, model, strings.Join(messages, ","), tools)))
		var w struct {
			Choices []struct{ Message json.RawMessage }
		}
		if err := json.Unmarshal([]byte(a.body), &w); err != nil || a.status != 200 {
			t.Fatalf("%s: %d %s", model, a.status, a.body)
		}
		var m struct {
			Content   string
			ToolCalls []struct{ ID string } `json:"tool_calls"`
		}
		if err := json.Unmarshal(w.Choices[0].Message, &m); err != nil {
			t.Fatal(err)
		}
		return w.Choices[0].Message, m.ToolCalls, m.Content
	}
	for _, model := range []string{"gem/lab-tools2", "gem/gemini-2.5-lab-tools2-reason"} {
		base := messages
		message, calls, _ := ask(model)
		if len(calls) != 2 || calls[0].ID == calls[1].ID {
			t.Fatalf("%s: calls %+v", model, calls)
		}
		messages = append(slices.Clone(base), string(message))
		for i := range calls { // in the other order than they were made
			messages = append(messages, fmt.Sprintf(`{"role":"tool","tool_call_id":%q,"content":"answer %d"}`, calls[len(calls)-1-i].ID, i))
		}
		if _, _, content := ask(model); !strings.Contains(content, "answer 0") || !strings.Contains(content, "answer 1") {
			t.Errorf("%s: %q", model, content)
		}
		messages = base
	}
	// A call that no vendor of ours made has no signature.
	messages = append(messages, `{"role":"assistant","tool_calls":[{"id":"call_x","type":"function","function":{"name":"get_time","arguments":"{}"}}]}`, `{"role":"tool","tool_call_id":"call_x","content":"noon"}`)
	if _, _, content := ask("gem/lab-plain"); !strings.Contains(content, "noon") {
		t.Errorf("another's call: %q", content)
	}
}
