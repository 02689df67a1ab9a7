package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"

	"github.com/posthouse/posthouse/proxy/lab"
)

// TestOpenAINode drives the demo with OpenAI's client for Node.
func TestOpenAINode(t *testing.T) {
	if _, err := os.Stat(filepath.Join("testdata", "sdk", "node_modules", "openai")); err != nil {
		t.Fatal("the openai package is not installed: run make test, or npm ci in cmd/posthouse/testdata/sdk")
	}
	i := serve(t, filepath.Join(t.TempDir(), "data"), "--demo")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	node := exec.CommandContext(ctx, "node", "--test", "openai.test.mjs")
	node.Dir = filepath.Join("testdata", "sdk")
	node.Env = append(os.Environ(), "POSTHOUSE_URL="+i.info.ProxyHTTP)
	out, err := node.CombinedOutput()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "# fail 0") && !strings.Contains(string(out), "ℹ fail 0") {
		t.Errorf("no closing count in:\n%s", out)
	}
}

func TestOpenAIGo(t *testing.T) {
	i := serve(t, filepath.Join(t.TempDir(), "data"), "--demo")
	ctx := t.Context()
	c := openai.NewClient(option.WithBaseURL(i.info.ProxyHTTP+"/v1"), option.WithAPIKey("not-needed-here"), option.WithMaxRetries(0))
	ask := []openai.ChatCompletionMessageParamUnion{openai.UserMessage("tell me a story")}

	t.Run("whole", func(t *testing.T) {
		got, err := c.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{Model: "demo/lab-chat:words=30", Messages: ask})
		if err != nil || got.Choices[0].Message.Content != lab.Text("tell me a story", 30) || got.Usage.CompletionTokens == 0 {
			t.Fatalf("%v %+v", err, got)
		}
	})
	t.Run("streamed", func(t *testing.T) {
		s := c.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{Model: "demo/lab-chat:words=30", Messages: ask})
		var acc openai.ChatCompletionAccumulator
		for s.Next() {
			acc.AddChunk(s.Current())
		}
		if s.Err() != nil || acc.Choices[0].Message.Content != lab.Text("tell me a story", 30) || acc.Choices[0].FinishReason != "stop" {
			t.Fatalf("%v %+v", s.Err(), acc.Choices)
		}
	})
	t.Run("tools", func(t *testing.T) {
		got, err := c.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
			Model: "demo/lab-chat", Messages: ask,
			Tools: []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
				Name: "look_up", Parameters: shared.FunctionParameters{
					"type": "object", "properties": map[string]any{"word": map[string]string{"type": "string"}}, "required": []string{"word"},
				},
			})},
			ToolChoice: openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String("required")},
		})
		if err != nil || len(got.Choices[0].Message.ToolCalls) != 1 {
			t.Fatalf("%v %+v", err, got)
		}
		var args struct{ Word string }
		call := got.Choices[0].Message.ToolCalls[0]
		if err := json.Unmarshal([]byte(call.Function.Arguments), &args); err != nil || args.Word == "" || call.Function.Name != "look_up" {
			t.Errorf("%v %+v", err, call)
		}
	})
	t.Run("embeddings", func(t *testing.T) {
		got, err := c.Embeddings.New(ctx, openai.EmbeddingNewParams{Model: "demo-embed", Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("x")}})
		if err != nil || len(got.Data) != 1 || len(got.Data[0].Embedding) == 0 {
			t.Fatalf("%v %+v", err, got)
		}
	})
	t.Run("errors", func(t *testing.T) {
		_, err := c.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{Model: "no-such-model", Messages: ask})
		var api *openai.Error
		if !errors.As(err, &api) || api.StatusCode != 404 || api.Code != "model_not_found" {
			t.Errorf("%v", err)
		}
		s := c.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{Model: "demo/fault-die", Messages: ask})
		for s.Next() { //nolint:revive // only how it ends counts
		}
		if s.Err() == nil {
			t.Error("a stream that broke off looked whole")
		}
	})
}
