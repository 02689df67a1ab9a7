package lab

import (
	"encoding/json"
)

type textCompletion struct {
	ID      string          `json:"id"`
	Object  string          `json:"object"`
	Created int64           `json:"created"`
	Model   string          `json:"model"`
	Choices []textChoice    `json:"choices"`
	Usage   json.RawMessage `json:"usage,omitempty"`
}

type textChoice struct {
	Index    int              `json:"index"`
	Text     string           `json:"text"`
	Logprobs *json.RawMessage `json:"logprobs"`
	Finish   *string          `json:"finish_reason"`
}

// completions serves the older API: a prompt is a question.
func completions(x *exchange) (*reply, *apiError) {
	prompts, tokens, fail := inputs(x.object, "prompt")
	if fail != nil {
		return nil, fail
	}
	q := &chatRequest{}
	for _, step := range []func(object) *apiError{q.readNumbers, q.readStream, q.readStop} {
		if fail := step(x.object); fail != nil {
			return nil, fail
		}
	}
	echo, fail := x.object.boolean("echo")
	if fail != nil {
		return nil, fail
	}
	if fail := x.affordable(len(prompts) * q.n); fail != nil {
		return nil, fail
	}
	var answers []answer
	completed := 0
	for _, prompt := range prompts {
		for n := range q.n {
			a := answer{text: x.speech(prompt, n), finish: "stop"}
			a.limit(q.stop, q.max)
			completed += Tokens(a.text)
			if echo {
				a.text = prompt + a.text
			}
			answers = append(answers, a)
		}
	}
	used := newUsage(tokens, completed, 0)
	x.bill(tokens, completed)
	head := textCompletion{ID: x.identity("cmpl-"), Object: "text_completion", Created: x.created(), Model: x.model.name}
	if q.stream {
		return streamReply(textEvents(head, answers, used, q.usage), x.model.pace), nil
	}
	for i, a := range answers {
		head.Choices = append(head.Choices, textChoice{Index: i, Text: a.text, Finish: &a.finish})
	}
	head.Usage = encode(used)
	return jsonReply(head), nil
}

func textEvents(head textCompletion, answers []answer, used usage, withUsage bool) []event {
	if withUsage {
		head.Usage = json.RawMessage("null")
	}
	var events []event
	add := func(kind eventKind, c textChoice) {
		head.Choices = []textChoice{c}
		events = append(events, event{kind: kind, data: encode(head)})
	}
	for i, a := range answers {
		for _, p := range pieces(a.text) {
			add(eventText, textChoice{Index: i, Text: p})
		}
		add(eventFinish, textChoice{Index: i, Finish: &a.finish})
	}
	if withUsage {
		head.Choices, head.Usage = []textChoice{}, encode(used)
		events = append(events, event{kind: eventUsage, data: encode(head)})
	}
	return append(events, event{kind: eventDone, data: []byte("[DONE]")})
}

// inputs reads a text, texts, token numbers, or lists of token numbers, and
// counts them. Token numbers become their own JSON.
func inputs(o object, name string) (texts []string, tokens int, fail *apiError) {
	if !o.has(name) {
		return nil, 0, missing(name)
	}
	raw := o[name]
	if s, ok := asString(raw); ok {
		return []string{s}, Tokens(s), nil
	}
	var numbers []int
	if json.Unmarshal(raw, &numbers) == nil && len(numbers) > 0 {
		return []string{string(raw)}, len(numbers), nil
	}
	items, ok := asList(raw)
	if !ok {
		return nil, 0, wrongType(name, "a string, array of strings, array of integers, or array of integer arrays", raw)
	}
	if len(items) == 0 {
		return nil, 0, invalid(name, "empty_array", "Invalid '%s': input cannot be an empty array.", name)
	}
	for _, item := range items {
		if s, ok := asString(item); ok {
			texts = append(texts, s)
			tokens += Tokens(s)
			continue
		}
		var numbers []int
		if json.Unmarshal(item, &numbers) != nil || len(numbers) == 0 {
			return nil, 0, wrongType(name, "strings or arrays of integers in the array", item)
		}
		texts = append(texts, string(item))
		tokens += len(numbers)
	}
	return texts, tokens, nil
}
