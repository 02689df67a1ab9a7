package lab

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// geminiRequest is a chat request that came in Google's dialect.
type geminiRequest struct {
	chatRequest
	thoughts bool // they are to be shown
}

// skipSignature is what Google takes for the signature of a call that it did
// not make.
const skipSignature = "skip_thought_signature_validator"

// only refuses fields that the API does not know.
func (o object) only(at string, names ...string) *apiError {
	for _, name := range sortedNames(o) {
		if !slices.Contains(names, name) {
			where := ""
			if at != "" {
				where = " at '" + at + "'"
			}
			return invalid(strings.Trim(at+"."+name, "."), "", "Invalid JSON payload received. Unknown name \"%s\"%s: Cannot find field.", clip(name, 100), where)
		}
	}
	return nil
}

func sortedNames(o object) []string {
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func parseGemini(x *exchange, o object) (*geminiRequest, *apiError) {
	q := &geminiRequest{chatRequest: chatRequest{n: 1, parallel: true, choice: toolChoice{mode: "auto"}}}
	if fail := o.only("", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings", "cachedContent", "labels"); fail != nil {
		return nil, fail
	}
	for _, step := range []func(*exchange, object) *apiError{q.readContents, q.readTools, q.readToolConfig, q.readConfig} {
		if fail := step(x, o); fail != nil {
			return nil, fail
		}
	}
	return q, nil
}

// turn is a content while the conversation is checked.
type turn struct {
	role    string
	calls   []string // names
	results []string
	words   bool
}

func (q *geminiRequest) readContents(x *exchange, o object) *apiError {
	system, fail := o.child("systemInstruction", "systemInstruction")
	if fail != nil {
		return fail
	}
	if system != nil {
		if _, fail := q.readContent(x, system, "systemInstruction", "system"); fail != nil {
			return fail
		}
	}
	items, fail := o.list("contents", "contents")
	if fail != nil {
		return fail
	}
	if len(items) == 0 {
		return invalid("contents", "", "* GenerateContentRequest.contents: contents is not specified")
	}
	var turns []turn
	for i, raw := range items {
		at := fmt.Sprintf("contents[%d]", i)
		c, ok := asObject(raw)
		if !ok {
			return wrongType(at, "an object", raw)
		}
		t, fail := q.readContent(x, c, at, "")
		if fail != nil {
			return fail
		}
		turns = append(turns, t)
	}
	return checkTurns(turns)
}

// checkTurns checks that calls and results belong together.
func checkTurns(turns []turn) *apiError {
	for i, t := range turns {
		if len(t.calls) > 0 && i > 0 && turns[i-1].role == "model" && len(turns[i-1].calls) > 0 {
			return invalid("contents", "", "Please ensure that function call turn comes immediately after a user turn or after a function response turn.")
		}
		if len(t.calls) > 0 {
			if i+1 == len(turns) || len(turns[i+1].results) != len(t.calls) {
				return invalid("contents", "", "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.")
			}
			have, want := slices.Sorted(slices.Values(turns[i+1].results)), slices.Sorted(slices.Values(t.calls))
			if !slices.Equal(have, want) {
				return invalid("contents", "", "Please ensure that function responses name the functions that were called: got %v for %v.", have, want)
			}
		}
		if len(t.results) > 0 && (i == 0 || len(turns[i-1].calls) == 0) {
			return invalid("contents", "", "Please ensure that function response turn comes immediately after a function call turn.")
		}
	}
	return nil
}

// readContent reads a content into messages of the lab's.
func (q *geminiRequest) readContent(x *exchange, c object, at, as string) (turn, *apiError) {
	var t turn
	if fail := c.only(at, "role", "parts"); fail != nil {
		return t, fail
	}
	role, fail := c.text("role", at+".role")
	if fail != nil {
		return t, fail
	}
	if as == "" && !slices.Contains([]string{"", "user", "model", "function"}, role) {
		return t, invalid(at+".role", "", "Please use a valid role: user, model.")
	}
	t.role = role
	parts, fail := c.list("parts", at+".parts")
	if fail != nil {
		return t, fail
	}
	if len(parts) == 0 {
		return t, invalid(at+".parts", "", "* GenerateContentRequest.%s.parts: contents.parts must not be empty.", at)
	}
	m := message{role: "user", tokens: tokensPerMessage}
	if role == "model" {
		m.role = "assistant"
	}
	if as != "" {
		m.role = as
	}
	for i, raw := range parts {
		p, ok := asObject(raw)
		if !ok {
			return t, wrongType(at, "an object", raw)
		}
		if fail := q.readPart(x, p, fmt.Sprintf("%s.parts[%d]", at, i), &m, &t); fail != nil {
			return t, fail
		}
	}
	m.tokens += Tokens(m.text)
	if t.words || len(t.results) == 0 {
		q.messages = append(q.messages, m)
	}
	return t, nil
}

// dataFields are those of which a part has exactly one.
var dataFields = []string{"text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"}

func (q *geminiRequest) readPart(x *exchange, p object, at string, m *message, t *turn) *apiError {
	if fail := p.only(at, append([]string{"thought", "thoughtSignature", "videoMetadata", "mediaResolution", "partMetadata"}, dataFields...)...); fail != nil {
		return fail
	}
	var set []string
	for _, name := range dataFields {
		if p.has(name) {
			set = append(set, name)
		}
	}
	if len(set) == 0 && p.has("thoughtSignature") {
		set = []string{"text"} // what Google's clients make of an empty text with a signature
	}
	if len(set) != 1 {
		return invalid(at, "", "* %s.data: required oneof field 'data' must have one initialized field, not %d.", at, len(set))
	}
	signature, fail := p.text("thoughtSignature", at+".thoughtSignature")
	if fail != nil {
		return fail
	}
	if fail := checkSignature(x, p, set[0], signature, at, t); fail != nil {
		return fail
	}
	switch set[0] {
	case "text":
		s, fail := p.text("text", at+".text")
		if fail != nil {
			return fail
		}
		if string(p["thought"]) == "true" {
			m.tokens += Tokens(s)
			return nil
		}
		if s == "" && signature == "" {
			return invalid(at+".text", "", "Unable to submit request because it must have a text parameter.")
		}
		if m.text != "" && s != "" {
			m.text += "\n"
		}
		m.text += s
		t.words = true
	case "inlineData":
		t.words = true
		m.tokens += tokensPerImage
		return inlineData(p, at)
	case "fileData":
		t.words = true
		m.tokens += tokensPerImage
		f, fail := p.child("fileData", at+".fileData")
		if fail == nil && !f.has("fileUri") {
			fail = missing(at + ".fileData.fileUri")
		}
		return fail
	case "functionCall":
		return readFunctionCall(p, at, m, t)
	case "functionResponse":
		return q.readFunctionResponse(p, at, t)
	}
	return nil
}

func inlineData(p object, at string) *apiError {
	at += ".inlineData"
	b, fail := p.child("inlineData", at)
	if fail != nil {
		return fail
	}
	if fail := b.only(at, "mimeType", "data", "displayName"); fail != nil {
		return fail
	}
	mime, fail := b.text("mimeType", at+".mimeType")
	if fail != nil {
		return fail
	}
	if !strings.Contains(mime, "/") {
		return invalid(at+".mimeType", "", "Unsupported MIME type: %s", clip(mime, 60))
	}
	data, fail := b.text("data", at+".data")
	if fail != nil {
		return fail
	}
	if _, err := base64.StdEncoding.DecodeString(data); err != nil || data == "" {
		return invalid(at+".data", "", "Invalid value at '%s.data' (TYPE_BYTES), Base64 decoding failed", at)
	}
	return nil
}

// checkSignature is as strict as Gemini 3: the first call of a turn must bring
// back the signature it was made with, and nothing else passes for one.
func checkSignature(x *exchange, p object, kind, signature, at string, t *turn) *apiError {
	if signature == skipSignature {
		return nil
	}
	if signature != "" && !minted(signature) {
		return invalid(at+".thoughtSignature", "", "Thought signature is not valid.")
	}
	if kind != "functionCall" {
		return nil
	}
	c, ok := asObject(p["functionCall"])
	if !ok {
		return nil // it is refused later
	}
	name, _ := asString(c["name"])
	if signature == "" {
		if len(t.calls) == 0 && !older(x.model) {
			return invalid(at+".thoughtSignature", "", "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call `default_api:%s`.", clip(name, 64))
		}
		return nil
	}
	if signature != mint(name, c["args"]) {
		return invalid(at+".thoughtSignature", "", "Thought signature is not valid: it belongs to another function call.")
	}
	return nil
}

func readFunctionCall(p object, at string, m *message, t *turn) *apiError {
	at += ".functionCall"
	if t.role != "model" {
		return invalid(at, "", "Please ensure that function calls come from the model.")
	}
	c, fail := p.child("functionCall", at)
	if fail != nil {
		return fail
	}
	if fail := c.only(at, "id", "name", "args"); fail != nil {
		return fail
	}
	name, fail := c.text("name", at+".name")
	if fail != nil {
		return fail
	}
	if name == "" {
		return missing(at + ".name")
	}
	if _, fail := c.child("args", at+".args"); fail != nil {
		return fail
	}
	t.calls = append(t.calls, name)
	m.tokens += Tokens(string(p["functionCall"]))
	return nil
}

func (q *geminiRequest) readFunctionResponse(p object, at string, t *turn) *apiError {
	at += ".functionResponse"
	if t.role == "model" {
		return invalid(at, "", "Please ensure that function responses come from the user.")
	}
	r, fail := p.child("functionResponse", at)
	if fail != nil {
		return fail
	}
	if fail := r.only(at, "id", "name", "response", "parts", "willContinue", "scheduling"); fail != nil {
		return fail
	}
	name, fail := r.text("name", at+".name")
	if fail != nil {
		return fail
	}
	if name == "" {
		return missing(at + ".name")
	}
	answer, fail := r.child("response", at+".response")
	if fail != nil {
		return fail
	}
	if answer == nil {
		return missing(at + ".response")
	}
	text := string(r["response"])
	for _, word := range []string{"output", "error"} {
		if s, ok := asString(answer[word]); ok && len(answer) == 1 {
			text = s
		}
	}
	t.results = append(t.results, name)
	q.messages = append(q.messages, message{role: "tool", text: text, tokens: tokensPerMessage + Tokens(text)})
	return nil
}
