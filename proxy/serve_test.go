package proxy

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/lab"
)

const story = "tell me a story"

func TestChat(t *testing.T) {
	g := newRig(t, one)
	for _, stream := range []bool{false, true} {
		a := g.chat("lab-chat:words=30", stream)
		text, finish := a.text(t)
		if a.status != 200 || a.err != nil || text != lab.Text(story, 30) || finish != "stop" {
			t.Fatalf("stream %v: %d %v %q %q", stream, a.status, a.err, text, finish)
		}
		if stream != strings.HasSuffix(a.body, "data: [DONE]\n\n") {
			t.Errorf("stream %v: ends in %q", stream, a.body[len(a.body)-30:])
		}
		rec := g.lastRecord()
		if rec.Provider != "main" || rec.Model != "lab-chat:words=30" || rec.Class != "" || rec.Stream != stream || len(rec.Attempts) != 1 || rec.FirstByte == 0 {
			t.Errorf("record %+v", rec)
		}
		for name, want := range map[string]string{"X-Posthouse-Provider": "main", "X-Posthouse-Attempts": "1", "X-Request-Id": rec.ID} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	}
}

// TestByteFidelity relays odd bodies: the vendor must see what the caller
// wrote, but for the model's name.
func TestByteFidelity(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := one(g)
		conf.Routes = []Route{{ID: "r", Name: "r", Match: Match{Models: []ModelMatch{{Value: "alias"}}}, Targets: []Target{{Provider: "main", Model: "lab-chat"}}}}
		return conf
	})
	bodies := []string{
		`{"model":"alias","messages":[{"role":"user","content":"hi"}]}`,
		`{ "messages" : [ {"role":"user","content":"hi"} ] , "model" : "alias" }`,
		"{\n\t\"model\":\"alias\",\r\n\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":0.0,\"top_p\":1.00,\"seed\":0,\"n\":1}\n",
		`{"model":"alias","messages":[{"role":"user","content":"\u4f60\u662f谁 \"model\":\"no\" \\"}],"stop":"END","temperature":1e0}`,
		`{"zz_unknown":{"model":"inner","deep":[[],{},null,-0,1E+2]},"model":"alias","messages":[{"role":"user","content":"x"}],"logit_bias":{}}`,
		`{"messages":[{"content":"x","role":"user","model":"inner"}],"model":"ali\u0061s","metadata":{"a":"b"}}`,
		`{"model":"alias","messages":[{"role":"user","content":"😀 ` + "\u2028" + `"}],"user":"u","seed":12345678901234567890}`,
		`{"model":"alias","messages":[{"role":"user","content":"x"}],"a":1,"a":2}`,
	}
	for _, body := range bodies {
		g.lab.Reset()
		a := g.do(g.request("POST", "/v1/chat/completions", body))
		calls := g.lab.Calls()
		if a.status != 200 || len(calls) != 1 {
			t.Errorf("%s: %d %s", body, a.status, a.body)
			continue
		}
		want := strings.NewReplacer(`"alias"`, `"lab-chat"`, `"ali\u0061s"`, `"lab-chat"`).Replace(body)
		if got := string(calls[0].Body); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	same := `{"model" :  "lab-chat","messages":[{"role":"user","content":"x"}]}` + "\n"
	g.lab.Reset()
	g.do(g.request("POST", "/v1/chat/completions", same))
	if got := string(g.lab.Calls()[0].Body); got != same {
		t.Errorf("without a change of model: got %q", got)
	}
}

func TestHeadersStayHere(t *testing.T) {
	g := newRig(t, one)
	r := g.request("POST", "/v1/chat/completions", chatBody("lab-chat", false))
	for name, value := range map[string]string{
		"Authorization": "Bearer client-own-key", "X-Api-Key": "client-own-key", "Api-Key": "client-own-key", "X-Goog-Api-Key": "client-own-key",
		"Cookie": "session=client-own-key", "Idempotency-Key": "client-own-key", "X-Internal": "client-own-key", "Openai-Organization": "client-own-key",
	} {
		r.Header.Set(name, value)
	}
	if a := g.do(r); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	call := g.lab.Calls()[0]
	for name, values := range call.Header {
		if strings.Contains(strings.Join(values, " "), "client-own-key") {
			t.Errorf("the vendor saw %s: %v", name, values)
		}
	}
	if got := call.Header.Get("Authorization"); got != "Bearer sk-vendor-canary-1" {
		t.Errorf("the vendor's key: got %q", got)
	}
	if strings.Contains(g.log.String(), "canary") || strings.Contains(g.log.String(), "client-own-key") {
		t.Errorf("a key is in the log: %s", g.log.String())
	}
}

func TestOtherEndpoints(t *testing.T) {
	g := newRig(t, one)
	form := "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n--X\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nmain/lab-whisper\r\n--X--\r\n"
	tests := []struct{ method, path, kind, body, says string }{
		{"POST", "/v1/embeddings", "", `{"model":"lab-embed","input":"x"}`, `"embedding"`},
		{"POST", "/v1/completions", "", `{"model":"lab-x","prompt":"x"}`, `"text"`},
		{"POST", "/v1/responses", "", `{"model":"lab-x","input":"x"}`, `"output"`},
		{"POST", "/v1/moderations", "", `{"model":"lab-x","input":"x"}`, `"results"`},
		{"POST", "/v1/rerank", "", `{"model":"lab-x","query":"x","documents":["a","b"]}`, `"results"`},
		{"POST", "/v1/images/generations", "", `{"model":"lab-x","prompt":"x"}`, `"b64_json"`},
		{"POST", "/v1/audio/speech", "", `{"model":"lab-x","input":"x","voice":"a"}`, ""},
		{"POST", "/v1/audio/transcriptions", "multipart/form-data; boundary=X", form, "model.wav"},
		{"GET", "/v1/models", "", "", `"object":"list"`},
	}
	for _, tt := range tests {
		r := g.request(tt.method, tt.path, tt.body)
		if tt.kind != "" {
			r.Header.Set("Content-Type", tt.kind)
		}
		a := g.do(r)
		if a.status != 200 || a.err != nil || !strings.Contains(a.body, tt.says) {
			t.Errorf("%s: %d %v %.300s", tt.path, a.status, a.err, a.body)
		}
	}
	for _, c := range g.lab.Calls() {
		if strings.Contains(string(c.Body), "main/") {
			t.Errorf("%s: the provider's name reached the vendor: %s", c.Path, c.Body)
		}
	}
}

func TestStreamedResponses(t *testing.T) {
	g := newRig(t, one)
	a := g.do(g.request("POST", "/v1/responses", `{"model":"lab-x","input":"x","stream":true}`))
	if a.status != 200 || a.err != nil || !strings.Contains(a.body, "response.completed") {
		t.Fatalf("%d %v %s", a.status, a.err, a.body)
	}
	if rec := g.lastRecord(); !rec.UsageSeen || rec.Usage.Output == 0 {
		t.Errorf("usage not seen: %+v", rec.Usage)
	}
}

func TestRefusals(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := one(g)
		conf.Providers[0].Models = []string{"lab-chat", "lab-two"}
		conf.Limits.BodyBytes = 1 << 20
		return conf
	})
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	tests := []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"unknown model", "POST", "/v1/chat/completions", chatBody("nope", false), 404, "model_not_found"},
		{"empty", "POST", "/v1/chat/completions", "", 400, "invalid_json"},
		{"brace", "POST", "/v1/chat/completions", "{", 400, "invalid_json"},
		{"list", "POST", "/v1/chat/completions", "[]", 400, "invalid_json"},
		{"null", "POST", "/v1/chat/completions", "null", 400, "invalid_json"},
		{"string", "POST", "/v1/chat/completions", `"x"`, 400, "invalid_json"},
		{"trailing", "POST", "/v1/chat/completions", `{"model":"lab-chat"} x`, 400, "invalid_json"},
		{"byte order mark", "POST", "/v1/chat/completions", "\ufeff{}", 400, "invalid_json"},
		{"utf-16", "POST", "/v1/chat/completions", "\xff\xfe{\x00}\x00", 400, "invalid_json"},
		{"deep", "POST", "/v1/chat/completions", `{"model":"lab-chat","x":` + deep + "}", 400, "invalid_json"},
		{"no model", "POST", "/v1/chat/completions", `{"messages":[]}`, 400, "missing_required_parameter"},
		{"model number", "POST", "/v1/chat/completions", `{"model":5}`, 400, "invalid_request"},
		{"model empty", "POST", "/v1/chat/completions", `{"model":""}`, 400, "invalid_request"},
		{"model null byte", "POST", "/v1/chat/completions", `{"model":"lab-chat\u0000x"}`, 400, "invalid_request"},
		{"model long", "POST", "/v1/chat/completions", `{"model":"` + strings.Repeat("x", 64<<10) + `"}`, 400, "invalid_request"},
		{"model space", "POST", "/v1/chat/completions", `{"model":" lab-chat"}`, 404, "model_not_found"},
		{"model twice", "POST", "/v1/chat/completions", `{"model":"lab-chat","model":"lab-two"}`, 400, "invalid_request"},
		{"model in two cases", "POST", "/v1/chat/completions", `{"model":"lab-chat","MODEL":"lab-two"}`, 400, "invalid_request"},
		{"folded stream", "POST", "/v1/chat/completions", `{"model":"lab-chat","ſtream":true}`, 400, "invalid_request"},
		{"escaped key", "POST", "/v1/chat/completions", `{"mod\u0065l":"lab-chat"}`, 400, "invalid_request"},
		{"stream word", "POST", "/v1/chat/completions", `{"model":"lab-chat","stream":"yes"}`, 400, "invalid_request"},
		{"too large", "POST", "/v1/chat/completions", `{"model":"lab-chat","x":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "request_too_large"},
		{"wrong method", "GET", "/v1/chat/completions", "", 405, "method_not_allowed"},
		{"options", "OPTIONS", "/v1/chat/completions", "", 405, "method_not_allowed"},
		{"put elsewhere", "PUT", "/v1/files", "", 405, "method_not_allowed"},
		{"no v1", "POST", "/chat/completions", "{}", 404, "unknown_url"},
		{"upper case", "POST", "/V1/chat/completions", "{}", 404, "unknown_url"},
		{"two slashes", "POST", "//v1/chat/completions", "{}", 404, "unknown_url"},
		{"dot", "POST", "/v1/./chat/completions", "{}", 404, "unknown_url"},
		{"dot dot", "POST", "/v1/x/%2e%2e/chat/completions", "{}", 404, "unknown_url"},
		{"slash at the end", "POST", "/v1/chat/completions/", "{}", 404, "unknown_url"},
		{"mixed case", "POST", "/v1/Chat/Completions", "{}", 404, "unknown_url"},
		{"models below nothing", "GET", "/team/v1/models", "", 404, "unknown_url"},
		{"encoded slash", "POST", "/v1%2fchat/completions", "{}", 404, "unknown_url"},
		{"prefix", "POST", "/team/v1/chat/completions", chatBody("lab-chat", false), 404, "unknown_url"},
		{"files without model", "GET", "/v1/files", "", 400, "missing_required_parameter"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := g.do(g.request(tt.method, tt.path, tt.body))
			if a.status != tt.status || a.errorCode(t) != tt.code {
				t.Errorf("got %d %s", a.status, a.body)
			}
			if a.header.Get("X-Request-Id") == "" || a.header.Get("Content-Type") != "application/json" {
				t.Errorf("headers %v", a.header)
			}
		})
	}
	if n := len(g.lab.Calls()); n != 0 {
		t.Errorf("the vendor was called %d times", n)
	}
	a := g.chat("nope", false)
	if !strings.Contains(a.body, "lab-chat, lab-two") {
		t.Errorf("does not say what is available: %s", a.body)
	}
}

func TestCompressedRequestRefused(t *testing.T) {
	g := newRig(t, one)
	r := g.request("POST", "/v1/chat/completions", chatBody("lab-chat", false))
	r.Header.Set("Content-Encoding", "gzip")
	if a := g.do(r); a.status != 415 || a.errorCode(t) != "unsupported_content_encoding" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAccess(t *testing.T) {
	hash := func(k string) [32]byte { return sha256.Sum256([]byte(k)) }
	now := time.Now()
	config := func(mode AccessMode) func(g *rig) Config {
		return func(g *rig) Config {
			conf := one(g)
			conf.Access.Mode = mode
			conf.Consumers = []Consumer{
				{ID: "c1", Name: "app", Keys: []ConsumerKey{
					{ID: "a", Hash: hash("ph-good")},
					{ID: "b", Hash: hash("ph-off"), Disabled: true},
					{ID: "c", Hash: hash("ph-old"), Expires: now.Add(-time.Minute)},
				}},
				{ID: "c2", Name: "gone", Disabled: true, Keys: []ConsumerKey{{ID: "d", Hash: hash("ph-gone")}}},
				{ID: "c3", Name: "limited", Models: []string{"lab-a*"}, Keys: []ConsumerKey{{ID: "e", Hash: hash("ph-limited")}}},
			}
			return conf
		}
	}
	tests := []struct {
		mode        AccessMode
		key         string
		header      map[string]string
		status      int
		code, model string
	}{
		{AccessLocal, "", nil, 200, "", ""},
		{AccessLocal, "sk-anything", nil, 200, "", ""},
		{AccessLocal, "ph-unknown", nil, 401, "invalid_api_key", ""},
		{AccessLocal, "pht-an-admin-token", nil, 401, "invalid_api_key", ""},
		{AccessLocal, "", map[string]string{"X-Forwarded-Proto": "https"}, 401, "invalid_api_key", ""},
		{AccessLocal, "", map[string]string{"Cf-Connecting-Ip": "10.0.0.1"}, 401, "invalid_api_key", ""},
		{AccessLocal, "", map[string]string{"Sec-Fetch-Site": "cross-site"}, 401, "invalid_api_key", ""},
		{AccessLocal, "", map[string]string{"Sec-Fetch-Site": "none"}, 200, "", ""},
		{AccessLocal, "", map[string]string{"X-Forwarded-For": "10.0.0.1"}, 401, "invalid_api_key", ""},
		{AccessLocal, "", map[string]string{"Origin": "https://evil.example"}, 401, "invalid_api_key", ""},
		{AccessLocal, "", map[string]string{"Origin": "null"}, 401, "invalid_api_key", ""},
		{AccessLocal, "", map[string]string{"Origin": "http://localhost:3000"}, 200, "", ""},
		{AccessLocal, "", map[string]string{"Host": "evil.example"}, 401, "invalid_api_key", ""},
		{AccessLocal, "ph-good", map[string]string{"X-Forwarded-For": "10.0.0.1"}, 200, "", ""},
		{AccessKeys, "", nil, 401, "invalid_api_key", ""},
		{AccessKeys, "sk-anything", nil, 401, "invalid_api_key", ""},
		{AccessKeys, "ph-good", nil, 200, "", ""},
		{AccessKeys, "ph-good ", nil, 200, "", ""},
		{AccessKeys, "PH-GOOD", nil, 401, "invalid_api_key", ""},
		{AccessKeys, "ph-off", nil, 401, "api_key_disabled", ""},
		{AccessKeys, "ph-gone", nil, 401, "api_key_disabled", ""},
		{AccessKeys, "ph-old", nil, 401, "api_key_expired", ""},
		{AccessKeys, "' OR 1=1 --", nil, 401, "invalid_api_key", ""},
		{AccessKeys, "ph-limited", nil, 403, "model_not_allowed", "lab-b"},
		{AccessKeys, "ph-limited", nil, 200, "", "lab-abc"},
		{AccessOpen, "", map[string]string{"X-Forwarded-For": "10.0.0.1"}, 200, "", ""},
		{AccessOpen, "ph-off", nil, 401, "api_key_disabled", ""},
	}
	forms := map[string]func(h http.Header, key string){
		"bearer":         func(h http.Header, key string) { h.Set("Authorization", "Bearer "+key) },
		"x-api-key":      func(h http.Header, key string) { h.Set("X-Api-Key", key) },
		"api-key":        func(h http.Header, key string) { h.Set("Api-Key", key) },
		"x-goog-api-key": func(h http.Header, key string) { h.Set("X-Goog-Api-Key", key) },
	}
	rigs := map[AccessMode]*rig{}
	for _, tt := range tests {
		if rigs[tt.mode] == nil {
			rigs[tt.mode] = newRig(t, config(tt.mode))
		}
		g := rigs[tt.mode]
		for form, set := range forms {
			model := tt.model
			if model == "" {
				model = "lab-chat"
			}
			r := g.request("POST", "/v1/chat/completions", chatBody(model, false))
			if tt.key != "" {
				set(r.Header, tt.key)
			}
			for name, value := range tt.header {
				if r.Header.Set(name, value); name == "Host" {
					r.Host = value
				}
			}
			before := len(g.lab.Calls())
			a := g.do(r)
			if a.status != tt.status {
				t.Errorf("%s, %q as %s, %v: got %d %s", tt.mode, tt.key, form, tt.header, a.status, a.body)
				continue
			}
			if tt.status != 200 && (a.errorCode(t) != tt.code || len(g.lab.Calls()) != before) {
				t.Errorf("%s, %q as %s: code %s, vendor called %d times", tt.mode, tt.key, form, a.errorCode(t), len(g.lab.Calls())-before)
			}
		}
	}
}

func TestTrustedCallNeedsNoKey(t *testing.T) {
	g := newRig(t, func(g *rig) Config { c := one(g); c.Access.Mode = AccessKeys; return c })
	r := httptest.NewRequestWithContext(Trusted(context.Background(), "admin"), "POST", "http://console.example/v1/chat/completions", strings.NewReader(chatBody("lab-chat", false)))
	w := httptest.NewRecorder()
	g.gateway.ServeHTTP(w, r)
	if w.Code != 200 || g.lastRecord().Consumer != "admin" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestKeyInQueryIsNoKey(t *testing.T) {
	g := newRig(t, func(g *rig) Config { c := one(g); c.Access.Mode = AccessKeys; return c })
	if a := g.do(g.request("POST", "/v1/chat/completions?key=ph-good&api_key=ph-good", chatBody("lab-chat", false))); a.status != 401 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestModelsOfACaller(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := two(g)
		conf.Providers[0].Models = []string{"lab-a", "lab-b"}
		conf.Providers[1].Models = []string{"lab-b", "org/lab-c"}
		conf.Routes[0].Match.Models = []ModelMatch{{Value: "smart"}, {Kind: MatchPrefix, Value: "x-"}}
		conf.Consumers = []Consumer{
			{ID: "1", Name: "few", Models: []string{"lab-b", "smart"}, Keys: []ConsumerKey{{Hash: sha256.Sum256([]byte("ph-few"))}}},
			{ID: "2", Name: "routed", Routes: []string{"chat"}, Keys: []ConsumerKey{{Hash: sha256.Sum256([]byte("ph-routed"))}}},
		}
		return conf
	})
	tests := []struct{ key, path, want string }{
		{"", "/v1/models", `{"object":"list","data":[{"id":"smart","object":"model","created":0,"owned_by":"main"},{"id":"lab-a","object":"model","created":0,"owned_by":"main"},{"id":"lab-b","object":"model","created":0,"owned_by":"main"},{"id":"org/lab-c","object":"model","created":0,"owned_by":"spare"}]}`},
		{"ph-few", "/v1/models", `{"object":"list","data":[{"id":"smart","object":"model","created":0,"owned_by":"main"},{"id":"lab-b","object":"model","created":0,"owned_by":"main"}]}`},
		{"ph-routed", "/v1/models", `{"object":"list","data":[{"id":"smart","object":"model","created":0,"owned_by":"main"}]}`},
		{"", "/v1/models/lab-a", `{"id":"lab-a","object":"model","created":0,"owned_by":"main"}`},
		{"", "/v1/models/org%2Flab-c", `{"id":"org/lab-c","object":"model","created":0,"owned_by":"spare"}`},
	}
	for _, tt := range tests {
		r := g.request("GET", tt.path, "")
		if tt.key != "" {
			r.Header.Set("Authorization", "Bearer "+tt.key)
		}
		if a := g.do(r); a.status != 200 || a.body != tt.want {
			t.Errorf("%s %s: %d\ngot  %s\nwant %s", tt.key, tt.path, a.status, a.body, tt.want)
		}
	}
	r := g.request("POST", "/v1/chat/completions", chatBody("lab-a", false))
	r.Header.Set("Authorization", "Bearer ph-routed")
	if a := g.do(r); a.status != 403 || a.errorCode(t) != "route_not_allowed" {
		t.Errorf("a consumer with routes only: %d %s", a.status, a.body)
	}
}

func TestModelsBelowAPrefix(t *testing.T) {
	g := newRig(t, func(g *rig) Config {
		conf := two(g)
		conf.Providers[0].Models = []string{"lab-a", "lab-b"}
		conf.Routes = []Route{
			{ID: "1", Name: "named", Match: Match{PathPrefix: "/a", Models: []ModelMatch{{Value: "smart"}}}, Targets: []Target{{Provider: "main", Model: "lab-a"}}},
			{ID: "2", Name: "any", Match: Match{PathPrefix: "/b"}, Targets: []Target{{Provider: "main"}}},
		}
		return conf
	})
	for path, want := range map[string]string{
		"/a/v1/models": `{"object":"list","data":[{"id":"smart","object":"model","created":0,"owned_by":"main"}]}`,
		"/b/v1/models": `{"object":"list","data":[{"id":"lab-a","object":"model","created":0,"owned_by":"main"},{"id":"lab-b","object":"model","created":0,"owned_by":"main"}]}`,
	} {
		if a := g.do(g.request("GET", path, "")); a.status != 200 || a.body != want {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := g.do(g.request("GET", "/v1/models/smart", "")); a.status != 404 {
		t.Errorf("a model that is there only below a prefix: %d %s", a.status, a.body)
	}
}

func TestHealth(t *testing.T) {
	g := newRig(t, one)
	for _, path := range []string{"/healthz", "/readyz"} {
		if a := g.do(g.request("GET", path, "")); a.status != 200 || a.body != "ok\n" {
			t.Errorf("%s: %d %q", path, a.status, a.body)
		}
	}
	g.gateway.SetReady(false)
	if a := g.do(g.request("GET", "/readyz", "")); a.status != 503 {
		t.Errorf("not ready: %d", a.status)
	}
	if a := g.do(g.request("GET", "/healthz", "")); a.status != 200 {
		t.Errorf("healthz while not ready: %d", a.status)
	}
}

func TestInFlightLimit(t *testing.T) {
	g := newRig(t, func(g *rig) Config { c := one(g); c.Limits.InFlight = 1; return c })
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		g.do(g.request("POST", "/v1/chat/completions", chatBody("fault-hang", false)).WithContext(ctx))
	}()
	if _, err := g.lab.Wait(ctx, func(calls []lab.Call) bool { return len(calls) == 1 }); err != nil {
		t.Fatal(err)
	}
	a := g.chat("lab-chat", false)
	if a.status != 503 || a.errorCode(t) != "overloaded" || a.header.Get("Retry-After") != "1" {
		t.Errorf("%d %s", a.status, a.body)
	}
	cancel()
}
