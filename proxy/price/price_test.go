package price_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
)

func rate(t testing.TB, s string) price.Rate {
	t.Helper()
	r, err := price.PerMillion(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func unit(t testing.TB, s string) price.UnitRate {
	t.Helper()
	r, err := price.PerUnit(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// full is a price with every line.
func full(t testing.TB) price.Price {
	return price.Price{
		Currency: price.USD, Input: rate(t, "3"), CacheRead: rate(t, "0.3"), CacheWrite: rate(t, "3.75"), CacheWrite1h: rate(t, "6"),
		Output: rate(t, "15"), Reasoning: rate(t, "20"), AudioIn: rate(t, "40"), AudioOut: rate(t, "80"),
		Image: unit(t, "0.04"), Minute: unit(t, "0.006"),
	}
}

func usage(u llm.Usage) llm.Usage {
	u.InputFrom, u.OutputFrom = llm.FromProvider, llm.FromProvider
	return u
}

func TestCostAddsUpEveryKind(t *testing.T) {
	t.Parallel()
	all := full(t)
	plain := price.Price{Currency: price.CNY, Input: rate(t, "2"), Output: rate(t, "8")}
	free := price.Price{Currency: price.CNY, Input: rate(t, "0"), Output: rate(t, "0")}
	cases := map[string]struct {
		u     llm.Usage
		p     price.Price
		nano  int64
		known bool
	}{
		"input and output":          {usage(llm.Usage{Input: 1000, Output: 100}), plain, 2_000_000 + 800_000, true},
		"cached without a price":    {usage(llm.Usage{Input: 500, CacheRead: 500}), plain, 2_000_000, true},
		"cached":                    {usage(llm.Usage{Input: 500, CacheRead: 500}), all, 1_500_000 + 150_000, true},
		"cache writes":              {usage(llm.Usage{CacheWrite: 300, CacheWrite1h: 100}), all, 200*3750 + 100*6000, true},
		"reasoning as output":       {usage(llm.Usage{Output: 100, Reasoning: 60}), plain, 800_000, true},
		"reasoning apart":           {usage(llm.Usage{Output: 100, Reasoning: 60}), all, 40*15_000 + 60*20_000, true},
		"audio":                     {usage(llm.Usage{Input: 100, AudioIn: 40, Output: 50, AudioOut: 50}), all, 60*3000 + 40*40_000 + 50*80_000, true},
		"audio without a price":     {usage(llm.Usage{Input: 100, AudioIn: 40}), plain, 0, false},
		"pictures":                  {llm.Usage{Images: 2}, all, 80_000_000, true},
		"pictures without a price":  {llm.Usage{Images: 2}, plain, 0, false},
		"pictures billed by tokens": {usage(llm.Usage{Images: 1, Input: 10, Output: 1000}), plain, 20_000 + 8_000_000, true},
		"a minute and a half":       {llm.Usage{AudioMillis: 90_000}, all, 9_000_000, true},
		"free":                      {usage(llm.Usage{Input: 1000, Output: 100}), free, 0, true},
		"no price":                  {usage(llm.Usage{Input: 1000}), price.Price{Currency: price.CNY, Output: rate(t, "8")}, 0, false},
		"counts nobody knows":       {llm.Usage{}, plain, 0, false},
		"half of the counts":        {llm.Usage{Input: 10, InputFrom: llm.FromCounting}, plain, 0, false},
		"nothing used":              {usage(llm.Usage{}), plain, 0, true},
		"rounded once":              {usage(llm.Usage{Input: 1, Output: 1}), price.Price{Currency: price.USD, Input: rate(t, "0.0004"), Output: rate(t, "0.0002")}, 1, true},
		"more than there is":        {usage(llm.Usage{Input: math.MaxInt64}), price.Price{Currency: price.USD, Input: rate(t, "1000000")}, math.MaxInt64, true},
		"details beyond the whole":  {usage(llm.Usage{Output: 10, Reasoning: 50, AudioOut: 4}), all, 4*80_000 + 6*20_000, true},
	}
	for name, c := range cases {
		got, known := price.Cost(c.u, c.p)
		if known != c.known || known && (got.Nano != c.nano || got.Currency != c.p.Currency) {
			t.Errorf("%s: %v, known %v; want %d nano, known %v", name, got, known, c.nano, c.known)
		}
		if !known && got != (price.Amount{}) {
			t.Errorf("%s: an amount that is not known is %v", name, got)
		}
	}
}

func TestRatesReadAsWritten(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"0.27": "0.27", "2.50": "2.5", "0": "0", "10": "10", "0.000001": "0.000001", " 3.0 ": "3"} {
		r, err := price.PerMillion(in)
		if err != nil || r.String() != want || !r.Known() {
			t.Errorf("%q reads as %q (%v)", in, r, err)
		}
	}
	for _, in := range []string{"", "-1", "1e3", "0.0000001", ".5", "1,5", "1000001", "NaN", "0x1", "99999999999999999999"} {
		if r, err := price.PerMillion(in); err == nil || r.Known() {
			t.Errorf("%q reads as %q", in, r)
		}
	}
	var p price.Price
	if err := json.Unmarshal([]byte(`{"currency":"USD","input":0.15,"output":"0.60","cache_read":null,"image":0.04}`), &p); err != nil {
		t.Fatal(err)
	}
	if p.CacheRead.Known() || p.Input.String() != "0.15" || p.Image.String() != "0.04" {
		t.Errorf("read %+v", p)
	}
	back, err := json.Marshal(p)
	if err != nil || string(back) != `{"currency":"USD","input":"0.15","output":"0.6","image":"0.04"}` {
		t.Errorf("written %s (%v)", back, err)
	}
}

func TestAmountsConvertAndPrint(t *testing.T) {
	t.Parallel()
	x := price.Exchange{Display: price.CNY, Micro: map[price.Currency]int64{price.USD: 7_123_456}}
	cases := []struct {
		in   price.Amount
		want string
		ok   bool
	}{
		{price.Amount{Nano: 1_000_000_000, Currency: price.USD}, "7.123456 CNY", true},
		{price.Amount{Nano: 1, Currency: price.USD}, "0.000000007 CNY", true},
		{price.Amount{Nano: -1_500_000_000, Currency: price.USD}, "-10.685184 CNY", true},
		{price.Amount{Nano: 5, Currency: price.CNY}, "0.000000005 CNY", true},
		{price.Amount{Nano: math.MaxInt64, Currency: price.USD}, "9223372036.854775807 CNY", true},
		{price.Amount{Nano: 5, Currency: "EUR"}, "", false},
	}
	for _, c := range cases {
		got, ok := x.Convert(c.in)
		if ok != c.ok || ok && got.String() != c.want {
			t.Errorf("%v is %v (%v), want %s", c.in, got, ok, c.want)
		}
	}
	if _, err := price.ParseMicro("0"); err == nil {
		t.Error("an exchange rate of 0 was taken")
	}
}

func TestShippedListIsSound(t *testing.T) {
	t.Parallel()
	list := price.Shipped()
	if list.AsOf.IsZero() || list.Note == "" || len(list.Prices) < 50 {
		t.Fatalf("as of %v, %d prices, note %q", list.AsOf, len(list.Prices), list.Note)
	}
	seen := map[string]bool{}
	for _, e := range list.Prices {
		if e.Vendor == "" || e.Source == "" {
			t.Errorf("%s %s: no vendor or no source", e.Vendor, e.Model)
		}
		k := strings.Join([]string{e.Vendor, e.Region, e.Model, e.From.String(), e.Hours, string(rune(e.Above))}, "|")
		if seen[k] {
			t.Errorf("%s stands twice", k)
		}
		seen[k] = true
	}
}

func BenchmarkCost(b *testing.B) {
	p := full(b)
	u := usage(llm.Usage{Input: 1200, CacheRead: 800, Output: 300, Reasoning: 100})
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := price.Cost(u, p); !ok {
			b.Fatal("not known")
		}
	}
}

func FuzzPerMillion(f *testing.F) {
	for _, s := range []string{"0.27", "0", "12.5", "", "-1", "1e9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := price.PerMillion(s)
		if err != nil {
			return
		}
		again, err := price.PerMillion(r.String())
		if err != nil || again != r {
			t.Fatalf("%q reads as %q, which reads as %q (%v)", s, r, again, err)
		}
	})
}
