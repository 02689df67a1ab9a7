package proxy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// keeper is a vendor of the Responses API that keeps its answers, and knows no
// other's.
type keeper struct {
	name string
	down atomic.Bool
	made atomic.Int64 // answers
}

func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Stream   bool
		Previous string `json:"previous_response_id"`
	}
	_ = json.NewDecoder(r.Body).Decode(&asked) // the tests' own
	w.Header().Set("Content-Type", "application/json")
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case k.down.Load():
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"error":{"message":"down","type":"server_error"}}`)
		return
	case asked.Previous != "" && !strings.HasPrefix(asked.Previous, "resp_"+k.name+"_"+key+"_"):
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":{"message":"Previous response with id '%s' not found.","type":"invalid_request_error","param":"previous_response_id","code":"previous_response_not_found"}}`, asked.Previous)
		return
	}
	id := fmt.Sprintf("resp_%s_%s_%d", k.name, key, k.made.Add(1))
	answer := fmt.Sprintf(`{"id":%q,"object":"response","status":"completed","output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"hi","annotations":[]}]}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}`, id)
	if !asked.Stream {
		fmt.Fprint(w, answer)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"hi\"}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"response\":%s}\n\n", answer)
}

// TestGoesBackToWhoKeepsIt: a request that goes on from an answer which a
// vendor keeps goes to that vendor and key, first of all and to nobody else.
func TestGoesBackToWhoKeepsIt(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		east, west := &keeper{name: "east"}, &keeper{name: "west"}
		g := newRig(t, func(g *rig) Config {
			conf := Config{Routes: []Route{{ID: "r", Name: "r", Affinity: AffinityOff}}}
			for _, k := range []*keeper{east, west} {
				p := g.provider(k.name, k.name+"1", k.name+"2")
				p.Vendor, p.BaseURL = "openai", scripted(t, k.ServeHTTP)
				conf.Providers = append(conf.Providers, p)
				conf.Routes[0].Targets = append(conf.Routes[0].Targets, Target{Provider: k.name, Model: "gpt-5"})
			}
			return conf
		})
		ask := func(previous string) (int, string) {
			status, w := g.responsesCall(fmt.Sprintf(`{"model":"gpt-5","stream":%v,"input":"go on"%s}`, stream, previous), "")
			return status, w.ID + w.Error.Message
		}
		var last string
		for range 12 { // a conversation each, spread over targets and keys
			_, id := ask("")
			for range 3 {
				was := id
				status, next := ask(fmt.Sprintf(`,"previous_response_id":%q`, id))
				if id = next; status != 200 {
					t.Fatalf("stream %v: %d %s", stream, status, id)
				}
				if rec := g.lastRecord(); len(rec.Attempts) != 1 || len(rec.Skipped) > 1 || keyOf(id) != keyOf(was) {
					t.Fatalf("stream %v: %s after %s in %d attempts, skipped %v", stream, id, was, len(rec.Attempts), rec.Skipped)
				}
			}
			last = id
		}
		if east.made.Load() == 0 || west.made.Load() == 0 {
			t.Error("all conversations were had with one of them")
		}

		// What was kept before a restart is looked for everywhere.
		g.gateway.held = newBonds(g.clock, heldFor)
		status, id := ask(fmt.Sprintf(`,"previous_response_id":%q`, last))
		if status != 200 || keyOf(id) != keyOf(last) {
			t.Errorf("stream %v: after a restart %d %s", stream, status, id)
		}
		if status, id = ask(`,"previous_response_id":"resp_none"`); status != 400 || !strings.Contains(id, "'resp_none' not found") {
			t.Errorf("stream %v: what nobody keeps: %d %s", stream, status, id)
		}

		// While who keeps it is down, the reason is that, not what others say.
		east.down.Store(true)
		west.down.Store(true)
		if status, id = ask(fmt.Sprintf(`,"previous_response_id":%q`, last)); status < 500 {
			t.Errorf("stream %v: while it is down: %d %s", stream, status, id)
		}
		for _, at := range g.lastRecord().Attempts {
			if at.Provider != strings.Split(last, "_")[1] {
				t.Errorf("stream %v: %s was asked for what %s is of", stream, at.Provider, last)
			}
		}
	}
}

// keyOf is who made an answer, and under which key.
func keyOf(id string) string { return id[:strings.LastIndexByte(id, '_')] }
