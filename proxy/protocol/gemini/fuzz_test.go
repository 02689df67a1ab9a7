package gemini

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// FuzzRequest: what was read and written once stays as it is when it is read
// and written again, and nothing grows beyond a small multiple of the input.
func FuzzRequest(f *testing.F) {
	f.Add(`{"contents":[{"role":"user","parts":[{"text":"hi"},{"inlineData":{"mimeType":"image/png","data":"aGk="}}]},{"role":"model","parts":[{"text":"t","thought":true,"thoughtSignature":"cw=="},{"functionCall":{"name":"f","args":{"a":1}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"x"}}}]}]}`)
	f.Add(`{"contents":{"parts":{"text":"x"}},"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}}}}]},{"googleSearch":{}}],"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"}}}`)
	f.Add(`{"contents":[{"parts":[{"executableCode":{"code":"1"}}]}],"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT"},"thinkingConfig":{"thinkingBudget":-1},"speechConfig":{}},"safetySettings":[]}`)
	f.Fuzz(func(t *testing.T, body string) {
		first, err := Inbound{}.DecodeRequest(&protocol.Question{Body: []byte(body)})
		if err != nil {
			return
		}
		var l llm.Losses
		once, err := Outbound{}.EncodeRequest(first, target(), &l)
		if err != nil {
			return
		}
		if len(once) > 64*len(body)+1024 {
			t.Errorf("%d bytes grew to %d", len(body), len(once))
		}
		second, err := Inbound{}.DecodeRequest(&protocol.Question{Body: once})
		if err != nil {
			t.Fatalf("we refuse what we wrote: %v\n%s", err, once)
		}
		twice, err := Outbound{}.EncodeRequest(second, target(), &l)
		if err != nil {
			t.Fatalf("what we wrote can't be written again: %v\n%s", err, once)
		}
		if string(once) != string(twice) {
			t.Errorf("it changes on the way:\n%s\n%s", once, twice)
		}
	})
}

// FuzzAnswer: an answer read whole, and written and read as events, is the same.
func FuzzAnswer(f *testing.F) {
	f.Add(`{"candidates":[{"content":{"parts":[{"text":"a"},{"text":"b","thoughtSignature":"cw=="},{"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1}}`)
	f.Add(`[{"candidates":[{"content":{"parts":[{"text":"t","thought":true}]}}]},{"candidates":[{"finishReason":"MAX_TOKENS","index":1}]}]`)
	f.Add(`{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"aGk="}},{"codeExecutionResult":{"output":"x"}}]},"finishReason":"STOP","citationMetadata":{"citationSources":[{"uri":"u"}]}}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		whole, err := Outbound{}.DecodeResponse([]byte(body), target())
		if err != nil {
			return
		}
		enc := Inbound{}.Encoder(&protocol.Reply{Model: "m"})
		var out []byte
		for _, ev := range whole.Events() {
			out = enc.Encode(out, ev)
		}
		events := dataOf(t, out)
		again, err := readStream(t, target(), events...)
		if err != nil {
			t.Fatalf("we can't read what we wrote: %v\n%s", err, out)
		}
		if d := cmp.Diff(said(whole), said(again)); d != "" {
			t.Errorf("it changes on the way: %s\n%s", d, out)
		}
	})
}

// said is what an answer says in words and calls, with neighbours joined.
func said(r *llm.Response) []string {
	var all []string
	for _, c := range r.Choices {
		last := ""
		for _, p := range c.Parts {
			kind, text := "", ""
			switch p := p.(type) {
			case *llm.Text:
				kind, text = "text", p.Text
			case *llm.Thinking:
				kind, text = "thought", p.Text
			case *llm.ToolCall:
				raw := argsOf(p)
				_ = raw.Compact()
				kind, text = "call "+p.Name, string(raw)
			case *llm.Media:
				kind, text = "media", p.Data+p.URL+p.File
			case *llm.Foreign:
				kind, text = "foreign", p.Type
			case *llm.Refusal, *llm.ToolResult: // no vendor of this dialect sends them
			}
			switch {
			case text == "" && (kind == "text" || kind == "thought"), kind == "media" && text == "":
			case kind == last && (kind == "text" || kind == "thought"):
				all[len(all)-1] += text
			default:
				all = append(all, kind+": "+text)
				last = kind
			}
		}
	}
	return all
}

// FuzzStream: whatever a vendor sends, reading ends in an answer or an error,
// and the events keep to the grammar.
func FuzzStream(f *testing.F) {
	f.Add("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\n{\"candidates\":[{\"finishReason\":\"STOP\"}]}")
	f.Add("{\"error\":{\"code\":500}}")
	f.Add("{\"promptFeedback\":{\"blockReason\":\"X\"}}\nnull\n[]")
	f.Fuzz(func(t *testing.T, lines string) {
		d := Outbound{}.Decoder(target())
		var steps []llm.Event
		for line := range strings.SplitSeq(lines, "\n") {
			event(nil, []byte(line))
			hasContent(nil, []byte(line))
			usage([]byte(line))
			var err *llm.Error
			if steps, err = d.Decode(steps, nil, []byte(line)); err != nil && err.Class == "" {
				t.Errorf("an error without a class: %v", err)
			}
		}
		steps, _ = d.End(steps)
		if err := grammar(steps); err != nil {
			t.Error(err)
		}
	})
}

// grammar checks that parts are opened once, closed once and added to between.
func grammar(steps []llm.Event) error {
	state := map[place]string{}
	for i, ev := range steps {
		if _, ok := ev.(*llm.Begin); ok != (i == 0) {
			return fmt.Errorf("event %d: Begin is first and only first", i)
		}
		var at place
		var want, then string
		switch ev := ev.(type) {
		case *llm.Open:
			at, then = place{ev.Choice, ev.Index}, "open"
		case *llm.Delta:
			at, want, then = place{ev.Choice, ev.Index}, "open", "open"
		case *llm.Amend:
			at, want, then = place{ev.Choice, ev.Index}, "open", "open"
		case *llm.Close:
			at, want, then = place{ev.Choice, ev.Index}, "open", "closed"
		default:
			continue
		}
		if state[at] != want {
			return fmt.Errorf("event %d, %T of %v: the part is %q", i, ev, at, state[at])
		}
		state[at] = then
	}
	return nil
}

func FuzzSchema(f *testing.F) {
	f.Add(`{"type":["object","null"],"properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"enum":[1,null,"b"]}},"allOf":[{"required":["a"]}]}`)
	f.Add(`{"type":"OBJECT","nullable":true,"propertyOrdering":["b"],"properties":{"b":{"type":"INTEGER","maximum":"3"}}}`)
	f.Fuzz(func(t *testing.T, schema string) {
		raw := llm.Raw(schema)
		if !raw.IsValid() {
			return
		}
		var l llm.Losses
		got, _ := schemaFor(raw, target(subset), &l, "p")
		if got != nil && !got.IsValid() {
			t.Errorf("%s became %s", schema, got)
		}
		if plain := plainSchema(raw); !plain.IsValid() {
			t.Errorf("%s became %s", schema, plain)
		}
	})
}
