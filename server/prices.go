package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/posthouse/posthouse/proxy/price"
	"github.com/posthouse/posthouse/server/store"
)

// Price is a price as the API shows it.
type Price struct {
	PriceSpec
	ID        string    `json:"id,omitempty" doc:"Of one that an admin entered"`
	Shipped   bool      `json:"shipped" doc:"Comes with Posthouse; one that is entered for the same model comes before it"`
	Version   int64     `json:"version,omitempty" doc:"Send it back with a change"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

// Currency is the currency that sums are shown in.
type Currency struct {
	CurrencySpec
	Version int64 `json:"version" doc:"Send it back with a change"`
}

type pricesOutput struct {
	Body struct {
		AsOf     string   `json:"as_of" doc:"The day the shipped list was put together"`
		Note     string   `json:"note" doc:"What the shipped list is worth"`
		Currency Currency `json:"currency"`
		Prices   []Price  `json:"prices" doc:"Those that an admin entered first"`
	}
}

type pricesInput struct {
	Vendor   string `query:"vendor" doc:"Only this vendor's" maxLength:"64"`
	Provider string `query:"provider" doc:"Only those entered for this provider" maxLength:"63"`
	Model    string `query:"model" doc:"Only where the model's name or pattern holds this" maxLength:"255"`
	Shipped  string `query:"shipped" enum:"true,false" doc:"Only the shipped ones, or only those entered"`
}

// listPrices shows the prices there are.
func (s *Server) listPrices(ctx context.Context, in *pricesInput) (*pricesOutput, error) {
	rows, err := s.opts.Store.Prices(ctx)
	if err != nil {
		return nil, err
	}
	currency, err := s.opts.Store.Currency(ctx)
	if err != nil {
		return nil, err
	}
	shipped := price.Shipped()
	out := &pricesOutput{}
	out.Body.AsOf, out.Body.Note = shipped.AsOf.String(), shipped.Note
	out.Body.Currency = Currency{specOfCurrency(currency), currency.Version}
	out.Body.Prices = []Price{}
	add := func(p Price) {
		if (in.Vendor == "" || p.Vendor == in.Vendor) && (in.Provider == "" || p.Provider == in.Provider) && strings.Contains(p.Model, in.Model) {
			out.Body.Prices = append(out.Body.Prices, p)
		}
	}
	if in.Shipped != "true" {
		for _, row := range rows {
			add(showPrice(row))
		}
	}
	if in.Shipped != "false" {
		for _, e := range shipped.Prices {
			add(Price{PriceSpec: specOfPrice(e), Shipped: true})
		}
	}
	return out, nil
}

// showPrice converts a row.
func showPrice(row store.Price) Price {
	return Price{PriceSpec: specOfPrice(row.Entry), ID: row.ID, Version: row.Version, UpdatedAt: row.UpdatedAt}
}

type priceOutput struct{ Body Price }

type createPriceInput struct{ Body PriceSpec }

// createPrice enters a price.
func (s *Server) createPrice(ctx context.Context, in *createPriceInput) (*priceOutput, error) {
	row := store.Price{}
	err := s.savePrice(ctx, "enter", in.Body, "", func(tx *store.Tx, e price.Entry) error {
		have, err := tx.Prices()
		if err != nil {
			return err
		}
		if len(have) >= maxPrices {
			return problem(http.StatusConflict, "too_many", "there are %d prices already, the most there can be: use patterns", len(have))
		}
		row.Entry = e
		return tx.CreatePrice(&row)
	})
	if err != nil {
		return nil, err
	}
	return s.getPrice(ctx, &ItemID{ID: row.ID})
}

// getPrice shows one price.
func (s *Server) getPrice(ctx context.Context, in *ItemID) (*priceOutput, error) {
	row, err := s.opts.Store.Price(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &priceOutput{Body: showPrice(row)}, nil
}

type updatePriceInput struct {
	ItemID
	Basis
	Body struct {
		PriceSpec
		Version int64 `json:"version,omitempty" doc:"The version the change is based on" minimum:"0"`
	}
}

// updatePrice replaces a price.
func (s *Server) updatePrice(ctx context.Context, in *updatePriceInput) (*priceOutput, error) {
	f := faults{}
	version := f.version(in.Body.Version, in.IfMatch)
	if err := f.invalid(); err != nil {
		return nil, err
	}
	err := s.savePrice(ctx, "change", in.Body.PriceSpec, in.ID, func(tx *store.Tx, e price.Entry) error {
		return tx.UpdatePrice(&store.Price{ID: in.ID, Entry: e, Version: version})
	})
	if err != nil {
		return nil, s.withCurrent(err, func() (any, error) { return s.getPrice(ctx, &in.ItemID) })
	}
	return s.getPrice(ctx, &in.ItemID)
}

// savePrice checks and saves a price.
func (s *Server) savePrice(ctx context.Context, what string, spec PriceSpec, id string, fn func(*store.Tx, price.Entry) error) error {
	at := place{kind: "price", id: id, path: "body"}
	return s.change(ctx, fmt.Sprintf("%s the price of %s%s/%s", what, spec.Provider, spec.Vendor, spec.Model), at, func(tx *store.Tx) error {
		known, err := providerNames(tx)
		if err != nil {
			return err
		}
		f := faults{}
		e := f.price("body", spec, func(name string) bool { return known[name] })
		if err := f.invalid(); err != nil {
			return err
		}
		return fn(tx, e)
	})
}

// providerNames are the providers there are.
func providerNames(tx *store.Tx) (map[string]bool, error) {
	rows, err := tx.Providers()
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool, len(rows))
	for _, row := range rows {
		known[row.Name] = true
	}
	return known, nil
}

// deletePrice removes a price that was entered; the shipped one, if there is
// one, counts again.
func (s *Server) deletePrice(ctx context.Context, in *deleteInput) (*empty, error) {
	row, err := s.opts.Store.Price(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	version, err := in.version(row.Version)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, "delete the price of "+priceName(row.Entry), place{kind: "price", id: in.ID}, func(tx *store.Tx) error {
		return tx.DeletePrice(in.ID, version)
	})
	if err != nil {
		return nil, s.withCurrent(err, func() (any, error) { return s.getPrice(ctx, &in.ItemID) })
	}
	return &empty{}, nil
}

type currencyOutput struct{ Body Currency }

// getCurrency shows the currency that sums are shown in.
func (s *Server) getCurrency(ctx context.Context, _ *empty) (*currencyOutput, error) {
	row, err := s.opts.Store.Currency(ctx)
	if err != nil {
		return nil, err
	}
	return &currencyOutput{Body: Currency{specOfCurrency(row), row.Version}}, nil
}

type putCurrencyInput struct {
	Basis
	Body struct {
		CurrencySpec
		Version int64 `json:"version,omitempty" doc:"The version the change is based on" minimum:"0"`
	}
}

// putCurrency replaces it. Calls that were recorded keep what they were shown
// at; pricing them again brings them to the new rate.
func (s *Server) putCurrency(ctx context.Context, in *putCurrencyInput) (*currencyOutput, error) {
	f := faults{}
	version := f.settingsVersion(in.Body.Version, in.IfMatch)
	exchange := f.currency("body", in.Body.CurrencySpec)
	if err := f.invalid(); err != nil {
		return nil, err
	}
	err := s.change(ctx, "change the currency that sums are shown in", place{kind: "exchange", path: "body"}, func(tx *store.Tx) error {
		return tx.PutCurrency(store.Currency{Exchange: exchange, Version: version})
	})
	if err != nil {
		return nil, s.withCurrent(err, func() (any, error) { return s.getCurrency(ctx, &empty{}) })
	}
	return s.getCurrency(ctx, &empty{})
}
