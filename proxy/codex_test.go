package proxy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/sse"
)

// codexTools are the tools as Codex offers them: functions, one of free text,
// one that the vendor runs, and a group from an MCP server.
const codexTools = `[
	{"type":"function","name":"shell","description":"Runs a command.","strict":false,"parameters":{"type":"object","properties":{"command":{"type":"array","items":{"type":"string"}},"workdir":{"type":"string"}},"required":["command"],"additionalProperties":false}},
	{"type":"custom","name":"apply_patch","description":"Edits files.","format":{"type":"grammar","syntax":"lark","definition":"start: begin_patch"}},
	{"type":"web_search","external_web_access":true},
	{"type":"namespace","name":"mcp__docs","description":"Documentation.","tools":[{"type":"function","name":"search","description":"Searches.","strict":false,"parameters":{"type":"object","properties":{"q":{"type":"string"}},"required":["q"]}}]}]`

// codexRequest is a request of Codex's with these items behind its own.
func codexRequest(model, choice string, items ...string) string {
	all := append([]string{
		`{"type":"message","role":"developer","content":[{"type":"input_text","text":"<permissions>read only</permissions>"}]}`,
		`{"type":"message","role":"user","content":[{"type":"input_text","text":"<environment_context>linux</environment_context>"}]}`,
		`{"type":"message","role":"user","content":[{"type":"input_text","text":"What is in this folder?"}]}`,
	}, items...)
	return fmt.Sprintf(`{"model":%q,"instructions":"You are Codex, a coding agent.","input":[%s],"tools":%s,"tool_choice":%s,"parallel_tool_calls":true,
		"reasoning":{"effort":"medium","summary":"auto"},"store":false,"stream":true,"include":["reasoning.encrypted_content"],"prompt_cache_key":"0199","text":{"verbosity":"low"},"client_metadata":{"x-codex-installation-id":"a"}}`,
		model, strings.Join(all, ","), codexTools, choice)
}

// codexItem is an item of an answer, as Codex reads it.
type codexItem struct {
	Type      string `json:"type"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	CallID    string `json:"call_id"`
	Arguments string `json:"arguments"`
	Input     string `json:"input"`
	Content   []struct {
		Text string `json:"text"`
	} `json:"content"`
}

// asCodex sends a request and reads the stream as Codex does: items when they
// are done, and the end.
func (g *rig) asCodex(body string) (items []json.RawMessage, read []codexItem) {
	g.t.Helper()
	a := g.do(g.request("POST", "/v1/responses", body))
	if a.status != 200 {
		g.t.Fatalf("status %d: %s", a.status, a.body)
	}
	completed := false
	r := sse.NewReader(strings.NewReader(a.body), 1<<20)
	for {
		ev, err := r.Next()
		if err != nil {
			break
		}
		var w struct {
			Item     json.RawMessage `json:"item"`
			Response struct {
				Output []json.RawMessage `json:"output"`
				Usage  struct {
					Input int `json:"input_tokens"`
				} `json:"usage"`
			} `json:"response"`
		}
		if err := json.Unmarshal(ev.Data, &w); err != nil {
			g.t.Fatalf("not JSON: %s", ev.Data)
		}
		switch string(ev.Name) {
		case "response.output_item.done":
			var item codexItem
			if err := json.Unmarshal(w.Item, &item); err != nil {
				g.t.Fatal(err)
			}
			items, read = append(items, w.Item), append(read, item)
		case "response.completed":
			completed = true
			if len(w.Response.Output) != len(items) || w.Response.Usage.Input == 0 {
				g.t.Errorf("the end tells of %d items of %d, %d tokens", len(w.Response.Output), len(items), w.Response.Usage.Input)
			}
		}
	}
	if !completed {
		g.t.Fatalf("not completed:\n%s", a.body)
	}
	return items, read
}

// TestCodex goes a Codex session's way against a vendor that knows chat
// completions alone, and functions alone: a call, its output, a free-text tool,
// a tool of a namespace, the answer.
func TestCodex(t *testing.T) {
	t.Parallel()
	g := newRig(t, one)
	for _, step := range []struct {
		choice, typ, name, namespace string
	}{
		{`{"type":"function","name":"shell"}`, "function_call", "shell", ""},
		{`{"type":"custom","name":"apply_patch"}`, "custom_tool_call", "apply_patch", ""},
		{`{"type":"function","name":"search","namespace":"mcp__docs"}`, "function_call", "search", "mcp__docs"},
	} {
		items, read := g.asCodex(codexRequest("lab-reason:think=5", step.choice))
		at := slices.IndexFunc(read, func(i codexItem) bool { return strings.HasSuffix(i.Type, "_call") })
		if at < 0 {
			t.Fatalf("%s: no call among %s", step.choice, items)
		}
		call := read[at]
		if call.Type != step.typ || call.Name != step.name || call.Namespace != step.namespace || call.CallID == "" || call.Arguments+call.Input == "" {
			t.Errorf("%s: %+v", step.choice, call)
		}
		history := []string{}
		for _, item := range items {
			history = append(history, string(item))
		}
		history = append(history, fmt.Sprintf(`{"type":"%s_output","call_id":%q,"output":"README.md"}`, call.Type, call.CallID))
		_, read = g.asCodex(codexRequest("lab-reason:think=5", `"auto"`, history...))
		said := ""
		for _, item := range read {
			for _, c := range item.Content {
				said += c.Text
			}
		}
		if !strings.Contains(said, "README.md") {
			t.Errorf("%s: the answer does not know the output: %q", step.choice, said)
		}
	}
	if lossy := g.lastRecord().Attempts[0].Lossy; !strings.Contains(lossy, "web_search") {
		t.Errorf("losses: %q", lossy)
	}
}
