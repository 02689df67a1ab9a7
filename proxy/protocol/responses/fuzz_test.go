package responses

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// FuzzRequest: what was read and written once stays as it is when it is read
// and written again, and nothing grows beyond a small multiple of the input.
func FuzzRequest(f *testing.F) {
	f.Add(codex)
	f.Add(`{"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:,x"}]},{"type":"reasoning","summary":[],"encrypted_content":"e"},{"type":"custom_tool_call","call_id":"a","name":"n","input":"x"},{"type":"mcp_call","id":"m"}],"tools":[{"type":"namespace","name":"n","tools":[{"type":"custom","name":"c"}]}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		first, err := Codec{}.DecodeRequest(&protocol.Question{Body: []byte(body)})
		if err != nil {
			return
		}
		var l llm.Losses
		once, err := Codec{}.EncodeRequest(first, target(), &l)
		if err != nil {
			return
		}
		if len(once) > 64*len(body)+1024 {
			t.Errorf("%d bytes grew to %d", len(body), len(once))
		}
		second, err := Codec{}.DecodeRequest(&protocol.Question{Body: once})
		if err != nil {
			t.Fatalf("we refuse what we wrote: %v\n%s", err, once)
		}
		twice, err := Codec{}.EncodeRequest(second, target(), &l)
		if err != nil {
			t.Fatalf("what we wrote can't be written again: %v\n%s", err, once)
		}
		if string(once) != string(twice) {
			t.Errorf("it changes on the way:\n%s\n%s", once, twice)
		}
	})
}

// FuzzAnswer: an answer read whole, and told and read as events, is the same.
func FuzzAnswer(f *testing.F) {
	f.Add(`{"id":"r","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"a"},{"type":"refusal","refusal":"b"}]},{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"x"}],"encrypted_content":"e"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"image_generation_call","result":"aGk="}]}`)
	f.Add(`{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"custom_tool_call","call_id":"c","name":"f","input":""},{"type":"web_search_call","id":"w"}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		whole, err := Codec{}.DecodeResponse([]byte(body), target())
		if err != nil {
			return
		}
		enc := Codec{}.Encoder(&protocol.Reply{Model: "m", ID: "i"})
		var out []byte
		for _, ev := range whole.Events() {
			out = enc.Encode(out, ev)
		}
		again, err := hear(t, target(), out)
		if err != nil {
			t.Fatalf("we can't read what we wrote: %v\n%s", err, out)
		}
		if d := cmp.Diff(words(whole), words(again)); d != "" {
			t.Errorf("it changes on the way: %s\n%s", d, out)
		}
	})
}

// words are what an answer says, part by part.
func words(r *llm.Response) []string {
	var all []string
	for _, p := range r.Choices[0].Parts {
		switch p := p.(type) {
		case *llm.Text:
			all = append(all, "text "+clean(p.Text))
		case *llm.Refusal:
			all = append(all, "refusal "+clean(p.Text))
		case *llm.Thinking:
			all = append(all, "thinking "+clean(p.Text))
		case *llm.ToolCall:
			if p.Arguments == "" && !p.Custom {
				all = append(all, "call "+clean(p.Name)+" {}")
				continue
			}
			all = append(all, "call "+clean(p.Name)+" "+clean(p.Arguments))
		case *llm.Media:
			if p.Data != "" {
				all = append(all, "media")
			}
		case *llm.Foreign:
			all = append(all, "foreign "+clean(p.Type))
		case *llm.ToolResult:
		}
	}
	return all
}

func clean(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

// FuzzStream: whatever a vendor sends, reading ends in an answer or an error.
func FuzzStream(f *testing.F) {
	f.Add(`{"type":"response.output_item.added","item":{"type":"function_call","call_id":"c"}}` + "\n" + `{"type":"response.completed","response":{"status":"completed"}}`)
	f.Add(`{"type":"response.output_text.delta","delta":"x"}` + "\n" + `{"type":"response.output_item.done","item":{"type":"message"}}`)
	f.Add(`{"type":"response.reasoning_summary_text.delta","summary_index":3,"delta":"x"}` + "\n" + `{"type":"error","code":5}`)
	f.Fuzz(func(t *testing.T, lines string) {
		d := Codec{}.Decoder(target())
		var steps []llm.Event
		for line := range strings.SplitSeq(lines, "\n") {
			var err *llm.Error
			if steps, err = d.Decode(steps, nil, []byte(line)); err != nil && err.Class == "" {
				t.Errorf("an error without a class: %v", err)
			}
		}
		steps, _ = d.End(steps)
		open := map[int]bool{}
		for i, ev := range steps {
			at, want, then := -1, true, true
			switch ev := ev.(type) {
			case *llm.Begin:
				if i != 0 {
					t.Errorf("event %d begins the answer", i)
				}
				continue
			case *llm.Open:
				at, want = ev.Index, false
			case *llm.Delta:
				at = ev.Index
			case *llm.Amend:
				at = ev.Index
			case *llm.Close:
				at, then = ev.Index, false
			case *llm.Finish, *llm.End:
				continue
			}
			if open[at] != want {
				t.Errorf("event %d, %T of %d: it is open: %v", i, ev, at, open[at])
			}
			open[at] = then
		}
	})
}
