package responses

import (
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// DecodeResponse implements protocol.Outbound.
func (Codec) DecodeResponse(body []byte, t *protocol.Target) (*llm.Response, *llm.Error) {
	var w answer
	if err := json.Unmarshal(body, &w, lenient); err != nil {
		return nil, malformed("the answer can't be read: " + protocol.Clip(err.Error()))
	}
	if err := w.failed(); err != nil {
		return nil, err
	}
	if w.Status == "" && w.Output == nil {
		return nil, malformed("the answer is not a response")
	}
	r := &llm.Response{ID: w.ID, Model: w.Model, Created: int64(w.Created), Tier: w.Tier, Dialect: Name, Usage: w.Usage.canonical()}
	c := llm.Choice{}
	for _, raw := range w.Output {
		parts, logprobs := heard(raw, t)
		c.Parts = append(c.Parts, parts...)
		if len(logprobs) > 0 {
			c.Logprobs = value(map[string]any{"content": logprobs})
		}
	}
	c.Stop = w.stop(c.Parts)
	r.Choices = []llm.Choice{c}
	return r, nil
}

func malformed(message string) *llm.Error {
	return &llm.Error{Class: llm.ClassMalformed, Message: message}
}

// failed is the error that an answer holds although its status was 2xx.
func (w *answer) failed() *llm.Error {
	if w.Error == nil && w.Status != "failed" && w.Status != "cancelled" {
		return nil
	}
	e := &llm.Error{Message: "the vendor ended the answer as " + w.Status}
	if w.Error != nil {
		e.Code, e.Message = w.Error.Code, protocol.Clip(w.Error.Message)
	}
	e.Class = protocol.Classify(http.StatusOK, e.Code, "", e.Message)
	if e.Class == llm.ClassMalformed {
		e.Class = llm.ClassServerError // an error all the same, only an unknown one
	}
	return e
}

// stop says why the answer ended.
func (w *answer) stop(parts []llm.Part) llm.StopReason {
	if w.Status == "incomplete" && w.Incomplete != nil {
		switch w.Incomplete.Reason {
		case "max_output_tokens":
			return llm.StopLength
		case "content_filter":
			return llm.StopFilter
		}
		return llm.StopUnknown
	}
	if w.Status != "completed" && w.Status != "" {
		return llm.StopUnknown
	}
	for _, p := range parts {
		switch p.(type) {
		case *llm.ToolCall:
			return llm.StopTools
		case *llm.Refusal:
			return llm.StopFilter
		case *llm.Text, *llm.Thinking, *llm.Media, *llm.ToolResult, *llm.Foreign:
		}
	}
	return llm.StopEnd
}

// heard reads an item of an answer.
func heard(raw llm.Raw, t *protocol.Target) (parts []llm.Part, logprobs []llm.Raw) {
	var w item
	if !read(raw, &w) {
		return nil, nil // not an item: it says nothing
	}
	switch w.Type {
	case typeMessage:
		var list []llm.Raw
		read(w.Content, &list)
		for _, one := range list {
			var c content
			p, err := partOf(one, "output")
			if err != nil {
				continue // a part without its text says nothing
			}
			parts = append(parts, p)
			if read(one, &c) {
				logprobs = append(logprobs, c.Logprobs...)
			}
		}
		return parts, logprobs
	case typeReasoning:
		th := thinkingOf(&w)
		mint(th, w.Encrypted, t)
		if th.Text == "" && th.State == nil {
			return nil, nil
		}
		return []llm.Part{th}, nil
	case typeCall, typeCustom:
		return callOf(&w), nil
	case "image_generation_call":
		if m := picture(raw); m != nil && m.Data != "" {
			return []llm.Part{m}, nil
		}
	}
	return []llm.Part{&llm.Foreign{Dialect: Name, Type: w.Type, Raw: raw}}, nil
}

// mint marks a vendor's encrypted reasoning as that vendor's.
func mint(th *llm.Thinking, encrypted *string, t *protocol.Target) {
	th.State = nil
	if encrypted != nil && *encrypted != "" {
		th.State = &llm.State{Kind: llm.StateEncrypted, Data: *encrypted, Origin: t.Origin}
	}
	th.Redacted = th.Text == "" && th.State != nil
}

// picture reads what image_generation_call made.
func picture(raw llm.Raw) *llm.Media {
	var w struct {
		Result string `json:"result"`
		Format string `json:"output_format"`
	}
	if !read(raw, &w) {
		return nil
	}
	if w.Format == "" {
		w.Format = "png"
	}
	return &llm.Media{Kind: llm.Image, MIME: "image/" + w.Format, Data: w.Result}
}
