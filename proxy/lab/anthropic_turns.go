package lab

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

func (q *anthropicRequest) readSystem(x *exchange, o object) *apiError {
	if !o.has("system") {
		return nil
	}
	m := message{role: "system", tokens: tokensPerMessage}
	if fail := q.readBlocks(x, o["system"], "system", &m, &anthropicTurn{role: "system"}); fail != nil {
		return fail
	}
	m.tokens += Tokens(m.text)
	if q.marks > 0 {
		q.cached = q.toolTokens + m.tokens
	}
	q.messages = append(q.messages, m)
	return nil
}

func (q *anthropicRequest) readTurns(x *exchange, o object) *apiError {
	if !o.has("messages") {
		return badField("messages", "Field required")
	}
	items, ok := asList(o["messages"])
	if !ok {
		return badField("messages", "Input should be a valid list")
	}
	if len(items) == 0 {
		return badField("messages", "at least one message is required")
	}
	prompt := q.cached
	for i, raw := range items {
		marks := q.marks
		tokens, fail := q.readTurn(x, raw, fmt.Sprintf("messages.%d", i), i+1 == len(items))
		if fail != nil {
			return fail
		}
		if prompt += tokens; q.marks > marks {
			q.caching = prompt - q.cached
		}
	}
	return q.checkTurns()
}

func (q *anthropicRequest) readTurn(x *exchange, raw json.RawMessage, at string, last bool) (int, *apiError) {
	m, ok := asObject(raw)
	if !ok {
		return 0, badField(at, "Input should be a valid dictionary")
	}
	if fail := permitted(m, at, "role", "content"); fail != nil {
		return 0, fail
	}
	role, _ := asString(m["role"])
	if role != "user" && role != "assistant" {
		return 0, badField(at+".role", "Input should be 'user' or 'assistant'")
	}
	if !m.has("content") {
		return 0, badField(at+".content", "Field required")
	}
	t := anthropicTurn{role: role}
	said := message{role: role, tokens: tokensPerMessage}
	before := len(q.messages)
	if fail := q.readBlocks(x, m["content"], at+".content", &said, &t); fail != nil {
		return 0, fail
	}
	if len(t.kinds) == 0 && (role == "user" || !last) {
		return 0, badField(at, "all messages must have non-empty content except for the optional final assistant message")
	}
	if last && role == "assistant" && strings.TrimRight(said.text, " \t\r\n") != said.text {
		return 0, badField("messages", "final assistant content cannot end with trailing whitespace")
	}
	said.tokens += Tokens(said.text)
	if len(t.results) == 0 || said.text != "" {
		q.messages = append(q.messages, said)
	}
	q.turns = append(q.turns, t)
	tokens := 0
	for _, m := range q.messages[before:] {
		tokens += m.tokens
	}
	return tokens, nil
}

// checkTurns checks that turns alternate, and that calls and results meet.
func (q *anthropicRequest) checkTurns() *apiError {
	var open []string
	for i, t := range q.turns {
		at := fmt.Sprintf("messages.%d", i)
		switch {
		case i == 0 && t.role != "user":
			return badField("messages", "first message must use the \"user\" role")
		case i > 0 && t.role == q.turns[i-1].role:
			return badField("messages", "roles must alternate between \"user\" and \"assistant\", but found multiple \""+t.role+"\" roles in a row")
		}
		for n, id := range t.results {
			if t.kinds[n] != "tool_result" || !slices.Contains(open, id) {
				if !slices.Contains(open, id) {
					return badField(fmt.Sprintf("%s.content.%d", at, n), "unexpected `tool_use_id` found in `tool_result` blocks: "+clip(id, 64)+". Each `tool_result` block must have a corresponding `tool_use` block in the previous message.")
				}
				return missingResults(at, open)
			}
		}
		if t.role == "user" {
			left := slices.DeleteFunc(slices.Clone(open), func(id string) bool { return slices.Contains(t.results, id) })
			if len(left) > 0 {
				return missingResults(fmt.Sprintf("messages.%d", i-1), left)
			}
			if len(slices.Compact(slices.Sorted(slices.Values(t.results)))) != len(t.results) {
				return badField(at+".content", "each tool_use must have a single result")
			}
		}
		open = t.calls
	}
	if len(open) > 0 {
		return missingResults(fmt.Sprintf("messages.%d", len(q.turns)-1), open)
	}
	return q.checkDeclared()
}

func missingResults(at string, ids []string) *apiError {
	return badField(at, "`tool_use` ids were found without `tool_result` blocks immediately after: "+strings.Join(ids, ", ")+". Each `tool_use` block must have a corresponding `tool_result` block in the next message.")
}

// checkDeclared refuses a conversation with calls of tools without tools.
func (q *anthropicRequest) checkDeclared() *apiError {
	for _, t := range q.turns {
		if len(t.calls) > 0 && len(q.tools) == 0 && q.toolTokens == 0 {
			return badField("tools", "Requests which include `tool_use` or `tool_result` blocks must define tools.")
		}
	}
	return nil
}

func (q *anthropicRequest) readBlocks(x *exchange, raw json.RawMessage, at string, m *message, t *anthropicTurn) *apiError {
	if s, ok := asString(raw); ok {
		if s == "" {
			return nil
		}
		m.text = s
		t.kinds = append(t.kinds, "text")
		return nil
	}
	items, ok := asList(raw)
	if !ok {
		return badField(at, "Input should be a valid list")
	}
	for i, item := range items {
		b, ok := asObject(item)
		here := fmt.Sprintf("%s.%d", at, i)
		if !ok {
			return badField(here, "Input should be a valid dictionary")
		}
		kind, _ := asString(b["type"])
		if kind == "" {
			return badField(here+".type", "Field required")
		}
		t.kinds = append(t.kinds, kind)
		if fail := q.readBlock(x, kind, b, here, m, t); fail != nil {
			return fail
		}
	}
	return nil
}

// readBlock reads a block into a message of the lab's.
func (q *anthropicRequest) readBlock(x *exchange, kind string, b object, at string, m *message, t *anthropicTurn) *apiError {
	at += "." + kind
	fields := map[string][]string{
		"text": {"text", "cache_control", "citations"}, "image": {"source", "cache_control"},
		"document": {"source", "title", "context", "citations", "cache_control"},
		"tool_use": {"id", "name", "input", "cache_control", "caller"}, "tool_result": {"tool_use_id", "content", "is_error", "cache_control"},
		"thinking": {"thinking", "signature"}, "redacted_thinking": {"data"},
	}[kind]
	if fields == nil {
		switch kind {
		case "server_tool_use", "web_search_tool_result", "web_fetch_tool_result", "code_execution_tool_result", "search_result", "container_upload":
			return nil // as the vendor made them
		}
		return badField(strings.TrimSuffix(at, "."+kind), "Input tag '"+clip(kind, 40)+"' found using 'type' does not match any of the expected tags: 'document', 'image', 'redacted_thinking', 'search_result', 'server_tool_use', 'text', 'thinking', 'tool_result', 'tool_use', 'web_search_tool_result'")
	}
	if fail := permitted(b, at, append(fields, "type")...); fail != nil {
		return fail
	}
	if fail := q.mark(b, at); fail != nil {
		return fail
	}
	switch kind {
	case "text":
		return readAnthropicText(b, at, m)
	case "image", "document":
		m.tokens += tokensPerImage
		return readSource(kind, b, at)
	case "tool_use":
		return readUse(b, at, m, t)
	case "tool_result":
		return q.readToolResult(x, b, at, t)
	}
	return readThought(kind, b, at, m, t)
}

func readAnthropicText(b object, at string, m *message) *apiError {
	s, ok := asString(b["text"])
	switch {
	case !ok:
		return badField(at+".text", "Field required")
	case s == "":
		return badField("messages", "text content blocks must be non-empty")
	case strings.TrimSpace(s) == "":
		return badField("messages", "text content blocks must contain non-whitespace text")
	}
	if m.text != "" {
		m.text += "\n"
	}
	m.text += s
	return nil
}

func readSource(kind string, b object, at string) *apiError {
	s, fail := b.child("source", at+".source")
	if fail != nil || s == nil {
		return badField(at+".source", "Field required")
	}
	form, _ := asString(s["type"])
	at += ".source." + form
	switch form {
	case "base64":
		mime, _ := asString(s["media_type"])
		images := []string{"image/jpeg", "image/png", "image/gif", "image/webp"}
		if kind == "image" && !slices.Contains(images, mime) || kind == "document" && mime != "application/pdf" {
			return badField(at+".media_type", "Input should be "+map[string]string{"image": "'image/jpeg', 'image/png', 'image/gif' or 'image/webp'", "document": "'application/pdf'"}[kind])
		}
		data, _ := asString(s["data"])
		if _, err := base64.StdEncoding.DecodeString(data); err != nil || data == "" {
			return badField(at+".data", "invalid base64 data")
		}
		return permitted(s, at, "type", "media_type", "data")
	case "url":
		if u, _ := asString(s["url"]); !strings.HasPrefix(u, "https://") {
			return badField(at+".url", "Only HTTPS URLs are supported.")
		}
		return permitted(s, at, "type", "url")
	case "file":
		return permitted(s, at, "type", "file_id")
	case "text", "content":
		if kind == "document" {
			return nil
		}
	}
	return badField(at, "Input tag does not match any of the expected tags")
}

// anthropicID is what ids of calls look like.
func anthropicID(id string) bool {
	return id != "" && !strings.ContainsFunc(id, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	})
}

func readUse(b object, at string, m *message, t *anthropicTurn) *apiError {
	if t.role != "assistant" {
		return badField("messages", "`tool_use` blocks can only be in `assistant` messages")
	}
	id, _ := asString(b["id"])
	name, _ := asString(b["name"])
	switch _, ok := asObject(b["input"]); {
	case !anthropicID(id):
		return badField(at+".id", "String should match pattern '^[a-zA-Z0-9_-]+$'")
	case !anthropicName.MatchString(name):
		return badField(at+".name", "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'")
	case !ok:
		return badField(at+".input", "Input should be a valid dictionary")
	case slices.Contains(t.calls, id):
		return badField("messages", "`tool_use` ids must be unique")
	}
	t.calls = append(t.calls, id)
	m.tokens += Tokens(name) + Tokens(string(b["input"]))
	return nil
}

func (q *anthropicRequest) readToolResult(x *exchange, b object, at string, t *anthropicTurn) *apiError {
	if t.role != "user" {
		return badField("messages", "`tool_result` blocks can only be in `user` messages")
	}
	id, _ := asString(b["tool_use_id"])
	if !anthropicID(id) {
		return badField(at+".tool_use_id", "String should match pattern '^[a-zA-Z0-9_-]+$'")
	}
	t.results = append(t.results, id)
	said := message{role: "tool", callID: id, tokens: tokensPerMessage}
	if b.has("content") {
		inner := anthropicTurn{role: "result"}
		if fail := q.readBlocks(x, b["content"], at+".content", &said, &inner); fail != nil {
			return fail
		}
		for _, kind := range inner.kinds {
			if !slices.Contains([]string{"text", "image", "document", "search_result"}, kind) {
				return badField(at+".content", "Input tag '"+kind+"' does not match any of the expected tags: 'text', 'image', 'document', 'search_result'")
			}
		}
	}
	said.tokens += Tokens(said.text)
	q.messages = append(q.messages, said)
	return nil
}

// readThought reads thinking that comes back: only as the lab gave it out.
func readThought(kind string, b object, at string, m *message, t *anthropicTurn) *apiError {
	if t.role != "assistant" {
		return badField("messages", "`"+kind+"` blocks can only be in `assistant` messages")
	}
	where := strings.TrimSuffix(at, "."+kind)
	if kind == "redacted_thinking" {
		if data, _ := asString(b["data"]); !isSecretThought(data) {
			return badField(where, "Invalid `data` in `redacted_thinking` block")
		}
		return nil
	}
	words, ok := asString(b["thinking"])
	signature, signed := asString(b["signature"])
	switch {
	case !ok:
		return badField(at+".thinking", "Field required")
	case !signed:
		return badField(at+".signature", "Field required")
	case !signedThought(signature, words):
		return badField(where, "Invalid `signature` in `thinking` block")
	}
	m.tokens += Tokens(words)
	return nil
}
