package proxy

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// responsesCall asks by the Responses API and gives the answer's object.
func (g *rig) responsesCall(body string, key string) (status int, w struct {
	ID     string            `json:"id"`
	Store  bool              `json:"store"`
	Output []json.RawMessage `json:"output"`
	Error  struct{ Message, Code string }
},
) {
	g.t.Helper()
	r := g.request("POST", "/v1/responses", body)
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	a := g.do(r)
	text := a.body
	if at := strings.LastIndex(text, "event: response.completed\ndata: "); at >= 0 {
		text = `{"x":` + text[at+len("event: response.completed\ndata: "):]
		text = strings.TrimSpace(text) + "}"
		var ev struct {
			X struct {
				Response json.RawMessage `json:"response"`
			} `json:"x"`
		}
		if err := json.Unmarshal([]byte(text), &ev); err != nil {
			g.t.Fatalf("%v: %s", err, a.body)
		}
		text = string(ev.X.Response)
	}
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		g.t.Fatalf("%v: %s", err, a.body)
	}
	return a.status, w
}

const weather = `"tools":[{"type":"function","name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}]`

// TestGoesOnFromAnAnswer has a conversation by previous_response_id, whole and
// streamed, against a vendor that has no such thing.
func TestGoesOnFromAnAnswer(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		g := newRig(t, one)
		g.gateway.memory = NewShortMemory(1<<20, time.Hour, g.now)
		ask := func(fields string) (int, string) {
			status, w := g.responsesCall(fmt.Sprintf(`{"model":"lab-x","stream":%v,%s}`, stream, fields), "")
			if status == 200 && !w.Store {
				t.Errorf("stream %v: the answer does not say that it is kept", stream)
			}
			return status, w.ID
		}
		_, first := ask(weather + `,"input":"What is the weather?"`)
		var call struct {
			CallID string `json:"call_id"`
		}
		m, err := g.gateway.memory.Recall(t.Context(), "", first)
		if err != nil || json.Unmarshal(m.Output[0], &call) != nil || call.CallID == "" {
			t.Fatalf("stream %v: %s is not kept: %v %+v", stream, first, err, m)
		}
		status, second := ask(fmt.Sprintf(`%s,"previous_response_id":%q,"input":[{"type":"function_call_output","call_id":%q,"output":"rain"}]`, weather, first, call.CallID))
		if status != 200 {
			t.Fatalf("stream %v: %d", stream, status)
		}
		ask(fmt.Sprintf(`"previous_response_id":%q,"input":"And tomorrow?"`, second))
		calls := g.lab.Calls()
		last := string(calls[len(calls)-1].Body)
		for _, said := range []string{"What is the weather?", "get_weather", "rain", "The tool answered", "And tomorrow?"} {
			if !strings.Contains(last, said) {
				t.Errorf("stream %v: the vendor was not told %q: %s", stream, said, last)
			}
		}
	}
}

// TestRefersToItems: the AI SDK names the items of earlier answers.
func TestRefersToItems(t *testing.T) {
	t.Parallel()
	g := newRig(t, one)
	g.gateway.memory = NewShortMemory(1<<20, time.Hour, g.now)
	_, first := g.responsesCall(`{"model":"lab-x",`+weather+`,"input":"What is the weather?"}`, "")
	var call struct {
		ID     string `json:"id"`
		CallID string `json:"call_id"`
	}
	if err := json.Unmarshal(first.Output[0], &call); err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"model":"lab-x",%s,"input":[{"role":"user","content":"What is the weather?"},{"type":"item_reference","id":%q},{"type":"function_call_output","call_id":%q,"output":"rain"}]}`, weather, call.ID, call.CallID)
	status, second := g.responsesCall(body, "")
	if status != 200 || !strings.Contains(string(second.Output[0]), "rain") {
		t.Errorf("%d %s %+v", status, second.Output, second.Error)
	}
	status, refused := g.responsesCall(`{"model":"lab-x","input":[{"type":"item_reference","id":"rs_none"}]}`, "")
	if status != 400 || !strings.Contains(refused.Error.Message, "not kept") {
		t.Errorf("an unknown item: %d %+v", status, refused.Error)
	}
}

// TestAnswersAreTheirOwners: nobody goes on from another consumer's answer, and
// what must not be kept is not.
func TestAnswersAreTheirOwners(t *testing.T) {
	t.Parallel()
	g := newRig(t, func(g *rig) Config {
		c := one(g)
		c.Access.Mode = AccessKeys
		for _, name := range []string{"alice", "bob"} {
			c.Consumers = append(c.Consumers, Consumer{ID: "c-" + name, Name: name, Keys: []ConsumerKey{{ID: "k-" + name, Hash: sha256.Sum256([]byte("sk-ph-" + name))}}})
		}
		return c
	})
	g.gateway.memory = NewShortMemory(1<<20, time.Hour, g.now)
	_, hers := g.responsesCall(`{"model":"lab-x","input":"a secret"}`, "sk-ph-alice")
	follow := fmt.Sprintf(`{"model":"lab-x","input":"go on","previous_response_id":%q}`, hers.ID)
	if status, w := g.responsesCall(follow, "sk-ph-bob"); status != 400 || !strings.Contains(w.Error.Message, "not kept") {
		t.Errorf("bob goes on from alice's answer: %d %+v", status, w.Error)
	}
	if status, _ := g.responsesCall(follow, "sk-ph-alice"); status != 200 {
		t.Errorf("alice can't go on: %d", status)
	}
	get := func(method, path, key string) answer {
		r := g.request(method, path, "")
		r.Header.Set("Authorization", "Bearer "+key)
		return g.do(r)
	}
	if a := get(http.MethodGet, "/v1/responses/"+hers.ID, "sk-ph-bob"); a.status != 404 {
		t.Errorf("bob reads it: %d %s", a.status, a.body)
	}
	if a := get(http.MethodGet, "/v1/responses/"+hers.ID, "sk-ph-alice"); a.status != 200 || !strings.Contains(a.body, hers.ID) {
		t.Errorf("alice reads it: %d %s", a.status, a.body)
	}
	if a := get(http.MethodGet, "/v1/responses/"+hers.ID+"/input_items", "sk-ph-alice"); a.status != 200 || !strings.Contains(a.body, "a secret") {
		t.Errorf("its input: %d %s", a.status, a.body)
	}
	if a := get(http.MethodDelete, "/v1/responses/"+hers.ID, "sk-ph-alice"); a.status != 200 || !strings.Contains(a.body, `"deleted":true`) {
		t.Errorf("alice deletes it: %d %s", a.status, a.body)
	}
	if a := get(http.MethodGet, "/v1/responses/"+hers.ID, "sk-ph-alice"); a.status != 404 {
		t.Errorf("it is still there: %d", a.status)
	}
	_, unkept := g.responsesCall(`{"model":"lab-x","input":"x","store":false}`, "sk-ph-alice")
	if a := get(http.MethodGet, "/v1/responses/"+unkept.ID, "sk-ph-alice"); a.status != 404 || unkept.Store {
		t.Errorf("kept although store is false: %d", a.status)
	}
}

func TestShortMemory(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	s := NewShortMemory(8000, time.Hour, func() time.Time { return now })
	keep := func(id string, size int) error {
		return s.Keep(t.Context(), Memo{ID: id, Owner: "o", Output: []json.RawMessage{json.RawMessage(`{"id":"item-` + id + `"}`)}, Response: make([]byte, size)})
	}
	if err := keep("large", 1100); err == nil {
		t.Error("more than an eighth of the room was taken")
	}
	for i := range 20 {
		if err := keep(fmt.Sprint(i), 900); err != nil {
			t.Fatal(err)
		}
	}
	if s.size > 8000 || len(s.memos) != s.order.Len() || len(s.items) != len(s.memos) {
		t.Errorf("%d bytes, %d memos, %d items", s.size, len(s.memos), len(s.items))
	}
	if _, err := s.Recall(t.Context(), "o", "0"); !errors.Is(err, ErrForgotten) {
		t.Errorf("the oldest: %v", err)
	}
	if _, err := s.Item(t.Context(), "o", "item-19"); err != nil {
		t.Errorf("the newest item: %v", err)
	}
	now = now.Add(61 * time.Minute)
	if _, err := s.Recall(t.Context(), "o", "19"); !errors.Is(err, ErrForgotten) {
		t.Errorf("after its time: %v", err)
	}
	if err := keep("new", 10); err != nil || len(s.memos) != 1 || len(s.items) != 1 {
		t.Errorf("%v, %d memos, %d items", err, len(s.memos), len(s.items))
	}
}
