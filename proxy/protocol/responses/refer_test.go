package responses

import (
	"encoding/json"
	"testing"

	"github.com/posthouse/posthouse/proxy/rawjson"
)

func fieldsOf(body []byte) (fields []rawjson.Field, err error) {
	err = rawjson.Fields(body, func(f rawjson.Field) error { fields = append(fields, f); return nil })
	return fields, err
}

// FuzzResolved: whatever a body refers to, it is an object with a list for its
// input once that is put in.
func FuzzResolved(f *testing.F) {
	f.Add(`{"model":"m","previous_response_id":"resp_1","input":"go on","store":false}`)
	f.Add(`{"input":[{"type":"item_reference","id":"a"},{"role":"user","content":"x"}],"previous_response_id":null}`)
	f.Add(`{"previous_response_id":"x"}`)
	f.Fuzz(func(t *testing.T, text string) {
		body := []byte(text)
		fields, err := fieldsOf(body)
		if err != nil {
			return
		}
		ReferencesIn(body, fields)
		before := []json.RawMessage{json.RawMessage(`{"role":"user","content":"before"}`)}
		resolved, own := Resolved(body, fields, before, map[string]json.RawMessage{"a": json.RawMessage(`{"id":"a"}`)})
		if own == nil && string(resolved) == text {
			return
		}
		again, err := fieldsOf(resolved)
		if err != nil {
			t.Fatalf("%v: %s", err, resolved)
		}
		for _, f := range again {
			switch string(f.Key) {
			case "previous_response_id":
				t.Errorf("it still refers to an answer: %s", resolved)
			case "input":
				var items []json.RawMessage
				if json.Unmarshal(f.Value(resolved), &items) != nil || len(items) == 0 {
					t.Errorf("the input is no list: %s", resolved)
				}
			}
		}
	})
}

func TestTold(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		`{"id":"resp_1","output":[{"id":"a"}]}`,
		"event: response.output_item.done\ndata: {\"x\":1}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"output\":[{\"id\":\"a\"}]}}\n\n",
	} {
		response, output, id := Told([]byte(answer))
		if id != "resp_1" || len(output) != 1 || string(response) != `{"id":"resp_1","output":[{"id":"a"}]}` {
			t.Errorf("%s: %s %s %s", answer, response, output, id)
		}
	}
	if _, _, id := Told([]byte("event: error\ndata: {")); id != "" {
		t.Errorf("a broken end has the id %q", id)
	}
}
