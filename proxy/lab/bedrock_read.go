package lab

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// parseConverse reads a Converse request, as strict as Bedrock is and, of what
// nobody there knows, stricter.
func parseConverse(x *exchange, o object) (*anthropicRequest, *apiError) {
	q := &anthropicRequest{chatRequest: chatRequest{n: 1, parallel: true, choice: toolChoice{mode: "auto"}}}
	if fail := permitted(o, "", "messages", "system", "inferenceConfig", "toolConfig", "outputConfig", "additionalModelRequestFields",
		"additionalModelResponseFieldPaths", "guardrailConfig", "performanceConfig", "promptVariables", "requestMetadata", "serviceTier"); fail != nil {
		return nil, fail
	}
	for _, step := range []func(*exchange, object) *apiError{q.converseInference, q.converseFields, q.converseTools, q.converseOutput, q.converseTurns} {
		if fail := step(x, o); fail != nil {
			return nil, fail
		}
	}
	return q, nil
}

func (q *anthropicRequest) converseInference(_ *exchange, o object) *apiError {
	c, fail := o.child("inferenceConfig", "inferenceConfig")
	if fail != nil {
		return fail
	}
	if fail := permitted(c, "inferenceConfig", "maxTokens", "temperature", "topP", "stopSequences"); fail != nil {
		return fail
	}
	for _, name := range []string{"temperature", "topP"} {
		if _, _, fail := number(c, name, 0, 1); fail != nil {
			return fail
		}
	}
	most, _, fail := number(c, "maxTokens", 1, 1<<31)
	if fail != nil {
		return fail
	}
	q.max = int(most)
	q.stop, fail = c.texts("stopSequences")
	return fail
}

// converseFields reads what goes to the model in its own words: only Claude's
// are known here.
func (q *anthropicRequest) converseFields(x *exchange, o object) *apiError {
	f, fail := o.child("additionalModelRequestFields", "additionalModelRequestFields")
	if fail != nil || f == nil {
		return fail
	}
	known := []string{"reasoning_effort", "reasoningConfig", "inferenceConfig"}
	if strings.Contains(x.model.name, "claude") {
		known = []string{"thinking", "output_config", "top_k", "tool_choice", "anthropic_beta"}
	}
	for _, name := range sortedNames(f) {
		if !slices.Contains(known, name) {
			return invalid(name, "", "The model returned the following errors: #: extraneous key [%s] is not permitted", clip(name, 60))
		}
	}
	return q.readThinking(x, f)
}

func (q *anthropicRequest) converseTools(_ *exchange, o object) *apiError {
	c, fail := o.child("toolConfig", "toolConfig")
	if fail != nil || c == nil {
		return fail
	}
	if fail := permitted(c, "toolConfig", "tools", "toolChoice"); fail != nil {
		return fail
	}
	items, fail := c.list("tools", "toolConfig.tools")
	if fail != nil {
		return fail
	}
	for i, raw := range items {
		at := fmt.Sprintf("toolConfig.tools.%d", i)
		t, _ := asObject(raw)
		if t.has("cachePoint") {
			continue
		}
		spec, fail := t.child("toolSpec", at+".toolSpec")
		if fail != nil || spec == nil {
			return invalid(at, "", "%s: a tool must be a toolSpec or a cachePoint", at)
		}
		if fail := permitted(spec, at, "name", "description", "inputSchema", "strict"); fail != nil {
			return fail
		}
		name, _ := asString(spec["name"])
		if !goodName(name) || name == "" {
			return invalid(at, "", "Value '%s' at '%s.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+", clip(name, 80), at)
		}
		if description, there := asString(spec["description"]); there && description == "" {
			return invalid(at, "", "Value '' at '%s.description' failed to satisfy constraint: Member must have length greater than or equal to 1", at)
		}
		schema, _ := asObject(spec["inputSchema"])
		inner, _ := asObject(schema["json"])
		if kind, _ := asString(inner["type"]); kind != "object" {
			return invalid(at, "", "The value at %s.inputSchema.json.type must be one of the following: object.", at)
		}
		description, _ := asString(spec["description"])
		q.tools = append(q.tools, tool{name: name, description: description, schema: schema["json"]})
		q.toolTokens += Tokens(string(raw))
	}
	if len(q.tools) == 0 {
		return invalid("toolConfig", "", "Value '[]' at 'toolConfig.tools' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	choice, fail := c.child("toolChoice", "toolConfig.toolChoice")
	if fail != nil || choice == nil {
		return fail
	}
	return q.converseChoice(choice)
}

func (q *anthropicRequest) converseChoice(c object) *apiError {
	switch {
	case len(c) != 1:
	case c.has("auto"):
		return nil
	case c.has("any"):
		q.choice.mode = "required"
		return nil
	case c.has("tool"):
		t, _ := asObject(c["tool"])
		q.choice.mode = "required"
		q.choice.name, _ = asString(t["name"])
		if slices.ContainsFunc(q.tools, func(t tool) bool { return t.name == q.choice.name }) {
			return nil
		}
	}
	return invalid("toolConfig.toolChoice", "", "toolConfig.toolChoice must be one of auto, any and tool, which names one of the tools.")
}

func (q *anthropicRequest) converseOutput(_ *exchange, o object) *apiError {
	c, fail := o.child("outputConfig", "outputConfig")
	if fail != nil || c == nil {
		return fail
	}
	f, _ := asObject(c["textFormat"])
	structure, _ := asObject(f["structure"])
	spec, _ := asObject(structure["jsonSchema"])
	schema, ok := asString(spec["schema"])
	if kind, _ := asString(f["type"]); kind != "json_schema" || !ok {
		return invalid("outputConfig", "", "outputConfig.textFormat must be of type json_schema, with the schema as a string of JSON.")
	}
	q.format = format{kind: "json_schema", schema: []byte(schema)}
	return closedSchema(q.format.schema, "outputConfig", 0)
}

func (q *anthropicRequest) converseTurns(_ *exchange, o object) *apiError {
	system, fail := o.list("system", "system")
	if fail != nil {
		return fail
	}
	m := message{role: "system", tokens: tokensPerMessage}
	for i, raw := range system {
		b, _ := asObject(raw)
		if fail := q.converseBlock(b, fmt.Sprintf("system.%d", i), &m, &anthropicTurn{role: "system"}); fail != nil {
			return fail
		}
	}
	if m.text != "" {
		q.messages = append(q.messages, m)
	}
	items, fail := o.list("messages", "messages")
	if fail != nil {
		return fail
	}
	if len(items) == 0 {
		return invalid("messages", "", "The messages field must not be empty.")
	}
	for i, raw := range items {
		if fail := q.converseTurn(raw, fmt.Sprintf("messages.%d", i)); fail != nil {
			return fail
		}
	}
	if fail := q.checkTurns(); fail != nil {
		return fail
	}
	for _, t := range q.turns {
		if len(t.calls)+len(t.results) > 0 && len(q.tools) == 0 {
			return invalid("toolConfig", "", "The toolConfig field must be defined when using toolUse and toolResult content blocks.")
		}
	}
	return q.readTogether(nil, object{})
}

func (q *anthropicRequest) converseTurn(raw []byte, at string) *apiError {
	m, ok := asObject(raw)
	if !ok {
		return invalid(at, "", "%s must be an object.", at)
	}
	if fail := permitted(m, at, "role", "content"); fail != nil {
		return fail
	}
	role, _ := asString(m["role"])
	if role != "user" && role != "assistant" {
		return invalid(at, "", "Value '%s' at '%s.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]", clip(role, 40), at)
	}
	items, fail := m.list("content", at+".content")
	if fail != nil {
		return fail
	}
	if len(items) == 0 {
		return invalid(at, "", "The content field in the Message object at %s is empty. Add a ContentBlock object to the content field and try again.", at)
	}
	t := anthropicTurn{role: role}
	said := message{role: role, tokens: tokensPerMessage}
	for i, item := range items {
		b, _ := asObject(item)
		if fail := q.converseBlock(b, fmt.Sprintf("%s.content.%d", at, i), &said, &t); fail != nil {
			return fail
		}
	}
	if slices.Contains(t.kinds, "document") && !slices.Contains(t.kinds, "text") {
		return invalid(at, "", "A text block must be included in the content of a message with documents: %s.", at)
	}
	said.tokens += Tokens(said.text)
	if len(t.results) == 0 || said.text != "" {
		q.messages = append(q.messages, said)
	}
	q.turns = append(q.turns, t)
	return nil
}

// documentName is what documents may be called.
var documentName = regexp.MustCompile(`^[a-zA-Z0-9\-()\[\]]+( [a-zA-Z0-9\-()\[\]]+)*$`)

// converseBlock reads a block of a turn, of the system prompt or of a result.
func (q *anthropicRequest) converseBlock(b object, at string, m *message, t *anthropicTurn) *apiError {
	if len(b) != 1 {
		return invalid(at, "", "%s: a content block holds exactly one of its members, not %d.", at, len(b))
	}
	kind := sortedNames(b)[0]
	if kind == "cachePoint" {
		return nil
	}
	name := map[string]string{"toolUse": "tool_use", "toolResult": "tool_result", "reasoningContent": "thinking"}[kind]
	if name == "" {
		name = kind
	}
	t.kinds = append(t.kinds, name)
	inner, _ := asObject(b[kind])
	switch kind {
	case "text":
		s, _ := asString(b["text"])
		if strings.TrimSpace(s) == "" {
			return invalid(at, "", "The text field in the ContentBlock object at %s is blank. Add text to the text field, and try again.", at)
		}
		if m.text != "" {
			m.text += "\n"
		}
		m.text += s
		return nil
	case "image", "document", "video":
		m.tokens += tokensPerImage
		return converseMedia(kind, inner, at)
	case "json":
		return nil
	case "toolUse":
		return readUse(object{"id": inner["toolUseId"], "name": inner["name"], "input": inner["input"]}, at, m, t)
	case "toolResult":
		return q.converseResult(inner, at, t)
	case "reasoningContent":
		return converseThought(inner, at, t)
	}
	return invalid(at, "", "%s: unknown member %s", at, clip(kind, 60))
}

func converseMedia(kind string, o object, at string) *apiError {
	format, _ := asString(o["format"])
	known := map[string][]string{
		"image": {"png", "jpeg", "gif", "webp"}, "document": {"pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"},
		"video": {"mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"},
	}
	if !slices.Contains(known[kind], format) {
		return invalid(at, "", "Value '%s' at '%s.format' failed to satisfy constraint: Member must satisfy enum value set: %v", clip(format, 40), at, known[kind])
	}
	if name, _ := asString(o["name"]); kind == "document" && (!documentName.MatchString(name) || len(name) > 200) {
		return invalid(at, "", "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, and square brackets. The name can't contain more than one consecutive whitespace character: %s.", at)
	}
	source, _ := asObject(o["source"])
	if data, ok := asString(source["bytes"]); ok && base64Bytes(data) || source.has("s3Location") {
		return nil
	}
	return invalid(at, "", "%s.source must hold bytes or an s3Location.", at)
}

func (q *anthropicRequest) converseResult(o object, at string, t *anthropicTurn) *apiError {
	if fail := permitted(o, at, "toolUseId", "content", "status", "type"); fail != nil {
		return fail
	}
	id, _ := asString(o["toolUseId"])
	if t.role != "user" || !anthropicID(id) || len(id) > 64 {
		return invalid(at, "", "Value '%s' at '%s.toolUseId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+", clip(id, 80), at)
	}
	if status, there := asString(o["status"]); there && status != "success" && status != "error" {
		return invalid(at, "", "%s.status must be success or error.", at)
	}
	items, fail := o.list("content", at+".content")
	if fail != nil {
		return fail
	}
	if len(items) == 0 {
		return invalid(at, "", "The content field in the ToolResultBlock object at %s is empty.", at)
	}
	t.results = append(t.results, id)
	said := message{role: "tool", callID: id, tokens: tokensPerMessage}
	for i, raw := range items {
		b, _ := asObject(raw)
		if fail := q.converseBlock(b, fmt.Sprintf("%s.content.%d", at, i), &said, &anthropicTurn{role: "result"}); fail != nil {
			return fail
		}
	}
	said.tokens += Tokens(said.text)
	q.messages = append(q.messages, said)
	return nil
}

func converseThought(o object, at string, t *anthropicTurn) *apiError {
	if t.role != "assistant" {
		return invalid(at, "", "%s: reasoning belongs to the assistant.", at)
	}
	if secret, ok := asString(o["redactedContent"]); ok {
		if !isSecretThought(secret) {
			return invalid(at, "", "%s: Invalid `data` in `redacted_thinking` block", at)
		}
		return nil
	}
	r, _ := asObject(o["reasoningText"])
	words, _ := asString(r["text"])
	signature, _ := asString(r["signature"])
	if !signedThought(signature, words) {
		return invalid(at, "", "%s: Invalid `signature` in `thinking` block", at)
	}
	return nil
}
