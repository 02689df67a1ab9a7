package lab

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// anthropicWriter writes an answer in Anthropic's dialect.
type anthropicWriter struct {
	x      *exchange
	q      *anthropicRequest
	answer answer
}

// signThought makes the signature of thinking: it holds for these words, or for
// none where they are not shown.
func signThought(words string) string {
	sum := sha256.Sum256([]byte("lab thought\x00" + words))
	text := hex.EncodeToString(sum[:12])
	return base64.StdEncoding.EncodeToString([]byte("lab2:" + text + seal(text)))
}

// signedThought reports whether a signature is the lab's, and of these words.
func signedThought(signature, words string) bool {
	plain, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || len(plain) != len("lab2:")+48 || !strings.HasPrefix(string(plain), "lab2:") {
		return false
	}
	text, mac := string(plain[5:29]), string(plain[29:])
	return mac == seal(text) && (words == "" || signature == signThought(words))
}

// seal is what only the lab can put behind a text.
func seal(text string) string {
	sum := sha256.Sum256([]byte("lab seal\x00" + text))
	return hex.EncodeToString(sum[:12])
}

// secretThought is thinking that nobody shall read.
func secretThought(words string) string {
	return base64.StdEncoding.EncodeToString([]byte("lab3:" + seal("secret\x00"+words) + seal(seal("secret\x00"+words))))
}

func isSecretThought(data string) bool {
	plain, err := base64.StdEncoding.DecodeString(data)
	if err != nil || len(plain) != len("lab3:")+48 || !strings.HasPrefix(string(plain), "lab3:") {
		return false
	}
	return string(plain[29:]) == seal(string(plain[5:29]))
}

// anthropicBlock is a block of an answer.
type anthropicBlock map[string]any

func (w *anthropicWriter) blocks() []anthropicBlock {
	var out []anthropicBlock
	if w.answer.reasoning != "" {
		shown := w.answer.reasoning
		if w.q.omit {
			shown = ""
		}
		out = append(out, anthropicBlock{"type": "thinking", "thinking": shown, "signature": signThought(w.answer.reasoning)})
		if strings.Contains(w.x.model.name, "redact") {
			out = append(out, anthropicBlock{"type": "redacted_thinking", "data": secretThought(w.answer.reasoning)})
		}
	}
	if w.answer.text != "" {
		out = append(out, anthropicBlock{"type": "text", "text": w.answer.text})
	}
	for _, c := range w.answer.calls {
		out = append(out, anthropicBlock{"type": "tool_use", "id": strings.Replace(c.id, "call_", "toolu_", 1), "name": c.name, "input": json.RawMessage(c.arguments)})
	}
	return out
}

func (w *anthropicWriter) stop() (reason string, sequence *string) {
	switch {
	case w.answer.finish == "tool_calls":
		return "tool_use", nil
	case w.answer.finish == "length":
		return "max_tokens", nil
	case w.answer.stopped != "":
		return "stop_sequence", &w.answer.stopped
	}
	return "end_turn", nil
}

// usage counts the prompt: what is marked in the system prompt is read from the
// cache, what is marked in messages is written to it.
func (w *anthropicWriter) usage(output, thought int) map[string]any {
	prompt := w.q.promptTokens()
	read := min(w.q.cached, prompt)
	write := min(w.q.caching, prompt-read)
	u := map[string]any{
		"input_tokens": prompt - read - write, "cache_creation_input_tokens": write, "cache_read_input_tokens": read,
		"cache_creation": map[string]int{"ephemeral_5m_input_tokens": write, "ephemeral_1h_input_tokens": 0},
		"output_tokens":  output, "service_tier": "standard",
	}
	if thought > 0 {
		u["output_tokens_details"] = map[string]int{"thinking_tokens": thought}
	}
	return u
}

func (w *anthropicWriter) message(content any, reason any, sequence *string, usage any) map[string]any {
	return map[string]any{
		"id": w.x.identity("msg_"), "type": "message", "role": "assistant", "model": w.x.model.name, "content": content,
		"stop_reason": reason, "stop_sequence": sequence, "usage": usage,
	}
}

func (w *anthropicWriter) whole() map[string]any {
	blocks := w.blocks()
	if blocks == nil {
		blocks = []anthropicBlock{}
	}
	reason, sequence := w.stop()
	return w.message(blocks, reason, sequence, w.usage(w.answer.tokens()))
}

// events are the answer as a stream, in the order of Anthropic's.
func (w *anthropicWriter) events() []event {
	var out []event
	add := func(kind eventKind, v map[string]any) {
		name, _ := v["type"].(string)
		out = append(out, event{kind: kind, name: name, data: encode(v)})
	}
	add(eventRole, map[string]any{"type": "message_start", "message": w.message([]any{}, nil, nil, w.usage(1, 0))})
	for i, b := range w.blocks() {
		start := anthropicBlock{}
		for name, v := range b {
			start[name] = v
		}
		var deltas []map[string]any
		switch b["type"] {
		case "thinking":
			start["thinking"], start["signature"] = "", ""
			for _, p := range pieces(b["thinking"].(string)) {
				deltas = append(deltas, map[string]any{"type": "thinking_delta", "thinking": p})
			}
			deltas = append(deltas, map[string]any{"type": "signature_delta", "signature": b["signature"]})
		case "text":
			start["text"] = ""
			for _, p := range w.answer.textPieces() {
				deltas = append(deltas, map[string]any{"type": "text_delta", "text": p})
			}
		case "tool_use":
			start["input"] = map[string]any{}
			deltas = append(deltas, map[string]any{"type": "input_json_delta", "partial_json": ""})
			for _, p := range slicesOf(string(encode(b["input"])), argumentRunes) {
				deltas = append(deltas, map[string]any{"type": "input_json_delta", "partial_json": p})
			}
		}
		add(eventOther, map[string]any{"type": "content_block_start", "index": i, "content_block": start})
		if i == 0 {
			out = append(out, event{kind: eventOther, name: "ping", data: []byte(`{"type": "ping"}`)})
		}
		for _, d := range deltas {
			kind := eventText
			if d["type"] == "signature_delta" {
				kind = eventOther
			}
			add(kind, map[string]any{"type": "content_block_delta", "index": i, "delta": d})
		}
		add(eventOther, map[string]any{"type": "content_block_stop", "index": i})
	}
	reason, sequence := w.stop()
	add(eventFinish, map[string]any{
		"type": "message_delta", "delta": map[string]any{"stop_reason": reason, "stop_sequence": sequence}, "usage": w.usage(w.answer.tokens()),
	})
	return append(out, anthropic().done)
}

// slicesOf cuts a text into pieces of so many runes.
func slicesOf(s string, n int) []string {
	var out []string
	r := []rune(s)
	for len(r) > n {
		out = append(out, string(r[:n]))
		r = r[n:]
	}
	return append(out, string(r))
}
