package openai

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/sse"
)

func aim() *protocol.Target {
	return &protocol.Target{Vendor: "Vendor", Model: "m", Origin: "o", Unique: "u", Header: http.Header{}}
}

// sections are the pieces of golden files with a name, which make good seeds.
func sections(t testing.TB, folder, name string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "golden", folder, "openai", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	split := regexp.MustCompile(`(?m)^-- (.+) --\n`)
	var found []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		at := split.FindAllStringSubmatchIndex(string(b), -1)
		for i, m := range at {
			end := len(b)
			if i+1 < len(at) {
				end = at[i+1][0]
			}
			if string(b[m[2]:m[3]]) == name {
				found = append(found, string(b[m[1]:end]))
			}
		}
	}
	return found
}

// TestRequestIdentity: what is read, written and read again is the same.
func TestRequestIdentity(t *testing.T) {
	t.Parallel()
	for _, body := range sections(t, "asked", "asked") {
		one, bad := chat{}.DecodeRequest(&protocol.Question{Body: []byte(body)})
		if bad != nil {
			continue // cases of bad requests
		}
		target := aim()
		target.Model, target.Stream, target.Origin = one.Model, one.Stream, ""
		target.Traits = protocol.Traits{Thinks: protocol.ThinksByBudget}
		if one.Reasoning != nil && one.Reasoning.Budget == nil {
			target.Traits.Thinks = protocol.ThinksByEffort
		}
		var lost llm.Losses
		written, failed := chat{}.EncodeRequest(one, target, &lost)
		if failed != nil {
			t.Errorf("%v: %s", failed, body)
			continue
		}
		two, bad := chat{}.DecodeRequest(&protocol.Question{Body: written})
		if bad != nil {
			t.Errorf("%v: %s", bad, written)
			continue
		}
		if d := cmp.Diff(one, two, forgiven()); d != "" {
			t.Errorf("%s\nwas written as %s\n%s", body, written, d)
		}
		if len(lost.List()) > 0 {
			t.Errorf("%s\nlost %s to its own dialect", body, lost.String())
		}
	}
}

// forgiven is what may change between reading and reading again: raw JSON is
// compared without its spaces, counts are always asked for in a stream,
// signatures have no place in requests of this dialect but in our own ids, and
// arguments that are nothing are written as an empty object.
func forgiven() cmp.Option {
	return cmp.Options{
		cmp.Comparer(func(a, b llm.Raw) bool {
			a, b = a.Clone(), b.Clone()
			_, _ = a.Compact(), b.Compact() // what is no JSON is compared as it is
			return string(a) == string(b)
		}),
		cmp.FilterPath(func(p cmp.Path) bool { return p.Last().Type() != reflect.TypeFor[llm.Raw]() }, cmpopts.EquateEmpty()),
		cmpopts.IgnoreFields(llm.Request{}, "Usage", "Reasoning"),
		cmpopts.IgnoreFields(llm.Thinking{}, "State"),
		cmp.FilterValues(func(a, b []llm.Part) bool { return redacted(a) != redacted(b) }, cmp.Ignore()),
		cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Arguments" }, cmp.Comparer(func(a, b string) bool {
			return a == b || strings.Trim(a, " {}") == "" && strings.Trim(b, " {}") == ""
		})),
	}
}

func redacted(parts []llm.Part) bool {
	for _, p := range parts {
		if t, ok := p.(*llm.Thinking); ok && t.Redacted {
			return true
		}
	}
	return false
}

// FuzzRequest: no body brings the reader down, and what was read once can be
// written and read for ever after without changing.
func FuzzRequest(f *testing.F) {
	for _, body := range sections(f, "asked", "asked") {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, bad := chat{}.DecodeRequest(&protocol.Question{Body: body})
		if bad != nil {
			if bad.Status != http.StatusBadRequest || bad.Param == "" {
				t.Errorf("%+v", bad)
			}
			return
		}
		var last []byte
		for round := range 3 {
			target := aim()
			target.Model, target.Stream = r.Model, r.Stream
			var lost llm.Losses
			written, failed := chat{}.EncodeRequest(r, target, &lost)
			if failed != nil {
				return // what must not be dropped in silence
			}
			if round > 1 && string(last) != string(written) {
				t.Fatalf("written as\n%s\nthen as\n%s", last, written)
			}
			if r, bad = (chat{}).DecodeRequest(&protocol.Question{Body: written}); bad != nil {
				t.Fatalf("%v: %s", bad, written)
			}
			if len(written) > 8*len(body)+1000 {
				t.Errorf("%d bytes became %d", len(body), len(written))
			}
			last = written // the first writing may tidy up
		}
	})
}

// grammar follows events and says what is wrong with their order.
type grammar struct {
	begun, ended bool
	next         map[int]int
	open         map[[2]int]bool
	finished     map[int]bool
}

func (g *grammar) add(ev llm.Event) error {
	if g.next == nil {
		g.next, g.open, g.finished = map[int]int{}, map[[2]int]bool{}, map[int]bool{}
	}
	if g.ended {
		return fmt.Errorf("%T after the end", ev)
	}
	if _, is := ev.(*llm.Begin); is == g.begun {
		return fmt.Errorf("%T: begun %v", ev, g.begun)
	}
	g.begun = true
	is := func(choice, index int) error {
		if !g.open[[2]int{choice, index}] {
			return fmt.Errorf("%T of part %d/%d, which is not open", ev, choice, index)
		}
		return nil
	}
	switch ev := ev.(type) {
	case *llm.Open:
		if ev.Index != g.next[ev.Choice] || g.finished[ev.Choice] {
			return fmt.Errorf("part %d/%d is opened, not %d", ev.Choice, ev.Index, g.next[ev.Choice])
		}
		if c, ok := ev.Part.(*llm.ToolCall); ok && c.ID == "" {
			return fmt.Errorf("a call without an id")
		}
		g.next[ev.Choice]++
		g.open[[2]int{ev.Choice, ev.Index}] = true
	case *llm.Delta:
		return is(ev.Choice, ev.Index)
	case *llm.Amend:
		return is(ev.Choice, ev.Index)
	case *llm.Close:
		if err := is(ev.Choice, ev.Index); err != nil {
			return err
		}
		delete(g.open, [2]int{ev.Choice, ev.Index})
	case *llm.Finish:
		g.finished[ev.Choice] = true
		for at := range g.open {
			if at[0] == ev.Choice {
				return fmt.Errorf("choice %d is finished with an open part", ev.Choice)
			}
		}
	case *llm.End:
		g.ended = true
	case *llm.Begin:
	}
	return nil
}

// read reads a stream, checking the order of its events.
func read(t testing.TB, stream []byte) (*llm.Response, bool, *llm.Error) {
	t.Helper()
	dec := chat{}.Decoder(aim())
	frames := sse.NewReader(strings.NewReader(string(stream)), 1<<20)
	var fold llm.Fold
	var g grammar
	take := func(events []llm.Event) {
		for _, ev := range events {
			if err := g.add(ev); err != nil {
				t.Fatalf("%v in\n%s", err, stream)
			}
			fold.Add(ev)
		}
	}
	for !dec.Done() {
		ev, err := frames.Next()
		if err != nil {
			events, failed := dec.End(nil)
			take(events)
			r, whole := fold.Response()
			return r, whole, failed
		}
		if ev.Data == nil {
			continue
		}
		events, failed := dec.Decode(nil, ev.Name, ev.Data)
		take(events)
		if failed != nil && failed.Class != llm.ClassMalformed {
			r, whole := fold.Response()
			return r, whole, failed
		}
	}
	r, whole := fold.Response()
	return r, whole, nil
}

func reply() *protocol.Reply {
	return &protocol.Reply{Request: &llm.Request{Usage: true}, Model: "m", ID: "x", Created: 5}
}

// told writes an answer as a stream.
func toldStream(r *llm.Response) []byte {
	enc := chat{}.Encoder(reply())
	var out []byte
	for _, ev := range r.Events() {
		out = enc.Encode(out, ev)
	}
	return out
}

// TestStreamEqualsWhole: the stream of an answer, folded, is the answer.
func TestStreamEqualsWhole(t *testing.T) {
	t.Parallel()
	for _, body := range sections(t, "answered", "whole") {
		want, failed := chat{}.DecodeResponse([]byte(body), aim())
		if failed != nil {
			t.Errorf("%v: %s", failed, body)
			continue
		}
		got, whole, failed := read(t, toldStream(want))
		if failed != nil || !whole {
			t.Errorf("whole %v, %v: %s", whole, failed, toldStream(want))
			continue
		}
		if d := cmp.Diff(visible(want), visible(got)); d != "" {
			t.Errorf("%s\n%s", body, d)
		}
	}
}

// visible is what a client sees of an answer: its states travel sealed.
func visible(r *llm.Response) string {
	var b strings.Builder
	for _, c := range r.Choices {
		for _, p := range c.Parts {
			switch p := p.(type) {
			case *llm.Text:
				fmt.Fprintf(&b, "text %q %d\n", p.Text, len(p.Annotations))
			case *llm.Thinking:
				fmt.Fprintf(&b, "thinking %q\n", p.Text)
			case *llm.ToolCall:
				id, _, _ := llm.UnhideID(p.ID)
				arguments := p.Arguments
				if arguments == "" {
					arguments = "{}"
				}
				fmt.Fprintf(&b, "call %s %s %s\n", id, p.Name, arguments)
			case *llm.Refusal:
				fmt.Fprintf(&b, "refusal %q\n", p.Text)
			case *llm.Media:
				fmt.Fprintf(&b, "media %s %s\n", p.Kind, p.Address())
			case *llm.ToolResult, *llm.Foreign:
			}
		}
		fmt.Fprintf(&b, "stop %s\n", c.Stop)
	}
	if r.Usage != nil {
		fmt.Fprintf(&b, "usage %d %d %d %d\n", r.Usage.Prompt(), r.Usage.CacheRead, r.Usage.Output, r.Usage.Reasoning)
	}
	return b.String()
}

// FuzzStream: no stream brings the reader down or gets events into disorder,
// and what was read whole is read the same from how we write it.
func FuzzStream(f *testing.F) {
	for _, s := range sections(f, "answered", "stream") {
		f.Add([]byte(s))
	}
	f.Add([]byte("data: {\"choices\":[{\"index\":127,\"delta\":{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"x\"}]}]}}]}\n\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		one, whole, _ := read(t, stream)
		if !whole {
			return
		}
		told := toldStream(one)
		two, whole, failed := read(t, told)
		if failed != nil || !whole {
			t.Fatalf("whole %v, %v: %s", whole, failed, told)
		}
		// The dialect tells words, reasoning and calls each in one piece.
		if a, b := words(one), words(two); a != b {
			t.Fatalf("%s\nbecame\n%s", a, b)
		}
	})
}

// words joins what a choice says by kind, as this dialect does.
func words(r *llm.Response) string {
	var b strings.Builder
	for _, c := range r.Choices {
		var text, thought, refusal, calls string
		for _, p := range c.Parts {
			switch p := p.(type) {
			case *llm.Text:
				text += p.Text
			case *llm.Thinking:
				thought += p.Text
			case *llm.Refusal:
				refusal += p.Text
			case *llm.ToolCall:
				id, _, _ := llm.UnhideID(p.ID)
				arguments := p.Arguments
				if arguments == "" && !p.Custom {
					arguments = "{}"
				}
				calls += fmt.Sprintf("%q %q %q;", id, p.Name, arguments)
			case *llm.Media, *llm.ToolResult, *llm.Foreign:
			}
		}
		fmt.Fprintf(&b, "%q %q %q %s\n", text, thought, refusal, calls)
	}
	return b.String()
}

// TestThinkTags parts reasoning from text, wherever the pieces are cut.
func TestThinkTags(t *testing.T) {
	t.Parallel()
	const said = "\n<think>\nAsk the <b>tool</b>.\n</think>\n\nDone. <think> is a tag."
	for size := 1; size < len(said); size++ {
		var tags tagged
		var thought, text string
		take := func(last bool) {
			for {
				words, thinks, ok := tags.next(last)
				if !ok {
					return
				}
				if thinks {
					thought += words
				} else {
					text += words
				}
			}
		}
		for at := 0; at < len(said); at += size {
			tags.add(said[at:min(at+size, len(said))])
			take(false)
		}
		take(true)
		if strings.TrimSpace(thought) != "Ask the <b>tool</b>." || text != "Done. <think> is a tag." {
			t.Fatalf("pieces of %d: %q, %q", size, thought, text)
		}
	}
	target := aim()
	target.Traits.ThinkTags = true
	r, failed := chat{}.DecodeResponse([]byte(`{"choices":[{"message":{"content":"<think>Hm.</think>Yes."},"finish_reason":"stop"}]}`), target)
	if failed != nil || len(r.Choices[0].Parts) != 2 || r.Choices[0].Parts[0].(*llm.Thinking).Text != "Hm." {
		t.Errorf("%v %+v", failed, r)
	}
}

// TestVendorQuirks writes requests for models that depart from the protocol.
func TestVendorQuirks(t *testing.T) {
	t.Parallel()
	tool := llm.Tool{Name: "f", Parameters: llm.Raw(`{"type":"object"}`)}
	call := &llm.ToolCall{ID: "call_1", Name: "f", Arguments: `{}`}
	asked := func(change func(*llm.Request)) *llm.Request {
		r := &llm.Request{Dialect: "anthropic", Messages: []llm.Message{{Role: llm.User, Parts: []llm.Part{&llm.Text{Text: "Hi."}}}}}
		change(r)
		return r
	}
	for _, tt := range []struct {
		name   string
		traits protocol.Traits
		r      *llm.Request
		want   []string // in the body
		not    []string
		lost   string
	}{
		{"developer", protocol.Traits{NoDeveloper: true}, asked(func(r *llm.Request) {
			r.Messages = append([]llm.Message{{Role: llm.Developer, Parts: []llm.Part{&llm.Text{Text: "Be brief."}}}}, r.Messages...)
		}), []string{`{"role":"system","content":"Be brief."}`}, []string{"developer"}, ""},
		{"tool_choice", protocol.Traits{NoToolRequired: true}, asked(func(r *llm.Request) {
			r.Tools, r.Choice = []llm.Tool{tool}, llm.ToolChoice{Mode: llm.ToolRequired}
		}), []string{`"tool_choice":"auto"`}, []string{"required\""}, "changed tool_choice"},
		{"turns", protocol.Traits{Alternates: true}, asked(func(r *llm.Request) {
			r.Messages = append([]llm.Message{{Role: llm.Assistant, Parts: []llm.Part{&llm.Text{Text: "Hello."}}}}, r.Messages[0], r.Messages[0])
		}), []string{`{"role":"user","content":"…"}`, `"content":"Hi.\n\nHi."`}, nil, ""},
		{"prefix", protocol.Traits{PrefixFlag: "partial"}, asked(func(r *llm.Request) {
			r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Parts: []llm.Part{&llm.Text{Text: "One,"}}})
			r.Continue = true
		}), []string{`"content":"One,","partial":true`}, nil, ""},
		{"reasoning wanted back", protocol.Traits{EchoThinking: protocol.EchoTools}, asked(func(r *llm.Request) {
			r.Tools = []llm.Tool{tool}
			r.Messages = append(r.Messages,
				llm.Message{Role: llm.Assistant, Parts: []llm.Part{&llm.Thinking{Text: "Hm."}, call}},
				llm.Message{Role: llm.User, Parts: []llm.Part{&llm.ToolResult{ID: "call_1", Parts: []llm.Part{&llm.Text{Text: "x"}}}}},
				llm.Message{Role: llm.Assistant, Parts: []llm.Part{&llm.Thinking{Text: "So."}, &llm.Text{Text: "y"}}},
			)
		}), []string{`"reasoning_content":"Hm."`}, []string{"So."}, ""},
		{"effort too high", protocol.Traits{Thinks: protocol.ThinksByEffort}, asked(func(r *llm.Request) {
			r.Reasoning = &llm.Reasoning{Effort: "max"}
		}), []string{`"reasoning_effort":"high"`}, nil, "changed reasoning_effort"},
		{"switch", protocol.Traits{Thinks: protocol.ThinksBySwitch}, asked(func(r *llm.Request) {
			r.Reasoning = &llm.Reasoning{Mode: llm.ReasoningOff}
		}), []string{`"thinking":{"type":"disabled"}`}, nil, ""},
		{"object", protocol.Traits{Thinks: protocol.ThinksByObject}, asked(func(r *llm.Request) {
			r.Reasoning = &llm.Reasoning{Effort: "low"}
		}), []string{`"reasoning":{"effort":"low"}`}, nil, ""},
		{"no schema", protocol.Traits{NoJSONSchema: true}, asked(func(r *llm.Request) {
			r.Format = &llm.Format{Kind: llm.FormatSchema, Schema: llm.Raw(`{"type":"object"}`)}
		}), []string{`"response_format":{"type":"json_object"}`, `"role":"system"`}, []string{`"json_schema"`}, "changed response_format.json_schema"},
		{"error of a tool", protocol.Traits{}, asked(func(r *llm.Request) {
			r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Parts: []llm.Part{call}},
				llm.Message{Role: llm.User, Parts: []llm.Part{&llm.ToolResult{ID: "call_1", Error: true, Parts: []llm.Part{&llm.Text{Text: "no"}}}}})
		}), []string{`"role":"tool","content":"Error: no"`}, nil, "changed messages[2].content[0].is_error"},
	} {
		target := aim()
		target.Traits = tt.traits
		var lost llm.Losses
		body, failed := chat{}.EncodeRequest(tt.r, target, &lost)
		if failed != nil {
			t.Errorf("%s: %v", tt.name, failed)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(string(body), want) {
				t.Errorf("%s: %s is missing in %s", tt.name, want, body)
			}
		}
		for _, not := range tt.not {
			if strings.Contains(string(body), not) {
				t.Errorf("%s: %s is in %s", tt.name, not, body)
			}
		}
		if lost.String() != tt.lost {
			t.Errorf("%s: lost %q", tt.name, lost.String())
		}
	}
}

// TestEmbeddings reads and writes vectors in both forms, in batches.
func TestEmbeddings(t *testing.T) {
	t.Parallel()
	r, bad := embed{}.DecodeEmbed(&protocol.Question{Body: []byte(`{"model":"m","input":["a","b","c"],"encoding_format":"base64","dimensions":2}`)})
	if bad != nil {
		t.Fatal(bad)
	}
	target := aim()
	target.Traits.EmbedBatch = 2
	var lost llm.Losses
	bodies, failed := embed{}.EncodeEmbed(r, target, &lost)
	if failed != nil || len(bodies) != 2 || string(bodies[1]) != `{"model":"m","input":["c"],"dimensions":2}` {
		t.Fatalf("%v %s", failed, bodies)
	}
	for _, vector := range []string{`[1,-0.5]`, `"AACAPwAAAL8="`} {
		got, failed := embed{}.DecodeEmbedding([]byte(`{"object":"list","data":[{"index":0,"embedding":`+vector+`}],"model":"m","usage":{"prompt_tokens":3,"total_tokens":3}}`), target)
		if failed != nil || len(got.Vectors) != 1 || got.Vectors[0][0] != 1 || got.Vectors[0][1] != -0.5 {
			t.Fatalf("%v %+v", failed, got)
		}
		told, failed := embed{}.EncodeEmbedding(got, r)
		if failed != nil || !strings.Contains(string(told), `"embedding":"AACAPwAAAL8="`) || !strings.Contains(string(told), `"prompt_tokens":3`) {
			t.Errorf("%v %s", failed, told)
		}
	}
	for _, body := range []string{`{"input":null}`, `{"input":{}}`, `{"input":[]}`} {
		if _, bad := (embed{}).DecodeEmbed(&protocol.Question{Body: []byte(body)}); bad == nil || bad.Param != "input" {
			t.Errorf("%s: %v", body, bad)
		}
	}
}
