package server

import (
	"context"
	"fmt"
	"time"

	"github.com/posthouse/posthouse/proxy/price"
	"github.com/posthouse/posthouse/server/store"
)

// PriceList is prices to be taken elsewhere: another installation, a
// spreadsheet, version control.
type PriceList struct {
	AsOf   string      `json:"as_of" doc:"The day it was written" maxLength:"10"`
	Prices []PriceSpec `json:"prices"`
}

type exportPricesInput struct {
	Shipped bool `query:"shipped" doc:"The shipped list instead of what was entered, to begin from"`
}

type priceListOutput struct{ Body PriceList }

// exportPrices writes the prices as a list that importPrices takes.
func (s *Server) exportPrices(ctx context.Context, in *exportPricesInput) (*priceListOutput, error) {
	out := &priceListOutput{Body: PriceList{AsOf: s.now().UTC().Format(time.DateOnly), Prices: []PriceSpec{}}}
	if in.Shipped {
		list := price.Shipped()
		out.Body.AsOf = list.AsOf.String()
		for _, e := range list.Prices {
			out.Body.Prices = append(out.Body.Prices, specOfPrice(e))
		}
		return out, nil
	}
	rows, err := s.opts.Store.Prices(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		out.Body.Prices = append(out.Body.Prices, specOfPrice(row.Entry))
	}
	return out, nil
}

type importPricesInput struct {
	Body struct {
		Replace bool        `json:"replace,omitempty" doc:"Delete what was entered before and is not in this list"`
		AsOf    string      `json:"as_of,omitempty" doc:"As an export has it; not kept" maxLength:"10"`
		Prices  []PriceSpec `json:"prices"`
	}
}

type importPricesOutput struct {
	Body struct {
		Created   int `json:"created"`
		Updated   int `json:"updated"`
		Unchanged int `json:"unchanged"`
		Deleted   int `json:"deleted"`
	}
}

// importPrices enters a list of prices, all of it or nothing.
func (s *Server) importPrices(ctx context.Context, in *importPricesInput) (*importPricesOutput, error) {
	f := faults{}
	entries := f.priceList("body.prices", in.Body.Prices, nil)
	if err := f.invalid(); err != nil {
		return nil, err
	}
	out := &importPricesOutput{}
	summary := fmt.Sprintf("import %d prices", len(entries))
	err := s.change(ctx, summary, place{kind: "price", path: "body.prices"}, func(tx *store.Tx) error {
		changes, err := mergePrices(tx, entries, in.Body.Replace)
		if err != nil {
			return err
		}
		out.Body.Unchanged = len(entries)
		for _, c := range changes {
			switch c.op {
			case opCreate:
				out.Body.Created++
			case opUpdate:
				out.Body.Updated++
			case opDelete:
				out.Body.Deleted++
			}
		}
		out.Body.Unchanged -= out.Body.Created + out.Body.Updated
		return applyPrices(tx, changes)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// priceList checks a list of prices: each, and that none is there twice.
func (f *faults) priceList(at string, list []PriceSpec, known func(string) bool) []price.Entry {
	if !f.atMost(at, len(list), maxPrices) {
		return nil
	}
	seen := map[string]int{}
	entries := make([]price.Entry, 0, len(list))
	for i, spec := range list {
		here := indexed(at, i)
		e := f.price(here, spec, known)
		if first, twice := seen[priceKey(e)]; twice {
			f.add(here, "is for the same as entry %d: there is one price for a model, day, size of prompt and hours", first)
		}
		seen[priceKey(e)] = i
		entries = append(entries, e)
	}
	return entries
}

// priceChange is one price that a list changes.
type priceChange struct {
	op     string
	row    store.Price
	before price.Entry
}

// mergePrices compares a list with what there is.
func mergePrices(tx *store.Tx, entries []price.Entry, replace bool) ([]priceChange, error) {
	rows, err := tx.Prices()
	if err != nil {
		return nil, err
	}
	have := named(rows, func(p store.Price) string { return priceKey(p.Entry) })
	var changes []priceChange
	for _, e := range entries {
		row, there := have[priceKey(e)]
		delete(have, priceKey(e))
		before := row.Entry
		row.Entry = e
		switch {
		case !there:
			changes = append(changes, priceChange{opCreate, row, before})
		case before != e:
			changes = append(changes, priceChange{opUpdate, row, before})
		}
	}
	if !replace {
		return changes, nil
	}
	for _, row := range rows {
		if _, left := have[priceKey(row.Entry)]; left {
			changes = append(changes, priceChange{opDelete, row, row.Entry})
		}
	}
	return changes, nil
}

// applyPrices brings changes about, deletions first.
func applyPrices(tx *store.Tx, changes []priceChange) error {
	for _, c := range changes {
		if c.op == opDelete {
			if err := tx.DeletePrice(c.row.ID, c.row.Version); err != nil {
				return err
			}
		}
	}
	for _, c := range changes {
		var err error
		switch c.op {
		case opCreate:
			err = tx.CreatePrice(&c.row)
		case opUpdate:
			err = tx.UpdatePrice(&c.row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
