package protocol

import (
	"fmt"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
)

// Layout says how a dialect wants a conversation whose turns alternate between
// user and assistant, as Anthropic's, Bedrock's and Gemini's do.
type Layout struct {
	// Admit says what becomes of a part: itself, another part, or nil to leave it
	// out, having noted why. m is the message it is in, path where it is.
	Admit func(m *llm.Message, p llm.Part, path string) (llm.Part, *llm.Error)
	// SystemAnywhere keeps system messages in mid-conversation where they are, if
	// they stand between a user's turn and the assistant's.
	SystemAnywhere bool
	// Signed keeps texts that are empty but for a state, as Admit lets them
	// through: Gemini signs an answer in a part behind its words.
	Signed bool
	Losses *llm.Losses
}

// Turn is what one side says before the other does.
type Turn struct {
	Role  llm.Role
	Parts []Placed
}

// Placed is a part and where the caller wrote it, for errors and losses.
type Placed struct {
	Part llm.Part
	Path string
}

// What stands in for words that a dialect demands and nobody said.
const (
	opening  = "(The conversation begins with the assistant.)"
	noResult = "(The tool returned nothing.)"
)

// Turns lays a conversation out: instructions apart, neighbours of one role
// joined, the user first, no text that is empty, and what tools answered at the
// beginning of the turn behind the calls, one answer a call.
func (l *Layout) Turns(messages []llm.Message) (system []Placed, turns []Turn, failed *llm.Error) {
	for i := range messages {
		m := &messages[i]
		placed, failed := l.admitted(m, i)
		if failed != nil {
			return nil, nil, failed
		}
		if len(placed) == 0 {
			continue
		}
		switch role := roleOf(m.Role); {
		case role == llm.System && len(turns) == 0:
			system = append(system, placed...)
		case role == llm.System && l.staysSystem(messages, i, turns):
			turns = append(turns, Turn{Role: llm.System, Parts: placed})
		case role == llm.System:
			system = append(system, placed...)
			l.Losses.Change(fmt.Sprintf("messages[%d].role", i), "instructions in mid-conversation were moved to its beginning")
		case len(turns) > 0 && turns[len(turns)-1].Role == role:
			last := &turns[len(turns)-1]
			last.Parts = append(last.Parts, placed...)
		default:
			turns = append(turns, Turn{Role: role, Parts: placed})
		}
	}
	turns = l.paired(turns)
	return l.userFirst(system, turns)
}

func roleOf(r llm.Role) llm.Role {
	switch r {
	case llm.System, llm.Developer:
		return llm.System
	case llm.Assistant:
		return llm.Assistant
	case llm.User:
	}
	return llm.User
}

// admitted are a message's parts that are to be sent.
func (l *Layout) admitted(m *llm.Message, i int) ([]Placed, *llm.Error) {
	if m.Name != "" {
		l.Losses.Hint(fmt.Sprintf("messages[%d].name", i), "the vendor's dialect has no names of speakers")
	}
	var placed []Placed
	for j, p := range m.Parts {
		path := fmt.Sprintf("messages[%d].content[%d]", i, j)
		p, failed := l.Admit(m, p, path)
		if failed != nil {
			return nil, failed
		}
		if t, ok := p.(*llm.Text); p == nil || ok && strings.TrimSpace(t.Text) == "" && !(l.Signed && t.State != nil) {
			continue
		}
		placed = append(placed, Placed{p, path})
	}
	return placed, nil
}

// staysSystem reports whether a system message may stay where it is.
func (l *Layout) staysSystem(messages []llm.Message, i int, turns []Turn) bool {
	if !l.SystemAnywhere || turns[len(turns)-1].Role != llm.User {
		return false
	}
	return i+1 == len(messages) || roleOf(messages[i+1].Role) == llm.Assistant
}

// paired puts what tools answered where dialects want it.
func (l *Layout) paired(turns []Turn) []Turn {
	var out []Turn
	var open []string // calls of the turn before
	for _, t := range turns {
		switch {
		case t.Role == llm.User:
			t.Parts = l.answers(open, t.Parts)
			open = nil
		case len(open) > 0: // nobody answered: two assistants' turns never meet
			out = append(out, Turn{Role: llm.User, Parts: l.answers(open, nil)})
			open = nil
		}
		if t.Role == llm.Assistant {
			open = calls(t.Parts)
		}
		out = append(out, t)
	}
	if len(open) > 0 {
		out = append(out, Turn{Role: llm.User, Parts: l.answers(open, nil)})
	}
	return out
}

func calls(parts []Placed) []string {
	var ids []string
	for _, p := range parts {
		if c, ok := p.Part.(*llm.ToolCall); ok {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// answers orders a user's parts: first an answer to each open call, then the
// rest. Answers to calls that are not open become words.
func (l *Layout) answers(open []string, parts []Placed) []Placed {
	var first, rest []Placed
	answered := map[string]bool{}
	for _, p := range parts {
		r, ok := p.Part.(*llm.ToolResult)
		switch {
		case !ok:
			rest = append(rest, p)
		case slices.Contains(open, r.ID) && !answered[r.ID]:
			answered[r.ID] = true
			first = append(first, p)
		default:
			l.Losses.Change(p.Path, "the answer of a tool that was not called just before was sent as words")
			rest = append(rest, asWords(r, p.Path)...)
		}
	}
	for _, id := range open {
		if !answered[id] {
			answered[id] = true
			l.Losses.Change("messages", "a tool that was called and never answered was said to have returned nothing")
			first = append(first, Placed{&llm.ToolResult{ID: id, Parts: []llm.Part{&llm.Text{Text: noResult}}, Error: true}, "messages"})
		}
	}
	return append(first, rest...)
}

// asWords is what a tool answered, without the frame.
func asWords(r *llm.ToolResult, path string) []Placed {
	out := []Placed{{&llm.Text{Text: "Result of tool call " + r.ID + ":"}, path}}
	for _, p := range r.Parts {
		if t, ok := p.(*llm.Text); ok && strings.TrimSpace(t.Text) == "" {
			continue
		}
		out = append(out, Placed{p, path})
	}
	return out
}

// userFirst makes the conversation begin with a user.
func (l *Layout) userFirst(system []Placed, turns []Turn) ([]Placed, []Turn, *llm.Error) {
	switch {
	case len(turns) > 0 && turns[0].Role == llm.User:
	case len(turns) > 0:
		l.Losses.Change("messages", "a user's turn was put before the assistant's, with which the vendor lets no conversation begin")
		turns = slices.Insert(turns, 0, Turn{Role: llm.User, Parts: []Placed{{&llm.Text{Text: opening}, "messages"}}})
	case len(system) > 0:
		l.Losses.Change("messages", "the last instruction was sent as the user's, without whom the vendor answers nothing")
		last := len(system) - 1
		turns = []Turn{{Role: llm.User, Parts: []Placed{system[last]}}}
		system = system[:last]
	default:
		return nil, nil, &llm.Error{
			Class: llm.ClassBadRequest, Status: 400, Type: "invalid_request_error", Param: "messages",
			Message: "messages: there is nothing in them to answer",
		}
	}
	return system, turns, nil
}
