package proxy

import (
	"cmp"
	"strconv"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/price"
)

// prices checks what an admin entered. A price with a fault is left out, and
// with it only itself.
func (c *compiler) prices() {
	table, faults := price.NewTable(price.Shipped().Prices, c.conf.Prices)
	c.snap.prices = table
	for _, f := range faults {
		e := c.conf.Prices[f.Entry]
		c.item("price", strconv.Itoa(f.Entry), cmp.Or(e.Provider, e.Vendor)+"/"+e.Model)
		c.fault(f.Field, "%v", f.Err)
	}
	if c.conf.Tracing.Enabled {
		tracing := c.conf.Tracing
		c.snap.tracing = &tracing
	}
	c.item("exchange", "", "")
	c.snap.exchange = c.conf.Exchange
	if c.conf.Exchange.Display == "" {
		c.snap.exchange = price.Default()
		return
	}
	if !c.conf.Exchange.Display.Valid() {
		c.fault("display", "%q is not a currency: write its three letters, such as CNY or USD", c.conf.Exchange.Display)
		c.snap.exchange = price.Default()
	}
	for from, micro := range c.conf.Exchange.Micro {
		if !from.Valid() || micro <= 0 {
			c.fault("rates."+string(from), "an exchange rate is a number above 0 for a currency's three letters")
		}
	}
}

// cost is what an attempt's usage costs at the prices of the moment.
func (s *Snapshot) cost(p *provider, model string, u llm.Usage, at time.Time) Cost {
	return costOf(p.prices, s.exchange, model, u, at)
}

func costOf(prices *price.Provider, exchange price.Exchange, model string, u llm.Usage, at time.Time) Cost {
	entry, ok := prices.Model(model).At(at, u.Prompt())
	if !ok {
		return Cost{}
	}
	amount, known := price.Cost(u, entry.Price)
	if !known {
		return Cost{}
	}
	shown, _ := exchange.Convert(amount) // without a rate there is nothing to show
	return Cost{Known: true, Amount: amount, Shown: shown, Price: entry.Source}
}

// SumCosts adds up what the attempts of a call cost. In several currencies it
// is a sum in the one that is shown. Where an attempt used something whose cost
// is not known, or they are billed in currencies that are shown in none, there
// is no sum.
func SumCosts(attempts []Attempt) (sum Cost) {
	for i := range attempts {
		a := &attempts[i]
		switch {
		case a.Usage == (llm.Usage{}):
			continue // it used nothing, as far as anyone knows
		case !a.Cost.Known:
			return Cost{}
		case !sum.Known:
			sum = a.Cost
			continue
		case sum.Amount.Currency == a.Cost.Amount.Currency:
			sum.Amount.Nano += a.Cost.Amount.Nano
		case sum.Shown.Currency != "" && sum.Shown.Currency == a.Cost.Shown.Currency:
			sum.Amount = price.Amount{Nano: sum.Shown.Nano + a.Cost.Shown.Nano, Currency: sum.Shown.Currency}
		default:
			return Cost{}
		}
		if sum.Shown.Currency == a.Cost.Shown.Currency {
			sum.Shown.Nano += a.Cost.Shown.Nano
		} else {
			sum.Shown = price.Amount{}
		}
	}
	return sum
}

// Pricer says what calls of the past cost by the prices of a configuration. It
// knows providers that are switched off too.
type Pricer struct {
	providers map[string]*price.Provider
	exchange  price.Exchange
}

// NewPricer makes one. Prices with a fault are left out, as Compile reports.
func NewPricer(conf Config) *Pricer {
	table, _ := price.NewTable(price.Shipped().Prices, conf.Prices)
	p := &Pricer{providers: map[string]*price.Provider{}, exchange: conf.Exchange}
	if p.exchange.Display == "" {
		p.exchange = price.Default()
	}
	for _, one := range conf.Providers {
		p.providers[one.Name] = table.Provider(one.Name, one.Vendor, one.Region)
	}
	return p
}

// Cost is what a usage of a model at a provider cost at a time. It reports false
// for a provider that is gone: nobody knows any more whose prices were its.
func (p *Pricer) Cost(provider, model string, u llm.Usage, at time.Time) (Cost, bool) {
	prices, ok := p.providers[provider]
	if !ok {
		return Cost{}, false
	}
	return costOf(prices, p.exchange, model, u, at), true
}
