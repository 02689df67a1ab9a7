package openai

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// chat is the codec of chat completions, both ways.
type chat struct{}

// DecodeRequest reads what a client of this dialect asks.
func (chat) DecodeRequest(q *protocol.Question) (*llm.Request, *llm.Error) {
	var w wireRequest
	if err := json.Unmarshal(q.Body, &w, lenient); err != nil {
		return nil, badBody(err)
	}
	r := &llm.Request{
		Dialect: Name, Model: w.Model, Stream: isTrue(w.Stream),
		Parallel: w.ParallelToolCalls, MaxTokens: firstSet(w.MaxCompletionTokens, w.MaxTokens),
		Temperature: w.Temperature, TopP: w.TopP, TopK: w.TopK, MinP: w.MinP,
		FrequencyPenalty: w.FrequencyPenalty, PresencePenalty: w.PresencePenalty, Seed: w.Seed, N: w.N,
		LogitBias: notNull(w.LogitBias), Logprobs: w.Logprobs, TopLogprobs: w.TopLogprobs,
		Reasoning: reasoning(&w), Verbosity: w.Verbosity, Outputs: w.Modalities,
		User: w.User, CacheKey: w.PromptCacheKey, Tier: w.ServiceTier, Metadata: w.Metadata,
		Extra: w.Extra,
	}
	if r.User == "" {
		r.User = argumentsOf(w.Extra[safetyField]) // the newer name
		delete(r.Extra, safetyField)
	}
	if w.StreamOptions != nil {
		r.Usage = isTrue(w.StreamOptions.IncludeUsage)
		if len(w.StreamOptions.Extra) > 0 {
			keep(&r.Extra, "stream_options", w.StreamOptions.Extra)
		}
	}
	var bad *llm.Error
	if r.Stop, bad = stops(w.Stop); bad != nil {
		return nil, bad
	}
	if bad := askedTools(r, &w); bad != nil {
		return nil, bad
	}
	if w.ResponseFormat != nil {
		if r.Format, bad = format(w.ResponseFormat); bad != nil {
			return nil, bad
		}
	}
	for i := range w.Messages {
		m, bad := message(&w.Messages[i], fmt.Sprintf("messages[%d]", i))
		if bad != nil {
			return nil, bad
		}
		r.Messages = append(r.Messages, m)
	}
	markCustom(r.Messages)
	if n := len(r.Messages); n > 0 {
		r.Continue = unfinished(&r.Messages[n-1])
	}
	return r, nil
}

// markCustom marks what tools of free text answered, which this dialect does
// not tell from what others did.
func markCustom(messages []llm.Message) {
	var custom map[string]bool
	for i := range messages {
		for _, p := range messages[i].Parts {
			switch p := p.(type) {
			case *llm.ToolCall:
				if p.Custom {
					if custom == nil {
						custom = map[string]bool{}
					}
					custom[p.ID] = true
				}
			case *llm.ToolResult:
				p.Custom = custom[p.ID]
			case *llm.Text, *llm.Thinking, *llm.Media, *llm.Refusal, *llm.Foreign:
			}
		}
	}
}

// Inlines reports whether a vendor must be given media's bytes: most fetch
// pictures by URL themselves, none fetches sounds or documents.
func (chat) Inlines(m *llm.Media, t *protocol.Target) bool {
	return t.Traits.InlinesMedia || m.Kind == llm.Audio || m.Kind == llm.Document
}

// safetyField is what OpenAI calls the end user now.
const safetyField = "safety_identifier"

// unfinished reports whether an assistant message at the end of a conversation
// is to be continued: it says so (DeepSeek's prefix, Kimi's and Qwen's
// partial), or there is nothing else that it could be for.
func unfinished(m *llm.Message) bool {
	if m.Role != llm.Assistant {
		return false
	}
	for _, p := range m.Parts {
		if _, calls := p.(*llm.ToolCall); calls {
			return false
		}
	}
	for _, flag := range []string{"prefix", "partial"} {
		if string(m.Extra[flag]) == "true" {
			delete(m.Extra, flag)
		}
	}
	return true
}

// reasoning gathers how much thinking is asked for, in whichever of the
// dialect's spellings.
func reasoning(w *wireRequest) *llm.Reasoning {
	var r llm.Reasoning
	if w.ReasoningEffort != nil {
		r.Effort = *w.ReasoningEffort
	}
	if o := w.Reasoning; o != nil {
		r.Effort, r.Budget, r.Summary = firstWord(r.Effort, o.Effort), o.MaxTokens, o.Summary
		r.Mode = onOff(o.Enabled)
		if isTrue(o.Exclude) {
			r.Summary = "none"
		}
	}
	if w.EnableThinking != nil {
		r.Mode = onOff(w.EnableThinking)
	}
	if t := w.Thinking; t != nil {
		r.Mode = map[string]llm.ReasoningMode{
			"enabled": llm.ReasoningOn, "disabled": llm.ReasoningOff,
			"adaptive": llm.ReasoningAdaptive, "auto": llm.ReasoningAdaptive,
		}[t.Type]
		r.Budget = firstSet(t.BudgetTokens, r.Budget)
	}
	r.Budget = firstSet(w.ThinkingBudget, r.Budget)
	if r.Effort == "none" && r.Mode == "" {
		r.Mode = llm.ReasoningOff
	}
	if r == (llm.Reasoning{}) {
		return nil
	}
	return &r
}

func onOff(b *bool) llm.ReasoningMode {
	switch {
	case b == nil:
		return ""
	case *b:
		return llm.ReasoningOn
	}
	return llm.ReasoningOff
}

func stops(v jsontext.Value) ([]string, *llm.Error) {
	if notNull(v) == nil {
		return nil, nil
	}
	var one string
	if json.Unmarshal(v, &one, lenient) == nil {
		return []string{one}, nil
	}
	var list []string
	if json.Unmarshal(v, &list, lenient) != nil {
		return nil, bad("stop", "must be a string or a list of strings.")
	}
	return list, nil
}

func format(w *wireFormat) (*llm.Format, *llm.Error) {
	switch w.Type {
	case "text":
		return &llm.Format{Kind: llm.FormatText}, nil
	case "json_object":
		return &llm.Format{Kind: llm.FormatJSON}, nil
	case "json_schema":
		if w.JSONSchema == nil {
			return nil, bad("response_format.json_schema", "is missing.")
		}
		s := w.JSONSchema
		return &llm.Format{Kind: llm.FormatSchema, Name: s.Name, Description: s.Description, Schema: notNull(s.Schema), Strict: s.Strict}, nil
	}
	return nil, bad("response_format.type", fmt.Sprintf("%.40q is not a kind of format: use text, json_object or json_schema.", w.Type))
}

// askedTools reads the tools, and which of them must be called.
func askedTools(r *llm.Request, w *wireRequest) *llm.Error {
	for i, raw := range w.Tools {
		t, bad := tool(raw, fmt.Sprintf("tools[%d]", i))
		if bad != nil {
			return bad
		}
		r.Tools = append(r.Tools, t)
	}
	for _, f := range w.Functions {
		r.Tools = append(r.Tools, llm.Tool{Name: f.Name, Description: f.Description, Parameters: notNull(f.Parameters)})
	}
	choice, field := w.ToolChoice, "tool_choice"
	if notNull(choice) == nil {
		choice, field = w.FunctionCall, "function_call"
	}
	var bad *llm.Error
	r.Choice, bad = toolChoice(choice, field)
	return bad
}

func tool(raw jsontext.Value, field string) (llm.Tool, *llm.Error) {
	var t wireTool
	if err := json.Unmarshal(raw, &t, lenient); err != nil {
		return llm.Tool{}, badAt(err, field)
	}
	switch {
	case t.Type == "function" && t.Function != nil || t.Type == "" && t.Function != nil:
		f := t.Function
		return llm.Tool{Name: f.Name, Description: f.Description, Parameters: notNull(f.Parameters), Strict: f.Strict, Cache: cacheMark(t.CacheControl)}, nil
	case t.Type == "custom" && t.Custom != nil:
		c := t.Custom
		return llm.Tool{Name: c.Name, Description: c.Description, Custom: true, Grammar: notNull(c.Format), Cache: cacheMark(t.CacheControl)}, nil
	case t.Type == "" || t.Type == "function" || t.Type == "custom":
		return llm.Tool{}, bad(field, "names no tool.")
	}
	return llm.Tool{Name: t.Type, Foreign: raw}, nil
}

// toolChoice reads tool_choice in all its forms, and function_call before it.
func toolChoice(v jsontext.Value, field string) (llm.ToolChoice, *llm.Error) {
	if notNull(v) == nil {
		return llm.ToolChoice{}, nil
	}
	var word string
	if json.Unmarshal(v, &word, lenient) == nil {
		mode, known := modes[word]
		if !known {
			return llm.ToolChoice{}, bad(field, fmt.Sprintf("%.40q is not a choice: use none, auto, required or a tool's name.", word))
		}
		return llm.ToolChoice{Mode: mode}, nil
	}
	var o struct {
		Type     string     `json:"type"`
		Name     string     `json:"name"`
		Function wireCustom `json:"function"`
		Custom   wireCustom `json:"custom"`
		Allowed  struct {
			Mode  string     `json:"mode"`
			Tools []wireTool `json:"tools"`
		} `json:"allowed_tools"`
	}
	if err := json.Unmarshal(v, &o, lenient); err != nil {
		return llm.ToolChoice{}, badAt(err, field)
	}
	if o.Type == "allowed_tools" {
		c := llm.ToolChoice{Mode: modes[o.Allowed.Mode]}
		for _, t := range o.Allowed.Tools {
			if t.Function != nil {
				c.Allowed = append(c.Allowed, t.Function.Name)
			} else if t.Custom != nil {
				c.Allowed = append(c.Allowed, t.Custom.Name)
			}
		}
		return c, nil
	}
	if name := firstWord(o.Function.Name, o.Custom.Name, o.Name); name != "" {
		return llm.ToolChoice{Mode: llm.ToolNamed, Name: name}, nil
	}
	return llm.ToolChoice{Mode: llm.ToolNamed, Name: o.Type, Foreign: v}, nil
}

// modes are the words of tool_choice. "any" is Mistral's.
var modes = map[string]llm.ToolMode{
	"auto": llm.ToolAuto, "none": llm.ToolNone, "required": llm.ToolRequired, "any": llm.ToolRequired,
}

func cacheMark(c *wireCache) *llm.Cache {
	if c == nil {
		return nil
	}
	return &llm.Cache{TTL: c.TTL}
}

// bad is a field that can't be read.
func bad(field, problem string) *llm.Error {
	return &llm.Error{
		Class: llm.ClassDenied, Status: http.StatusBadRequest, Type: "invalid_request_error",
		Code: "invalid_value", Param: field, Message: field + " " + problem,
	}
}

// badBody names the field at which a body could not be read.
func badBody(err error) *llm.Error { return badAt(err, "") }

// badAt does so for a part of the body that stands at field.
func badAt(err error, field string) *llm.Error {
	var wrong *json.SemanticError
	if !errors.As(err, &wrong) {
		return bad(firstWord(field, "body"), "can't be read: "+protocol.Clip(err.Error()))
	}
	for token := range wrong.JSONPointer.Tokens() {
		if token != "" && strings.Trim(token, "0123456789") == "" {
			field += "[" + token + "]"
			continue
		}
		if field != "" {
			field += "."
		}
		field += token
	}
	want := "what this field takes"
	if wrong.GoType != nil {
		want = kindName(wrong.GoType.String())
	}
	return bad(firstWord(field, "body"), "is not "+want+".")
}

// kindName says in plain words what a Go type stands for in JSON.
func kindName(goType string) string {
	switch t := strings.TrimLeft(goType, "*"); {
	case strings.HasPrefix(t, "[]"):
		return "a list"
	case t == "string":
		return "a string"
	case t == "bool":
		return "true or false"
	case strings.HasPrefix(t, "int"):
		return "a whole number"
	case strings.HasPrefix(t, "float"):
		return "a number"
	}
	return "an object of the right form"
}

// notNull is a value, or nil where it is not there or null.
func notNull(v jsontext.Value) jsontext.Value {
	if len(v) == 0 || string(bytes.TrimSpace(v)) == "null" {
		return nil
	}
	return v
}

func isTrue(b *bool) bool { return b != nil && *b }

func firstSet[T any](vs ...*T) *T {
	for _, v := range vs {
		if v != nil {
			return v
		}
	}
	return nil
}

func firstWord(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

// keep puts what is left of an object back into the fields without a name.
func keep(extra *map[string]jsontext.Value, name string, rest map[string]jsontext.Value) {
	raw, err := json.Marshal(rest, json.Deterministic(true))
	if err != nil {
		return // read from JSON a moment ago
	}
	if *extra = maps.Clone(*extra); *extra == nil {
		*extra = map[string]jsontext.Value{}
	}
	(*extra)[name] = raw
}
