package anthropic

import (
	"maps"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// maxCaches is how many prefixes a request may mark for the vendor's cache.
const maxCaches = 4

// encoding is a request being written.
type encoding struct {
	r      *llm.Request
	t      *protocol.Target
	lost   *llm.Losses
	w      wireRequest
	own    bool // the caller speaks this dialect, too
	caches int  // prefixes that are yet to be left unmarked
}

// EncodeRequest writes a Messages request.
func (codec) EncodeRequest(r *llm.Request, t *protocol.Target, lost *llm.Losses) ([]byte, *llm.Error) {
	e, failed := encodeRequest(r, t, lost)
	if failed != nil {
		return nil, failed
	}
	b, err := json.Marshal(&e.w, lenient)
	if err != nil {
		return nil, invalid("body", "the request can't be written as JSON: "+err.Error())
	}
	return b, nil
}

func encodeRequest(r *llm.Request, t *protocol.Target, lost *llm.Losses) (*encoding, *llm.Error) {
	e := &encoding{r: r, t: t, lost: lost, own: r.Dialect == Name}
	e.w.Model, e.w.Stream, e.w.Tools = t.Model, t.Stream, nil
	if !e.own {
		e.caches = marks(r) - maxCaches
	}
	e.tools()
	if failed := e.conversation(); failed != nil {
		return nil, failed
	}
	e.stops()
	e.form()
	e.thinking()
	e.who()
	e.rest()
	return e, nil
}

// stops says where to stop.
func (e *encoding) stops() {
	for _, s := range e.r.Stop {
		if strings.TrimSpace(s) == "" && !e.own {
			e.lost.Drop("stop", "the vendor takes no stop sequences of blanks")
			continue
		}
		e.w.StopSequences = append(e.w.StopSequences, s)
	}
}

// form writes the form that the answer must have.
func (e *encoding) form() {
	f := e.r.Format
	switch {
	case f == nil || f.Kind == llm.FormatText:
	case f.Kind == llm.FormatJSON:
		e.lost.Change("response_format", "the vendor knows no JSON mode: the model was asked for it in words")
		text := "Answer with one JSON object and nothing else, no code fence around it."
		e.w.System = append(e.w.System, wireBlock{Type: "text", Text: &text})
	case e.t.Traits.NoJSONSchema:
		e.lost.Change("response_format", "the model answers by way of a tool")
		e.w.Tools = append(e.w.Tools, wireTool{Name: protocol.AnswerTool, Description: protocol.AnswerToolFor(f), InputSchema: protocol.ObjectSchema(f.Schema)})
		e.w.ToolChoice = &wireToolChoice{Type: "any"}
		if len(e.w.Tools) == 1 || e.r.Choice.Mode == llm.ToolNone {
			e.w.ToolChoice = &wireToolChoice{Type: "tool", Name: protocol.AnswerTool}
		}
	default:
		schema := f.Schema
		if !e.own {
			schema = protocol.ClosedSchema(protocol.ObjectSchema(schema), "response_format", e.lost)
		}
		e.output().Format = &wireFormat{Type: "json_schema", Schema: schema}
	}
}

// who writes for whom and how the request is served.
func (e *encoding) who() {
	if e.r.User != "" {
		e.w.Metadata = &wireMetadata{UserID: e.r.User}
	}
	switch {
	case e.r.Tier == "" || e.r.Tier == "auto" || e.own:
		e.w.ServiceTier = e.r.Tier
	case e.r.Tier == "default" || e.r.Tier == "standard":
		e.w.ServiceTier = "standard_only"
	default:
		e.lost.Hint("service_tier", "the vendor has no such tier")
	}
}

// rest writes the dialect's other fields, and notes what it has no words for.
func (e *encoding) rest() {
	r := e.r
	if e.own {
		e.extras()
		return
	}
	protocol.DropExtra(e.lost, "", r.Extra)
	protocol.Unsaid(r, e.lost)
	if r.CacheKey != "" {
		e.lost.Hint("prompt_cache_key", "Anthropic keeps prefixes that are marked")
	}
	if len(r.Metadata) > 0 {
		e.lost.Hint("metadata", "Anthropic keeps no labels of requests")
	}
}

// extras puts back what a caller of the same dialect wrote beyond the canonical
// words.
func (e *encoding) extras() {
	e.w.Extra = maps.Clone(e.r.Extra)
	for name, into := range map[string]func(llm.Raw){
		"thinking": func(raw llm.Raw) {
			if e.w.Thinking == nil {
				e.w.Thinking = &wireThinking{}
			}
			e.merge(raw, e.w.Thinking)
		},
		"output_config": func(raw llm.Raw) { e.merge(raw, e.output()) },
		"metadata": func(raw llm.Raw) {
			if e.w.Metadata == nil {
				e.w.Metadata = &wireMetadata{}
			}
			e.merge(raw, e.w.Metadata)
		},
	} {
		if raw, ok := e.w.Extra[name]; ok {
			into(raw)
			delete(e.w.Extra, name)
		}
	}
}

func (e *encoding) merge(raw llm.Raw, into any) {
	_ = json.Unmarshal(raw, into, lenient) // our own encoder wrote it
}

// marks counts the prefixes that are marked for the vendor's cache.
func marks(r *llm.Request) int {
	n := 0
	count := func(c *llm.Cache) {
		if c != nil {
			n++
		}
	}
	for _, t := range r.Tools {
		count(t.Cache)
	}
	for _, m := range r.Messages {
		for _, p := range m.Parts {
			count(cacheOf(p))
		}
	}
	return n
}

func cacheOf(p llm.Part) *llm.Cache {
	switch p := p.(type) {
	case *llm.Text:
		return p.Cache
	case *llm.Media:
		return p.Cache
	case *llm.ToolCall:
		return p.Cache
	case *llm.ToolResult:
		return p.Cache
	case *llm.Thinking, *llm.Refusal, *llm.Foreign:
	}
	return nil
}

// cache writes a mark. Of more than the vendor takes the first are left out:
// the longest prefixes save most.
func (e *encoding) cache(c *llm.Cache) *wireCache {
	if c == nil {
		return nil
	}
	if e.caches > 0 {
		e.caches--
		e.lost.Hint("cache_control", "the vendor takes four marks at most")
		return nil
	}
	return &wireCache{Type: "ephemeral", TTL: c.TTL}
}
