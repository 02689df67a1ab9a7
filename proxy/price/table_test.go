package price_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/price"
)

func entry(t testing.TB, vendor, model, input string) price.Entry {
	return price.Entry{Vendor: vendor, Model: model, Price: price.Price{Currency: price.USD, Input: rate(t, input)}}
}

func day(t testing.TB, s string) price.Date {
	t.Helper()
	d, err := price.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func at(s string) time.Time {
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return v
}

func TestTableFindsThePriceThatCounts(t *testing.T) {
	t.Parallel()
	from := func(e price.Entry, d string) price.Entry { e.From = day(t, d); return e }
	above := func(e price.Entry, n int64) price.Entry { e.Above = n; return e }
	hours := func(e price.Entry, h string) price.Entry { e.Hours = h; return e }
	mine := func(e price.Entry) price.Entry { e.Provider, e.Vendor = "mine", ""; return e }
	region := func(e price.Entry, r string) price.Entry { e.Region = r; return e }
	shipped := []price.Entry{
		entry(t, "openai", "gpt-*", "1"), entry(t, "openai", "gpt-4*", "2"), entry(t, "openai", "gpt-4", "3"),
		from(entry(t, "openai", "gpt-4", "4"), "2026-06-01"),
		above(entry(t, "openai", "gpt-4", "5"), 1000),
		above(from(entry(t, "openai", "gpt-4", "6"), "2026-06-01"), 1000),
		hours(from(entry(t, "openai", "gpt-4", "7"), "2026-06-01"), "01:00-04:00 weekdays"),
		region(entry(t, "dashscope", "qwen-max", "20"), "cn"), region(entry(t, "dashscope", "qwen-max", "30"), "intl"),
		from(entry(t, "openai", "o3", "9"), "2026-06-01"),
	}
	entered := []price.Entry{
		from(entry(t, "openai", "gpt-5", "50"), "2026-07-01"),
		from(mine(entry(t, "", "gpt-4", "60")), "2026-08-01"),
		mine(entry(t, "", "*", "70")),
	}
	table, faults := price.NewTable(shipped, entered)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	cases := []struct {
		provider, vendor, region, model, at string
		prompt                              int64
		want                                string
		shipped                             bool
	}{
		{"p", "openai", "", "gpt-4", "2026-01-01T00:00:00Z", 10, "3", true},
		{"p", "openai", "", "gpt-4", "2026-01-01T00:00:00Z", 1001, "5", true},
		{"p", "openai", "", "gpt-4", "2026-06-01T00:00:00Z", 1000, "4", true},
		{"p", "openai", "", "gpt-4", "2026-06-01T05:00:00Z", 1001, "6", true},
		{"p", "openai", "", "gpt-4", "2026-06-01T01:00:00Z", 10, "7", true},
		{"p", "openai", "", "gpt-4", "2026-06-06T01:00:00Z", 10, "4", true}, // a Saturday
		{"p", "openai", "", "gpt-4o", "2026-06-01T00:00:00Z", 10, "2", true},
		{"p", "openai", "", "gpt-9", "2026-06-01T00:00:00Z", 10, "1", true},
		{"p", "openai", "", "gpt-5", "2026-06-30T23:59:59Z", 10, "1", true},
		{"p", "openai", "", "gpt-5", "2026-07-01T00:00:00Z", 10, "50", false},
		{"mine", "openai", "", "gpt-4", "2026-08-02T00:00:00Z", 5000, "60", false},
		{"mine", "openai", "", "gpt-4", "2026-07-02T00:00:00Z", 10, "70", false},
		{"mine", "openai", "", "anything", "2026-07-02T00:00:00Z", 10, "70", false},
		{"p", "dashscope", "", "qwen-max", "2026-07-02T00:00:00Z", 10, "20", true}, // the first region
		{"p", "dashscope", "intl", "qwen-max", "2026-07-02T00:00:00Z", 10, "30", true},
		{"p", "dashscope", "us", "qwen-max", "2026-07-02T00:00:00Z", 10, "", false},
		{"p", "openai", "", "o3", "2026-05-31T23:59:59Z", 10, "", false},
		{"p", "openai", "", "o1", "2026-07-02T00:00:00Z", 10, "", false},
	}
	for _, c := range cases {
		m := table.Provider(c.provider, c.vendor, c.region).Model(c.model)
		e, ok := m.At(at(c.at), c.prompt)
		if ok != (c.want != "") || ok && (e.Input.String() != c.want || m.Shipped(e) != c.shipped) {
			t.Errorf("%s %s at %s with %d: %v, %v; want %q", c.provider, c.model, c.at, c.prompt, e, ok, c.want)
		}
	}
}

func TestTableReportsWhatItCanNotUse(t *testing.T) {
	t.Parallel()
	good := entry(t, "openai", "gpt-4", "1")
	bad := map[string]func(*price.Entry){
		"vendor":   func(e *price.Entry) { e.Vendor = "" },
		"region":   func(e *price.Entry) { e.Provider, e.Vendor, e.Region = "p", "", "cn" },
		"model":    func(e *price.Entry) { e.Model = " " },
		"currency": func(e *price.Entry) { e.Currency = "usd" },
		"above":    func(e *price.Entry) { e.Above = -1 },
		"input":    func(e *price.Entry) { e.Input = price.Rate{} },
		"hours":    func(e *price.Entry) { e.Hours = "4:00-01:00" },
	}
	for field, spoil := range bad {
		e := good
		spoil(&e)
		table, faults := price.NewTable(nil, []price.Entry{good, e})
		if len(faults) != 1 || faults[0].Entry != 1 || faults[0].Field != field || faults[0].Err == nil {
			t.Errorf("%s: faults %v", field, faults)
		}
		if _, ok := table.Provider("x", "openai", "").Model("gpt-4").At(time.Now(), 1); !ok {
			t.Errorf("%s: the sound entry is gone", field)
		}
	}
}

func TestShippedVendorsAreInTheCatalogue(t *testing.T) {
	t.Parallel()
	for _, e := range price.Shipped().Prices {
		v, ok := catalog.ByID(e.Vendor)
		if !ok {
			t.Errorf("%s is not in the catalogue", e.Vendor)
			continue
		}
		found := e.Region == ""
		for _, r := range v.Regions {
			found = found || r.ID == e.Region
		}
		if !found {
			t.Errorf("%s has no region %s", e.Vendor, e.Region)
		}
	}
}

func TestModelsBeyondTheBoundAreStillPriced(t *testing.T) {
	t.Parallel()
	table, _ := price.NewTable([]price.Entry{entry(t, "openai", "*", "1")}, nil)
	p := table.Provider("p", "openai", "")
	for i := range 3000 {
		if _, ok := p.Model(fmt.Sprint("m", i)).At(time.Now(), 1); !ok {
			t.Fatalf("model %d has no price", i)
		}
	}
}

func BenchmarkModelKnown(b *testing.B) {
	table, _ := price.NewTable(price.Shipped().Prices, nil)
	p := table.Provider("p", "openai", "")
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := p.Model("gpt-4o-mini").At(now, 1000); !ok {
			b.Fatal("not found")
		}
	}
}

func BenchmarkModelFirst(b *testing.B) {
	table, _ := price.NewTable(price.Shipped().Prices, nil)
	b.ReportAllocs()
	for b.Loop() {
		table.Provider("p", "openai", "").Model("gpt-4o-mini")
	}
}
