package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
)

func mine(model, input string) map[string]any {
	return map[string]any{"vendor": "openai", "model": model, "currency": "USD", "input": input, "output": "8"}
}

type priceListing struct {
	AsOf     string `json:"as_of"`
	Currency map[string]any
	Prices   []map[string]any
}

func TestPricesAreEnteredChangedAndDeleted(t *testing.T) {
	w := newAdminWorld(t)
	made := into[map[string]any](w.do(post, "/api/prices", mine("gpt-x", "1.50")).want(http.StatusOK))
	if made["input"] != "1.5" || made["shipped"] != false || made["version"] != 1.0 {
		t.Fatalf("made %v", made)
	}
	id := made["id"].(string)
	w.do(post, "/api/prices", mine("gpt-x", "9")).want(http.StatusConflict)

	all := into[priceListing](w.do(get, "/api/prices?vendor=openai&model=gpt-", nil).want(http.StatusOK))
	if len(all.Prices) < 20 || all.Prices[0]["model"] != "gpt-x" || all.Prices[1]["shipped"] != true || all.Prices[1]["source"] == "" || all.AsOf == "" {
		t.Fatalf("listed %d prices, first %v", len(all.Prices), all.Prices[:2])
	}
	changed := mine("gpt-x", "2")
	changed["version"], changed["from"], changed["source"] = 1, "2026-11-01", "contract"
	w.do(put, "/api/prices/"+id, changed).want(http.StatusOK)
	w.do(put, "/api/prices/"+id, changed).want(http.StatusConflict) // the version is stale
	own := into[priceListing](w.do(get, "/api/prices?shipped=false", nil).want(http.StatusOK))
	if len(own.Prices) != 1 || own.Prices[0]["input"] != "2" || own.Prices[0]["from"] != "2026-11-01" {
		t.Fatalf("own prices %v", own.Prices)
	}
	w.do(del, "/api/prices/"+id, nil).want(http.StatusOK, http.StatusNoContent)
	w.do(get, "/api/prices/"+id, nil).want(http.StatusNotFound)
}

func TestPricesSayWhatIsWrongWithThem(t *testing.T) {
	w := newAdminWorld(t)
	spoil := func(field string, value any) map[string]any {
		m := mine("gpt-x", "1")
		m[field] = value
		return m
	}
	for field, body := range map[string]map[string]any{
		"input":    spoil("input", "1,5"),
		"image":    spoil("image", "-1"),
		"currency": spoil("currency", "usd"),
		"from":     spoil("from", "yesterday"),
		"vendor":   spoil("vendor", "nobody"),
		"region":   spoil("region", "moon"),
		"hours":    spoil("hours", "noon"),
		"provider": {"provider": "nobody", "model": "x", "currency": "USD", "input": "1"},
	} {
		w.do(post, "/api/prices", body).want(http.StatusBadRequest).at("body." + field)
	}
	w.do(put, "/api/prices/currency", map[string]any{"display": "CNY", "rates": map[string]any{"USD": "0"}}).want(http.StatusBadRequest)
	w.do(put, "/api/prices/currency", map[string]any{"display": "yuan"}).want(http.StatusBadRequest)
}

func TestPriceListsTravel(t *testing.T) {
	w := newAdminWorld(t)
	list := []any{mine("a", "1"), mine("b", "2")}
	w.do(post, "/api/prices/import", map[string]any{"prices": list}).want(http.StatusOK)
	again := into[map[string]any](w.do(post, "/api/prices/import", map[string]any{"prices": []any{mine("b", "3"), mine("c", "4")}, "replace": true}).want(http.StatusOK))
	if again["created"] != 1.0 || again["updated"] != 1.0 || again["deleted"] != 1.0 || again["unchanged"] != 0.0 {
		t.Fatalf("imported %v", again)
	}
	exported := into[map[string]any](w.do(get, "/api/prices/export", nil).want(http.StatusOK))
	same := into[map[string]any](w.do(post, "/api/prices/import", exported).want(http.StatusOK))
	if same["unchanged"] != 2.0 || same["created"] != 0.0 {
		t.Fatalf("importing what was exported: %v", same)
	}
	w.do(post, "/api/prices/import", map[string]any{"prices": []any{mine("a", "1"), mine("a", "2")}}).want(http.StatusBadRequest).at("body.prices[1]")
	shipped := into[map[string]any](w.do(get, "/api/prices/export?shipped=true", nil).want(http.StatusOK))
	w.do(post, "/api/prices/import", shipped).want(http.StatusOK)
}

func TestPricesAreInTheDocument(t *testing.T) {
	w := newAdminWorld(t)
	w.do(post, "/api/prices", mine("gpt-x", "0.000001")).want(http.StatusOK)
	w.do(put, "/api/prices/currency", map[string]any{"display": "USD", "rates": map[string]any{"CNY": "0.14"}}).want(http.StatusOK)
	text, err := Export(t.Context(), w.store)
	if err != nil || !strings.Contains(string(text), `input: "0.000001"`) || !strings.Contains(string(text), "display: USD") {
		t.Fatalf("%v:\n%s", err, text)
	}
	other := newAdminWorld(t)
	if plan, err := Apply(t.Context(), other.store, text, ApplyOptions{}); err != nil || len(plan.Changes) != 2 {
		t.Fatalf("%v: %v", err, plan)
	}
	if plan, err := Apply(t.Context(), other.store, text, ApplyOptions{}); err != nil || len(plan.Changes) != 0 {
		t.Fatalf("again: %v: %v", err, plan)
	}
	if c, err := other.store.Currency(t.Context()); err != nil || c.Exchange.Display != price.USD || c.Exchange.Micro[price.CNY] != 140_000 {
		t.Fatalf("currency %v: %v", err, c)
	}
	without := strings.Replace(string(text), "    - vendor: openai", "    - vendor: nobody", 1)
	if _, err := Apply(t.Context(), other.store, []byte(without), ApplyOptions{}); err == nil || !strings.Contains(err.Error(), "prices.list[0].vendor") {
		t.Errorf("a vendor that is not there: %v", err)
	}
}

func TestPricesFollowARenamedProvider(t *testing.T) {
	w := newAdminWorld(t)
	made := into[map[string]any](w.do(post, "/api/providers", map[string]any{"name": "old", "vendor": "openai"}).want(http.StatusOK, http.StatusCreated))
	w.do(post, "/api/prices", map[string]any{"provider": "old", "model": "*", "currency": "CNY", "input": "1"}).want(http.StatusOK)
	w.do(put, "/api/providers/"+made["id"].(string), map[string]any{"name": "new", "vendor": "openai", "version": made["version"]}).want(http.StatusOK)
	own := into[priceListing](w.do(get, "/api/prices?shipped=false", nil).want(http.StatusOK))
	if len(own.Prices) != 1 || own.Prices[0]["provider"] != "new" {
		t.Fatalf("prices %v", own.Prices)
	}
}

func TestUnpricedModelsAreRemembered(t *testing.T) {
	u := NewUnpriced()
	known := proxy.Record{Provider: "p", Model: "known", Cost: proxy.Cost{Known: true}}
	counted := proxy.Record{Provider: "p", Model: "counted", Usage: llm.Usage{Input: 1, InputFrom: llm.FromProvider, OutputFrom: llm.FromProvider}}
	blind := proxy.Record{Provider: "p", Model: "blind"}
	failed := proxy.Record{Model: "never asked"}
	for _, r := range []*proxy.Record{&known, &counted, &counted, &blind, &failed} {
		u.Record(r)
	}
	got := u.list()
	if len(got) != 2 || got[0].Model != "counted" || got[0].Calls != 2 || !got[0].Counted || got[1].Model != "blind" || got[1].Counted {
		t.Fatalf("remembered %+v", got)
	}
	for i := range 2 * maxUnpriced {
		u.Record(&proxy.Record{Provider: "p", Model: strings.Repeat("x", i)})
	}
	if len(u.list()) != maxUnpriced {
		t.Errorf("%d models are remembered", len(u.list()))
	}
}
