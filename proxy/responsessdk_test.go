package proxy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	oaishared "github.com/openai/openai-go/v3/shared"

	"github.com/posthouse/posthouse/proxy/lab"
)

// TestResponsesClient drives the gateway with OpenAI's own client in the
// Responses API, against a vendor of each dialect: a conversation of two turns
// with an image, reasoning and a tool, whole and streamed.
func TestResponsesClient(t *testing.T) {
	t.Parallel()
	g := dialectsRig(t)
	c := openai.NewClient(option.WithBaseURL(g.url+"/v1"), option.WithAPIKey("anything"), option.WithHTTPClient(g.client), option.WithMaxRetries(0))
	for _, vendor := range []string{"chat", "gem", "resp"} {
		t.Run(vendor, func(t *testing.T) {
			plain, err := c.Responses.New(t.Context(), responses.ResponseNewParams{Model: vendor + "/lab-plain", Input: responses.ResponseNewParamsInputUnion{OfString: openai.String(story)}, Store: openai.Bool(false)})
			if err != nil {
				t.Fatal(err)
			}
			if plain.OutputText() != lab.Text(story, 60) || plain.Status != "completed" || plain.Usage.InputTokens == 0 {
				t.Errorf("%q %+v", plain.OutputText(), plain.Usage)
			}
			input := responses.ResponseInputParam{
				responses.ResponseInputItemParamOfMessage(responses.ResponseInputMessageContentListParam{
					responses.ResponseInputContentParamOfInputText("What is the weather in this city?"),
					{OfInputImage: &responses.ResponseInputImageParam{Detail: "low", ImageURL: openai.String("data:image/png;base64,iVBORw0KGgo=")}},
				}, "user"),
			}
			params := responses.ResponseNewParams{
				Model: vendor + "/lab-reason", Instructions: openai.String("Be brief."), Store: openai.Bool(false),
				Include:   []responses.ResponseIncludable{"reasoning.encrypted_content"},
				Reasoning: oaishared.ReasoningParam{Effort: "low", Summary: "auto"},
				Tools: []responses.ToolUnionParam{{OfFunction: &responses.FunctionToolParam{
					Name: "get_weather", Description: openai.String("Tells the weather."), Strict: openai.Bool(true),
					Parameters: map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"}, "additionalProperties": false},
				}}},
			}
			params.Input.OfInputItemList = input
			first := lastOf(t, &c, params)
			i := slices.IndexFunc(first.Output, func(o responses.ResponseOutputItemUnion) bool { return o.Type == "function_call" })
			if i < 0 {
				t.Fatalf("no call: %s", first.RawJSON())
			}
			if first.Output[0].Type != "reasoning" || len(first.Output[0].Summary) == 0 {
				t.Errorf("no reasoning: %s", first.RawJSON())
			}
			for _, o := range first.Output {
				var item responses.ResponseInputItemUnionParam
				if err := json.Unmarshal([]byte(o.RawJSON()), &item); err != nil {
					t.Fatal(err)
				}
				params.Input.OfInputItemList = append(params.Input.OfInputItemList, item)
			}
			params.Input.OfInputItemList = append(params.Input.OfInputItemList, toolOutput(first.Output[i].CallID, "rain"))
			second := lastOf(t, &c, params)
			if !strings.Contains(second.OutputText(), "rain") {
				t.Errorf("the answer does not know the weather: %s", second.RawJSON())
			}
		})
	}
}

// lastOf asks for a stream and gives the response in its last event.
func lastOf(t *testing.T, c *openai.Client, p responses.ResponseNewParams) *responses.Response {
	t.Helper()
	s := c.Responses.NewStreaming(t.Context(), p)
	text, whole := "", (*responses.Response)(nil)
	for s.Next() {
		switch ev := s.Current().AsAny().(type) {
		case responses.ResponseTextDeltaEvent:
			text += ev.Delta
		case responses.ResponseCompletedEvent:
			whole = &ev.Response
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	if whole == nil || whole.OutputText() != text {
		t.Fatalf("the deltas are %q, the end is %+v", text, whole)
	}
	return whole
}

// TestResponsesVendor passes a conversation with encrypted reasoning through to a
// vendor that has the Responses API, and what it refuses back.
func TestResponsesVendor(t *testing.T) {
	t.Parallel()
	g := newRig(t, func(g *rig) Config {
		p := g.provider("main", "sk-vendor-canary-1")
		p.Vendor = "openai"
		return Config{Providers: []Provider{p}}
	})
	ask := func(history ...string) string {
		all := append([]string{`{"role":"user","content":"Use the tool."}`}, history...)
		a := g.do(g.request("POST", "/v1/responses", fmt.Sprintf(`{"model":"main/lab-reason","store":false,"include":["reasoning.encrypted_content"],"tools":[{"type":"function","name":"f","parameters":{}}],"input":[%s]}`, strings.Join(all, ","))))
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return a.body
	}
	var first struct {
		Output []json.RawMessage `json:"output"`
	}
	if err := json.Unmarshal([]byte(ask()), &first); err != nil || len(first.Output) != 2 {
		t.Fatalf("%v %+v", err, first)
	}
	var call struct {
		CallID string `json:"call_id"`
	}
	if err := json.Unmarshal(first.Output[1], &call); err != nil {
		t.Fatal(err)
	}
	if second := ask(string(first.Output[0]), string(first.Output[1]), fmt.Sprintf(`{"type":"function_call_output","call_id":%q,"output":"noon"}`, call.CallID)); !strings.Contains(second, "noon") {
		t.Errorf("%s", second)
	}
	for _, refused := range []string{
		`{"type":"reasoning","summary":[],"encrypted_content":"Zm9yZ2Vk"},{"role":"assistant","content":"x"}`,
		`{"type":"function_call_output","call_id":"call_none","output":"x"}`,
		`{"type":"item_reference","id":"rs_1"}`,
	} {
		a := g.do(g.request("POST", "/v1/responses", `{"model":"main/lab-reason","input":[{"role":"user","content":"x"},`+refused+`]}`))
		if a.status < 400 || !strings.Contains(a.body, `"message"`) {
			t.Errorf("%s: %d %s", refused, a.status, a.body)
		}
	}
}

func toolOutput(id, text string) responses.ResponseInputItemUnionParam {
	return responses.ResponseInputItemUnionParam{OfFunctionCallOutput: &responses.ResponseInputItemFunctionCallOutputParam{
		CallID: openai.String(id), Output: responses.ResponseInputItemFunctionCallOutputOutputUnionParam{OfString: openai.String(text)},
	}}
}
