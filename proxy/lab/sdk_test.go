package lab

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	oairesponses "github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
)

func jsonErr(b []byte, v any) error { return json.Unmarshal(b, v) }

func sdk(t *testing.T) (*Lab, openai.Client) {
	t.Helper()
	l, base := begin(t, Options{Keys: []string{"sk-sdk-key-0001"}})
	return l, openai.NewClient(option.WithBaseURL(base), option.WithAPIKey("sk-sdk-key-0001"), option.WithMaxRetries(0))
}

func user(text string) []openai.ChatCompletionMessageParamUnion {
	return []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)}
}

func TestSDKChat(t *testing.T) {
	_, c := sdk(t)
	for _, q := range []string{question1, "去海边的路怎么样？"} {
		got, err := c.Chat.Completions.New(t.Context(), openai.ChatCompletionNewParams{Model: "lab-chat:words=30", Messages: user(q), N: openai.Int(2)})
		if err != nil {
			t.Fatal(err)
		}
		text := got.Choices[0].Message.Content
		if text != Text(q, 30) || Tokens(text) != 30 || isChinese(text) != isChinese(q) || got.Choices[1].Message.Content == text {
			t.Errorf("%s: %s", q, text)
		}
		if got.Usage.PromptTokens != int64(tokensPerAnswer+tokensPerMessage+Tokens(q)) || got.Usage.CompletionTokens != 60 || got.Usage.TotalTokens != got.Usage.PromptTokens+60 {
			t.Errorf("usage %+v", got.Usage)
		}
	}
}

func TestSDKStream(t *testing.T) {
	_, c := sdk(t)
	p := openai.ChatCompletionNewParams{Model: "demo-reason:words=25,think=10", Messages: user(question1)}
	p.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	s := c.Chat.Completions.NewStreaming(t.Context(), p)
	var acc openai.ChatCompletionAccumulator
	thought, nulls := "", 0
	for s.Next() {
		chunk := s.Current()
		acc.AddChunk(chunk)
		if chunk.JSON.Usage.Raw() == "null" {
			nulls++
		}
		if len(chunk.Choices) > 0 {
			var extra struct {
				Text string `json:"reasoning_content"`
			}
			if err := json.Unmarshal([]byte(chunk.Choices[0].Delta.RawJSON()), &extra); err != nil {
				t.Fatal(err)
			}
			thought += extra.Text
		}
	}
	if s.Err() != nil || len(acc.Choices) != 1 {
		t.Fatal(s.Err(), acc)
	}
	if acc.Choices[0].Message.Content != Text(question1, 25) || acc.Choices[0].FinishReason != "stop" || Tokens(thought) != 10 {
		t.Errorf("%q %q", thought, acc.Choices[0].Message.Content)
	}
	if acc.Usage.CompletionTokens != 35 || acc.Usage.CompletionTokensDetails.ReasoningTokens != 10 || nulls != 1+10+25+1 {
		t.Errorf("usage %+v, %d nulls", acc.Usage, nulls)
	}
}

func weatherTool(name string) openai.ChatCompletionToolUnionParam {
	return openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
		Name: name, Description: openai.String("Get the weather of a city"),
		Parameters: shared.FunctionParameters{
			"type": "object", "required": []string{"city", "unit", "days"},
			"properties": map[string]any{
				"city": map[string]any{"type": "string"}, "note": map[string]any{"type": "string"},
				"unit": map[string]any{"type": "string", "enum": []string{"C", "F"}}, "days": map[string]any{"type": "integer", "minimum": 3},
			},
		},
	})
}

func TestSDKTools(t *testing.T) {
	_, c := sdk(t)
	p := openai.ChatCompletionNewParams{Model: "demo-chat", Messages: user("What is the weather in Paris?")}
	p.Tools = []openai.ChatCompletionToolUnionParam{weatherTool("get_weather")}
	got, err := c.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	choice := got.Choices[0]
	if choice.FinishReason != "tool_calls" || len(choice.Message.ToolCalls) != 1 {
		t.Fatalf("%s", got.RawJSON())
	}
	call := choice.Message.ToolCalls[0]
	if call.Function.Name != "get_weather" || call.Function.Arguments != `{"city":"sample city","days":3,"unit":"C"}` {
		t.Errorf("%+v", call.Function)
	}
	p.Messages = append(p.Messages, choice.Message.ToParam(), openai.ToolMessage("18 degrees", call.ID))
	if got, err = c.Chat.Completions.New(t.Context(), p); err != nil || !strings.Contains(got.Choices[0].Message.Content, "18 degrees") {
		t.Errorf("%v %v", got, err)
	}
}

func TestSDKParallelToolsStreamed(t *testing.T) {
	_, c := sdk(t)
	p := openai.ChatCompletionNewParams{Model: "demo-tools2", Messages: user("weather?")}
	p.Tools = []openai.ChatCompletionToolUnionParam{weatherTool("get_weather"), weatherTool("get_time")}
	s := c.Chat.Completions.NewStreaming(t.Context(), p)
	var acc openai.ChatCompletionAccumulator
	for s.Next() {
		acc.AddChunk(s.Current())
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	calls := acc.Choices[0].Message.ToolCalls
	if len(calls) != 2 || calls[0].ID == calls[1].ID || calls[1].Function.Name != "get_time" || !json.Valid([]byte(calls[1].Function.Arguments)) {
		t.Errorf("%+v", calls)
	}
}

func TestSDKEmbeddings(t *testing.T) {
	_, c := sdk(t)
	p := openai.EmbeddingNewParams{Model: "demo-embed", Dimensions: openai.Int(64)}
	p.Input.OfArrayOfStrings = []string{"the old post road", "the old post house", "完全不同"}
	got, err := c.Embeddings.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	v := got.Data
	cos := func(a, b []float64) (sum float64) {
		for i := range a {
			sum += a[i] * b[i]
		}
		return sum
	}
	if len(v) != 3 || len(v[0].Embedding) != 64 || math.Abs(cos(v[0].Embedding, v[0].Embedding)-1) > 1e-5 || got.Usage.TotalTokens != 12 {
		t.Fatalf("%d vectors, usage %+v", len(v), got.Usage)
	}
	if cos(v[0].Embedding, v[1].Embedding) <= cos(v[0].Embedding, v[2].Embedding) {
		t.Error("texts that share words are not closer")
	}
	p.EncodingFormat = openai.EmbeddingNewParamsEncodingFormatBase64
	packed, err := c.Embeddings.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	var text string
	if err := json.Unmarshal([]byte(packed.Data[0].JSON.Embedding.Raw()), &text); err != nil {
		t.Fatal(err)
	}
	if raw, err := base64.StdEncoding.DecodeString(text); err != nil || len(raw) != 4*64 {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
}

func TestSDKErrors(t *testing.T) {
	_, c := sdk(t)
	_, err := c.Chat.Completions.New(t.Context(), openai.ChatCompletionNewParams{Model: "gpt-9", Messages: user("x")})
	var api *openai.Error
	if !errors.As(err, &api) || api.StatusCode != http.StatusNotFound || api.Code != "model_not_found" || api.Param != "model" {
		t.Errorf("%v", err)
	}
	s := c.Chat.Completions.NewStreaming(t.Context(), openai.ChatCompletionNewParams{Model: "fault-miderr", Messages: user("x")})
	for s.Next() {
	}
	if s.Err() == nil {
		t.Error("an error event ends the stream quietly")
	}
}

func TestSDKResponses(t *testing.T) {
	_, c := sdk(t)
	p := oairesponses.ResponseNewParams{Model: "lab-chat:words=12", Input: oairesponses.ResponseNewParamsInputUnion{OfString: openai.String(question1)}}
	got, err := c.Responses.New(t.Context(), p)
	if err != nil || got.OutputText() != Text(question1, 12) || got.Usage.OutputTokens != 12 {
		t.Fatalf("%v %v", got, err)
	}
	s := c.Responses.NewStreaming(t.Context(), p)
	text, last, next := "", "", int64(0)
	for s.Next() {
		e := s.Current()
		if e.SequenceNumber != next {
			t.Errorf("event %d has number %d", next, e.SequenceNumber)
		}
		next++
		last = e.Type
		if e.Type == "response.output_text.delta" {
			text += e.Delta
		}
	}
	if s.Err() != nil || text != Text(question1, 12) || last != "response.completed" {
		t.Errorf("%v %q %s", s.Err(), text, last)
	}
}

func TestSDKTheRest(t *testing.T) {
	_, c := sdk(t)
	models, err := c.Models.List(t.Context())
	if err != nil || len(models.Data) < 6 {
		t.Fatalf("%v %v", models, err)
	}
	if m, err := c.Models.Get(t.Context(), "demo-slow"); err != nil || m.OwnedBy != owner {
		t.Errorf("%v %v", m, err)
	}
	old, err := c.Completions.New(t.Context(), openai.CompletionNewParams{Model: "lab-chat:words=9", Prompt: openai.CompletionNewParamsPromptUnion{OfString: openai.String("go on")}})
	if err != nil || old.Choices[0].Text != Text("go on", 9) || old.Usage.CompletionTokens != 9 {
		t.Errorf("%v %v", old, err)
	}
	flagged, err := c.Moderations.New(t.Context(), openai.ModerationNewParams{Model: "lab-mod", Input: openai.ModerationNewParamsInputUnion{OfStringArray: []string{"fine", "a lab-flag"}}})
	if err != nil || flagged.Results[0].Flagged || !flagged.Results[1].Flagged {
		t.Errorf("%v %v", flagged, err)
	}
	img, err := c.Images.Generate(t.Context(), openai.ImageGenerateParams{Model: "demo-image", Prompt: "a horse"})
	if err != nil || !strings.HasPrefix(img.Data[0].B64JSON, "iVBOR") {
		t.Errorf("%v %v", img, err)
	}
	heard, err := c.Audio.Transcriptions.New(t.Context(), openai.AudioTranscriptionNewParams{Model: "demo-ear", File: openai.File(strings.NewReader("RIFFdata"), "horse.wav", "audio/wav")})
	if err != nil || !strings.Contains(heard.Text, "horse.wav of 8 bytes") {
		t.Errorf("%v %v", heard, err)
	}
	spoken, err := c.Audio.Speech.New(t.Context(), openai.AudioSpeechNewParams{Model: "demo-voice", Input: "two words", Voice: openai.AudioSpeechNewParamsVoiceUnion{OfString: openai.String("alloy")}})
	if err != nil || spoken.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", spoken, err)
	}
	defer spoken.Body.Close()
	if b, err := io.ReadAll(spoken.Body); err != nil || len(b) != 8*mp3FrameBytes {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}
