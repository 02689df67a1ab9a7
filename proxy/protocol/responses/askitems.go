package responses

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
)

// takeInput reads instructions and input.
func (w *request) takeInput(r *llm.Request) *llm.Error {
	var words string
	if present(w.Instructions) {
		if !read(w.Instructions, &words) {
			return bad("instructions", "must be a text.")
		}
		r.Messages = append(r.Messages, llm.Message{Role: llm.System, Parts: []llm.Part{&llm.Text{Text: words}}})
	}
	if w.Input.Kind() == '"' {
		if !read(w.Input, &words) {
			return bad("input", "can't be read.")
		}
		r.Messages = append(r.Messages, llm.Message{Role: llm.User, Parts: []llm.Part{&llm.Text{Text: words}}})
		return nil
	}
	var items []llm.Raw
	if w.Input.Kind() != '[' || !read(w.Input, &items) {
		return bad("input", "must be a text or a list of items.")
	}
	if len(items) == 0 {
		return bad("input", "is empty. Send at least one item.")
	}
	for i, raw := range items {
		if err := takeItem(r, raw, fmt.Sprintf("input[%d]", i)); err != nil {
			return err
		}
	}
	r.Continue = endsOpen(r.Messages)
	return nil
}

// endsOpen reports whether a conversation ends in words of the assistant.
func endsOpen(messages []llm.Message) bool {
	if len(messages) == 0 {
		return false
	}
	last := messages[len(messages)-1]
	if last.Role != llm.Assistant || len(last.Parts) == 0 {
		return false
	}
	_, text := last.Parts[len(last.Parts)-1].(*llm.Text)
	return text
}

// takeItem adds an item to the conversation. What the assistant said, thought
// and called in a row is one message of it.
func takeItem(r *llm.Request, raw llm.Raw, at string) *llm.Error {
	var w item
	if err := json.Unmarshal(raw, &w, lenient); err != nil {
		return badAt(err, at)
	}
	if w.Type == "" && w.Role != "" {
		w.Type = typeMessage
	}
	switch w.Type {
	case typeMessage:
		return takeMessage(r, &w, at)
	case typeReference:
		return bad(at, "refers to an item that is not kept here. Send the item itself, with store set to false.")
	case "":
		return bad(at+".type", "is missing.")
	}
	role, parts, err := partsOf(&w, raw, at)
	if err != nil {
		return err
	}
	add(r, role, parts)
	return nil
}

// add appends parts to the conversation, the assistant's to its last message.
func add(r *llm.Request, role llm.Role, parts []llm.Part) {
	if n := len(r.Messages); role == llm.Assistant && n > 0 && r.Messages[n-1].Role == llm.Assistant {
		r.Messages[n-1].Parts = append(r.Messages[n-1].Parts, parts...)
		return
	}
	r.Messages = append(r.Messages, llm.Message{Role: role, Parts: parts})
}

func takeMessage(r *llm.Request, w *item, at string) *llm.Error {
	roles := map[string]llm.Role{"user": llm.User, "assistant": llm.Assistant, "system": llm.System, "developer": llm.Developer}
	role, known := roles[w.Role]
	if !known {
		return bad(at+".role", fmt.Sprintf("%.40q is not a role: use user, assistant, system or developer.", w.Role))
	}
	parts, err := contentOf(w.Content, at+".content")
	if err != nil {
		return err
	}
	add(r, role, parts)
	return nil
}

// partsOf reads an item other than a message, of the input or of an answer.
func partsOf(w *item, raw llm.Raw, at string) (llm.Role, []llm.Part, *llm.Error) {
	switch w.Type {
	case typeCall, typeCustom:
		return llm.Assistant, callOf(w), nil
	case typeCallOutput, typeCustomOutput:
		id, _ := llm.UnsealID(w.CallID)
		if id == "" {
			return "", nil, bad(at+".call_id", "is missing.")
		}
		parts, err := contentOf(w.Output, at+".output")
		return llm.User, []llm.Part{&llm.ToolResult{ID: id, Custom: w.Type == typeCustomOutput, Parts: parts}}, err
	case typeReasoning:
		return llm.Assistant, []llm.Part{thinkingOf(w)}, nil
	}
	role := llm.Assistant
	if strings.HasSuffix(w.Type, "_output") || strings.HasSuffix(w.Type, "_response") {
		role = llm.User
	}
	return role, []llm.Part{&llm.Foreign{Dialect: Name, Type: w.Type, Raw: raw}}, nil
}

// callOf reads a call, and reasoning that travelled in its id from a client of
// another dialect.
func callOf(w *item) []llm.Part {
	id, state, before := llm.UnhideID(w.CallID)
	if id == "" {
		id = w.ID
	}
	c := &llm.ToolCall{ID: id, Name: flatName(w.Namespace, w.Name), State: state, Extra: spaced(w.Namespace, w.Name)}
	switch {
	case w.Type == typeCustom:
		c.Custom = true
		if w.Text != nil {
			c.Arguments = *w.Text
		}
	case w.Arguments != nil:
		c.Arguments = *w.Arguments
	}
	return append(before, c)
}

// thinkingOf reads a reasoning item: its summary, or the words themselves where
// the model shows them.
func thinkingOf(w *item) *llm.Thinking {
	t := &llm.Thinking{ID: w.ID}
	if w.Encrypted != nil {
		t.State = llm.Unseal(*w.Encrypted, llm.StateEncrypted)
	}
	var words []string
	for _, p := range w.Summary {
		if p.Text != nil {
			words = append(words, *p.Text)
		}
	}
	t.Summary = len(words) > 0
	if t.Summary {
		t.Text = strings.Join(words, "\n\n")
	} else {
		var parts []content
		read(w.Content, &parts)
		for _, p := range parts {
			if p.Text != nil {
				t.Text += *p.Text
			}
		}
	}
	t.Redacted = t.Text == "" && t.State != nil
	return t
}

// contentOf reads a text or a list of parts.
func contentOf(raw llm.Raw, at string) ([]llm.Part, *llm.Error) {
	if !present(raw) {
		return nil, nil
	}
	var words string
	if raw.Kind() == '"' && read(raw, &words) {
		return []llm.Part{&llm.Text{Text: words}}, nil
	}
	var list []llm.Raw
	if raw.Kind() != '[' || !read(raw, &list) {
		return nil, bad(at, "must be a text or a list of parts.")
	}
	parts := make([]llm.Part, 0, len(list))
	for i, one := range list {
		p, err := partOf(one, fmt.Sprintf("%s[%d]", at, i))
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

func partOf(raw llm.Raw, at string) (llm.Part, *llm.Error) {
	var w content
	if err := json.Unmarshal(raw, &w, lenient); err != nil {
		return nil, badAt(err, at)
	}
	switch w.Type {
	case "input_text", "output_text", "text", "summary_text", "reasoning_text":
		if w.Text == nil {
			return nil, bad(at+".text", "is missing.")
		}
		return &llm.Text{Text: *w.Text, Annotations: annotationsOf(w.Annotations)}, nil
	case "refusal":
		if w.Refusal == nil {
			return nil, bad(at+".refusal", "is missing.")
		}
		return &llm.Refusal{Text: *w.Refusal}, nil
	case "input_image":
		m := &llm.Media{Kind: llm.Image}
		if w.ImageURL != "" {
			m = llm.MediaAt(w.ImageURL, llm.Image)
		}
		m.File, m.Detail = w.FileID, w.Detail
		return m, nil
	case "input_file":
		return w.document(), nil
	case "input_audio":
		if w.Audio == nil {
			return nil, bad(at+".input_audio", "is missing.")
		}
		return &llm.Media{Kind: llm.Audio, MIME: audioType(w.Audio.Format), Data: w.Audio.Data}, nil
	case "":
		return nil, bad(at+".type", "is missing.")
	}
	return &llm.Foreign{Dialect: Name, Type: w.Type, Raw: raw}, nil
}

func (w *content) document() *llm.Media {
	m := &llm.Media{Kind: llm.Document}
	switch {
	case strings.HasPrefix(w.FileData, "data:"):
		m = llm.MediaAt(w.FileData, llm.Document)
	case w.FileData != "":
		m.Data, m.MIME = w.FileData, "application/pdf"
	case w.FileURL != "":
		m.URL = w.FileURL
	}
	m.File, m.Name = w.FileID, w.Filename
	return m
}

func audioType(format string) string {
	switch format {
	case "":
		return ""
	case "mp3":
		return "audio/mpeg"
	}
	return "audio/" + format
}

func annotationsOf(list []llm.Raw) []llm.Annotation {
	var all []llm.Annotation
	for _, raw := range list {
		all = append(all, annotationOf(raw))
	}
	return all
}

func annotationOf(raw llm.Raw) llm.Annotation {
	var w annotation
	read(raw, &w) // of another kind: it stays as it was written
	return llm.Annotation{URL: w.URL, Title: w.Title, Start: w.Start, End: w.End, Foreign: raw, Dialect: Name}
}
