package server

import (
	"fmt"

	"github.com/posthouse/posthouse/server/store"
)

// checkPrices checks the document's prices. A provider's name may be one that
// is gone: history has its calls.
func (a *applier) checkPrices(f *faults) {
	if a.doc.Prices == nil {
		return
	}
	if c := a.doc.Prices.Currency; c != nil {
		a.checked.exchange = f.currency("prices.currency", *c)
	}
	a.checked.prices = f.priceList("prices.list", a.doc.Prices.List, nil)
}

// putPrices brings about the prices and the currency.
func (a *applier) putPrices(tx *store.Tx) error {
	if a.doc.Prices == nil {
		return nil
	}
	if err := a.putCurrency(tx); err != nil {
		return err
	}
	if a.doc.Prices.List == nil {
		return nil
	}
	changes, err := mergePrices(tx, a.checked.prices, true)
	if err != nil {
		return err
	}
	for _, c := range changes {
		before, after := any(specOfPrice(c.before)), any(specOfPrice(c.row.Entry))
		switch c.op {
		case opCreate:
			before = nil
		case opDelete:
			before, after = nil, nil
		}
		fields, err := difference(before, after)
		if err != nil {
			return err
		}
		a.plan.note("price", priceName(c.row.Entry), c.op, fields)
	}
	if err := applyPrices(tx, changes); err != nil {
		return fmt.Errorf("prices: %w", err)
	}
	return nil
}

// putCurrency brings about the currency that sums are shown in.
func (a *applier) putCurrency(tx *store.Tx) error {
	if a.doc.Prices.Currency == nil {
		return nil
	}
	row, err := tx.Currency()
	if err != nil {
		return err
	}
	want := store.Currency{Exchange: a.checked.exchange, Version: row.Version}
	fields, err := difference(specOfCurrency(row), specOfCurrency(want))
	if err != nil || !a.plan.note("settings", "currency", opUpdate, fields) {
		return err
	}
	return tx.PutCurrency(want)
}
