package cohere

import (
	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// DecodeResponse implements protocol.Outbound.
func (chat) DecodeResponse(body []byte, t *protocol.Target) (*llm.Response, *llm.Error) {
	var w wireAnswer
	if err := json.Unmarshal(body, &w, lenient); err != nil || w.Message == nil {
		return nil, protocol.NotIn("Cohere", "it holds no message", body)
	}
	stop, failed := stopOf(w.Finish, "")
	if failed != nil {
		return nil, failed
	}
	names := namesOf(t)
	c := llm.Choice{Stop: stop, Logprobs: probabilities(w.Logprobs)}
	at := map[int]*llm.Text{} // texts by their place in the content
	for i, b := range w.Message.Content {
		switch {
		case b.Thinking != nil:
			c.Parts = append(c.Parts, &llm.Thinking{Text: *b.Thinking})
		case b.Text != nil && *b.Text != "":
			at[i] = &llm.Text{Text: *b.Text}
			c.Parts = append(c.Parts, at[i])
		}
	}
	plan := &llm.Text{Text: w.Message.Plan}
	if plan.Text != "" {
		c.Parts = append(c.Parts, plan)
	}
	for i := range w.Message.Citations {
		cite := &w.Message.Citations[i]
		text := at[cite.Content]
		if cite.Type == "PLAN" {
			text = plan
		}
		if text != nil && cite.Type != "THINKING_CONTENT" {
			text.Annotations = append(text.Annotations, cited(cite)...)
		}
	}
	for i := range w.Message.Calls {
		call := &w.Message.Calls[i]
		p := &llm.ToolCall{ID: call.ID, Name: names.Caller(call.Function.Name), Arguments: call.Function.Arguments}
		if p.ID == "" {
			p.ID = madeUp(t, i)
		}
		if p.Arguments == "" {
			p.Arguments = "{}"
		}
		c.Parts = append(c.Parts, p)
	}
	return &llm.Response{ID: w.ID, Model: t.Model, Choices: []llm.Choice{c}, Usage: w.Usage.canonical(), Dialect: Name}, nil
}

// namesOf are the tools' names that had to be bent.
func namesOf(t *protocol.Target) protocol.Names {
	return protocol.NamesBy(t.Request, protocol.CleanIdentifier, maxName)
}

// stopOf reads why an answer ended. detail are Cohere's words on an error.
func stopOf(reason, detail string) (llm.StopReason, *llm.Error) {
	switch reason {
	case "COMPLETE", "STOP_SEQUENCE":
		return llm.StopEnd, nil
	case "MAX_TOKENS", "ERROR_LIMIT":
		return llm.StopLength, nil
	case "TOOL_CALL":
		return llm.StopTools, nil
	case "ERROR_TOXIC":
		return llm.StopFilter, nil
	case "ERROR", "TIMEOUT", "USER_CANCEL":
		if detail == "" {
			detail = "the answer ended with " + reason
		}
		return "", &llm.Error{Class: llm.ClassServerError, Message: protocol.Clip(detail)}
	case "":
		return "", &llm.Error{Class: llm.ClassCut, Message: "the answer ended before it was done"}
	}
	return llm.StopUnknown, nil
}

// cited is an annotation for each source of a citation; one without an address
// has its id in place of the title.
func cited(c *wireCitation) []llm.Annotation {
	var all []llm.Annotation
	for _, s := range c.Sources {
		a := llm.Annotation{Start: c.Start, End: c.End, Quote: c.Text, URL: s.Document.URL, Title: s.Document.Title}
		if a.Title == "" {
			a.Title = s.ID
		}
		all = append(all, a)
	}
	return all
}

// probabilities are those of pieces of text as OpenAI writes them: a piece of
// several tokens as one, as probable as all of them together.
func probabilities(pieces []wireLogprobs) llm.Raw {
	type token struct {
		Token   string  `json:"token"`
		Logprob float64 `json:"logprob"`
		Bytes   *[]int  `json:"bytes"` // null: nobody knows
		Top     []token `json:"top_logprobs"`
	}
	var content []token
	for _, p := range pieces {
		if len(p.Logprobs) == 0 {
			continue
		}
		t := token{Token: p.Text, Top: []token{}}
		for _, l := range p.Logprobs {
			t.Logprob += l
		}
		content = append(content, t)
	}
	if content == nil {
		return nil
	}
	raw, err := json.Marshal(map[string]any{"content": content, "refusal": nil}, lenient)
	if err != nil {
		return nil // a number that is none: not worth the answer
	}
	return raw
}
