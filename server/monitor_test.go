package server

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
)

// ended is a call as the data plane reports it.
func ended(at time.Time, provider, model, consumer string, change func(*proxy.Record)) *proxy.Record {
	amount := price.Amount{Nano: 2_000_000_000, Currency: price.CNY}
	cost := proxy.Cost{Known: true, Amount: amount, Shown: amount}
	used := llm.Usage{Input: 100, Output: 50, Total: 150, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider}
	r := &proxy.Record{
		ID: fmt.Sprintf("req_%012x%020x", at.UnixMilli(), at.UnixNano()), Start: at, Method: "POST", Path: "/v1/chat/completions", Op: llm.OpChat, Dialect: "openai",
		Route: "chat", Provider: provider, Model: model, Asked: model, Consumer: consumer, Status: 200, Stream: true, FirstByte: 200 * time.Millisecond, Duration: time.Second,
		ClientIP: "192.0.2.1", Usage: used, UsageSeen: true, Cost: cost,
		Attempts: []proxy.Attempt{{Provider: provider, Model: model, KeyID: "k-" + provider, KeyName: "main", Duration: time.Second, First: 200 * time.Millisecond, Status: 200, Usage: used, UsageSeen: true, Cost: cost}},
	}
	if change != nil {
		change(r)
	}
	return r
}

// failedAs makes a call fail for a reason.
func failedAs(class llm.Class, status int, message string) func(*proxy.Record) {
	return func(r *proxy.Record) {
		r.Class, r.Status, r.Message, r.Usage, r.Cost, r.FirstByte = class, status, message, llm.Usage{}, proxy.Cost{}, 0
		a := &r.Attempts[0]
		a.Class, a.Status, a.Message, a.Usage, a.Cost, a.First = class, status, message, llm.Usage{}, proxy.Cost{}, 0
		r.Provider, r.Model = "", ""
	}
}

// traffic records what the tests below ask about: today 6 calls, among them a
// failure, a fallback, a refusal and one without a known price; yesterday two.
func (w *world) traffic(now time.Time) {
	w.t.Helper()
	r := w.recorder
	r.Record(ended(now.Add(-time.Minute), "deepseek", "deepseek-chat", "team-a", nil))
	r.Record(ended(now.Add(-2*time.Minute), "deepseek", "deepseek-chat", "team-a", func(r *proxy.Record) { r.Duration = 9 * time.Second }))
	r.Record(ended(now.Add(-3*time.Minute), "qwen", "qwen-plus", "", func(r *proxy.Record) {
		bad := proxy.Attempt{Provider: "deepseek", Model: "deepseek-chat", KeyID: "k-deepseek", KeyName: "main", Duration: time.Millisecond, Status: 429, Class: llm.ClassRateLimited, Message: "limit 30000 reached"}
		r.Attempts = append([]proxy.Attempt{bad}, r.Attempts...)
	}))
	r.Record(ended(now.Add(-4*time.Minute), "qwen", "qwen-plus", "team-b", failedAs(llm.ClassOverloaded, 503, "busy, ask 7 again")))
	r.Record(ended(now.Add(-5*time.Minute), "qwen", "qwen-plus", "team-b", failedAs(llm.ClassBadRequest, 400, "no such field")))
	r.Record(ended(now.Add(-6*time.Minute), "qwen", "qwen-new", "team-b", func(r *proxy.Record) { r.Cost, r.Attempts[0].Cost = proxy.Cost{}, proxy.Cost{} }))
	r.Record(ended(now.Add(-25*time.Hour), "deepseek", "deepseek-chat", "team-a", nil))
	r.Record(ended(now.Add(-26*time.Hour), "deepseek", "deepseek-chat", "team-a", nil))
}

func TestOverview(t *testing.T) {
	w := newAdminWorld(t)
	w.traffic(time.Now())
	o := into[Overview](w.do(get, "/api/monitor/overview?range=24h&tz=Asia/Kathmandu", nil).want(http.StatusOK))
	n := o.Now
	if n.Requests != 6 || n.OK != 3 || n.Rescued != 1 || n.Failed != 1 || n.Refused != 1 || n.Left != 0 || n.Attempts != 7 || n.Fallbacks != 1 {
		t.Errorf("%+v", n)
	}
	if n.SuccessRate == nil || *n.SuccessRate != 0.8 || o.Before.Requests != 2 || o.Before.SuccessRate == nil || *o.Before.SuccessRate != 1 {
		t.Errorf("success %v, before %+v", n.SuccessRate, o.Before)
	}
	if n.Tokens.Input != 400 || n.Tokens.Output != 200 || n.Tokens.Total != 600 || n.Cost.Amount != 6 || n.Cost.Currency != "CNY" || n.Cost.Unpriced != 1 {
		t.Errorf("tokens %+v, cost %+v", n.Tokens, n.Cost)
	}
	if n.Duration.Count != 4 || n.Duration.P99 == nil || *n.Duration.P99 < 8550 || *n.Duration.P99 > 9450 || n.TTFT.P50 == nil || *n.TTFT.P50 < 190 || *n.TTFT.P50 > 210 {
		t.Errorf("duration %+v, ttft %+v", n.Duration, n.TTFT)
	}
	sum := int64(0)
	for i := range o.Chart.Times {
		sum += o.Chart.OK[i] + o.Chart.Rescued[i] + o.Chart.Failed[i] + o.Chart.Refused[i] + o.Chart.Left[i]
	}
	if sum != 6 || len(o.Chart.Times) != len(o.Chart.TTFTP95) || o.Span.StepS != 900 || o.Span.TZ != "Asia/Kathmandu" {
		t.Errorf("%d calls in the chart of %d steps, span %+v", sum, len(o.Chart.Times), o.Span)
	}
	if len(o.Models) != 3 || o.Models[0].Name != "qwen-plus" || o.Models[0].Now.Requests != 3 || len(o.Consumers) != 3 || o.System.Database.Rows != 8 || o.System.Queue.Written != 8 {
		t.Errorf("models %+v, system %+v", o.Models, o.System)
	}
	if len(o.Errors) != 3 || o.Errors[0].Requests+o.Errors[0].Tries == 0 {
		t.Errorf("errors %+v", o.Errors)
	}
	for _, e := range o.Errors {
		if e.Class == "rate_limited" && (e.Message != "limit # reached" || e.Provider != "deepseek" || e.Tries != 1 || e.Requests != 0) {
			t.Errorf("%+v", e)
		}
	}
}

func TestMonitorFilters(t *testing.T) {
	w := newAdminWorld(t)
	w.traffic(time.Now())
	for query, want := range map[string]int64{
		"provider=qwen": 4, "provider=qwen&provider=deepseek": 6, "model=qwen-*": 4, "consumer=team-b": 3, "consumer=": 1, "outcome=failed&outcome=refused": 2,
		"route=nowhere": 0, "consumer=team-a&outcome=ok": 2, "range=7d": 8, "range=90d&tz=Australia/Lord_Howe": 8, "range=7d&consumer=team-a": 4,
	} {
		if !strings.Contains(query, "range") {
			query += "&range=24h"
		}
		if got := into[Overview](w.do(get, "/api/monitor/overview?"+query, nil).want(http.StatusOK)); got.Now.Requests != want {
			t.Errorf("%s: %d requests, want %d", query, got.Now.Requests, want)
		}
	}
	for _, query := range []string{"range=2h", "range=1h&from=2026-01-01T00:00:00Z", "tz=Mars/Base", "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "outcome=fine"} {
		w.do(get, "/api/monitor/overview?"+query, nil).want(http.StatusBadRequest)
	}
}

func TestSeriesAndTops(t *testing.T) {
	w := newAdminWorld(t)
	w.traffic(time.Now())
	s := into[Series](w.do(get, "/api/monitor/series?range=1h&metric=requests&metric=ttft_p95&by=model&limit=1", nil).want(http.StatusOK))
	if len(s.Lines) != 4 || s.Lines[0].Name != "qwen-plus" || *s.Lines[0].Now != 3 || !s.Lines[2].Other || *s.Lines[2].Now != 3 || len(s.Lines[1].Values) != len(s.Times) {
		t.Errorf("%+v", s.Lines)
	}
	s = into[Series](w.do(get, "/api/monitor/series?range=1h&by=class", nil).want(http.StatusOK))
	if len(s.Lines) != 2 || *s.Lines[0].Now != 1 {
		t.Errorf("classes %+v", s.Lines)
	}
	s = into[Series](w.do(get, "/api/monitor/series?range=1h&metric=cost&route=none", nil).want(http.StatusOK))
	if len(s.Lines) != 1 || *s.Lines[0].Now != 0 {
		t.Errorf("nothing is %+v", s.Lines)
	}
	top := into[Top](w.do(get, "/api/monitor/top?range=24h&by=consumer&sort=cost&limit=2", nil).want(http.StatusOK))
	if len(top.Rows) != 3 || top.Rows[0].Name != "team-a" || top.Rows[0].Now.Cost.Amount != 4 || top.Rows[0].Before.Requests != 2 || !top.Rows[2].Other || top.Rows[2].Count != 1 {
		t.Errorf("%+v", top.Rows)
	}
	top = into[Top](w.do(get, "/api/monitor/top?range=24h&by=slowest&limit=1", nil).want(http.StatusOK))
	if len(top.Requests) != 1 || top.Requests[0].DurationMs != 9000 {
		t.Errorf("%+v", top.Requests)
	}
	top = into[Top](w.do(get, "/api/monitor/top?range=24h&by=dearest&consumer=team-a", nil).want(http.StatusOK))
	if len(top.Requests) != 2 || top.Requests[0].Cost == nil || top.Requests[0].Cost.DisplayAmount != 2 {
		t.Errorf("%+v", top.Requests)
	}
}

func TestMonitorHealth(t *testing.T) {
	w := newAdminWorld(t)
	p := w.provider("deepseek")
	now := time.Now()
	for i := range 8 {
		w.recorder.Record(ended(now.Add(-time.Duration(i)*time.Second), "deepseek", "deepseek-chat", "", func(r *proxy.Record) {
			r.Attempts[0].KeyID = p.Keys[0].ID
			if i < 4 {
				failedAs(llm.ClassServerError, 500, "oops")(r)
			}
		}))
	}
	h := into[Health](w.do(get, "/api/monitor/health?range=1h", nil).want(http.StatusOK))
	if len(h.Providers) != 1 {
		t.Fatalf("%+v", h)
	}
	got := h.Providers[0]
	if got.State != "degraded" || got.Tries != 8 || got.Failed != 4 || len(got.Strip) != bars || len(got.Keys) != 1 || got.Keys[0].Tries != 8 || len(got.Targets) != 1 || got.LastError == nil || got.LastError.Message != "oops" {
		t.Errorf("%+v", got)
	}
}

func TestRequestLogFilters(t *testing.T) {
	w := newAdminWorld(t)
	now := time.Now()
	w.traffic(now)
	type page struct {
		Requests []Call
		Next     string
		Facets   *Facets
	}
	for query, want := range map[string]int{
		"": 8, "range=24h": 6, "provider=qwen": 4, "consumer=team-a&range=24h": 2, "outcome=failed": 1, "class=*": 2, "class=bad_request": 1, "status=5xx": 1, "status=400&status=503": 2,
		"q=ask+7+AGAIN": 1, "q=ask+8+again": 0, "q=limit+30000": 1, "key=main": 8, "min_ms=5000": 1, "fallback=true": 1, "stream=false": 0, "min_cost=1": 5, "min_tokens=150": 6,
		"asked=qwen-*": 4, "op=chat": 8, "client_ip=192.0.2.2": 0, "q=no+such&outcome=failed": 0,
		"from=" + url.QueryEscape(now.Add(-270*time.Second).Format(time.RFC3339)) + "&to=" + url.QueryEscape(now.Add(-90*time.Second).Format(time.RFC3339)): 3,
	} {
		got := into[page](w.do(get, "/api/requests?"+query, nil).want(http.StatusOK))
		if len(got.Requests) != want {
			t.Errorf("%s: %d requests, want %d", query, len(got.Requests), want)
		}
	}
	seen, next := map[string]bool{}, ""
	for range 10 {
		got := into[page](w.do(get, "/api/requests?limit=3&before="+next, nil).want(http.StatusOK))
		for _, c := range got.Requests {
			if seen[c.ID] {
				t.Errorf("%s is on two pages", c.ID)
			}
			seen[c.ID] = true
		}
		if next = got.Next; next == "" {
			break
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d requests on all pages", len(seen))
	}
	facets := into[page](w.do(get, "/api/requests?range=24h&provider=qwen&facets=true", nil).want(http.StatusOK)).Facets
	if facets == nil || len(facets.Provider) != 2 || len(facets.Model) != 2 || facets.Model[0] != (Facet{"qwen-plus", 3}) || len(facets.Class) != 2 {
		t.Errorf("%+v", facets)
	}
	w.do(get, "/api/requests?before=!", nil).want(http.StatusBadRequest)
	w.do(get, "/api/requests?status=teapot", nil).want(http.StatusBadRequest).at("query.status[0]")
}

func TestRequestExport(t *testing.T) {
	w := newAdminWorld(t)
	w.traffic(time.Now())
	w.recorder.Record(ended(time.Now(), "deepseek", "=cmd()", "", nil))
	a := w.do(get, "/api/requests/export?range=7d", nil).want(http.StatusOK)
	lines, err := csv.NewReader(strings.NewReader(string(a.body))).ReadAll()
	if err != nil || len(lines) != 10 || len(lines[0]) != len(exportColumns()) || !strings.Contains(a.header.Get("Content-Disposition"), ".csv") {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if strings.Contains(string(a.body), ",=cmd") {
		t.Error("a spreadsheet would take a model for a formula")
	}
	a = w.do(get, "/api/requests/export?range=24h&format=jsonl&outcome=rescued", nil).want(http.StatusOK)
	n := 0
	for scanner := bufio.NewScanner(strings.NewReader(string(a.body))); scanner.Scan(); n++ {
		var c Call
		if err := json.Unmarshal(scanner.Bytes(), &c); err != nil || len(c.Attempts) != 2 {
			t.Errorf("%s: %v", scanner.Text(), err)
		}
	}
	if n != 1 {
		t.Errorf("%d lines", n)
	}
}

func TestRecordSettings(t *testing.T) {
	w := newAdminWorld(t)
	path := "/api/settings/records"
	have := into[RecordSettings](w.do(get, path, nil).want(http.StatusOK))
	saved := into[RecordSettings](w.do(put, path, map[string]any{"request_days": 7, "content_bytes": 1 << 30, "version": have.Version}).want(http.StatusOK))
	if saved.RequestDays != 7 || saved.ContentBytes != 1<<30 || saved.Version != have.Version+1 {
		t.Errorf("%+v", saved)
	}
	w.do(put, path, map[string]any{"request_days": 8, "version": have.Version}).want(http.StatusConflict)
	w.do(put, path, map[string]any{"request_bytes": 1000, "version": saved.Version}).want(http.StatusBadRequest).at("body.request_bytes")
	doc := string(w.do(get, documentPath, nil).want(http.StatusOK).body)
	if !strings.Contains(doc, "records:\n  request_days: 7\n") {
		t.Errorf("document %s", doc)
	}
	yaml := http.Header{"Content-Type": {"application/yaml"}, "Origin": {w.url}, "Cookie": {cookieName + "=" + w.cookie}}
	plan := into[Plan](w.send(post, documentPath, strings.NewReader(strings.Replace(doc, "request_days: 7", "request_days: 9", 1)), yaml).want(http.StatusOK))
	if len(plan.Changes) != 1 || plan.Changes[0].Name != "records" {
		t.Errorf("%+v", plan)
	}
	row, err := w.store.RecordSettings(t.Context())
	if err != nil || row.Retention().Calls != 9*24*time.Hour || row.Retention().Sums != 400*24*time.Hour {
		t.Errorf("%+v, %v", row.Retention(), err)
	}
}

func TestRedactionIsTried(t *testing.T) {
	w := newAdminWorld(t)
	path := "/api/settings/records/redaction"
	try := func(rules map[string]any) *reply {
		rules["text"] = "ada@example.com asks for PROJ-12"
		return w.do(post, path, rules)
	}
	all := into[Redaction](try(map[string]any{"patterns": []string{`PROJ-\d+`}}).want(http.StatusOK))
	if all.Text != "[mail] asks for [redacted]" || all.Places != 2 {
		t.Errorf("%+v", all)
	}
	if some := into[Redaction](try(map[string]any{"redact": []string{"phone"}}).want(http.StatusOK)); some.Places != 0 {
		t.Errorf("%+v", some)
	}
	try(map[string]any{"patterns": []string{"fine", "a*"}}).want(http.StatusBadRequest).at("body.patterns[1]")
}

func TestSizeOfTheRecords(t *testing.T) {
	w := newAdminWorld(t)
	if size := into[Database](w.do(get, "/api/settings/records/size", nil).want(http.StatusOK)); size.Bytes <= 0 || size.Content != 0 {
		t.Errorf("%+v", size)
	}
}

func TestCaptureOfARoute(t *testing.T) {
	w := newAdminWorld(t)
	w.provider("deepseek")
	route := func(capture map[string]any) map[string]any {
		return map[string]any{"name": "chat", "targets": []any{map[string]any{"provider": "deepseek"}}, "capture": capture}
	}
	made := into[Route](w.do(post, "/api/routes", route(map[string]any{"on": true, "keep": "72h", "redact": []string{"mail"}, "patterns": []string{`PROJ-\d+`}})).want(http.StatusOK))
	if !made.Capture.On || made.Capture.Keep != "72h" || len(made.Capture.Patterns) != 1 {
		t.Errorf("%+v", made.Capture)
	}
	if doc := string(w.do(get, documentPath, nil).want(http.StatusOK).body); !strings.Contains(doc, "capture:\n") || !strings.Contains(doc, "keep: 72h") {
		t.Errorf("document %s", doc)
	}
	for field, capture := range map[string]map[string]any{
		"body.capture.patterns[0]": {"patterns": []string{"("}}, "body.capture.keep": {"keep": "soon"}, "body.capture.permille": {"permille": 2000}, "body.capture.redact[0]": {"redact": []string{"names"}},
	} {
		w.do(post, "/api/routes", route(capture)).want(http.StatusBadRequest).at(field)
	}
}
