package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
)

// memory is a History.
type memory struct {
	mu     sync.Mutex
	events []Event
	days   map[string]price.Amount
}

func (m *memory) SaveAlert(_ context.Context, e Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, e)
	return nil
}

func (m *memory) OpenAlerts(context.Context) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	open := map[string]Event{}
	for _, e := range m.events {
		open[e.Rule+e.Subject] = e
		if e.State == Resolved {
			delete(open, e.Rule+e.Subject)
		}
	}
	var out []Event
	for _, e := range open {
		out = append(out, e)
	}
	return out, nil
}

func (m *memory) SaveSpending(_ context.Context, day string, sum price.Amount) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.days[day] = sum
	return nil
}

func (m *memory) Spending(_ context.Context, day string) ([]price.Amount, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if sum, ok := m.days[day]; ok {
		return []price.Amount{sum}, nil
	}
	return nil, nil
}

// watch is a watcher whose clock and sources the test holds.
type watch struct {
	*Watcher
	t       *testing.T
	clock   time.Time
	history *memory
	targets []proxy.TargetState
	keys    map[string]proxy.KeyState
	free    int64
	shed    int64
	sent    []message
}

func newWatch(t *testing.T, r Rules) *watch {
	t.Helper()
	w := &watch{t: t, clock: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), history: &memory{days: map[string]price.Amount{}}, free: 1 << 40}
	w.start(r)
	return w
}

// start makes the watcher, as after a restart.
func (w *watch) start(r Rules) {
	w.Watcher = New(Sources{
		Targets:  func() []proxy.TargetState { return w.targets },
		Keys:     func() map[string]proxy.KeyState { return w.keys },
		DiskFree: func() (int64, error) { return w.free, nil },
		Shed:     func() int64 { return w.shed },
	}, w.history, nil, func() time.Time { return w.clock })
	w.send = func(_ context.Context, c Channel, m message) error {
		if c.Kind == "broken" {
			return errors.New("no way")
		}
		w.sent = append(w.sent, m)
		return nil
	}
	w.Configure(Settings{Enabled: true, Language: "en", Rules: r, Channels: []Channel{{Name: "one"}, {Name: "off", Off: true}, {Name: "bad", Kind: "broken"}}})
}

// after moves the clock, looks, and returns what was told.
func (w *watch) after(d time.Duration) []string {
	w.clock = w.clock.Add(d)
	before := len(w.history.events)
	w.Look(w.t.Context())
	var told []string
	for _, e := range w.history.events[before:] {
		told = append(told, e.State+" "+e.Rule+" "+e.Subject)
	}
	return told
}

func (w *watch) expect(got []string, want ...string) {
	w.t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		w.t.Errorf("told %q, want %q", got, want)
	}
}

func TestAnAlertIsToldOnceRemindedOfAndResolved(t *testing.T) {
	t.Parallel()
	w := newWatch(t, Rules{Remind: time.Hour})
	w.targets = []proxy.TargetState{{Provider: "main", Model: "m", Class: llm.ClassConnect, Since: w.clock}}
	const what = RuleProviderDown + " main/m"
	w.expect(w.after(30 * time.Second)) // not for long enough
	w.expect(w.after(30*time.Second), Fired+" "+what)
	w.expect(w.after(10 * time.Minute))
	w.expect(w.after(time.Hour), Reminded+" "+what)
	down := w.targets
	w.targets = nil
	w.expect(w.after(time.Minute)) // it may come back
	w.targets = down
	w.expect(w.after(10 * time.Second))
	w.targets = nil
	w.expect(w.after(3*time.Minute), Resolved+" "+what)
	w.expect(w.after(time.Hour))
	if len(w.Active()) != 0 || len(w.sent) != 3 {
		t.Errorf("active %v, %d messages", w.Active(), len(w.sent))
	}
	if first := w.sent[0]; !strings.Contains(first.text, "main/m is down") || !strings.Contains(first.title, "Posthouse") {
		t.Errorf("sent %+v", first)
	}
	if e := w.history.events[0]; e.Problem != "bad: no way" {
		t.Errorf("kept %+v", e)
	}
}

func TestEveryRuleTells(t *testing.T) {
	t.Parallel()
	var r Rules
	r.Budget.Nano = 10_000_000_000
	w := newWatch(t, r)
	call := func(class llm.Class, nano int64) *proxy.Record {
		rec := &proxy.Record{Provider: "main", Class: class, Attempts: []proxy.Attempt{{Provider: "main", Class: class}}}
		if nano > 0 {
			rec.Cost = proxy.Cost{Known: true, Shown: price.Amount{Nano: nano, Currency: price.CNY}}
		}
		return rec
	}
	for range 19 {
		w.Record(call(llm.ClassServerError, 0))
		w.Record(call(llm.ClassBadRequest, 0)) // the caller's own mistakes
	}
	w.expect(w.after(10*time.Second), Fired+" "+RuleErrorRate+" all calls", Fired+" "+RuleErrorRate+" main")
	w.Record(call("", 8_500_000_000))
	w.expect(w.after(10*time.Second), Fired+" "+RuleBudget+" 2026-11-24 nearly spent")
	w.Record(call("", 2_000_000_000))
	w.expect(w.after(10*time.Second), Fired+" "+RuleBudget+" 2026-11-24 spent")
	w.keys = map[string]proxy.KeyState{"k": {Provider: "main", Name: "first", State: proxy.KeyBenched, Class: llm.ClassAuth}, "c": {State: proxy.KeyCooling}}
	w.free, w.shed = 1<<20, 5
	w.expect(w.after(10*time.Second), Fired+" "+RuleDiskLow+" data folder", Fired+" "+RuleKeyOut+" main/first", Fired+" "+RuleRecordsShed+" records")
	if !strings.Contains(w.sent[len(w.sent)-1].title, "(3)") {
		t.Errorf("three at once are not one message: %+v", w.sent[len(w.sent)-1])
	}
	texts := ""
	for _, e := range w.history.events {
		texts += e.Message + "\n"
	}
	for _, part := range []string{"19 of 38 (50 %)", "8.5 CNY of 10 CNY (85 %)", "10.5 CNY of 10 CNY (105 %)", "1 MiB are free, less than 1024 MiB", "main/first is out of service: auth", "5 records"} {
		if !strings.Contains(texts, part) {
			t.Errorf("nobody was told %q:\n%s", part, texts)
		}
	}
	if strings.Contains(texts, "%{") {
		t.Errorf("a figure is missing:\n%s", texts)
	}
}

func TestARestartForgetsNothing(t *testing.T) {
	t.Parallel()
	var r Rules
	r.Budget.Nano = 1_000_000_000
	w := newWatch(t, r)
	w.Record(&proxy.Record{Cost: proxy.Cost{Known: true, Shown: price.Amount{Nano: 900_000_000, Currency: price.CNY}}})
	w.free = 0
	w.expect(w.after(10*time.Second), Fired+" "+RuleBudget+" 2026-11-24 nearly spent", Fired+" "+RuleDiskLow+" data folder")
	w.save(t.Context())
	w.start(r)
	w.resume(t.Context())
	w.expect(w.after(10 * time.Second)) // told before
	w.Record(&proxy.Record{Cost: proxy.Cost{Known: true, Shown: price.Amount{Nano: 200_000_000, Currency: price.CNY}}})
	w.expect(w.after(10*time.Second), Fired+" "+RuleBudget+" 2026-11-24 spent")
	w.free = 1 << 40
	w.clock = time.Date(2026, 11, 25, 0, 0, 10, 0, time.UTC)
	w.expect(w.after(0), Resolved+" "+RuleBudget+" 2026-11-24 nearly spent", Resolved+" "+RuleBudget+" 2026-11-24 spent", Resolved+" "+RuleDiskLow+" data folder")
}

func TestSwitchedOffTellsNothing(t *testing.T) {
	t.Parallel()
	w := newWatch(t, Rules{})
	w.free = 0
	w.Configure(Settings{})
	w.expect(w.after(time.Hour))
}

// TestChannelsSpeakEachForm sends to real sockets and checks the forms and
// signatures that the vendors document.
func TestChannelsSpeakEachForm(t *testing.T) {
	t.Parallel()
	m := compose("zh", []Event{{Rule: RuleTest, State: Fired, Message: "hello <world>", At: time.Unix(0, 0)}})
	for kind, check := range map[string]func(r *http.Request, body map[string]any) string{
		KindFeishu: func(_ *http.Request, b map[string]any) string {
			at, _ := b["timestamp"].(string)
			if b["msg_type"] != "text" || b["sign"] != sign(at+"\nsesame", "") || len(at) != 10 {
				return "form or signature"
			}
			return ""
		},
		KindDingTalk: func(r *http.Request, b map[string]any) string {
			at := r.URL.Query().Get("timestamp")
			if b["msgtype"] != "markdown" || r.URL.Query().Get("access_token") != "tok-canary" || r.URL.Query().Get("sign") != sign("sesame", at+"\nsesame") || len(at) != 13 {
				return "form or signature"
			}
			return ""
		},
		KindWeCom: func(_ *http.Request, b map[string]any) string {
			if b["msgtype"] != "markdown" {
				return "form"
			}
			return ""
		},
		KindSlack: func(_ *http.Request, b map[string]any) string {
			if text, _ := b["text"].(string); !strings.Contains(text, "hello &lt;world&gt;") {
				return "form"
			}
			return ""
		},
		KindGeneric: func(r *http.Request, b map[string]any) string {
			if b["events"] == nil || !strings.HasPrefix(r.Header.Get("X-Posthouse-Signature"), "sha256=") {
				return "form or signature"
			}
			return ""
		},
	} {
		wrong := ""
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			body := map[string]any{}
			_ = json.Unmarshal(raw, &body)
			wrong = check(r, body)
			fmt.Fprint(w, `{"code":0,"errcode":0}`)
		}))
		c := Channel{Name: "c", Kind: kind, URL: proxy.Secret(server.URL + "/hook/path-canary?access_token=tok-canary"), Secret: "sesame", AllowPrivate: true}
		if err := deliver(t.Context(), c, m); err != nil || wrong != "" {
			t.Errorf("%s: %v, wrong: %s", kind, err, wrong)
		}
		server.Close()
		for name, err := range map[string]error{"closed": deliver(t.Context(), c, m), "guarded": deliver(t.Context(), Channel{Kind: kind, URL: c.URL}, m)} {
			if err == nil || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
		}
	}
}

func TestChannelsSayWhenTheyAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind   string
		status int
		reply  string
		bad    bool
	}{
		{KindFeishu, 200, `{"code":19021,"msg":"sign match fail for tok-canary"}`, true},
		{KindDingTalk, 200, `{"errcode":310000,"errmsg":"sign not match"}`, true},
		{KindWeCom, 200, `{"errcode":93000}`, true},
		{KindSlack, 404, `no_service tok-canary`, true},
		{KindSlack, 200, `ok`, false},
		{KindGeneric, 204, ``, false},
		{KindGeneric, 302, ``, true},
		{KindFeishu, 200, `{"StatusCode":0,"code":0}`, false},
	} {
		ch := Channel{Kind: c.kind, URL: "https://example.com/x?access_token=tok-canary"}
		err := ch.verdict(c.status, []byte(c.reply))
		if (err != nil) != c.bad || err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%s %d %s: %v", c.kind, c.status, c.reply, err)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	w := New(Sources{}, &memory{}, nil, nil)
	w.Configure(Settings{Enabled: true})
	r := &proxy.Record{Provider: "main", Attempts: []proxy.Attempt{{Provider: "main"}}, Cost: proxy.Cost{Known: true, Shown: price.Amount{Nano: 1, Currency: price.CNY}}}
	b.ReportAllocs()
	for b.Loop() {
		w.Record(r)
	}
}
