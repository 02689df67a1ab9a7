package openai

import (
	"fmt"
	"maps"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
)

// message reads a message of a conversation.
func message(w *wireMessage, field string) (llm.Message, *llm.Error) {
	m := llm.Message{Name: w.Name, Extra: w.Extra}
	switch w.Role {
	case "system":
		m.Role = llm.System
	case "developer":
		m.Role = llm.Developer
	case "user":
		m.Role = llm.User
	case "assistant":
		m.Role = llm.Assistant
		var bad *llm.Error
		m.Parts, bad = spoken(w, field)
		return m, bad
	case "tool", "function":
		return toolMessage(w, field)
	default:
		return m, bad(field+".role", fmt.Sprintf("%.40q is not a role: use system, developer, user, assistant or tool.", w.Role))
	}
	var bad *llm.Error
	if m.Parts, bad = content(w.Content, field+".content"); bad != nil {
		return m, bad
	}
	markLast(m.Parts, cacheMark(w.CacheControl))
	return m, nil
}

// toolMessage reads what a tool answered. Before tool_call_id it was named by
// the function alone.
func toolMessage(w *wireMessage, field string) (llm.Message, *llm.Error) {
	parts, bad := content(w.Content, field+".content")
	if bad != nil {
		return llm.Message{}, bad
	}
	id, _ := llm.UnsealID(w.ToolCallID)
	result := &llm.ToolResult{ID: firstWord(id, w.Name), Name: w.Name, Parts: parts, Cache: cacheMark(w.CacheControl)}
	return llm.Message{Role: llm.User, Parts: []llm.Part{result}, Extra: w.Extra}, nil
}

// spoken reads what an assistant said: in a conversation that is sent, or in
// an answer.
func spoken(w *wireMessage, field string) ([]llm.Part, *llm.Error) {
	said, bad := content(w.Content, field+".content")
	if bad != nil {
		return nil, bad
	}
	parts := thoughts(w)
	for _, p := range said {
		if t, ok := p.(*llm.Text); ok && t.Text == "" && t.Cache == nil {
			continue // beside tool calls many write ""
		}
		parts = append(parts, p)
	}
	annotate(parts, w.Annotations)
	if w.Refusal != nil && *w.Refusal != "" {
		parts = append(parts, &llm.Refusal{Text: *w.Refusal})
	}
	for _, image := range w.Images {
		if image.ImageURL != nil {
			parts = append(parts, llm.MediaAt(image.ImageURL.URL, llm.Image))
		}
	}
	if a := w.Audio; a != nil {
		parts = append(parts, &llm.Media{Kind: llm.Audio, Data: a.Data, File: a.ID, Name: a.Transcript})
	}
	var hidden []llm.Part
	calls := len(parts)
	for i := range w.ToolCalls {
		call, behind := toolCall(&w.ToolCalls[i])
		hidden = append(hidden, behind...)
		parts = append(parts, call)
	}
	if f := w.Function; f != nil {
		parts = append(parts, &llm.ToolCall{ID: f.Name, Name: f.Name, Arguments: argumentsOf(f.Arguments)})
	}
	markLast(parts, cacheMark(w.CacheControl))
	return unhide(parts, hidden, calls), nil
}

// unhide puts reasoning that travelled in the id of a tool call back to the
// front, unless the client kept reasoning with its signatures itself.
func unhide(parts, hidden []llm.Part, calls int) []llm.Part {
	if len(hidden) == 0 {
		return parts
	}
	rest := parts
	for i, p := range parts[:calls] {
		t, thinks := p.(*llm.Thinking)
		if !thinks {
			rest = parts[i:]
			break
		}
		if t.State != nil {
			return parts
		}
		rest = parts[i+1:]
	}
	return append(hidden, rest...)
}

// thoughts reads reasoning in whichever of the dialect's spellings; blocks with
// signatures say most.
func thoughts(w *wireMessage) []llm.Part {
	var parts []llm.Part
	for _, b := range w.ThinkingBlocks {
		switch b.Type {
		case "thinking":
			parts = append(parts, &llm.Thinking{Text: b.Thinking, State: llm.Unseal(b.Signature, llm.StateSignature)})
		case "redacted_thinking":
			parts = append(parts, &llm.Thinking{Redacted: true, State: llm.Unseal(b.Data, llm.StateRedacted)})
		}
	}
	if len(parts) > 0 {
		return parts
	}
	text := ""
	if s := firstSet(w.ReasoningContent, w.Reasoning); s != nil {
		text = *s
	}
	var state *llm.State
	if d := notNull(w.ReasoningDetails); d != nil && string(d) != "[]" {
		state = &llm.State{Kind: llm.StateDetails, Data: string(d)}
	}
	if text == "" && state == nil {
		return nil
	}
	return []llm.Part{&llm.Thinking{Text: text, State: state}}
}

// toolCall reads a call, and the reasoning that is hidden in its id.
func toolCall(w *wireCall) (call *llm.ToolCall, hidden []llm.Part) {
	call = &llm.ToolCall{ID: w.ID, Cache: cacheMark(w.CacheControl)}
	call.ID, call.State, hidden = llm.UnhideID(w.ID)
	if w.ExtraContent != nil && call.State == nil {
		call.State = llm.Unseal(w.ExtraContent.Google.ThoughtSignature, llm.StateThought)
	}
	switch {
	case w.Custom != nil:
		call.Name, call.Arguments, call.Custom = w.Custom.Name, w.Custom.Input, true
	case w.Function != nil:
		call.Name, call.Arguments = w.Function.Name, argumentsOf(w.Function.Arguments)
	}
	return call, hidden
}

// argumentsOf reads arguments: a string that holds JSON, or, from some vendors,
// the JSON itself.
func argumentsOf(v jsontext.Value) string {
	if notNull(v) == nil {
		return ""
	}
	var s string
	if v[0] == '"' && json.Unmarshal(v, &s, lenient) == nil {
		return s
	}
	return string(v)
}

// annotate hangs what is said about a text on it.
func annotate(parts []llm.Part, annotations []jsontext.Value) {
	if len(annotations) == 0 {
		return
	}
	for _, p := range parts {
		if t, ok := p.(*llm.Text); ok {
			for _, raw := range annotations {
				t.Annotations = append(t.Annotations, annotation(raw))
			}
			return
		}
	}
}

func annotation(raw jsontext.Value) llm.Annotation {
	var w struct {
		URL struct {
			Start int64  `json:"start_index"`
			End   int64  `json:"end_index"`
			Title string `json:"title"`
			URL   string `json:"url"`
			Quote string `json:"content"` // OpenRouter
		} `json:"url_citation"`
	}
	_ = json.Unmarshal(raw, &w, lenient) // of another kind: it stays as it was written
	return llm.Annotation{
		URL: w.URL.URL, Title: w.URL.Title, Quote: w.URL.Quote, Start: w.URL.Start, End: w.URL.End,
		Foreign: raw, Dialect: Name,
	}
}

// content reads a message's content: a string, a list of parts, or nothing.
func content(v jsontext.Value, field string) ([]llm.Part, *llm.Error) {
	if notNull(v) == nil {
		return nil, nil
	}
	if v[0] == '"' {
		var s string
		if err := json.Unmarshal(v, &s, lenient); err != nil {
			return nil, badAt(err, field)
		}
		return []llm.Part{&llm.Text{Text: s}}, nil
	}
	var list []jsontext.Value
	if v[0] != '[' || json.Unmarshal(v, &list, lenient) != nil {
		return nil, bad(field, "must be a string or a list of parts.")
	}
	var parts []llm.Part
	for i, raw := range list {
		p, bad := part(raw, fmt.Sprintf("%s[%d]", field, i))
		if bad != nil {
			return nil, bad
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// part reads one part.
func part(raw jsontext.Value, field string) (llm.Part, *llm.Error) {
	if len(raw) > 0 && raw[0] == '"' { // some write strings into the list
		var s string
		if json.Unmarshal(raw, &s, lenient) == nil {
			return &llm.Text{Text: s}, nil
		}
	}
	var w wirePart
	if err := json.Unmarshal(raw, &w, lenient); err != nil {
		return nil, badAt(err, field)
	}
	cache := cacheMark(w.CacheControl)
	switch {
	case w.Text != nil && (w.Type == "text" || w.Type == "input_text" || w.Type == "output_text"):
		return &llm.Text{Text: *w.Text, Cache: cache}, nil
	case w.Type == "refusal" && w.Refusal != nil:
		return &llm.Refusal{Text: *w.Refusal}, nil
	case w.Type == "thinking":
		return &llm.Thinking{Text: mistralThinking(w.Thinking)}, nil
	case w.Type == "image_url" && w.ImageURL != nil:
		m := llm.MediaAt(w.ImageURL.URL, llm.Image)
		m.Detail, m.Cache = w.ImageURL.Detail, cache
		return m, nil
	case w.Type == "video_url" && w.VideoURL != nil:
		m := llm.MediaAt(w.VideoURL.URL, llm.Video)
		m.Cache = cache
		return m, nil
	case w.Type == "audio_url" && w.AudioURL != nil:
		m := llm.MediaAt(w.AudioURL.URL, llm.Audio)
		m.Cache = cache
		return m, nil
	case w.Type == "input_audio" && w.InputAudio != nil:
		return audioPart(w.InputAudio, cache), nil
	case w.Type == "file" && w.File != nil:
		return filePart(w.File, cache), nil
	case w.Type == "":
		return nil, bad(field+".type", "is missing.")
	}
	return &llm.Foreign{Dialect: Name, Type: w.Type, Raw: raw}, nil
}

// mistralThinking reads the list of text parts in Mistral's thinking.
func mistralThinking(v jsontext.Value) string {
	var list []wirePart
	if json.Unmarshal(v, &list, lenient) != nil {
		return argumentsOf(v)
	}
	var b strings.Builder
	for _, p := range list {
		if p.Text != nil {
			b.WriteString(*p.Text)
		}
	}
	return b.String()
}

// audioMIME are the names of input_audio.format.
var audioMIME = map[string]string{
	"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "opus": "audio/opus",
	"ogg": "audio/ogg", "aac": "audio/aac", "m4a": "audio/mp4", "pcm16": "audio/pcm", "webm": "audio/webm",
}

func audioPart(w *wireAudio, cache *llm.Cache) *llm.Media {
	mime := audioMIME[strings.ToLower(w.Format)]
	switch {
	case strings.HasPrefix(w.Data, "data:"), strings.HasPrefix(w.Data, "http:"), strings.HasPrefix(w.Data, "https:"):
		m := llm.MediaAt(w.Data, llm.Audio) // Qwen takes both
		if mime != "" {
			m.MIME = mime
		}
		m.Cache = cache
		return m
	case mime == "" && w.Format != "":
		mime = "audio/" + w.Format
	}
	return &llm.Media{Kind: llm.Audio, MIME: mime, Data: w.Data, Cache: cache}
}

func filePart(w *wireFile, cache *llm.Cache) *llm.Media {
	m := &llm.Media{Kind: llm.Document}
	if w.FileData != "" {
		if strings.HasPrefix(w.FileData, "data:") || strings.Contains(w.FileData, "://") {
			m = llm.MediaAt(w.FileData, llm.Document)
		} else {
			m.Data, m.MIME = w.FileData, "application/pdf"
		}
	}
	m.File, m.Name, m.Cache = w.FileID, w.Filename, cache
	return m
}

// markLast puts a cache mark that stood on the message on its last part.
func markLast(parts []llm.Part, cache *llm.Cache) {
	if cache == nil || len(parts) == 0 {
		return
	}
	switch p := parts[len(parts)-1].(type) {
	case *llm.Text:
		p.Cache = cache
	case *llm.Media:
		p.Cache = cache
	case *llm.ToolCall:
		p.Cache = cache
	case *llm.ToolResult:
		p.Cache = cache
	case *llm.Thinking, *llm.Refusal, *llm.Foreign:
	}
}

// without is a map but for some of its keys.
func without(m map[string]jsontext.Value, names ...string) map[string]jsontext.Value {
	m = maps.Clone(m)
	for _, name := range names {
		delete(m, name)
	}
	if len(m) == 0 {
		return nil
	}
	return m
}
