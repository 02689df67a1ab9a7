package lab

import "encoding/json"

// chunk is one event of a streamed chat completion.
type chunk struct {
	ID          string          `json:"id"`
	Object      string          `json:"object"`
	Created     int64           `json:"created"`
	Model       string          `json:"model"`
	Fingerprint string          `json:"system_fingerprint"`
	Choices     []chunkChoice   `json:"choices"`
	Usage       json.RawMessage `json:"usage,omitempty"`
}

type chunkChoice struct {
	Index    int              `json:"index"`
	Delta    delta            `json:"delta"`
	Logprobs *json.RawMessage `json:"logprobs"`
	Finish   *string          `json:"finish_reason"`
}

type delta struct {
	Role      string         `json:"role,omitempty"`
	Content   *string        `json:"content,omitempty"`
	Reasoning *string        `json:"reasoning_content,omitempty"`
	ToolCalls []chatToolCall `json:"tool_calls,omitempty"`
}

// move is one step of a choice on its way through the stream.
type move struct {
	kind   eventKind
	delta  delta
	finish string
}

// chatEvents cuts answers into chunks: the choices take turns.
func (x *exchange) chatEvents(answers []answer, used usage, withUsage bool) []event {
	head := chunk{
		ID: x.identity("chatcmpl-"), Object: "chat.completion.chunk", Created: x.created(),
		Model: x.model.name, Fingerprint: fingerprint, Choices: []chunkChoice{},
	}
	if withUsage {
		head.Usage = json.RawMessage("null")
	}
	var all [][]move
	longest := 0
	for _, a := range answers {
		moves := a.moves()
		all = append(all, moves)
		longest = max(longest, len(moves))
	}
	var events []event
	for i := range longest {
		for index, moves := range all {
			if i < len(moves) {
				events = append(events, moves[i].event(head, index))
			}
		}
	}
	if withUsage {
		head.Choices, head.Usage = []chunkChoice{}, encode(used)
		events = append(events, event{kind: eventUsage, data: encode(head)})
	}
	return append(events, event{kind: eventDone, data: []byte("[DONE]")})
}

func (m move) event(head chunk, index int) event {
	c := chunkChoice{Index: index, Delta: m.delta, Finish: orNull(m.finish)}
	head.Choices = []chunkChoice{c}
	return event{kind: m.kind, data: encode(head)}
}

// moves are the steps of one answer: the role, reasoning, text or calls, and
// the finish reason.
func (a answer) moves() []move {
	empty := ""
	first := delta{Role: "assistant", Content: &empty}
	moves := []move{{kind: eventRole, delta: first}}
	for _, p := range pieces(a.reasoning) {
		moves = append(moves, move{kind: eventText, delta: delta{Reasoning: &p}})
	}
	for _, p := range a.textPieces() {
		moves = append(moves, move{kind: eventText, delta: delta{Content: &p}})
	}
	for i, c := range a.calls {
		moves = append(moves, callMoves(i, c)...)
	}
	return append(moves, move{kind: eventFinish, finish: a.finish})
}

const argumentRunes = 8 // of a tool call's arguments in one chunk

func callMoves(index int, c toolCall) []move {
	step := func(t chatToolCall) move {
		t.Index = &index
		return move{kind: eventText, delta: delta{ToolCalls: []chatToolCall{t}}}
	}
	moves := []move{step(chatToolCall{ID: c.id, Type: "function", Function: chatFunction{Name: c.name}})}
	rest := []rune(c.arguments)
	for len(rest) > 0 {
		n := min(argumentRunes, len(rest))
		moves = append(moves, step(chatToolCall{Function: chatFunction{Arguments: string(rest[:n])}}))
		rest = rest[n:]
	}
	return moves
}
