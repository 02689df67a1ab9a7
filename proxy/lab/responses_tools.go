package lab

import (
	"encoding/json"
	"fmt"
	"slices"
)

func (q *responsesRequest) readResponsesTools(o object) *apiError {
	items, fail := o.list("tools", "tools")
	if fail != nil {
		return fail
	}
	for i, raw := range items {
		q.toolTokens += Tokens(string(raw))
		if fail := q.readOffer(raw, "", fmt.Sprintf("tools[%d]", i)); fail != nil {
			return fail
		}
	}
	return q.readChoice(o)
}

// hostedTools are those that OpenAI runs itself; the lab takes and forgets them.
var hostedTools = []string{"web_search", "web_search_preview", "file_search", "code_interpreter", "image_generation", "mcp", "local_shell", "shell", "apply_patch", "computer_use_preview", "tool_search"}

func (q *responsesRequest) readOffer(raw json.RawMessage, namespace, at string) *apiError {
	o, ok := asObject(raw)
	if !ok {
		return wrongType(at, "an object", raw)
	}
	kind, fail := o.text("type", at+".type")
	if fail != nil {
		return fail
	}
	if namespace == "" && slices.Contains(hostedTools, kind) {
		return nil
	}
	name, fail := o.text("name", at+".name")
	if fail != nil {
		return fail
	}
	switch {
	case kind == "":
		return missing(at + ".type")
	case name == "":
		return missing(at + ".name")
	case !goodName(name):
		return invalid(at+".name", "invalid_value", "Invalid '%s.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.", at)
	}
	offered := offer{namespace: namespace, name: name, custom: kind == "custom"}
	t := tool{name: name}
	if namespace != "" {
		t.name = namespace + "." + name
	}
	if t.description, fail = o.text("description", at+".description"); fail != nil {
		return fail
	}
	switch {
	case kind == "namespace" && namespace == "":
		return q.readNamespace(o, name, at)
	case kind == "custom":
		if fail := unknown(o, at, "type", "name", "description", "format", "defer_loading", "allowed_callers", "async"); fail != nil {
			return fail
		}
		if fail := customFormat(o, at); fail != nil {
			return fail
		}
	case kind == "function":
		if fail := unknown(o, at, "type", "name", "description", "parameters", "strict", "defer_loading", "output_schema", "allowed_callers", "async"); fail != nil {
			return fail
		}
		if _, ok := o["parameters"]; !ok {
			return missing(at + ".parameters")
		}
		if fail := checkStrict(o, name, at); fail != nil {
			return fail
		}
		t.schema = o["parameters"]
	default:
		return invalid(at+".type", "invalid_value", "Invalid value: '%s'.", clip(kind, 40))
	}
	q.tools, q.offered = append(q.tools, t), append(q.offered, offered)
	return nil
}

func (q *responsesRequest) readNamespace(o object, name, at string) *apiError {
	items, fail := o.list("tools", at+".tools")
	if fail != nil {
		return fail
	}
	if len(items) == 0 {
		return missing(at + ".tools")
	}
	for i, raw := range items {
		if fail := q.readOffer(raw, name, fmt.Sprintf("%s.tools[%d]", at, i)); fail != nil {
			return fail
		}
	}
	return nil
}

// customFormat takes text, or a grammar that is written flat.
func customFormat(o object, at string) *apiError {
	f, fail := o.child("format", at+".format")
	if fail != nil || f == nil {
		return fail
	}
	kind, fail := f.text("type", at+".format.type")
	if fail != nil {
		return fail
	}
	switch kind {
	case "text":
		return nil
	case "grammar":
		for _, name := range []string{"syntax", "definition"} {
			if !f.has(name) {
				return missing(at + ".format." + name)
			}
		}
		return nil
	}
	return invalid(at+".format.type", "invalid_value", "Invalid value: '%s'. Supported values are: 'text' and 'grammar'.", clip(kind, 40))
}

// checkStrict is as strict with a strict schema as OpenAI is, at its root.
func checkStrict(o object, name, at string) *apiError {
	if string(o["strict"]) != "true" {
		return nil
	}
	s, ok := asObject(o["parameters"])
	if !ok {
		return wrongType(at+".parameters", "an object", o["parameters"])
	}
	if string(s["additionalProperties"]) != "false" {
		return invalid(at+".parameters", "invalid_function_parameters", "Invalid schema for function '%s': In context=(), 'additionalProperties' is required to be supplied and to be false.", clip(name, 64))
	}
	props, _ := asObject(s["properties"])
	required, _ := s.texts("required")
	for _, p := range sortedNames(props) {
		if !slices.Contains(required, p) {
			return invalid(at+".parameters", "invalid_function_parameters", "Invalid schema for function '%s': In context=(), 'required' is required to be supplied and to be an array including every key in properties. Missing '%s'.", clip(name, 64), clip(p, 64))
		}
	}
	return nil
}

func (q *responsesRequest) readChoice(o object) *apiError {
	if !o.has("tool_choice") {
		return nil
	}
	if mode, ok := asString(o["tool_choice"]); ok {
		if !slices.Contains([]string{"auto", "none", "required"}, mode) {
			return invalid("tool_choice", "invalid_value", "Invalid value: '%s'. Supported values are: 'none', 'auto', and 'required'.", clip(mode, 40))
		}
		if mode == "required" && len(q.tools) == 0 {
			return invalid("tool_choice", "", "Tool choice 'required' must be specified with 'tools' parameter.")
		}
		q.choice.mode = mode
		return nil
	}
	c, ok := asObject(o["tool_choice"])
	if !ok {
		return wrongType("tool_choice", "a string or an object", o["tool_choice"])
	}
	kind, _ := asString(c["type"])
	if kind == "allowed_tools" {
		return q.readAllowed(c)
	}
	if slices.Contains(hostedTools, kind) {
		return nil
	}
	at, fail := q.named(c, "tool_choice")
	if fail != nil {
		return fail
	}
	q.choice = toolChoice{mode: "required", name: q.tools[at].name}
	return nil
}

// named finds the tool that an object names.
func (q *responsesRequest) named(c object, at string) (int, *apiError) {
	kind, _ := asString(c["type"])
	name, _ := asString(c["name"])
	namespace, _ := asString(c["namespace"])
	i := slices.IndexFunc(q.offered, func(f offer) bool {
		return f.name == name && f.namespace == namespace && f.custom == (kind == "custom")
	})
	if i < 0 || kind != "function" && kind != "custom" {
		return 0, invalid(at, "", "Tool choice '%s' not found in 'tools' parameter.", clip(kind+" "+name, 80))
	}
	return i, nil
}

func (q *responsesRequest) readAllowed(c object) *apiError {
	mode, _ := asString(c["mode"])
	if mode != "auto" && mode != "required" {
		return invalid("tool_choice.mode", "invalid_value", "Invalid value: '%s'. Supported values are: 'auto' and 'required'.", clip(mode, 40))
	}
	items, fail := c.list("tools", "tool_choice.tools")
	if fail != nil {
		return fail
	}
	var tools []tool
	var offered []offer
	for i, raw := range items {
		o, _ := asObject(raw)
		kind, _ := asString(o["type"])
		if slices.Contains(hostedTools, kind) {
			continue
		}
		at, fail := q.named(o, fmt.Sprintf("tool_choice.tools[%d]", i))
		if fail != nil {
			return fail
		}
		tools, offered = append(tools, q.tools[at]), append(offered, q.offered[at])
	}
	q.choice.mode, q.tools, q.offered = mode, tools, offered
	return nil
}

func (q *responsesRequest) readText(o object) *apiError {
	t, fail := o.child("text", "text")
	if fail != nil || t == nil {
		return fail
	}
	if fail := unknown(t, "text", "format", "verbosity"); fail != nil {
		return fail
	}
	f, fail := t.child("format", "text.format")
	if fail != nil || f == nil {
		return fail
	}
	kind, fail := f.text("type", "text.format.type")
	if fail != nil {
		return fail
	}
	switch kind {
	case "text":
		return nil
	case "json_object":
		q.format = format{kind: kind}
		return q.wantsJSON()
	case "json_schema":
		if fail := unknown(f, "text.format", "type", "name", "description", "schema", "strict"); fail != nil {
			return fail
		}
		for _, name := range []string{"name", "schema"} {
			if !f.has(name) {
				return missing("text.format." + name)
			}
		}
		q.format = format{kind: kind, schema: f["schema"]}
		return nil
	}
	return invalid("text.format.type", "invalid_value", "Invalid value: '%s'. Supported values are: 'json_object', 'json_schema', and 'text'.", clip(kind, 40))
}

func (q *responsesRequest) readReasoning(o object) *apiError {
	r, fail := o.child("reasoning", "reasoning")
	if fail != nil || r == nil {
		return fail
	}
	if fail := unknown(r, "reasoning", "effort", "summary", "generate_summary", "context"); fail != nil {
		return fail
	}
	effort, fail := r.text("effort", "reasoning.effort")
	if fail != nil {
		return fail
	}
	if !slices.Contains([]string{"", "none", "minimal", "low", "medium", "high", "xhigh", "max"}, effort) {
		return invalid("reasoning.effort", "invalid_value", "Invalid value: '%s'. Supported values are: 'none', 'minimal', 'low', 'medium', 'high', and 'xhigh'.", clip(effort, 40))
	}
	summary, fail := r.text("summary", "reasoning.summary")
	if fail != nil {
		return fail
	}
	if !slices.Contains([]string{"", "auto", "concise", "detailed"}, summary) {
		return invalid("reasoning.summary", "invalid_value", "Invalid value: '%s'. Supported values are: 'concise', 'detailed', and 'auto'.", clip(summary, 40))
	}
	q.summary = summary != ""
	return nil
}
