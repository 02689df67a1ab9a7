package server

import (
	"cmp"
	"slices"
	"strings"

	"github.com/posthouse/posthouse/proxy/catalog"
	"github.com/posthouse/posthouse/proxy/price"
	"github.com/posthouse/posthouse/server/store"
)

// maxPrices bounds how many prices an admin may enter: they are looked through
// when a model is asked for the first time.
const maxPrices = 2_000

// PriceSpec is a price as it is entered. Amounts are text, as money is nothing
// for floating point: "0.27" per million tokens, "0.04" per picture or minute.
type PriceSpec struct {
	Provider string `json:"provider,omitempty" yaml:"provider,omitempty" doc:"Name of the one provider it is for" maxLength:"63"`
	Vendor   string `json:"vendor,omitempty" yaml:"vendor,omitempty" doc:"Or the vendor, for all its providers" maxLength:"64"`
	Region   string `json:"region,omitempty" yaml:"region,omitempty" doc:"One of the vendor's regions; empty: all" maxLength:"64"`
	Model    string `json:"model" yaml:"model" doc:"Exact, or a pattern in which * is any run of characters" maxLength:"255" example:"qwen-max*"`

	From  string `json:"from,omitempty" yaml:"from,omitempty" doc:"First day (UTC) it holds; empty: it always did" maxLength:"10" example:"2026-11-24"`
	Above int64  `json:"above,omitempty" yaml:"above,omitempty" doc:"Size of prompt in tokens beyond which it holds" minimum:"0"`
	Hours string `json:"hours,omitempty" yaml:"hours,omitempty" doc:"Hours of the day (UTC) at which it holds; empty: all" maxLength:"128" example:"01:00-04:00,06:00-10:00 weekdays"`

	Currency     string `json:"currency" yaml:"currency" doc:"Three letters" maxLength:"3" example:"CNY"`
	Input        string `json:"input,omitempty" yaml:"input,omitempty" doc:"Per million tokens, as all of these; 0 is free, empty is not known" maxLength:"32" example:"2"`
	CacheRead    string `json:"cache_read,omitempty" yaml:"cache_read,omitempty" doc:"Empty: as input" maxLength:"32"`
	CacheWrite   string `json:"cache_write,omitempty" yaml:"cache_write,omitempty" doc:"Kept for minutes. Empty: as input" maxLength:"32"`
	CacheWrite1h string `json:"cache_write_1h,omitempty" yaml:"cache_write_1h,omitempty" doc:"Kept for an hour. Empty: as cache_write" maxLength:"32"`
	Output       string `json:"output,omitempty" yaml:"output,omitempty" maxLength:"32" example:"8"`
	Reasoning    string `json:"reasoning,omitempty" yaml:"reasoning,omitempty" doc:"Where it is billed apart. Empty: as output" maxLength:"32"`
	AudioIn      string `json:"audio_in,omitempty" yaml:"audio_in,omitempty" doc:"Empty: not known" maxLength:"32"`
	AudioOut     string `json:"audio_out,omitempty" yaml:"audio_out,omitempty" doc:"Empty: not known" maxLength:"32"`
	Image        string `json:"image,omitempty" yaml:"image,omitempty" doc:"Per picture" maxLength:"32"`
	Minute       string `json:"minute,omitempty" yaml:"minute,omitempty" doc:"Per minute of audio" maxLength:"32"`

	Source string `json:"source,omitempty" yaml:"source,omitempty" doc:"Where it comes from" maxLength:"256"`
	Note   string `json:"note,omitempty" yaml:"note,omitempty" maxLength:"1024"`
}

// CurrencySpec is the currency that sums are shown in, as entered.
type CurrencySpec struct {
	Display string            `json:"display" yaml:"display" doc:"Three letters" maxLength:"3" example:"CNY"`
	Rates   map[string]string `json:"rates,omitempty" yaml:"rates,omitempty" doc:"What one unit of another currency is worth in it"`
}

// PricesSpec is prices and currency in the document.
type PricesSpec struct {
	Currency *CurrencySpec `json:"currency,omitempty" yaml:"currency,omitempty"`
	List     []PriceSpec   `json:"list" yaml:"list"`
}

// price checks a price. known tells which providers there are; nil takes any
// name, for history may know some that are gone.
func (f *faults) price(at string, s PriceSpec, known func(string) bool) price.Entry {
	e := price.Entry{
		Provider: s.Provider, Vendor: s.Vendor, Region: s.Region, Model: s.Model, Above: s.Above, Hours: s.Hours,
		Source: s.Source, Note: s.Note, Price: price.Price{Currency: price.Currency(s.Currency)},
	}
	before := len(f.list)
	for _, r := range []struct {
		field, text string
		into        *price.Rate
	}{
		{"input", s.Input, &e.Input},
		{"cache_read", s.CacheRead, &e.CacheRead},
		{"cache_write", s.CacheWrite, &e.CacheWrite},
		{"cache_write_1h", s.CacheWrite1h, &e.CacheWrite1h},
		{"output", s.Output, &e.Output},
		{"reasoning", s.Reasoning, &e.Reasoning},
		{"audio_in", s.AudioIn, &e.AudioIn},
		{"audio_out", s.AudioOut, &e.AudioOut},
	} {
		amount(f, joinPath(at, r.field), r.text, price.PerMillion, r.into)
	}
	amount(f, joinPath(at, "image"), s.Image, price.PerUnit, &e.Image)
	amount(f, joinPath(at, "minute"), s.Minute, price.PerUnit, &e.Minute)
	amount(f, joinPath(at, "from"), s.From, price.ParseDate, &e.From)
	f.text(joinPath(at, "model"), s.Model, 255)
	f.text(joinPath(at, "source"), s.Source, 256)
	f.text(joinPath(at, "note"), s.Note, 1024)
	f.whosePrice(at, e, known)
	if field, err := e.Check(); err != nil && len(f.list) == before {
		f.add(joinPath(at, field), "%s", err)
	}
	return e
}

// whosePrice checks that there is the vendor, region or provider.
func (f *faults) whosePrice(at string, e price.Entry, known func(string) bool) {
	if e.Provider != "" && known != nil && !known(e.Provider) {
		f.add(joinPath(at, "provider"), "names a provider that does not exist: %q", bounded(e.Provider, 64))
	}
	if e.Vendor == "" {
		return
	}
	v, ok := catalog.ByID(e.Vendor)
	if !ok {
		f.add(joinPath(at, "vendor"), "is not in the catalogue of vendors: %q", bounded(e.Vendor, 64))
		return
	}
	if e.Region != "" && !slices.ContainsFunc(v.Regions, func(r catalog.Region) bool { return r.ID == e.Region }) {
		f.add(joinPath(at, "region"), "is not a region of %s: %q", v.Name.EN, bounded(e.Region, 64))
	}
}

// amount reads one that may be left out.
func amount[T any](f *faults, at, text string, parse func(string) (T, error), into *T) {
	if text == "" {
		return
	}
	v, err := parse(text)
	if err != nil {
		f.add(at, "%s", err)
		return
	}
	*into = v
}

// currency checks the currency that sums are shown in.
func (f *faults) currency(at string, s CurrencySpec) price.Exchange {
	e := price.Exchange{Display: price.Currency(s.Display), Micro: map[price.Currency]int64{}}
	if !e.Display.Valid() {
		f.add(joinPath(at, "display"), "is not a currency: write its three letters, such as CNY or USD")
	}
	if !f.atMost(joinPath(at, "rates"), len(s.Rates), maxEntries) {
		return e
	}
	for _, from := range sortedKeys(s.Rates) {
		here := joinPath(joinPath(at, "rates"), bounded(from, 8))
		micro, err := price.ParseMicro(s.Rates[from])
		switch {
		case !price.Currency(from).Valid():
			f.add(here, "is not a currency: write its three letters, such as USD")
		case from == s.Display:
			f.add(here, "is the currency that is shown: it is worth 1")
		case err != nil:
			f.add(here, "%s", err)
		}
		e.Micro[price.Currency(from)] = micro
	}
	return e
}

// specOfPrice is a price as one would enter it.
func specOfPrice(e price.Entry) PriceSpec {
	return PriceSpec{
		Provider: e.Provider, Vendor: e.Vendor, Region: e.Region, Model: e.Model, From: e.From.String(), Above: e.Above, Hours: e.Hours,
		Currency: string(e.Currency), Input: e.Input.String(), CacheRead: e.CacheRead.String(), CacheWrite: e.CacheWrite.String(),
		CacheWrite1h: e.CacheWrite1h.String(), Output: e.Output.String(), Reasoning: e.Reasoning.String(),
		AudioIn: e.AudioIn.String(), AudioOut: e.AudioOut.String(), Image: e.Image.String(), Minute: e.Minute.String(),
		Source: e.Source, Note: e.Note,
	}
}

// specOfCurrency is the currency as one would enter it.
func specOfCurrency(row store.Currency) CurrencySpec {
	out := CurrencySpec{Display: string(row.Exchange.Display), Rates: map[string]string{}}
	for from, micro := range row.Exchange.Micro {
		out.Rates[string(from)] = price.FormatMicro(micro)
	}
	return out
}

// priceKey is what there is one price for.
func priceKey(e price.Entry) string {
	return strings.Join([]string{e.Provider, e.Vendor, e.Region, e.Model, e.From.String(), price.FormatMicro(e.Above), e.Hours}, "\x00")
}

// priceName is what a price is called in a plan.
func priceName(e price.Entry) string { return cmp.Or(e.Provider, e.Vendor) + "/" + e.Model }
