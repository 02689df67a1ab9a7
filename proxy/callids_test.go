package proxy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// mistral is a gateway with a vendor that takes ids of nine letters and digits
// and refuses all others.
func mistral(g *rig) Config {
	p := g.provider("main", "sk-1")
	p.Vendor, p.Models = "mistral", []string{"mistral-lab-large"}
	return Config{Providers: []Provider{p}}
}

const weatherTool = `{"type":"function","function":{"name":"get_weather","description":"The weather of a city","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}`

// begunElsewhere is a conversation in which another vendor called a tool twice.
const begunElsewhere = `{"model":"mistral-lab-large", "temperature":0.50, "tools":[` + weatherTool + `],
 "messages":[{"role":"user","content":"the weather in two cities: \"tool_call_id\":\"call_1\""},
  {"role":"assistant","content":null,"tool_calls":[
    {"id":"call_lab0123456789abcdef","type":"function","function":{"name":"get_weather","arguments":"{\"id\":\"call_1\"}"}},
    {"type":"function","function":{"name":"get_weather","arguments":"{}"},"id":"toolu_01A09q90qw90lq917835lq9"}]},
  {"role":"tool","tool_call_id":"call_lab0123456789abcdef","content":"rain"},
  {"role":"tool","content":"sun","tool_call_id":"toolu_01A09q90qw90lq917835lq9"},
  {"role":"assistant","content":null,"tool_calls":[{"id":"D681PevKs","type":"function","function":{"name":"get_weather","arguments":"{}"}}]},
  {"role":"tool","tool_call_id":"D681PevKs","content":"wind"},
  {"role":"user","content":"and now?"}]}`

// TestCallsFromElsewhereGetIDsTheVendorTakes: nothing but the ids is touched, and
// each call keeps its answer.
func TestCallsFromElsewhereGetIDsTheVendorTakes(t *testing.T) {
	t.Parallel()
	g := newRig(t, mistral)
	if got := g.do(g.request("POST", "/v1/chat/completions", begunElsewhere)); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	sent := string(g.lab.Calls()[0].Body)
	ids := regexp.MustCompile(`"(?:tool_call_)?id":"(\w+)"`).FindAllStringSubmatch(sent, -1)
	if len(ids) != 6 || ids[0][1] != ids[2][1] || ids[1][1] != ids[3][1] || ids[4][1] != "D681PevKs" || ids[5][1] != "D681PevKs" || ids[0][1] == ids[1][1] {
		t.Errorf("ids %v", ids)
	}
	back := strings.NewReplacer(ids[0][1], "call_lab0123456789abcdef", ids[1][1], "toolu_01A09q90qw90lq917835lq9").Replace(sent)
	if back != begunElsewhere {
		t.Errorf("more than the ids was changed:\n%s", sent)
	}
	first := sent
	g.do(g.request("POST", "/v1/chat/completions", begunElsewhere))
	if again := string(g.lab.Calls()[1].Body); again != first {
		t.Errorf("the second time it was\n%s", again)
	}
}

// TestEveryDialectsCallsReachAVendorOfExactIDs in a loop of two turns.
func TestEveryDialectsCallsReachAVendorOfExactIDs(t *testing.T) {
	t.Parallel()
	g := newRig(t, mistral)
	for name, c := range map[string]struct{ path, body string }{
		"anthropic": {"/v1/messages", `{"model":"mistral-lab-large","max_tokens":100,"messages":[{"role":"user","content":"the weather?"},
			{"role":"assistant","content":[{"type":"tool_use","id":"toolu_01A09q90qw90lq917835lq9","name":"get_weather","input":{"city":"Paris"}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_01A09q90qw90lq917835lq9","content":"rain"}]}],
			"tools":[{"name":"get_weather","input_schema":{"type":"object"}}]}`},
		"gemini": {"/v1beta/models/mistral-lab-large:generateContent", `{"contents":[{"role":"user","parts":[{"text":"the weather?"}]},
			{"role":"model","parts":[{"functionCall":{"name":"get_weather","args":{"city":"Paris"}}}]},
			{"role":"user","parts":[{"functionResponse":{"name":"get_weather","response":{"output":"rain"}}}]}],
			"tools":[{"functionDeclarations":[{"name":"get_weather","parameters":{"type":"OBJECT"}}]}]}`},
		"responses": {"/v1/responses", `{"model":"mistral-lab-large","input":[{"role":"user","content":"the weather?"},
			{"type":"function_call","call_id":"call_1","name":"get_weather","arguments":"{}"},
			{"type":"function_call_output","call_id":"call_1","output":"rain"}],
			"tools":[{"type":"function","name":"get_weather","parameters":{"type":"object"}}]}`},
	} {
		if got := g.do(g.request("POST", c.path, c.body)); got.status != http.StatusOK || !strings.Contains(got.body, "rain") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	// A call of the vendor's own goes to the caller as it is, and back.
	asked := `{"model":"mistral-lab-large","tools":[` + weatherTool + `],"messages":[{"role":"user","content":"the weather in Paris"}%s]}`
	got := g.do(g.request("POST", "/v1/chat/completions", fmt.Sprintf(asked, "")))
	var answer struct {
		Choices []struct {
			Message json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || len(answer.Choices) != 1 {
		t.Fatalf("%v: %s", err, got.body)
	}
	id := regexp.MustCompile(`"id":"([a-zA-Z0-9]{9})"`).FindStringSubmatch(string(answer.Choices[0].Message))
	if id == nil {
		t.Fatalf("no id of nine: %s", got.body)
	}
	body := fmt.Sprintf(asked, ","+string(answer.Choices[0].Message)+`,{"role":"tool","tool_call_id":"`+id[1]+`","content":"rain"}`)
	if got = g.do(g.request("POST", "/v1/chat/completions", body)); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	calls := g.lab.Calls()
	if sent := string(calls[len(calls)-1].Body); sent != body {
		t.Errorf("the vendor's own id was changed:\n%s", sent)
	}
}

func BenchmarkIDEdits(b *testing.B) {
	g := newRig(b, mistral)
	body := []byte(begunElsewhere)
	peek, failed := peekJSON(body)
	if failed != nil {
		b.Fatal(failed)
	}
	c := &call{g: g.gateway, body: body, peek: peek, entry: entry{protocol: g.gateway.protocol("openai")}}
	cand := &candidate{target: target{provider: g.gateway.snapshot.Load().byName["main"]}, model: "mistral-lab-large"}
	b.ReportAllocs()
	for b.Loop() {
		c.idEdits(cand)
	}
}
