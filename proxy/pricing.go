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
	entry, ok := p.prices.Model(model).At(at, u.Prompt())
	if !ok {
		return Cost{}
	}
	amount, known := price.Cost(u, entry.Price)
	if !known {
		return Cost{}
	}
	shown, _ := s.exchange.Convert(amount) // without a rate there is nothing to show
	return Cost{Known: true, Amount: amount, Shown: shown, Price: entry.Source}
}

// sumCosts adds up what the attempts of a call cost. In several currencies it
// is a sum in the one that is shown; where one of them is not known, there is
// no sum.
func sumCosts(attempts []Attempt, exchange price.Exchange) Cost {
	var sum Cost
	for i := range attempts {
		a := &attempts[i]
		if a.Usage == (llm.Usage{}) {
			continue // it used nothing, as far as anyone knows
		}
		switch {
		case !a.Cost.Known:
			return Cost{}
		case !sum.Known:
			sum = a.Cost
		case sum.Amount.Currency == a.Cost.Amount.Currency:
			sum.Amount.Nano += a.Cost.Amount.Nano
			sum.Shown.Nano += a.Cost.Shown.Nano
		case sum.Shown.Currency == exchange.Display && a.Cost.Shown.Currency == exchange.Display:
			sum.Shown.Nano += a.Cost.Shown.Nano
			sum.Amount = sum.Shown
		default:
			return Cost{}
		}
	}
	return sum
}
