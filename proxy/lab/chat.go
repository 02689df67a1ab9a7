package lab

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

const fingerprint = "fp_posthouse_lab"

type completion struct {
	ID          string       `json:"id"`
	Object      string       `json:"object"`
	Created     int64        `json:"created"`
	Model       string       `json:"model"`
	Fingerprint string       `json:"system_fingerprint"`
	Choices     []chatChoice `json:"choices"`
	Usage       usage        `json:"usage"`
}

type chatChoice struct {
	Index    int              `json:"index"`
	Message  chatMessage      `json:"message"`
	Logprobs *json.RawMessage `json:"logprobs"`
	Finish   string           `json:"finish_reason"`
}

type chatMessage struct {
	Role      string         `json:"role"`
	Content   *string        `json:"content"`
	Reasoning string         `json:"reasoning_content,omitempty"`
	Refusal   *string        `json:"refusal"`
	ToolCalls []chatToolCall `json:"tool_calls,omitempty"`
}

type chatToolCall struct {
	Index    *int         `json:"index,omitempty"` // in streams
	ID       string       `json:"id,omitempty"`
	Type     string       `json:"type,omitempty"`
	Function chatFunction `json:"function"`
}

type chatFunction struct {
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments"`
}

// identity is the id of an answer: the same for the same request.
func (x *exchange) identity(prefix string) string {
	return fmt.Sprintf("%slab%016x", prefix, random("id", string(x.body)).Uint64())
}

// affordable refuses what would fill the memory: many answers of many words.
func (x *exchange) affordable(answers int) *apiError {
	if answers*max(x.model.words, 1) > maxWords {
		return invalid("n", "", "The fake vendor makes at most %d words for a request, not %d answers of %d.", maxWords, answers, x.model.words)
	}
	return nil
}

func (x *exchange) created() int64 { return x.lab.opts.Now().Unix() }

func chat(x *exchange) (*reply, *apiError) {
	q, fail := parseChat(x.object)
	if fail != nil {
		return nil, fail
	}
	if x.model.embeds {
		return nil, &apiError{status: http.StatusNotFound, kind: kindInvalid, param: "model", message: "This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use v1/embeddings?"}
	}
	if strings.Contains(x.model.name, "codex") {
		return nil, &apiError{status: http.StatusNotFound, kind: kindInvalid, param: "model", message: "This model is only supported in v1/responses and not in v1/chat/completions."}
	}
	if fail := x.affordable(q.n); fail != nil {
		return nil, fail
	}
	if fail := q.readIDs(x.model); fail != nil {
		return nil, fail
	}
	if fail := reasonersRefuse(x.model, x.object); fail != nil {
		return nil, fail
	}
	answers := make([]answer, q.n)
	used := newUsage(q.promptTokens(), 0, 0)
	for i := range answers {
		if answers[i], fail = x.compose(q, i); fail != nil {
			return nil, fail
		}
		all, thought := answers[i].tokens()
		used = newUsage(used.Prompt, used.Completion+all, used.CompletionDetails.Reasoning+thought)
	}
	x.bill(used.Prompt, used.Completion)
	if q.stream {
		return streamReply(x.chatEvents(answers, used, q.usage), x.model.pace), nil
	}
	body := completion{
		ID: x.identity("chatcmpl-"), Object: "chat.completion", Created: x.created(),
		Model: x.model.name, Fingerprint: fingerprint, Usage: used,
	}
	for i, a := range answers {
		body.Choices = append(body.Choices, chatChoice{Index: i, Message: a.message(), Finish: a.finish})
	}
	return jsonReply(body), nil
}

func (a answer) message() chatMessage {
	m := chatMessage{Role: "assistant", Reasoning: a.reasoning}
	if len(a.calls) == 0 {
		m.Content = &a.text
		return m
	}
	for _, c := range a.calls {
		m.ToolCalls = append(m.ToolCalls, chatToolCall{ID: c.id, Type: "function", Function: chatFunction{c.name, c.arguments}})
	}
	return m
}
