package proxy

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	messages "github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/posthouse/posthouse/proxy/lab"
	"github.com/posthouse/posthouse/proxy/llm"
)

const (
	awsTestID     = "AKIAIOSFODNN7EXAMPLE"
	awsTestSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	entraTenant   = "11111111-2222-3333-4444-555555555555"
	entraClient   = "66666666-7777-8888-9999-000000000000"
	entraSecret   = "canary~entra-secret-0123"
)

// clouds is a gateway in front of a fake AWS, Google and Azure.
func clouds(t *testing.T) (*rig, *lab.Lab) {
	t.Helper()
	var cloud *lab.Lab
	g := newRig(t, func(g *rig) Config {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { cloud.ServeHTTP(w, r) }))
		t.Cleanup(server.Close)
		account, public := testAccount(t, server.URL+"/google/token")
		cloud = lab.New(lab.Options{
			Pace: -1, Keys: []string{"ABSK-canary-api-key"}, AWS: map[string]string{awsTestID: awsTestSecret},
			Apps: map[string]string{entraClient: entraSecret}, Accounts: map[string]*rsa.PublicKey{"lab@lab-project.iam.gserviceaccount.com": public}, Models: []string{"claude-sonnet-4-5@20250929", "gemini-2.5-pro", "gpt-4.1", "gemini-embedding-001", "gemini-embedding-2", "text-embedding-005"},
		})
		entra := fmt.Sprintf(`{"appId":%q,"password":%q,"tenant":%q,"authority":%q}`, entraClient, entraSecret, entraTenant, server.URL+"/entra")
		provider := func(name, vendor, base, key string) Provider {
			return Provider{ID: "p-" + name, Name: name, Vendor: vendor, BaseURL: server.URL + base, AllowPrivate: true, Keys: []Key{{ID: "k-" + name, Secret: Secret(key)}}}
		}
		return Config{Providers: []Provider{
			provider("aws", "bedrock", "", awsTestID+":"+awsTestSecret),
			provider("awskey", "bedrock", "", "ABSK-canary-api-key"),
			provider("badaws", "bedrock", "", awsTestID+":canary-wrong-secret-0123456789"),
			provider("google", "vertex", "/v1/projects/{project}/locations/{region}/publishers/google", account),
			provider("azure", "azure", "/openai/v1", entra),
			provider("badazure", "azure", "/openai/v1", strings.Replace(entra, entraSecret, "canary-wrong-0123456789", 1)),
		}}
	})
	return g, cloud
}

// TestBedrock: signed requests, whole and streamed, for clients of any dialect.
func TestBedrock(t *testing.T) {
	t.Parallel()
	g, cloud := clouds(t)
	want := lab.Text("tell me a story", 30)
	for _, provider := range []string{"aws", "awskey"} {
		for _, c := range clients {
			for _, stream := range []bool{false, true} {
				a := g.ask(c.dialect, "", provider+"/lab-anthropic.claude-sonnet-4-5:words=30", stream)
				r, whole, failed := a.heardAs(t, c.dialect, stream)
				if a.status != 200 || !whole || failed != nil || wordsOf(r) != want {
					t.Errorf("%s %s stream=%v: %d %v %v %.300s", provider, c.dialect, stream, a.status, whole, failed, a.body)
					continue
				}
				if c.dialect == "openai" && stream {
					continue // it did not ask for counts
				}
				if r.Usage == nil || r.Usage.Prompt() == 0 || r.Usage.Output != 30 {
					t.Errorf("%s %s stream=%v: usage %+v", provider, c.dialect, stream, r.Usage)
				}
			}
		}
	}
	for _, c := range cloud.Calls() {
		if c.Status != 200 {
			t.Errorf("%s: %d", c.Path, c.Status)
		}
	}
	a := g.chat("badaws/lab-chat", false)
	if a.status != http.StatusBadGateway || strings.Contains(a.body, "canary") || !strings.Contains(a.body, "signature") {
		t.Errorf("a wrong secret: %d %s", a.status, a.body)
	}
	v := g.do(g.request("POST", "/v1/embeddings", `{"model":"aws/lab-titan-embed","input":["one","two"],"dimensions":8}`))
	var vectors struct {
		Data []struct{ Embedding []float64 }
	}
	if err := json.Unmarshal([]byte(v.body), &vectors); err != nil || len(vectors.Data) != 2 || len(vectors.Data[1].Embedding) != 8 {
		t.Errorf("vectors: %d %v %s", v.status, err, v.body)
	}
}

// TestBedrockBreaks: exceptions and cut messages end a client's stream in an
// error, never as if it were whole.
func TestBedrockBreaks(t *testing.T) {
	t.Parallel()
	g, _ := clouds(t)
	for _, tt := range []struct {
		fault string
		class llm.Class
	}{
		{"miderr", llm.ClassServerError}, {"die", llm.ClassCut}, {"eof", llm.ClassCut}, {"half", llm.ClassCut},
	} {
		a := g.chat("aws/fault-"+tt.fault, true)
		r, whole, failed := a.heardAs(t, "openai", true)
		if whole || failed == nil && a.err == nil || wordsOf(r) == "" {
			t.Errorf("%s: whole %v, %v %v: %.200s", tt.fault, whole, failed, a.err, a.body)
		}
		if got := g.lastRecord(); got.Class != tt.class {
			t.Errorf("%s: recorded as %s", tt.fault, got.Class)
		}
	}
	for _, tt := range []struct {
		fault  string
		status int
	}{{"e400ctx", 400}, {"e503", 503}, {"e404", 404}, {"e429", 429}} { // the last benches the key
		if a := g.chat("awskey/fault-"+tt.fault, true); a.status != tt.status {
			t.Errorf("%s: %d %s", tt.fault, a.status, a.body)
		}
	}
}

// TestBedrockModels: at home the list of models is asked for at another host,
// signed for its region; behind a base URL of the admin's own it is not.
func TestBedrockModels(t *testing.T) {
	t.Parallel()
	g, cloud := clouds(t)
	for _, key := range []string{awsTestID + ":" + awsTestSecret, "ABSK-canary-api-key"} {
		conf := Provider{Name: "aws", Vendor: "bedrock", Region: "eu-west-1", Keys: []Key{{ID: "k", Secret: Secret(key)}}}
		snap, faults := Compile(Config{Providers: []Provider{conf}})
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		p := &probe{g: g.gateway, provider: snap.providers[0], dialect: g.gateway.protocol("bedrock"), began: time.Now()}
		r, err := p.request(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if p.Unlisted || r.Method != http.MethodGet || r.URL.String() != "https://bedrock.eu-west-1.amazonaws.com/foundation-models" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		r.Host = r.URL.Host // which is signed
		w := httptest.NewRecorder()
		cloud.ServeHTTP(w, r)
		if p.Status = w.Code; w.Code == http.StatusOK {
			p.judge(w.Result(), w.Body.Bytes())
		}
		if !p.OK || len(p.Models) < 2 {
			t.Errorf("%d %s: %+v", w.Code, w.Body, p.ProbeResult)
		}
	}
	for _, p := range []string{"aws", "badaws"} {
		conf := g.provider(p)
		conf.Vendor, conf.BaseURL = "bedrock", strings.TrimSuffix(g.labURL, "/v1")
		if got := g.gateway.Probe(t.Context(), conf, Key{Secret: Secret(awsTestID + ":" + awsTestSecret)}); !got.Unlisted {
			t.Errorf("behind a base URL the list was asked for: %+v", got)
		}
	}
}

// TestVertexEmbeddings: older models make vectors by predict, some of them one by
// one; newer ones by embedContent. Callers need not know.
func TestVertexEmbeddings(t *testing.T) {
	t.Parallel()
	g, cloud := clouds(t)
	for _, tt := range []struct{ model, verb string }{{"text-embedding-005", ":predict"}, {"gemini-embedding-001", ":predict"}, {"gemini-embedding-2", ":embedContent"}} {
		for path, body := range map[string]string{
			"/v1/embeddings": `{"model":"google/` + tt.model + `","input":["one","two"],"dimensions":8}`,
			"/v1beta/models/google%2F" + tt.model + ":batchEmbedContents": `{"requests":[{"model":"models/google/` + tt.model + `","content":{"parts":[{"text":"one"}]},"taskType":"CODE_RETRIEVAL_QUERY"},{"model":"models/google/` + tt.model + `","content":{"parts":[{"text":"two"}]},"taskType":"CODE_RETRIEVAL_QUERY"}]}`,
		} {
			cloud.Reset()
			a := g.do(g.request("POST", path, body))
			if n := strings.Count(a.body, `"embedding":[`) + strings.Count(a.body, `"values":[`); a.status != http.StatusOK || n != 2 {
				t.Errorf("%s %s: %d, %d vectors: %.300s", tt.model, path, a.status, n, a.body)
			}
			for _, c := range cloud.Calls() {
				if strings.HasPrefix(c.Path, "/v1/projects/") && !strings.HasSuffix(c.Path, tt.verb) {
					t.Errorf("%s was asked at %s", tt.model, c.Path)
				}
				if strings.Contains(path, "batch") && c.Model != "" && !strings.Contains(string(c.Body), "CODE_RETRIEVAL_QUERY") {
					t.Errorf("what the vectors are for got lost: %s", c.Body)
				}
			}
			if rec := g.lastRecord(); rec.Usage.Input == 0 {
				t.Errorf("%s: usage %+v", tt.model, rec.Usage)
			}
		}
	}
	// Bytes that pass name the model in the path alone.
	a := g.do(g.request("POST", "/v1beta/models/google%2Fgemini-embedding-2:embedContent", `{"model":"models/x","content":{"parts":[{"text":"one"}]}}`))
	if a.status != http.StatusOK || !strings.Contains(a.body, `"values":[`) {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestVertex: a service account's token is fetched once, serves both
// publishers, and is replaced when it is called back.
func TestVertex(t *testing.T) {
	t.Parallel()
	g, cloud := clouds(t)
	now := time.Now()
	later := func(d time.Duration) {
		now = now.Add(d)
		at := now
		g.mu.Lock()
		defer g.mu.Unlock()
		g.now = func() time.Time { return at }
	}
	later(0)
	check := func(dialect, model string, stream bool) {
		t.Helper()
		a := g.ask(dialect, "", "google/"+model, stream)
		r, whole, failed := a.heardAs(t, dialect, stream)
		if a.status != 200 || !whole || failed != nil || !strings.Contains(wordsOf(r), "tell me a story") {
			t.Errorf("%s %s stream=%v: %d %v %.300s", dialect, model, stream, a.status, failed, a.body)
		}
	}
	for _, dialect := range []string{"openai", "anthropic", "gemini"} {
		for _, stream := range []bool{false, true} {
			check(dialect, "claude-sonnet-4-5@20250929", stream)
			check(dialect, "gemini-2.5-pro", stream)
		}
	}
	if n := cloud.Issued(); n != 1 {
		t.Errorf("%d tokens for one key", n)
	}
	paths := map[string]bool{}
	for _, c := range cloud.Calls() {
		path, _, _ := strings.Cut(c.Path, "?")
		paths[path[strings.LastIndex(path, "/")+1:]] = true
		if strings.HasPrefix(c.Path, "/v1/projects/") && !strings.HasPrefix(c.Path, "/v1/projects/lab-project/locations/global/") {
			t.Errorf("the account's project is not in %s", c.Path)
		}
	}
	for _, want := range []string{"claude-sonnet-4-5@20250929:rawPredict", "claude-sonnet-4-5@20250929:streamRawPredict", "gemini-2.5-pro:generateContent", "gemini-2.5-pro:streamGenerateContent"} {
		if !paths[want] {
			t.Errorf("nobody asked %s: %v", want, paths)
		}
	}
	counted := g.do(g.request("POST", "/v1/messages/count_tokens", `{"model":"google/claude-sonnet-4-5@20250929","messages":[{"role":"user","content":"hi"}]}`))
	if counted.status != 200 || !strings.Contains(counted.body, `"input_tokens"`) {
		t.Errorf("counting: %d %s", counted.status, counted.body)
	}
	later(time.Minute)
	cloud.Revoke()
	check("anthropic", "claude-sonnet-4-5@20250929", false)
	if n := cloud.Issued(); n != 2 {
		t.Errorf("%d tokens after the first was called back", n)
	}
	later(58 * time.Minute) // 2 minutes are left: the old one serves, the next is fetched
	check("gemini", "gemini-2.5-pro", false)
	held := func() bool {
		g.gateway.tokens.mu.Lock()
		defer g.gateway.tokens.mu.Unlock()
		for _, held := range g.gateway.tokens.held {
			return held.since.Equal(now)
		}
		return false
	}
	for deadline := time.After(5 * time.Second); !held(); {
		select {
		case <-deadline:
			t.Fatal("no fresh token was fetched")
		case <-time.After(time.Millisecond):
		}
	}
	if n := cloud.Issued(); n != 3 {
		t.Errorf("%d tokens after the second grew old", n)
	}
	later(3 * time.Hour)
	check("gemini", "gemini-2.5-pro", false)
	if n := cloud.Issued(); n != 4 {
		t.Errorf("%d tokens after the last ended", n)
	}
}

// TestEntra: an application's token serves Azure; a wrong secret is told
// without it.
func TestEntra(t *testing.T) {
	t.Parallel()
	g, cloud := clouds(t)
	for range 3 {
		if a := g.chat("azure/gpt-4.1", false); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if n := cloud.Issued(); n != 1 {
		t.Errorf("%d tokens for one key", n)
	}
	a := g.chat("badazure/gpt-4.1", false)
	if a.status != http.StatusBadGateway || strings.Contains(a.body, "canary") || !strings.Contains(a.body, "AADSTS7000215") || strings.Contains(a.body, "Trace ID") {
		t.Errorf("a wrong secret: %d %s", a.status, a.body)
	}
	for range 4 { // the log's line is written before the record
		if r := g.lastRecord(); strings.Contains(fmt.Sprintf("%+v %+v", r, r.Attempts), "canary") {
			t.Errorf("the record shows a secret: %+v", r)
		}
	}
	if strings.Contains(g.log.String(), "canary") {
		t.Errorf("the log shows a secret: %s", g.log.String())
	}
}

// TestClaudeEverywhere: Anthropic's own client thinks, calls a tool and sends
// everything back, to Claude at Anthropic, at Bedrock and behind OpenAI's
// dialect; the fakes verify every signature.
func TestClaudeEverywhere(t *testing.T) {
	t.Parallel()
	g, _ := clouds(t)
	conf := one(g)
	conf.Providers = append(conf.Providers, Provider{ID: "p-claude", Name: "claude", Vendor: "anthropic", BaseURL: strings.TrimSuffix(g.labURL, "/v1"), AllowPrivate: true, Keys: []Key{{ID: "k", Secret: "sk-ant-canary-012345"}}})
	g.load(conf)
	both, _ := clouds(t)
	for _, tt := range []struct {
		g     *rig
		model string
		signs bool
	}{
		{g, "claude/lab-redact", true}, {g, "main/lab-reason", false}, {both, "aws/lab-anthropic.claude-sonnet-4-5-redact", true},
	} {
		c := messages.NewClient(option.WithBaseURL(tt.g.url), option.WithAPIKey("none"), option.WithMaxRetries(0))
		p := messages.MessageNewParams{
			Model: tt.model, MaxTokens: 4096, Thinking: messages.ThinkingConfigParamOfEnabled(1024),
			Messages: []messages.MessageParam{messages.NewUserMessage(messages.NewTextBlock("What is the weather in Paris?"), messages.NewImageBlockBase64("image/png", "iVBORw0KGgo="))},
			Tools: []messages.ToolUnionParam{{OfTool: &messages.ToolParam{Name: "get_weather", InputSchema: messages.ToolInputSchemaParam{
				Properties: map[string]any{"city": map[string]any{"type": "string"}}, Required: []string{"city"},
			}}}},
		}
		var first messages.Message
		stream := c.Messages.NewStreaming(t.Context(), p)
		for stream.Next() {
			if err := first.Accumulate(stream.Current()); err != nil {
				t.Fatal(err)
			}
		}
		if err := stream.Err(); err != nil {
			t.Errorf("%s: %v", tt.model, err)
			continue
		}
		call := first.Content[len(first.Content)-1]
		if first.StopReason != "tool_use" || first.Content[0].Type != "thinking" || first.Content[0].Thinking == "" || call.Type != "tool_use" {
			t.Errorf("%s: %s", tt.model, first.RawJSON())
			continue
		}
		if tt.signs && (first.Content[0].Signature == "" || first.Content[1].Type != "redacted_thinking") {
			t.Errorf("%s: nothing signed: %+v", tt.model, first.Content)
		}
		p.Messages = append(p.Messages, first.ToParam(), messages.NewUserMessage(messages.NewToolResultBlock(call.ID, "21 °C", false)))
		second, err := c.Messages.New(t.Context(), p)
		if err != nil {
			t.Errorf("%s: %v", tt.model, err)
			continue
		}
		if got := second.Content[len(second.Content)-1].Text; got != "The tool answered: 21 °C." {
			t.Errorf("%s: %q", tt.model, got)
		}
	}
}
