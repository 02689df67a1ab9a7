package gemini

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

func target(change ...func(*protocol.Target)) *protocol.Target {
	t := &protocol.Target{Vendor: "gemini", Model: "gemini-x", Origin: "o1", Unique: "u", Header: http.Header{}}
	for _, c := range change {
		c(t)
	}
	return t
}

func level(t *protocol.Target)  { t.Traits.Thinks = protocol.ThinksByLevel }
func budget(t *protocol.Target) { t.Traits.Thinks = protocol.ThinksByBudget }
func subset(t *protocol.Target) { t.Traits.SchemaSubset = true }

// sameJSON compares two JSON texts but for white space and the order of fields.
func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	g, w := jsontext.Value(got), jsontext.Value(want)
	if err := g.Canonicalize(); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, got)
	}
	if err := w.Canonicalize(); err != nil {
		t.Fatalf("the wanted text is not JSON: %v", err)
	}
	if d := cmp.Diff(string(w), string(g)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func decode(t *testing.T, body string) *llm.Request {
	t.Helper()
	r, err := Inbound{}.DecodeRequest(&protocol.Question{Body: []byte(body), Model: "m"})
	if err != nil {
		t.Fatalf("DecodeRequest: %v", err)
	}
	return r
}

func encode(t *testing.T, r *llm.Request, to *protocol.Target) (body, losses string) {
	t.Helper()
	var l llm.Losses
	b, err := Outbound{}.EncodeRequest(r, to, &l)
	if err != nil {
		t.Fatalf("EncodeRequest: %v", err)
	}
	return string(b), l.String()
}

// TestRequestComesBack sends what a client of this dialect wrote on to a vendor
// of it: all must be there.
func TestRequestComesBack(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"text":          `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`,
		"zeros":         `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"temperature":0,"seed":0,"topP":0,"topK":0}}`,
		"system":        `{"systemInstruction":{"parts":[{"text":"be brief"},{"text":"and kind"}]},"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`,
		"media":         `{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"aGk="}},{"fileData":{"mimeType":"application/pdf","fileUri":"gs://b/f.pdf"}},{"fileData":{"fileUri":"https://youtu.be/x"}},{"fileData":{"mimeType":"video/mp4","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/abc"}}]}]}`,
		"film settings": `{"contents":[{"role":"user","parts":[{"fileData":{"fileUri":"https://youtu.be/x","mimeType":"video/mp4"},"videoMetadata":{"fps":2}}]}]}`,
		"code":          `{"contents":[{"role":"user","parts":[{"text":"run"}]},{"role":"model","parts":[{"executableCode":{"language":"PYTHON","code":"1+1"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"2"}},{"text":"2"}]},{"role":"user","parts":[{"text":"more"}]}]}`,
		"tools": `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],
			"tools":[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}}]},{"googleSearch":{}},{"urlContext":{}}],
			"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]},"retrievalConfig":{"languageCode":"en"}}}`,
		"validated": `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"tools":[{"functionDeclarations":[{"name":"f"},{"name":"g"}]}],"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED","allowedFunctionNames":["f"]}}}`,
		"calls with ids": `{"contents":[{"role":"user","parts":[{"text":"hi"}]},
			{"role":"model","parts":[{"text":"plan","thought":true,"thoughtSignature":"c2ln"},{"functionCall":{"id":"x1","name":"f","args":{"a":1}},"thoughtSignature":"c2lnMg=="},{"functionCall":{"id":"x2","name":"f","args":{}}}]},
			{"role":"user","parts":[{"functionResponse":{"id":"x1","name":"f","response":{"output":"one"}}},{"functionResponse":{"id":"x2","name":"f","response":{"error":"no"}}}]}]}`,
		"calls without ids": `{"contents":[{"role":"user","parts":[{"text":"hi"}]},
			{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}},{"functionCall":{"name":"g","args":{}}}]},
			{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"rows":[1,2]}}},{"functionResponse":{"name":"g","response":{"output":"{\"output\":\"x\"}"}}}]}]}`,
		"config": `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"cachedContent":"cachedContents/1","safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}],
			"generationConfig":{"maxOutputTokens":5,"temperature":1.5,"topP":0.5,"topK":40,"stopSequences":["A","B"],"candidateCount":2,"seed":7,"presencePenalty":0.1,"frequencyPenalty":-0.1,"responseLogprobs":true,"logprobs":3,
			"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{"x":{"type":"integer"}}},"responseModalities":["TEXT","IMAGE"],"mediaResolution":"MEDIA_RESOLUTION_LOW","speechConfig":{"languageCode":"en-US"},"thinkingConfig":{"includeThoughts":true,"thinkingBudget":512}}}`,
		"enum answers": `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"responseMimeType":"text/x.enum","responseSchema":{"type":"STRING","enum":["a","b"]}}}`,
		"level":        `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"thinkingConfig":{"thinkingLevel":"high"}}}`,
		"no thinking":  `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}`,
		"dynamic":      `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"thinkingConfig":{"thinkingBudget":-1}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, losses := encode(t, decode(t, body), target())
			sameJSON(t, got, body)
			if losses != "" {
				t.Errorf("losses: %s", losses)
			}
		})
	}
}

// TestRequestAsWritten reads the spellings that Google's servers take: snake
// case, one element for a list, types in capitals, a tool's schema in OpenAPI.
func TestRequestAsWritten(t *testing.T) {
	t.Parallel()
	r := decode(t, `{"system_instruction":{"parts":{"text":"s"}},"contents":{"parts":{"text":"hi"}},
		"tools":{"function_declarations":[{"name":"f","parameters":{"type":"OBJECT","propertyOrdering":["b","a"],
			"properties":{"a":{"type":"STRING","nullable":true,"enum":["x"]},"b":{"type":"ARRAY","items":{"type":"INTEGER"},"maxItems":"3"}},"required":["b"]}}]},
		"generation_config":{"max_output_tokens":9,"response_mime_type":"application/json","response_schema":{"type":"OBJECT","properties":{"q":{"anyOf":[{"type":"NUMBER"}],"nullable":true}}}}}`)
	if len(r.Messages) != 2 || r.Messages[0].Role != llm.System || r.Messages[1].Role != llm.User {
		t.Fatalf("messages: %+v", r.Messages)
	}
	sameJSON(t, string(r.Tools[0].Parameters), `{"type":"object","properties":{"b":{"type":"array","items":{"type":"integer"},"maxItems":3},"a":{"type":["string","null"],"enum":["x",null]}},"required":["b"]}`)
	if i, j := strings.Index(string(r.Tools[0].Parameters), `"b"`), strings.Index(string(r.Tools[0].Parameters), `"a"`); i > j {
		t.Error("propertyOrdering is lost")
	}
	sameJSON(t, string(r.Format.Schema), `{"type":"object","properties":{"q":{"anyOf":[{"type":"number"},{"type":"null"}]}}}`)
	if r.MaxTokens == nil || *r.MaxTokens != 9 {
		t.Error("max_output_tokens is lost")
	}
}

func TestRequestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, field string }{
		{`{}`, "contents"},
		{`{"contents":[]}`, "contents"},
		{`{"contents":[{"role":"assistant","parts":[{"text":"x"}]}]}`, "contents[0].role"},
		{`{"contents":[{"parts":[{"text":7}]}]}`, "contents[0].parts[0].text"},
		{`{"contents":[{"parts":[{"functionCall":{}}]}]}`, "contents[0].parts[0].functionCall.name"},
		{`{"contents":[{"parts":[{"functionResponse":{"name":"f","response":{}}}]}]}`, "contents[0].parts[0].functionResponse"},
		{`{"contents":`, ""},
	} {
		_, err := Inbound{}.DecodeRequest(&protocol.Question{Body: []byte(c.body)})
		if err == nil {
			t.Errorf("%s was taken", c.body)
			continue
		}
		if err.Param != c.field || err.Status != 400 {
			t.Errorf("%s: field %q, status %d; want %q", c.body, err.Param, err.Status, c.field)
		}
	}
}

func number64[T int64 | float64 | bool](n T) *T { return &n }

// chatRequest is a conversation as another dialect would have it.
func chatRequest() *llm.Request {
	return &llm.Request{
		Dialect: "openai", Model: "m", MaxTokens: number64(int64(100)), Seed: number64(int64(0)), LogitBias: llm.Raw(`{"1":2}`),
		Extra: map[string]llm.Raw{"store": llm.Raw("true")},
		Messages: []llm.Message{
			{Role: llm.Developer, Parts: []llm.Part{&llm.Text{Text: "be brief"}}},
			{Role: llm.User, Parts: []llm.Part{&llm.Text{Text: "look"}, &llm.Media{Kind: llm.Image, Data: "iVBORw0KGgo="}}},
			{Role: llm.Assistant, Parts: []llm.Part{
				&llm.Thinking{Text: "hm", State: &llm.State{Kind: "signature", Data: "x", Origin: "other"}},
				&llm.ToolCall{ID: "call_a", Name: "f", Arguments: `{"q":1}`, State: &llm.State{Kind: llm.StateThought, Data: "c2ln", Origin: "o1"}},
				&llm.ToolCall{ID: "call_b", Name: "g", Arguments: ``},
			}},
			{Role: llm.User, Parts: []llm.Part{&llm.ToolResult{ID: "call_b", Parts: []llm.Part{&llm.Text{Text: "B"}}}}},
			{Role: llm.User, Parts: []llm.Part{&llm.ToolResult{ID: "call_a", Error: true, Parts: []llm.Part{&llm.Text{Text: "A"}}}}},
			{Role: llm.User, Parts: []llm.Part{&llm.Text{Text: "and?"}}},
		},
		Tools: []llm.Tool{
			{Name: "f", Parameters: llm.Raw(`{"$schema":"s","type":"object","properties":{"q":{"type":"integer"}},"additionalProperties":false}`)},
			{Name: "g"},
			{Name: "patch", Custom: true},
			{Name: "web_search", Foreign: llm.Raw(`{"type":"web_search"}`)},
		},
		Choice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "f"},
	}
}

func TestRequestOfAnotherDialect(t *testing.T) {
	t.Parallel()
	got, losses := encode(t, chatRequest(), target())
	sameJSON(t, got, `{"systemInstruction":{"parts":[{"text":"be brief"}]},
		"contents":[
			{"role":"user","parts":[{"text":"look"},{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}]},
			{"role":"model","parts":[{"functionCall":{"id":"call_a","name":"f","args":{"q":1}},"thoughtSignature":"c2ln"},{"functionCall":{"id":"call_b","name":"g","args":{}}}]},
			{"role":"user","parts":[{"functionResponse":{"id":"call_a","name":"f","response":{"error":"A"}}},{"functionResponse":{"id":"call_b","name":"g","response":{"output":"B"}}},{"text":"and?"}]}],
		"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object","properties":{"q":{"type":"integer"}},"additionalProperties":false}},{"name":"g"},
			{"name":"patch","parametersJsonSchema":{"type":"object","properties":{"input":{"type":"string","description":"The text, as it is."}},"required":["input"],"additionalProperties":false}}]}],
		"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},
		"generationConfig":{"maxOutputTokens":100,"seed":0}}`)
	if want := "dropped tools[3], logit_bias, store; changed tools[2]"; losses != want {
		t.Errorf("losses: %q, want %q", losses, want)
	}
}

// TestSignatures: Gemini 3 gets what it minted, and the dummy where it did not.
func TestSignatures(t *testing.T) {
	t.Parallel()
	r := &llm.Request{Messages: []llm.Message{
		{Role: llm.User, Parts: []llm.Part{&llm.Text{Text: "q"}}},
		{Role: llm.Assistant, Parts: []llm.Part{
			&llm.ToolCall{ID: "a", Name: "f", State: &llm.State{Kind: llm.StateThought, Data: "c2ln", Origin: "elsewhere"}},
			&llm.ToolCall{ID: "b", Name: "f"},
		}},
		{Role: llm.User, Parts: []llm.Part{&llm.ToolResult{ID: "a"}, &llm.ToolResult{ID: "b"}}},
		{Role: llm.Assistant, Parts: []llm.Part{&llm.Thinking{Text: "t", State: &llm.State{Kind: llm.StateThought, Data: "bWluZQ==", Origin: "o1"}}, &llm.Text{Text: "x"}}},
	}}
	got, _ := encode(t, r, target(level))
	sameJSON(t, got, `{"contents":[{"role":"user","parts":[{"text":"q"}]},
		{"role":"model","parts":[{"functionCall":{"id":"a","name":"f","args":{}},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"id":"b","name":"f","args":{}}}]},
		{"role":"user","parts":[{"functionResponse":{"id":"a","name":"f","response":{"output":""}}},{"functionResponse":{"id":"b","name":"f","response":{"output":""}}}]},
		{"role":"model","parts":[{"text":"t","thought":true,"thoughtSignature":"bWluZQ=="},{"text":"x"}]}]}`)
}

// TestSealedStateSurvives: what any vendor minted comes back through a client of
// this dialect, whose field is base64.
func TestSealedStateSurvives(t *testing.T) {
	t.Parallel()
	state := &llm.State{Kind: "signature", Data: "opaque/+=", Origin: "k9"}
	answer := &llm.Response{Choices: []llm.Choice{{Stop: llm.StopTools, Parts: []llm.Part{
		&llm.Thinking{Redacted: true, State: state},
		&llm.ToolCall{ID: "c1", Name: "f", Arguments: "{}", State: state},
	}}}}
	body, err := Inbound{}.EncodeResponse(answer, &protocol.Reply{})
	if err != nil {
		t.Fatal(err)
	}
	var w response
	if err := unmarshal(body, &w); err != nil {
		t.Fatal(err)
	}
	for _, p := range w.Candidates[0].Content.Parts {
		if _, err := base64.StdEncoding.DecodeString(p.Signature); err != nil {
			t.Errorf("%q is not base64: Google's clients would refuse the answer", p.Signature)
		}
	}
	again, _ := marshal(w.Candidates[0].Content)
	if !llm.HoldsSeal(again) {
		t.Error("HoldsSeal does not see the seal")
	}
	r := decode(t, `{"contents":[`+string(again)+`]}`)
	if d := cmp.Diff(answer.Choices[0].Parts[1], r.Messages[0].Parts[1]); d != "" {
		t.Errorf("call: %s", d)
	}
	if th, ok := r.Messages[0].Parts[0].(*llm.Thinking); !ok || cmp.Diff(th.State, state) != "" {
		t.Errorf("thinking: %+v", r.Messages[0].Parts[0])
	}
}

func TestThinking(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		re     llm.Reasoning
		to     *protocol.Target
		want   string
		losses string
	}{
		"effort, budgets":    {llm.Reasoning{Effort: "medium"}, target(budget), `{"includeThoughts":true,"thinkingBudget":8192}`, ""},
		"effort, levels":     {llm.Reasoning{Effort: "high"}, target(level), `{"includeThoughts":true,"thinkingLevel":"high"}`, ""},
		"more than there is": {llm.Reasoning{Effort: "xhigh"}, target(level), `{"includeThoughts":true,"thinkingLevel":"high"}`, "changed reasoning"},
		"off, budgets":       {llm.Reasoning{Mode: llm.ReasoningOff}, target(budget), `{"thinkingBudget":0}`, ""},
		"off, large":         {llm.Reasoning{Effort: "none"}, target(budget, func(t *protocol.Target) { t.Model = "gemini-2.5-pro" }), `{"thinkingBudget":128}`, "changed reasoning"},
		"off, levels":        {llm.Reasoning{Effort: "none"}, target(level), `{"thinkingLevel":"minimal"}`, "changed reasoning"},
		"budget, levels":     {llm.Reasoning{Mode: llm.ReasoningOn, Budget: number64(int64(20000))}, target(level), `{"includeThoughts":true,"thinkingLevel":"high"}`, "changed reasoning"},
		"unseen":             {llm.Reasoning{Effort: "low", Summary: "none"}, target(budget), `{"thinkingBudget":2048}`, ""},
		"adaptive":           {llm.Reasoning{Mode: llm.ReasoningAdaptive}, target(budget), `{"includeThoughts":true,"thinkingBudget":-1}`, ""},
		"none at all":        {llm.Reasoning{Effort: "low"}, target(func(t *protocol.Target) { t.Traits.Thinks = protocol.ThinksNot }), ``, "dropped reasoning"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var l llm.Losses
			got := thinkingFor(&c.re, c.to, &l)
			if c.want == "" {
				if got != nil {
					t.Errorf("got %+v", got)
				}
			} else {
				b, _ := marshal(got)
				sameJSON(t, string(b), c.want)
			}
			if l.String() != c.losses {
				t.Errorf("losses: %q, want %q", l.String(), c.losses)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		class  llm.Class
		wait   time.Duration
	}{
		"bad key":      {400, `{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}`, llm.ClassAuth, 0},
		"too fast":     {429, `{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"x/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.074824224s"}]}}`, llm.ClassRateLimited, 34074824224},
		"day's over":   {429, `{"error":{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"x/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]}}`, llm.ClassQuotaExhausted, 0},
		"in an array":  {503, `[{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]`, llm.ClassOverloaded, 0},
		"no model":     {404, `{"error":{"code":404,"message":"models/x is not found for API version v1beta","status":"NOT_FOUND"}}`, llm.ClassModelNotFound, 0},
		"too long":     {400, `{"error":{"code":400,"message":"The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}`, llm.ClassContextLength, 0},
		"wrong place":  {400, `{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}`, llm.ClassAuth, 0},
		"bad request":  {400, `{"error":{"code":400,"message":"Invalid JSON payload received.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents","description":"x"}]}]}}`, llm.ClassBadRequest, 0},
		"no JSON":      {502, `<html>Bad Gateway</html>`, llm.ClassServerError, 0},
		"not allowed":  {403, `{"error":{"code":403,"message":"x","status":"PERMISSION_DENIED"}}`, llm.ClassAuth, 0},
		"inner":        {500, `{"error":{"code":500,"message":"x","status":"INTERNAL"}}`, llm.ClassServerError, 0},
		"took forever": {504, `{"error":{"code":504,"message":"x","status":"DEADLINE_EXCEEDED"}}`, llm.ClassServerError, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := decodeError(c.status, nil, []byte(c.body))
			if e.Class != c.class || e.RetryAfter != c.wait || e.Message == "" || e.Status != c.status {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestErrorWritten(t *testing.T) {
	t.Parallel()
	e := &llm.Error{Class: llm.ClassRateLimited, Status: 429, Code: "rate_limited", Param: "contents", Message: "slow down", RetryAfter: 1500 * time.Millisecond}
	sameJSON(t, string(encodeError(e)), `{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED","details":[
		{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMITED","domain":"posthouse"},
		{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents"}]},
		{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"2s"}]}}`)
	back := decodeError(429, nil, encodeError(e))
	if back.Class != llm.ClassRateLimited || back.RetryAfter != 2*time.Second || back.Param != "contents" {
		t.Errorf("read back: %+v", back)
	}
}

// TestPiecesAreJoined: clients send an answer back in the pieces in which it was
// streamed. A signature at their end is of all the words before it.
func TestPiecesAreJoined(t *testing.T) {
	t.Parallel()
	signed := closeState(&llm.State{Kind: llm.StateSignature, Data: "s", Origin: "o"})
	secret := closeState(&llm.State{Kind: llm.StateRedacted, Data: "r", Origin: "o"})
	r := decode(t, `{"contents":[{"role":"user","parts":[{"text":"a"},{"text":"b"}]},{"role":"model","parts":[
		{"text":"Ask ","thought":true},{"text":"it.","thought":true},{"text":"","thought":true,"thoughtSignature":"`+signed+`"},
		{"text":"","thought":true,"thoughtSignature":"`+secret+`"},{"text":"Hel"},{"text":"lo"},{},{"thoughtSignature":"`+signed+`"},{"text":"!"}]}]}`)
	want := []llm.Part{
		&llm.Thinking{Text: "Ask it.", Summary: true, State: &llm.State{Kind: llm.StateSignature, Data: "s", Origin: "o"}},
		&llm.Thinking{Summary: true, Redacted: true, State: &llm.State{Kind: llm.StateRedacted, Data: "r", Origin: "o"}},
		&llm.Text{Text: "Hello", State: &llm.State{Kind: llm.StateSignature, Data: "s", Origin: "o"}},
		&llm.Text{Text: "!"},
	}
	if d := cmp.Diff(want, r.Messages[1].Parts); d != "" {
		t.Error(d)
	}
	if len(r.Messages[0].Parts) != 2 {
		t.Errorf("a user's parts were joined: %+v", r.Messages[0].Parts)
	}
}

// TestSignatureOfNothingSurvives: Gemini signs an answer in a part without
// words, which goes back to who signed it, and to nobody else.
func TestSignatureOfNothingSurvives(t *testing.T) {
	t.Parallel()
	const asked = `{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[%s]},{"role":"user","parts":[{"text":"go on"}]}]}`
	mine := closeState(&llm.State{Kind: llm.StateThought, Data: "c2lnbmVk", Origin: "o1"})
	others := closeState(&llm.State{Kind: llm.StateThought, Data: "c2lnbmVk", Origin: "o2"})
	for name, c := range map[string]struct{ said, want string }{
		"behind a picture": {
			`{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"text":"","thoughtSignature":"c2lnbmVk"}`,
			`{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"text":"","thoughtSignature":"c2lnbmVk"}`,
		},
		"sealed":                       {`{"text":"","thoughtSignature":"` + mine + `"}`, `{"text":"","thoughtSignature":"c2lnbmVk"}`},
		"alone, without even a text":   {`{"thoughtSignature":"c2lnbmVk"}`, `{"text":"","thoughtSignature":"c2lnbmVk"}`},
		"behind words, as one of them": {`{"text":"so"},{"text":"","thoughtSignature":"c2lnbmVk"}`, `{"text":"so","thoughtSignature":"c2lnbmVk"}`},
		"another's":                    {`{"text":"so"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"text":"","thoughtSignature":"` + others + `"}`, `{"text":"so"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, losses := encode(t, decode(t, strings.Replace(asked, "%s", c.said, 1)), target())
			sameJSON(t, body, strings.Replace(asked, "%s", c.want, 1))
			if losses != "" {
				t.Errorf("lost %s", losses)
			}
		})
	}
}
