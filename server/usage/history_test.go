package usage

import (
	"context"
	"flag"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/usage/flood"
)

// history is where the pictures of the README get their past from; the console
// is looked at with it too (web/e2e/pictures.spec.ts).
var history = flag.String("history", "", "data folder to write a day of made-up calls into")

// TestHistory writes a day of calls, of which half an hour went badly at one
// vendor, and sees that they are there. Without -history it writes few, and
// into a folder of its own.
func TestHistory(t *testing.T) {
	dir, n := *history, 500
	if dir == "" {
		dir = t.TempDir()
	} else {
		n = 30_000
	}
	records, err := store.OpenRecords(t.Context(), store.RecordsOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = records.Close() }()
	end := time.Now().Add(-time.Minute)
	down := end.Add(-150 * time.Minute)
	var rows []*store.Row
	sums := newPending()
	flush := func() {
		batch := &store.Batch{Rows: rows}
		sums.fill(batch)
		if err := records.Write(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
		rows, sums = nil, newPending()
	}
	flood.New(11).Days(n, 1, end, func(r *proxy.Record) {
		r.Route = "chat"
		if since := r.Start.Sub(down); since > 0 && since < 30*time.Minute && r.Provider == "openai" {
			standIn(r)
		}
		row := Account(r)
		sums.add(row)
		if rows = append(rows, row); len(rows) == 5000 {
			flush()
		}
	})
	flush()
	for more := true; more; {
		if more, err = records.Maintain(t.Context(), store.Retention{}); err != nil {
			t.Fatal(err)
		}
	}
	if newest, err := records.Recent(t.Context(), 1); err != nil || len(newest) != 1 {
		t.Errorf("%d calls, %v", len(newest), err)
	}
}

// standIn turns a call into one that two targets failed and a third served.
func standIn(r *proxy.Record) {
	late := 1840 * time.Millisecond
	served := r.Attempts[len(r.Attempts)-1]
	took := max(r.Duration, 2*time.Second)
	served.Provider, served.Model, served.KeyID, served.KeyName = "qwen", "qwen3-max", "k-qwen", "main"
	served.Class, served.Message, served.Status = "", "", 200
	served.Start, served.Headers, served.First, served.Duration = late, 310*time.Millisecond, 620*time.Millisecond, took
	r.Attempts = []proxy.Attempt{
		{
			Provider: "openai", Model: r.Asked, Dialect: "openai", KeyID: "k-openai", KeyName: "main", Start: 90 * time.Microsecond,
			Headers: 840 * time.Millisecond, Duration: 850 * time.Millisecond, Status: 503, Class: llm.ClassOverloaded,
			Message: "The engine is currently overloaded, please try again later", Connect: 22 * time.Millisecond, TLS: 61 * time.Millisecond,
		},
		{
			Provider: "openai", Model: r.Asked, Dialect: "openai", KeyID: "k2-openai", KeyName: "second", Start: 1100 * time.Millisecond,
			Headers: 690 * time.Millisecond, Duration: 700 * time.Millisecond, Status: 503, Class: llm.ClassOverloaded, Reused: true,
			Message: "The engine is currently overloaded, please try again later",
		},
		served,
	}
	r.Skipped = []proxy.Skip{{Provider: "deepseek", Model: "deepseek-chat", Why: "deepseek/deepseek-chat failed too often just now and is left alone for some seconds"}}
	r.Plan = []proxy.Choice{{Provider: "openai", Model: r.Asked}, {Step: 1, Provider: "deepseek", Model: "deepseek-chat"}, {Step: 2, Provider: "qwen", Model: "qwen3-max"}}
	r.Provider, r.Model, r.Status, r.Class, r.Message = "qwen", "qwen3-max", 200, "", ""
	r.FirstByte, r.Duration = late+served.First, late+took
}
