package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
)

// env is an environment for documents.
func env(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}
}

// apply applies a document and fails the test if that fails.
func (w *world) apply(text string) Plan {
	w.t.Helper()
	plan, err := Apply(w.t.Context(), w.store, []byte(text), ApplyOptions{Actor: store.Actor{Name: "test", Via: "file"}, Env: env(exampleEnv)})
	if err != nil {
		w.t.Fatal(err)
	}
	return plan
}

// export exports and fails the test if that fails.
func (w *world) export() string {
	w.t.Helper()
	text, err := Export(w.t.Context(), w.store)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

var exampleEnv = map[string]string{
	"DEEPSEEK_API_KEY": canary + "1", "DEEPSEEK_API_KEY_2": canary + "2",
	"DASHSCOPE_API_KEY": canary + "3", "AZURE_OPENAI_API_KEY": canary + "4",
}

// example is the complete example of the documentation.
func example(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "```yaml\n")
	text, _, closed := strings.Cut(rest, "\n```")
	if !ok || !closed {
		t.Fatal("docs/configuration.md has no example")
	}
	return text
}

func TestExampleOfTheDocsApplies(t *testing.T) {
	w := newWorld(t, worldOptions{})
	plan := w.apply(example(t))
	if len(plan.Changes) < 7 || plan.Revision == 0 {
		t.Errorf("plan %+v", plan)
	}
	config, err := w.store.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Providers) != 4 || len(config.Routes) != 2 || len(config.Consumers) != 1 ||
		config.Providers[0].Keys[1].Secret.Reveal() != canary+"2" || config.Routes[0].Fallback[0].On[4] != "auth" {
		t.Errorf("config %+v", config)
	}
	if _, faults := proxy.Compile(config); len(faults) != 0 {
		t.Errorf("faults %v", faults)
	}
	if again := w.apply(example(t)); len(again.Changes) != 0 || again.Revision != 0 {
		t.Errorf("the second time changes %+v", again.Changes)
	}
	exported := w.export()
	if strings.Contains(exported, canary) || !strings.Contains(exported, "# ****") {
		t.Errorf("export:\n%s", exported)
	}
	if again := w.apply(exported); len(again.Changes) != 0 {
		t.Errorf("applying the export changes %+v", again.Changes)
	}
}

func TestPlanShowsFieldsButNoSecrets(t *testing.T) {
	w := newWorld(t, worldOptions{})
	w.apply(example(t))
	text := strings.NewReplacer("weight: 3 ", "weight: 5 ", "sha256:9f86", "sha256:0086", "access: local", "access: keys",
		"first_token: 30s", "first_token: off", "value: ${DEEPSEEK_API_KEY_2}", "value: sk-brand-new-NEWS", "value: a\n", "value: b\n").Replace(example(t))
	plan, err := Apply(t.Context(), w.store, []byte(text), ApplyOptions{DryRun: true, Env: env(exampleEnv)})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range plan.Changes {
		for _, f := range c.Fields {
			got[c.Op+" "+c.Kind+" "+c.Name+" "+f.Field] = f.Before + " -> " + f.After
		}
		if strings.Contains(c.String(), "brand") {
			t.Errorf("shows a key: %s", c)
		}
	}
	want := map[string]string{
		"update settings settings access":                `"local" -> "keys"`,
		"update provider deepseek keys[main].weight":     "3 -> 5",
		"update provider deepseek keys[spare].value":     "****XYZ2 -> ****NEWS",
		"update provider dashscope timeouts.first_token": `"30s" -> "off"`,
		"update route team a match.headers":              `[{"name":"X-Team","value":"a"}] -> [{"name":"X-Team","value":"b"}]`,
		"update consumer ci keys[runner]":                "ph-…0a08 -> ph-…0a08",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(w.apply(example(t)).Changes) != 0 {
		t.Error("the dry run changed something")
	}
}

func TestSectionsThatAreMissingStay(t *testing.T) {
	w := newWorld(t, worldOptions{})
	w.apply(example(t))
	before := w.export()
	for _, text := range []string{"", "version: 1\n", "# nothing\n"} {
		if plan := w.apply(text); len(plan.Changes) != 0 {
			t.Errorf("%q changes %+v", text, plan.Changes)
		}
	}
	w.apply("settings: {access: local, limits: {body_bytes: 67108864, event_bytes: 33554432, answer_bytes: 268435456, in_flight: 2000}, timeouts: {connect: 10s, total: 1h}}")
	if diff := cmp.Diff(before, w.export()); diff != "" {
		t.Error(diff)
	}
	plan := w.apply("consumers: []\nroutes: []\n")
	if len(plan.Changes) != 3 {
		t.Errorf("plan %+v", plan.Changes)
	}
	_, err := Apply(t.Context(), w.store, []byte("providers:\n  - {name: deepseek, vendor: deepseek}\n"), ApplyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := w.store.Providers(t.Context())
	if err != nil || len(rows) != 1 || len(rows[0].Keys) != 2 {
		t.Errorf("keys that are not spoken of: %+v, %v", rows, err)
	}
	w.apply("providers:\n  - {name: deepseek, vendor: deepseek, keys: [{name: spare, keep: true}]}\n")
	if rows, err = w.store.Providers(t.Context()); err != nil || len(rows[0].Keys) != 1 {
		t.Errorf("keys that are not in the list: %+v, %v", rows, err)
	}
}

func TestFaultsOfADocument(t *testing.T) {
	w := newWorld(t, worldOptions{})
	w.apply("providers:\n  - {name: old, vendor: deepseek, keys: [{name: main, value: x-old-key}]}\nroutes:\n  - {name: r, targets: [{provider: old}]}\n")
	before := w.export()
	tests := map[string]struct {
		text, at string
		line     int
	}{
		"unknown section":   {"provider: []\n", "provider", 1},
		"unknown field":     {"providers:\n  - name: a\n    vendor: deepseek\n    colour: red\n", "providers[0].colour", 4},
		"unknown key field": {"providers:\n  - name: a\n    vendor: deepseek\n    keys:\n      - name: k\n        secret: x\n", "providers[0].keys[0].secret", 6},
		"twice":             {"providers: []\nproviders: []\n", "providers", 2},
		"empty section":     {"providers:\nroutes: []\n", "providers", 1},
		"alias":             {"providers: &a []\nroutes: *a\n", "providers", 1},
		"merge":             {"settings:\n  <<: {access: keys}\n", "settings.<<", 2},
		"tag":               {"settings: !!binary aGk=\n", "settings", 1},
		"own tag":           {"settings: !go {}\n", "settings", 1},
		"not a list":        {"routes: {}\n", "routes", 1},
		"not a number":      {"settings: {limits: {in_flight: many}}\n", "settings.limits.in_flight", 1},
		"float":             {"settings: {limits: {in_flight: 1.5}}\n", "settings.limits.in_flight", 1},
		"huge":              {"settings: {limits: {in_flight: 9223372036854775808}}\n", "settings.limits.in_flight", 1},
		"negative":          {"settings:\n  limits:\n    in_flight: -1\n", "settings.limits.in_flight", 3},
		"not a switch":      {"providers: [{name: a, vendor: deepseek, enabled: 'yes'}]\n", "providers[0].enabled", 1},
		"newer":             {"version: 2\n", "version", 1},
		"open":              {"settings: {access: open}\n", "settings.i_understand", 1},
		"unknown provider":  {"routes:\n  - name: r\n    targets:\n      - provider: opnai\n", "routes[0].targets[0].provider", 4},
		"provider left out": {"providers: []\n", "providers", 1},
		"variable not set":  {"providers:\n  - name: a\n    vendor: deepseek\n    keys:\n      - name: k\n        value: ${NOT_SET}\n", "providers[0].keys[0].value", 6},
		"bad reference":     {"providers: [{name: a, vendor: deepseek, keys: [{name: k, value: '${NOT SET}'}]}]\n", "providers[0].keys[0].value", 1},
		"nothing to keep":   {"providers: [{name: old, vendor: deepseek, keys: [{name: other, keep: true}]}]\n", "providers[0].keys[0].value", 1},
		"value and keep":    {"providers: [{name: old, vendor: deepseek, keys: [{name: main, keep: true, value: x}]}]\n", "providers[0].keys[0].value", 1},
		"weight":            {"providers: [{name: old, vendor: deepseek, keys: [{name: main, weight: 0}]}]\n", "providers[0].keys[0].weight", 1},
		"name twice":        {"providers:\n  - {name: old, vendor: deepseek}\n  - {name: old, vendor: deepseek}\n", "providers[1].name", 3},
		"vendor":            {"providers:\n  - name: a\n    vendor: nobody\n", "providers[0].vendor", 3},
		"vendor field":      {"providers:\n  - name: a\n    vendor: azure\n", "providers[0].fields.resource", 2},
		"hash":              {"consumers:\n  - name: c\n    keys:\n      - name: k\n        hash: ph-abc\n", "consumers[0].keys[0].hash", 5},
		"no hash":           {"consumers: [{name: c, keys: [{name: k}]}]\n", "consumers[0].keys[0].hash", 1},
		"unknown route":     {"consumers:\n  - name: c\n    routes:\n      - nothing\n", "consumers[0].routes[0]", 4},
		"trigger":           {"routes:\n  - name: r\n    targets: [{provider: old}]\n    on: [sometimes]\n", "routes[0].on", 4},
		"date":              {"consumers: [{name: c, keys: [{name: k, hash: x, expires: soon}]}]\n", "consumers[0].keys[0].expires", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Apply(t.Context(), w.store, []byte(tt.text), ApplyOptions{Env: env(nil)})
			var d *DocumentError
			if !errors.As(err, &d) {
				t.Fatalf("error %v", err)
			}
			for _, e := range d.Errors {
				if e.Location == tt.at && e.Line == tt.line {
					return
				}
			}
			t.Errorf("no fault at %s, line %d: %v", tt.at, tt.line, err)
		})
	}
	for name, text := range map[string]string{
		"not YAML": "a: [", "two documents": "version: 1\n---\nversion: 1\n", "not a mapping": "- 1\n",
		"bomb":      "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n",
		"deep":      strings.Repeat("[", 20_000),
		"too large": strings.Repeat("#\n", 9<<20), "too many": "routes: [" + strings.Repeat("1,", 500_000) + "1]",
		"binary": "\x00\xff\xfe",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Apply(t.Context(), w.store, []byte(text), ApplyOptions{})
			var d *DocumentError
			if !errors.As(err, &d) || len(err.Error()) > 5000 {
				t.Errorf("error %v", bounded(fmt.Sprint(err), 300))
			}
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
	if diff := cmp.Diff(before, w.export()); diff != "" {
		t.Errorf("a refused document changed something: %s", diff)
	}
}

func TestAllFaultsAtOnceAndNothingApplied(t *testing.T) {
	w := newWorld(t, worldOptions{})
	var text strings.Builder
	text.WriteString("providers:\n")
	for i := range 50 {
		name := fmt.Sprintf("p%d", i)
		if i == 20 || i == 40 {
			name = "Bad Name"
		}
		fmt.Fprintf(&text, "  - {name: %s, vendor: deepseek}\n", name)
	}
	_, err := Apply(t.Context(), w.store, []byte(text.String()), ApplyOptions{})
	var d *DocumentError
	if !errors.As(err, &d) || len(d.Errors) != 3 || d.Errors[0].Line != 22 || d.Errors[1].Line != 42 {
		t.Errorf("error %v", err)
	}
	if rows, err := w.store.Providers(t.Context()); err != nil || len(rows) != 0 {
		t.Errorf("%d providers, %v", len(rows), err)
	}
}

func TestConfigOverTheAPI(t *testing.T) {
	w := newAdminWorld(t)
	t.Setenv("API_TEST_KEY", canary)
	t.Setenv("POSTHOUSE_SECRET", canary)
	yaml := http.Header{"Content-Type": {"application/yaml"}, "Origin": {w.url}, "Cookie": {cookieName + "=" + w.cookie}}
	send := func(query, text string) *reply {
		return w.send(post, "/api/config"+query, strings.NewReader(text), yaml)
	}
	text := "providers:\n  - name: a\n    vendor: deepseek\n    keys: [{name: k, value: '${API_TEST_KEY}'}]\n"
	plan := into[Plan](send("?dry_run=true", text).want(200))
	if !plan.DryRun || len(plan.Changes) != 1 || plan.Revision != 0 {
		t.Errorf("plan %+v", plan)
	}
	if plan = into[Plan](send("", text).want(200)); plan.Revision == 0 {
		t.Errorf("plan %+v", plan)
	}
	send("", strings.Replace(text, "API_TEST_KEY", "POSTHOUSE_SECRET", 1)).want(400).at("body.providers[0].keys[0].value")
	p := send("", "routes: [{name: r, targets: [{provider: nobody}]}]\n").want(400).problem()
	if len(p.Errors) != 1 || p.Errors[0].Line != 1 || p.Errors[0].Location != "body.routes[0].targets[0].provider" {
		t.Errorf("problem %+v", p)
	}
	send("", "routes: [{name: r, targets: [{provider: a}], on: [never]}]\n").want(422).at("body.routes[0].on")
	a := w.do(get, "/api/config", nil).want(200)
	if a.header.Get("Content-Type") != "application/yaml" || strings.Contains(string(a.body), canary) {
		t.Errorf("export %v", a.header)
	}
	yaml.Set("Content-Type", "text/plain")
	send("", text).want(415)
	yaml.Set("Content-Type", "application/yaml")
	send("", "#"+strings.Repeat("x", 17<<20)).want(413)
	send("", "").want(400)
	revisions := w.do(get, "/api/revisions", nil).want(200)
	if !strings.Contains(string(revisions.body), "apply a configuration document") {
		t.Errorf("revisions %s", revisions.body)
	}
}

func TestFreshInstallKeepsConsumerKeys(t *testing.T) {
	first := newWorld(t, worldOptions{})
	first.apply(example(t))
	text := first.export()
	second := newWorld(t, worldOptions{})
	if _, err := Apply(t.Context(), second.store, []byte(text), ApplyOptions{}); err == nil {
		t.Fatal("provider keys came out of nothing")
	}
	_, consumers, _ := strings.Cut(text, "consumers:")
	second.apply("routes: []\n")
	second.apply(strings.Replace("consumers:"+consumers, "routes:\n      - default", "routes: []", 1))
	rows, err := second.store.Consumers(t.Context())
	if err != nil || len(rows) != 1 || len(rows[0].Keys) != 1 || rows[0].Keys[0].Hash[0] != 0x9f || rows[0].Keys[0].Expires.Year() != 2099 {
		t.Errorf("consumers %+v, %v", rows, err)
	}
}

func TestExportedRoundTrip(t *testing.T) {
	w := newWorld(t, worldOptions{})
	rapid.Check(t, func(rt *rapid.T) {
		doc := drawDocument(rt)
		text, err := json.Marshal(doc) // JSON is YAML
		if err != nil {
			rt.Fatal(err)
		}
		if _, err := Apply(t.Context(), w.store, text, ApplyOptions{}); err != nil {
			rt.Fatalf("%v\n%s", err, text)
		}
		plan, err := Apply(t.Context(), w.store, text, ApplyOptions{DryRun: true})
		if err != nil || len(plan.Changes) != 0 {
			rt.Fatalf("again: %+v, %v\n%s", plan.Changes, err, text)
		}
		exported, err := Export(t.Context(), w.store)
		if err != nil {
			rt.Fatal(err)
		}
		plan, err = Apply(t.Context(), w.store, exported, ApplyOptions{DryRun: true})
		if err != nil || len(plan.Changes) != 0 {
			rt.Fatalf("exported: %+v, %v\n%s", plan.Changes, err, exported)
		}
	})
}

// drawDocument draws a document that is valid.
func drawDocument(rt *rapid.T) *Document {
	label := rapid.StringMatching(`[a-zé中#:"'{}\[\]&*!|>%@0-9-]([a-z é中#:"'{}\[\]-]{0,8}[a-z0-9])?`)
	maybe := func(name string) *bool {
		return rapid.Ptr(rapid.Bool(), true).Draw(rt, name)
	}
	clock := rapid.SampledFrom([]string{"", "off", "30s", "90s", "1h", "1500ms", "10m"})
	clocks := func() Timeouts {
		return Timeouts{Connect: clock.Draw(rt, "connect"), Idle: clock.Draw(rt, "idle"), Total: clock.Draw(rt, "total")}
	}
	weight := rapid.Ptr(rapid.IntRange(1, maxWeight), true)
	doc := &Document{Version: 1, Settings: &SettingsSpec{Access: rapid.SampledFrom([]string{"", "local", "keys"}).Draw(rt, "access"), Timeouts: clocks()}}
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z0-9][a-z0-9._-]{0,6}`), 1, 4, rapid.ID[string]).Draw(rt, "providers")
	for _, name := range names {
		item := ProviderItem{Keys: []KeySpec{}, ProviderSpec: ProviderSpec{
			Name: name, Vendor: "deepseek", Enabled: maybe("enabled"), Timeouts: clocks(),
			Models:  rapid.SliceOfNDistinct(label, 0, 3, rapid.ID[string]).Draw(rt, "models"),
			Headers: rapid.MapOfN(rapid.StringMatching(`X-[A-Z][a-z]{1,5}`), rapid.StringMatching(`[ -~]{0,10}`), 0, 2).Draw(rt, "headers"),
		}}
		for _, key := range rapid.SliceOfNDistinct(label, 0, 3, rapid.ID[string]).Draw(rt, "keys") {
			item.Keys = append(item.Keys, KeySpec{Name: key, Value: "sk-" + rapid.StringMatching(`[a-z0-9]{4,20}`).Draw(rt, "value"), Weight: weight.Draw(rt, "weight"), Enabled: maybe("on")})
		}
		doc.Providers = append(doc.Providers, item)
	}
	doc.Routes, doc.Consumers = []RouteSpec{}, []ConsumerItem{}
	target := func() Target {
		return Target{Provider: rapid.SampledFrom(names).Draw(rt, "target"), Model: rapid.SampledFrom([]string{"", "m", "4.1", "null", "~"}).Draw(rt, "model"), Weight: weight.Draw(rt, "weight")}
	}
	for _, name := range rapid.SliceOfNDistinct(label, 0, 3, rapid.ID[string]).Draw(rt, "routes") {
		route := RouteSpec{Name: name, Enabled: maybe("enabled"), Targets: []Target{target()}, Timeouts: clocks()}
		route.Match.Models = []ModelMatch{{Kind: rapid.SampledFrom([]string{"", "exact", "prefix", "glob"}).Draw(rt, "kind"), Value: label.Draw(rt, "value")}}
		if rapid.Bool().Draw(rt, "step") {
			route.Fallback = []Step{{Targets: []Target{target()}, On: []string{"429", "5xx"}}}
		}
		doc.Routes = append(doc.Routes, route)
	}
	for i, name := range rapid.SliceOfNDistinct(label, 0, 2, rapid.ID[string]).Draw(rt, "consumers") {
		item := ConsumerItem{ConsumerSpec: ConsumerSpec{Name: name, Enabled: maybe("enabled")}}
		item.Keys = []ConsumerKeySpec{{Name: "k", Hash: fmt.Sprintf("sha256:%064x", i+rapid.IntRange(1, 5).Draw(rt, "hash")*10), Expires: time.Unix(int64(rapid.IntRange(1e9, 4e9).Draw(rt, "expires")), 0).UTC()}}
		doc.Consumers = append(doc.Consumers, item)
	}
	return doc
}

func FuzzParseDocument(f *testing.F) {
	for _, seed := range []string{"", "version: 1\n", "providers: [{name: a}]", "a: &a [*a]", "settings: {limits: {in_flight: 1}}", "routes:\n- targets: [{weight: 1}]\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := parseDocument(text)
		var d *DocumentError
		if err != nil && (!errors.As(err, &d) || len(d.Errors) == 0) || err == nil && doc == nil {
			t.Errorf("doc %v, error %v", doc, err)
		}
	})
}
