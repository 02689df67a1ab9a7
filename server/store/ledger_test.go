package store

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
	"github.com/posthouse/posthouse/server/tally"
)

// fullRecord has a value in every field that is kept.
func fullRecord() proxy.Record {
	cost := proxy.Cost{Known: true, Amount: price.Amount{Nano: 123, Currency: "USD"}, Shown: price.Amount{Nano: 861, Currency: "CNY"}, Price: "https://example.com/prices"}
	used := llm.Usage{
		Input: 10, CacheRead: 20, CacheWrite: 30, CacheWrite1h: 5, Output: 40, Reasoning: 7, AudioIn: 1, AudioOut: 2, Images: 3, AudioMillis: 4500, Total: 100,
		InputFrom: llm.FromProvider, OutputFrom: llm.FromEstimates,
	}
	return proxy.Record{
		ID: "req_1", Start: testNow().Truncate(time.Millisecond), ClientIP: "192.0.2.7", Method: "POST", Path: "/v1/chat/completions", Op: llm.OpChat, Dialect: "openai",
		Consumer: "team", ConsumerID: "c-1", Route: "chat", Asked: "gpt", Stream: true, RequestLen: 12, Status: 502, Class: llm.ClassServerError, Message: "all failed at 10:31",
		Provider: "", Model: "", FirstByte: 5 * time.Millisecond, Duration: 9 * time.Second, BytesOut: 77, Usage: used, UsageSeen: true, Cost: cost, Rescued: true,
		Skipped: []proxy.Skip{{Provider: "p0", Model: "m0", Why: "its key is out"}},
		Attempts: []proxy.Attempt{
			{Provider: "p1", Model: "m1", Dialect: "openai", KeyID: "k1", KeyName: "main", Start: time.Millisecond, Headers: 2 * time.Millisecond, Duration: time.Second, Status: 500, Class: llm.ClassServerError, Message: "internal error 4711"},
			{
				Provider: "p2", Model: "m2", Dialect: "anthropic", KeyID: "k2", KeyName: "other", Start: 2 * time.Second, First: 3 * time.Millisecond, Duration: time.Second, Status: 200, Usage: used, UsageSeen: true, Cost: cost,
				Idle: 7 * time.Millisecond, Reused: true, Connect: 3 * time.Millisecond, TLS: 4 * time.Millisecond, BytesOut: 99, BytesIn: 100, VendorID: "chatcmpl-1", Resumed: true, Malformed: 2, Hedge: true, Lossy: "logprobs",
			},
		},
		BytesDropped: 5,
		Trace:        proxy.Trace{ID: [16]byte{1, 2, 3}},
		Plan:         []proxy.Choice{{Provider: "p1", Model: "m1", Place: proxy.Place{By: proxy.BalanceFastest, Value: 0.5}}, {Step: 1, Provider: "p2", Model: "m2", Place: proxy.Place{Kept: true}}},
	}
}

// ledgerRoundTrip writes and reads everything, on whatever database.
func ledgerRoundTrip(t *testing.T, r *Records) {
	t.Helper()
	ctx := context.Background()
	full, plain, odd := fullRecord(), fullRecord(), proxy.Record{ID: "a\x00b", Start: testNow(), Message: "\xff", Attempts: []proxy.Attempt{{Status: 200}}}
	plain.ID, plain.Class, plain.Message, plain.Status, plain.Rescued = "req_2", "", "", 200, false
	plain.Attempts = plain.Attempts[1:]
	plain.Provider, plain.Model = "p2", "m2"
	batch := batchOf(full, plain, odd)
	batch.Rows[0].Fault = Fault{"server_error", "all failed at #"}
	batch.Rows[0].Faults[0].Message = "internal error #"
	batch.Rows[0].Content = &Content{Request: []byte("question"), Answer: []byte("answer"), RequestBytes: 8, AnswerBytes: 1000, AnswerCut: true, Redactions: 2, Expires: time.Unix(2_000_000_000, 0).UTC()}
	var sum tally.Tally
	sum.N[tally.Calls] = 2
	sum.Took(1000)
	at := tally.Minute(testNow())
	batch.Minutes = []Sum{{at, batch.Rows[0].Series, &sum}}
	batch.Hours = []Sum{{tally.Piece(at), batch.Rows[0].Series, &sum}}
	batch.Faults = []FaultSum{{tally.Piece(at), batch.Rows[0].Series, batch.Rows[0].Fault, 1}}
	if err := r.Write(ctx, batch); err != nil {
		t.Fatal(err)
	}
	batch.Rows = nil
	if err := r.Write(ctx, batch); err != nil { // the sums once more
		t.Fatal(err)
	}
	page, err := r.Log(ctx, LogQuery{Limit: 10})
	if err != nil || len(page.Rows) != 3 || page.Next != 0 {
		t.Fatalf("%d rows, next %d, %v", len(page.Rows), page.Next, err)
	}
	by := map[string]*Row{}
	for _, row := range page.Rows {
		by[row.Record.ID] = row
	}
	if diff := cmp.Diff(full, by["req_1"].Record); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(plain, by["req_2"].Record); diff != "" {
		t.Error(diff)
	}
	if by["a\uFFFDb"] == nil || by["a\uFFFDb"].Record.Message != "\uFFFD" {
		t.Errorf("%v", by)
	}
	row, err := r.Call(ctx, "req_1", testNow())
	if err != nil || row.Content == nil || string(row.Content.Request) != "question" || string(row.Content.Answer) != "answer" || !row.Content.AnswerCut || row.Content.Expires.Unix() != 2_000_000_000 {
		t.Errorf("%+v, %v", row, err)
	}
	found, err := r.Log(ctx, LogQuery{Limit: 10, Attempts: true, Faults: func(f Fault) bool { return f.Message == "internal error #" }})
	if err != nil || len(found.Rows) != 1 || found.Rows[0].Record.ID != "req_1" {
		t.Errorf("found %d by an attempt's fault, %v", len(found.Rows), err)
	}
	found, err = r.Log(ctx, LogQuery{Limit: 10, Series: func(s *tally.Series) bool { return s.Provider == "p2" }})
	if err != nil || len(found.Rows) != 1 || found.Rows[0].Record.ID != "req_2" {
		t.Errorf("found %d by series, %v", len(found.Rows), err)
	}
	checkSum := func(when string, step time.Duration) {
		t.Helper()
		var got tally.Tally
		q := SumQuery{Kind: tally.ByConsumer, From: at.Add(-48 * time.Hour), To: at.Add(48 * time.Hour), Step: step}
		if err := r.Sums(ctx, q, func(_ time.Time, _ int64, _ *tally.Series, data []byte) error { return got.Read(data, tally.All) }); err != nil {
			t.Fatal(err)
		}
		if got.N[tally.Calls] != 4 || got.Durations.Count() != 2 {
			t.Errorf("%s: %d calls, %d durations", when, got.N[tally.Calls], got.Durations.Count())
		}
	}
	checkSum("minutes", time.Minute)
	checkSum("hours", time.Hour)
	checkSum("any", 0)
	if moved, err := r.pack(ctx, testNow().Add(48*time.Hour)); !moved || err != nil {
		t.Errorf("packed %v, %v", moved, err)
	}
	checkSum("packed hours", time.Hour)
	checkSum("a packed day", 0)
	slowest, err := r.Extremes(ctx, Slowest, testNow().Add(-time.Hour), testNow().Add(time.Hour), nil, 2)
	if err != nil || len(slowest) != 2 || slowest[0].Record.Duration != 9*time.Second {
		t.Errorf("slowest %v, %v", slowest, err)
	}
	for more := true; more; {
		r.opts.Now = func() time.Time { return time.Unix(2_100_000_000, 0) }
		if more, err = r.Maintain(ctx, Retention{Calls: time.Hour, Sums: 24 * time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	if page, err := r.Log(ctx, LogQuery{Limit: 10}); err != nil || len(page.Rows) != 0 {
		t.Errorf("%d rows are left, %v", len(page.Rows), err)
	}
	if size, err := r.Size(ctx); err != nil || size.Content != 0 || !size.Oldest.IsZero() {
		t.Errorf("%+v, %v", size, err)
	}
}

func TestLedgerRoundTrip(t *testing.T) {
	ledgerRoundTrip(t, openTestRecords(t, t.TempDir()))
}
