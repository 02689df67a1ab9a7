package lab

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// anthropicRequest is a chat request that came in Anthropic's dialect.
type anthropicRequest struct {
	chatRequest
	thinking string // enabled, adaptive, disabled; empty: not said
	budget   int
	omit     bool // thinking is not to be shown
	marks    int  // cache_control marks
	cached   int  // tokens of the system prompt up to its last mark
	caching  int  // tokens of messages up to their last mark

	turns []anthropicTurn
}

// anthropicTurn is a message while the conversation is checked.
type anthropicTurn struct {
	role    string
	kinds   []string // of its blocks
	calls   []string
	results []string
}

// permitted refuses fields that the API does not know.
func permitted(o object, at string, names ...string) *apiError {
	for _, name := range sortedNames(o) {
		if !slices.Contains(names, name) {
			return badField(strings.TrimPrefix(at+"."+clip(name, 100), "."), "Extra inputs are not permitted")
		}
	}
	return nil
}

func parseAnthropic(x *exchange, o object) (*anthropicRequest, *apiError) {
	q := &anthropicRequest{chatRequest: chatRequest{n: 1, parallel: true, choice: toolChoice{mode: "auto"}}}
	if x.op.bases == nil && x.r.Header.Get("Anthropic-Version") == "" {
		return nil, badField("anthropic-version", "header is required")
	}
	if fail := permitted(o, "", "model", "max_tokens", "system", "messages", "tools", "tool_choice", "thinking", "output_config", "output_format",
		"temperature", "top_p", "top_k", "stop_sequences", "metadata", "service_tier", "stream",
		"container", "context_management", "mcp_servers", "speed", "inference_geo", "cache_control", "diagnostics"); fail != nil {
		return nil, fail
	}
	for _, step := range []func(*exchange, object) *apiError{
		q.readLimits, q.readThinking, q.readOutput, q.readAnthropicTools, q.readSystem, q.readTurns, q.readMetadata, q.readTogether,
	} {
		if fail := step(x, o); fail != nil {
			return nil, fail
		}
	}
	return q, nil
}

// number reads a number between bounds, in Anthropic's words.
func number(o object, name string, low, high float64) (float64, bool, *apiError) {
	if !o.has(name) {
		return 0, false, nil
	}
	var f float64
	if json.Unmarshal(o[name], &f) != nil {
		return 0, false, badField(name, "Input should be a valid number")
	}
	if f < low {
		return 0, false, badField(name, fmt.Sprintf("Input should be greater than or equal to %v", low))
	}
	if f > high {
		return 0, false, badField(name, fmt.Sprintf("Input should be less than or equal to %v", high))
	}
	return f, true, nil
}

func (q *anthropicRequest) readLimits(x *exchange, o object) *apiError {
	most, _, fail := number(o, "max_tokens", 1, 128000)
	if fail != nil {
		return fail
	}
	q.max = int(most)
	if q.stream, fail = o.boolean("stream"); fail != nil {
		return badField("stream", "Input should be a valid boolean")
	}
	for _, name := range []string{"temperature", "top_p"} {
		if _, _, fail := number(o, name, 0, 1); fail != nil {
			return fail
		}
		if o.has(name) && fixedSampling(x.model) {
			return badField(name, "this parameter is not supported by this model")
		}
	}
	if _, _, fail := number(o, "top_k", 0, 1<<31); fail != nil {
		return fail
	}
	if o.has("top_k") && fixedSampling(x.model) {
		return badField("top_k", "this parameter is not supported by this model")
	}
	if !o.has("stop_sequences") {
		return nil
	}
	if json.Unmarshal(o["stop_sequences"], &q.stop) != nil {
		return badField("stop_sequences", "Input should be a valid list")
	}
	for i, s := range q.stop {
		if strings.TrimSpace(s) == "" {
			return badField(fmt.Sprintf("stop_sequences.%d", i), "each stop sequence must contain non-whitespace")
		}
	}
	return nil
}

func (q *anthropicRequest) readThinking(x *exchange, o object) *apiError {
	t, fail := o.child("thinking", "thinking")
	if fail != nil || t == nil {
		return fail
	}
	if q.thinking, fail = t.text("type", "thinking.type"); fail != nil {
		return fail
	}
	known := []string{"type"}
	switch q.thinking {
	case "enabled":
		known = append(known, "budget_tokens", "display")
		if onlyAdaptive(x.model) {
			return badField("thinking", `"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.`)
		}
	case "adaptive":
		known = append(known, "display")
		if onlyBudgets(x.model) {
			return badField("thinking", "adaptive thinking is not supported on this model")
		}
	case "disabled":
	default:
		return badField("thinking", "Input tag '"+clip(q.thinking, 40)+"' found using 'type' does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'")
	}
	if fail := permitted(t, "thinking."+q.thinking, known...); fail != nil {
		return fail
	}
	display, fail := t.text("display", "thinking.display")
	if fail != nil {
		return fail
	}
	q.omit = display == "omitted"
	if q.thinking != "enabled" {
		return nil
	}
	if !t.has("budget_tokens") {
		return badField("thinking.enabled.budget_tokens", "Field required")
	}
	q.budget, fail = t.whole("budget_tokens", -1<<31, 1<<31, 0)
	switch {
	case fail != nil:
		return badField("thinking.enabled.budget_tokens", "Input should be a valid integer")
	case q.budget < 1024:
		return badField("thinking.enabled.budget_tokens", "Input should be greater than or equal to 1024")
	case q.max > 0 && q.budget >= q.max:
		return invalid("max_tokens", "", "`max_tokens` must be greater than `thinking.budget_tokens`.")
	}
	return nil
}

func (q *anthropicRequest) readOutput(x *exchange, o object) *apiError {
	c, fail := o.child("output_config", "output_config")
	if fail != nil {
		return fail
	}
	if fail := permitted(c, "output_config", "effort", "format", "task_budget"); fail != nil {
		return fail
	}
	effort, fail := c.text("effort", "output_config.effort")
	if fail != nil {
		return fail
	}
	if effort != "" && !slices.Contains([]string{"low", "medium", "high", "xhigh", "max"}, effort) {
		return badField("output_config.effort", "Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
	}
	if effort != "" && onlyBudgets(x.model) {
		return badField("output_config.effort", "This model does not support the effort parameter.")
	}
	f, fail := c.child("format", "output_config.format")
	if fail != nil || f == nil {
		return fail
	}
	if kind, _ := asString(f["type"]); kind != "json_schema" {
		return badField("output_config.format", "Input tag does not match any of the expected tags: 'json_schema'")
	}
	if !f.has("schema") {
		return badField("output_config.format.schema", "Field required")
	}
	q.format = format{kind: "json_schema", schema: f["schema"]}
	return closedSchema(f["schema"], "output_config.format.schema", 0)
}

// closedSchema refuses what structured outputs don't know.
func closedSchema(raw json.RawMessage, at string, depth int) *apiError {
	o, ok := asObject(raw)
	if !ok || depth > maxDepth {
		return nil
	}
	kind, _ := asString(o["type"])
	if kind == "object" && string(o["additionalProperties"]) != "false" {
		return badField(at, "For 'object' type, 'additionalProperties' must be explicitly set to false")
	}
	for _, name := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "maxItems", "uniqueItems", "pattern", "oneOf"} {
		if o.has(name) {
			return badField(at, fmt.Sprintf("For '%s' type, property '%s' is not supported", kind, name))
		}
	}
	for _, name := range []string{"properties", "$defs", "definitions"} {
		inner, _ := asObject(o[name])
		for _, key := range sortedNames(inner) {
			if fail := closedSchema(inner[key], at+"."+name+"."+key, depth+1); fail != nil {
				return fail
			}
		}
	}
	lists, _ := asList(o["anyOf"])
	all, _ := asList(o["allOf"])
	for _, inner := range append(append(lists, all...), o["items"]) {
		if fail := closedSchema(inner, at, depth+1); fail != nil {
			return fail
		}
	}
	return nil
}

// anthropicName is what tools may be called.
var anthropicName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,128}$`)

func (q *anthropicRequest) readAnthropicTools(_ *exchange, o object) *apiError {
	items, fail := o.list("tools", "tools")
	if fail != nil {
		return fail
	}
	for i, raw := range items {
		at := fmt.Sprintf("tools.%d", i)
		t, ok := asObject(raw)
		if !ok {
			return badField(at, "Input should be a valid dictionary")
		}
		if kind, _ := asString(t["type"]); kind != "" && kind != "custom" {
			continue // the vendor runs it itself, and this one never does
		}
		read, fail := q.readAnthropicTool(t, at+".custom")
		if fail != nil {
			return fail
		}
		if slices.ContainsFunc(q.tools, func(o tool) bool { return o.name == read.name }) {
			return invalid("tools", "", "tools: Tool names must be unique.")
		}
		q.tools = append(q.tools, read)
		q.toolTokens += Tokens(string(raw))
	}
	return q.readAnthropicChoice(o, len(items))
}

func (q *anthropicRequest) readAnthropicTool(t object, at string) (tool, *apiError) {
	if fail := permitted(t, at, "type", "name", "description", "input_schema", "strict", "cache_control", "eager_input_streaming", "defer_loading", "allowed_callers", "input_examples"); fail != nil {
		return tool{}, fail
	}
	name, fail := t.text("name", at+".name")
	if fail != nil {
		return tool{}, fail
	}
	if !anthropicName.MatchString(name) {
		return tool{}, badField(at+".name", "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'")
	}
	schema, fail := t.child("input_schema", at+".input_schema")
	if fail != nil {
		return tool{}, fail
	}
	if schema == nil {
		return tool{}, badField(at+".input_schema", "Field required")
	}
	if kind, _ := asString(schema["type"]); kind != "object" {
		return tool{}, badField(at+".input_schema.type", "Field required")
	}
	if string(t["strict"]) == "true" {
		if fail := closedSchema(t["input_schema"], at+".input_schema", 0); fail != nil {
			return tool{}, fail
		}
	}
	description, fail := t.text("description", at+".description")
	if fail != nil {
		return tool{}, fail
	}
	return tool{name: name, description: description, schema: t["input_schema"]}, q.mark(t, at)
}

func (q *anthropicRequest) readAnthropicChoice(o object, tools int) *apiError {
	c, fail := o.child("tool_choice", "tool_choice")
	if fail != nil || c == nil {
		return fail
	}
	if tools == 0 {
		return badField("tool_choice", "tool_choice may only be specified while providing tools")
	}
	kind, _ := asString(c["type"])
	known := []string{"type", "disable_parallel_tool_use"}
	switch kind {
	case "auto":
	case "none":
		q.choice.mode, known = "none", known[:1]
	case "any":
		q.choice.mode = "required"
	case "tool":
		known = append(known, "name")
		q.choice.mode = "required"
		q.choice.name, _ = asString(c["name"])
		if !slices.ContainsFunc(q.tools, func(t tool) bool { return t.name == q.choice.name }) {
			return badField("tool_choice", "Tool '"+clip(q.choice.name, 64)+"' not found in provided tools")
		}
	default:
		return badField("tool_choice", "Input tag '"+clip(kind, 40)+"' found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'")
	}
	if fail := permitted(c, "tool_choice."+kind, known...); fail != nil {
		return fail
	}
	single, fail := c.boolean("disable_parallel_tool_use")
	q.parallel = !single
	return fail
}

// mark counts a cache_control.
func (q *anthropicRequest) mark(o object, at string) *apiError {
	c, fail := o.child("cache_control", at+".cache_control")
	if fail != nil || c == nil {
		return fail
	}
	if kind, _ := asString(c["type"]); kind != "ephemeral" {
		return badField(at+".cache_control", "Input tag does not match any of the expected tags: 'ephemeral'")
	}
	if ttl, _ := asString(c["ttl"]); c.has("ttl") && ttl != "5m" && ttl != "1h" {
		return badField(at+".cache_control.ephemeral.ttl", "Input should be '5m' or '1h'")
	}
	q.marks++
	if q.marks > 4 {
		return invalid("", "", "A maximum of 4 blocks with cache_control may be provided. Found %d.", q.marks)
	}
	return permitted(c, at+".cache_control.ephemeral", "type", "ttl")
}

func (q *anthropicRequest) readMetadata(_ *exchange, o object) *apiError {
	m, fail := o.child("metadata", "metadata")
	if fail != nil {
		return fail
	}
	if fail := permitted(m, "metadata", "user_id"); fail != nil {
		return fail
	}
	tier, fail := o.text("service_tier", "service_tier")
	if fail == nil && o.has("service_tier") && tier != "auto" && tier != "standard_only" {
		return badField("service_tier", "Input should be 'auto' or 'standard_only'")
	}
	return fail
}

// readTogether checks what does not go together with thinking.
func (q *anthropicRequest) readTogether(_ *exchange, o object) *apiError {
	if q.thinking != "enabled" && q.thinking != "adaptive" {
		return nil
	}
	if v, there, _ := number(o, "temperature", 0, 1); there && v != 1 {
		return invalid("temperature", "", "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.")
	}
	if v, there, _ := number(o, "top_p", 0, 1); there && v < 0.95 {
		return invalid("top_p", "", "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled or in adaptive mode.")
	}
	if o.has("top_k") {
		return invalid("top_k", "", "`top_k` must be unset when thinking is enabled or in adaptive mode.")
	}
	if q.choice.mode == "required" {
		return invalid("tool_choice", "", "Thinking may not be enabled when tool_choice forces tool use.")
	}
	if q.thinking != "enabled" || len(q.turns) < 2 {
		return nil
	}
	last, before := q.turns[len(q.turns)-1], q.turns[len(q.turns)-2]
	if len(last.results) > 0 && before.role == "assistant" && before.kinds[0] != "thinking" && before.kinds[0] != "redacted_thinking" {
		return badField(fmt.Sprintf("messages.%d.content.0.type", len(q.turns)-2), "Expected `thinking` or `redacted_thinking`, but found `"+before.kinds[0]+"`. When `thinking` is enabled, a final `assistant` message must start with a thinking block.")
	}
	return nil
}

// think decides whether the answer shows thinking: where it was asked for, or
// where the model does so of itself.
func (q *anthropicRequest) think(x *exchange, a *answer) {
	switch {
	case q.thinking == "disabled":
		a.reasoning = ""
	case q.thinking != "" && a.reasoning == "":
		a.reasoning = reasoning(question(q.messages), x.model.params.num("think"))
	}
}
