package lab

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// geminiWriter writes answers in Google's dialect.
type geminiWriter struct {
	x       *exchange
	q       *geminiRequest
	prompt  int
	answers []answer
}

type geminiCandidate struct {
	Content geminiContent `json:"content"`
	Finish  string        `json:"finishReason,omitempty"`
	Index   int           `json:"index"`
}

type geminiContent struct {
	Parts []map[string]any `json:"parts"`
	Role  string           `json:"role"`
}

// mint makes the signature of a call: it holds for this name and these
// arguments alone.
func mint(name string, args json.RawMessage) string {
	var v any
	_ = json.Unmarshal(args, &v) // what is no JSON is the same as none
	sum := sha256.Sum256([]byte("lab signature\x00" + name + "\x00" + string(encode(v))))
	return base64.StdEncoding.EncodeToString([]byte("lab1:" + hex.EncodeToString(sum[:16])))
}

// mintText makes the signature of words, which need not come back.
func mintText(text string) string { return mint("\x00text", encode(text)) }

// minted reports whether the lab made a signature, of whatever.
func minted(signature string) bool {
	plain, err := base64.StdEncoding.DecodeString(signature)
	return err == nil && len(plain) == len("lab1:")+32 && strings.HasPrefix(string(plain), "lab1:")
}

// parts are all of an answer, in order; the words are cut into pieces where the
// answer is streamed.
func (w *geminiWriter) parts(a answer, cut bool) (parts []map[string]any) {
	split := func(s string) []string {
		if s == "" {
			return nil
		}
		if cut {
			return pieces(s)
		}
		return []string{s}
	}
	if w.q.thoughts {
		for _, p := range split(a.reasoning) {
			parts = append(parts, map[string]any{"text": p, "thought": true})
		}
	}
	text := split(a.text)
	if cut && a.giant > 0 {
		text = a.textPieces()
	}
	for _, p := range text {
		parts = append(parts, map[string]any{"text": p})
	}
	for i, c := range a.calls {
		args := json.RawMessage(c.arguments)
		call := map[string]any{"name": c.name, "args": args}
		part := map[string]any{"functionCall": call}
		if !older(w.x.model) {
			call["id"] = strings.TrimPrefix(c.id, "call_")
		}
		if i == 0 && (w.x.model.reasons || !older(w.x.model)) {
			part["thoughtSignature"] = mint(c.name, args) // the first alone, as Google does
		}
		parts = append(parts, part)
	}
	return parts
}

// last is what comes with the finish reason: of a model that thinks the
// signature of its words, of others nothing.
func (w *geminiWriter) last(a answer) []map[string]any {
	if len(a.calls) > 0 || older(w.x.model) {
		return []map[string]any{}
	}
	return []map[string]any{{"text": "", "thoughtSignature": mintText(a.text)}}
}

func geminiFinish(a answer) string {
	words := map[string]string{"length": "MAX_TOKENS", "safety": "SAFETY"}
	if w, ok := words[a.finish]; ok {
		return w
	}
	return "STOP" // calls end in it, too
}

func (w *geminiWriter) usage(said, thought int) map[string]any {
	u := map[string]any{
		"promptTokenCount": w.prompt, "candidatesTokenCount": said, "totalTokenCount": w.prompt + said + thought,
		"promptTokensDetails": []any{map[string]any{"modality": "TEXT", "tokenCount": w.prompt}},
	}
	if thought > 0 {
		u["thoughtsTokenCount"] = thought
	}
	return u
}

func (w *geminiWriter) frame(candidates []geminiCandidate, usage map[string]any) map[string]any {
	return map[string]any{"candidates": candidates, "usageMetadata": usage, "modelVersion": w.x.model.name, "responseId": w.x.identity("")}
}

// blocked is the answer to a prompt that a filter stopped.
func (w *geminiWriter) blocked() map[string]any {
	return map[string]any{
		"promptFeedback": map[string]any{"blockReason": "PROHIBITED_CONTENT"},
		"usageMetadata":  map[string]any{"promptTokenCount": w.prompt, "totalTokenCount": w.prompt}, "modelVersion": w.x.model.name,
	}
}

func (w *geminiWriter) whole() map[string]any {
	var all []geminiCandidate
	said, thought := 0, 0
	for i, a := range w.answers {
		tokens, reasoned := a.tokens()
		said, thought = said+tokens-reasoned, thought+reasoned
		c := geminiCandidate{Index: i, Finish: geminiFinish(a), Content: geminiContent{Role: "model", Parts: w.parts(a, false)}}
		if n := len(c.Content.Parts); n > 0 && len(a.calls) == 0 && !older(w.x.model) {
			c.Content.Parts[n-1]["thoughtSignature"] = mintText(a.text)
		}
		all = append(all, c)
	}
	return w.frame(all, w.usage(said, thought))
}

// events are a stream's: every one tells the counts so far, the last the finish
// reason.
func (w *geminiWriter) events() []event {
	var events []event
	said, thought := 0, 0
	add := func(kind eventKind, c geminiCandidate) {
		events = append(events, event{kind: kind, data: encode(w.frame([]geminiCandidate{c}, w.usage(said, thought)))})
	}
	for i, a := range w.answers {
		for _, p := range w.parts(a, true) {
			tokens := 1
			if p["functionCall"] != nil {
				tokens = Tokens(string(encode(p["functionCall"])))
			}
			if p["thought"] == true {
				thought += tokens
			} else {
				said += tokens
			}
			add(eventText, geminiCandidate{Index: i, Content: geminiContent{Role: "model", Parts: []map[string]any{p}}})
		}
	}
	said, thought = 0, 0
	for _, a := range w.answers {
		tokens, reasoned := a.tokens()
		said, thought = said+tokens-reasoned, thought+reasoned
	}
	for i, a := range w.answers {
		add(eventFinish, geminiCandidate{Index: i, Finish: geminiFinish(a), Content: geminiContent{Role: "model", Parts: w.last(a)}})
	}
	return events
}
