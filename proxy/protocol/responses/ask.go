package responses

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// DecodeRequest implements protocol.Inbound.
func (Codec) DecodeRequest(q *protocol.Question) (*llm.Request, *llm.Error) {
	var w request
	if err := json.Unmarshal(q.Body, &w, lenient); err != nil {
		return nil, badBody(err)
	}
	if err := w.servable(); err != nil {
		return nil, err
	}
	r := &llm.Request{
		Dialect: Name, Model: w.Model, Stream: isTrue(w.Stream), Usage: true,
		MaxTokens: w.MaxTokens, Temperature: w.Temperature, TopP: w.TopP, TopLogprobs: w.TopLogprobs,
		Parallel: w.Parallel, CacheKey: w.CacheKey, User: w.Safety, Tier: w.Tier, Metadata: w.Metadata, Extra: w.Extra,
	}
	if r.User == "" {
		r.User = w.User
	}
	w.takeRest(r)
	for i, raw := range w.Tools {
		tools, err := toolsOf(raw, fmt.Sprintf("tools[%d]", i))
		if err != nil {
			return nil, err
		}
		r.Tools = append(r.Tools, tools...)
	}
	var err *llm.Error
	if r.Choice, err = choiceOf(w.Choice); err != nil {
		return nil, err
	}
	if err = w.takeText(r); err != nil {
		return nil, err
	}
	return r, w.takeInput(r)
}

// servable refuses what lives at one vendor alone.
func (w *request) servable() *llm.Error {
	switch {
	case w.Previous != "":
		return bad("previous_response_id", "names an answer that is not kept here. Send the conversation's items in input, with store set to false.")
	case present(w.Conversation):
		return bad("conversation", "is kept by OpenAI alone. Send the conversation's items in input.")
	case isTrue(w.Background):
		return bad("background", "is served by OpenAI alone. Leave it out, and stream instead.")
	case present(w.Prompt):
		return bad("prompt", "is kept by OpenAI alone. Send the prompt's text in instructions.")
	case !present(w.Input):
		return bad("input", "is missing. Send a text or a list of items.")
	}
	return nil
}

// takeRest reads the fields that need more than copying.
func (w *request) takeRest(r *llm.Request) {
	var others []string
	for _, word := range w.Include {
		switch word {
		case includeReasoning:
			r.Reasoning = &llm.Reasoning{Opaque: true}
		case includeLogprobs:
			yes := true
			r.Logprobs = &yes
		default:
			others = append(others, word)
		}
	}
	if len(others) > 0 {
		keep(r, "include", value(others))
	}
	if w.Store != nil {
		keep(r, "store", value(*w.Store))
	}
	if w.Truncation != "" && w.Truncation != "disabled" {
		keep(r, "truncation", value(w.Truncation))
	}
	if w.Reasoning == nil {
		return
	}
	if r.Reasoning == nil {
		r.Reasoning = &llm.Reasoning{}
	}
	r.Reasoning.Effort, r.Reasoning.Summary = w.Reasoning.Effort, w.Reasoning.Summary
	if r.Reasoning.Summary == "" {
		r.Reasoning.Summary = w.Reasoning.Older
	}
	if r.Reasoning.Effort == "none" {
		r.Reasoning.Mode = llm.ReasoningOff
	}
	if len(w.Reasoning.Extra) > 0 {
		keep(r, "reasoning", value(w.Reasoning.Extra))
	}
}

// keep puts a field without a canonical name into the extras.
func keep(r *llm.Request, name string, raw llm.Raw) {
	if r.Extra == nil {
		r.Extra = map[string]llm.Raw{}
	}
	r.Extra[name] = raw
}

func (w *request) takeText(r *llm.Request) *llm.Error {
	if w.Text == nil {
		return nil
	}
	r.Verbosity = w.Text.Verbosity
	if len(w.Text.Extra) > 0 {
		keep(r, "text", value(w.Text.Extra))
	}
	f := w.Text.Format
	if f == nil {
		return nil
	}
	switch f.Type {
	case "text":
		r.Format = &llm.Format{Kind: llm.FormatText}
	case "json_object":
		r.Format = &llm.Format{Kind: llm.FormatJSON}
	case "json_schema":
		if !present(f.Schema) {
			return bad("text.format.schema", "is missing.")
		}
		r.Format = &llm.Format{Kind: llm.FormatSchema, Name: f.Name, Description: f.Description, Schema: f.Schema, Strict: f.Strict}
	default:
		return bad("text.format.type", fmt.Sprintf("%.40q is not a kind of format: use text, json_object or json_schema.", f.Type))
	}
	return nil
}

// toolsOf reads a tool, or those of a namespace.
func toolsOf(raw llm.Raw, at string) ([]llm.Tool, *llm.Error) {
	var w tool
	if err := json.Unmarshal(raw, &w, lenient); err != nil {
		return nil, badAt(err, at)
	}
	switch w.Type {
	case "function", "custom":
		t, err := w.canonical("", at)
		return []llm.Tool{t}, err
	case "namespace":
		if w.Name == "" {
			return nil, bad(at+".name", "is missing.")
		}
		var all []llm.Tool
		for i := range w.Tools {
			t, err := w.Tools[i].canonical(w.Name, fmt.Sprintf("%s.tools[%d]", at, i))
			if err != nil {
				return nil, err
			}
			t.Extra[extraDescription] = value(w.Description)
			all = append(all, t)
		}
		return all, nil
	case "":
		return nil, bad(at+".type", "is missing.")
	}
	return []llm.Tool{{Name: w.Type, Foreign: raw}}, nil
}

func (w *tool) canonical(namespace, at string) (llm.Tool, *llm.Error) {
	if w.Name == "" {
		return llm.Tool{}, bad(at+".name", "is missing.")
	}
	t := llm.Tool{Name: flatName(namespace, w.Name), Description: w.Description, Extra: spaced(namespace, w.Name)}
	switch w.Type {
	case "custom":
		t.Custom, t.Grammar = true, w.Format
	case "function":
		t.Strict = w.Strict
		if present(w.Parameters) {
			t.Parameters = w.Parameters
		}
	default:
		return t, bad(at+".type", fmt.Sprintf("%.40q is not a kind of tool that a namespace holds: use function or custom.", w.Type))
	}
	return t, nil
}

// choiceOf reads tool_choice in all its forms.
func choiceOf(raw llm.Raw) (llm.ToolChoice, *llm.Error) {
	if !present(raw) {
		return llm.ToolChoice{}, nil
	}
	var word string
	if raw.Kind() == '"' && read(raw, &word) {
		modes := []llm.ToolMode{llm.ToolAuto, llm.ToolNone, llm.ToolRequired}
		if !slices.Contains(modes, llm.ToolMode(word)) {
			return llm.ToolChoice{}, bad("tool_choice", fmt.Sprintf("%.40q is not a choice: use none, auto, required or a tool's name.", word))
		}
		return llm.ToolChoice{Mode: llm.ToolMode(word)}, nil
	}
	var o struct {
		Type      string `json:"type"`
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
		Mode      string `json:"mode"`
		Tools     []item `json:"tools"`
	}
	if err := json.Unmarshal(raw, &o, lenient); err != nil {
		return llm.ToolChoice{}, badAt(err, "tool_choice")
	}
	switch o.Type {
	case "function", "custom":
		return llm.ToolChoice{Mode: llm.ToolNamed, Name: flatName(o.Namespace, o.Name)}, nil
	case "allowed_tools":
		c := llm.ToolChoice{Mode: llm.ToolMode(o.Mode)}
		for _, t := range o.Tools {
			name := t.Type
			if t.Type == "function" || t.Type == "custom" {
				name = flatName(t.Namespace, t.Name)
			}
			c.Allowed = append(c.Allowed, name)
		}
		return c, nil
	}
	return llm.ToolChoice{Mode: llm.ToolNamed, Name: o.Type, Foreign: raw}, nil
}

// bad is a field that can't be used.
func bad(field, problem string) *llm.Error {
	return &llm.Error{
		Class: llm.ClassDenied, Status: http.StatusBadRequest, Type: "invalid_request_error",
		Code: "invalid_value", Param: field, Message: field + " " + problem,
	}
}

func badBody(err error) *llm.Error { return badAt(err, "") }

// badAt names the field at which a body could not be read; at is where the part
// that was read stands.
func badAt(err error, at string) *llm.Error {
	var wrong *json.SemanticError
	if !errors.As(err, &wrong) {
		return bad(strings.TrimSpace("body "+at), "can't be read: "+protocol.Clip(err.Error()))
	}
	for token := range wrong.JSONPointer.Tokens() {
		switch {
		case token != "" && strings.Trim(token, "0123456789") == "":
			at += "[" + token + "]"
		case at == "":
			at = token
		default:
			at += "." + token
		}
	}
	return bad(at, "has the wrong type.")
}
