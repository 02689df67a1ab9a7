package store

import (
	"context"
	"fmt"
	"time"

	"github.com/posthouse/posthouse/proxy/price"
)

// Price is a price that an admin entered.
type Price struct {
	ID string
	price.Entry
	Version              int64
	CreatedAt, UpdatedAt time.Time
}

type priceRow struct {
	ID        string              `json:"-"`
	Provider  string              `json:"provider,omitempty"`
	Vendor    string              `json:"vendor,omitempty"`
	Region    string              `json:"region,omitempty"`
	Model     string              `json:"model"`
	FromDay   string              `json:"from,omitempty"`
	Above     int64               `json:"above,omitempty"`
	Hours     string              `json:"hours,omitempty"`
	Price     column[price.Price] `json:"price"`
	Source    string              `json:"source,omitempty"`
	Note      string              `json:"note,omitempty"`
	Version   int64               `json:"version"`
	CreatedMS int64               `json:"-"`
	UpdatedMS int64               `json:"-"`
}

func (priceRow) TableName() string { return "prices" }

// Prices reads the prices that an admin entered, by whom and what they are for.
func (s *Store) Prices(ctx context.Context) ([]Price, error) { return s.at(ctx).Prices() }

// Price reads one of them by its id.
func (s *Store) Price(ctx context.Context, id string) (Price, error) {
	row, err := find[priceRow](s.at(ctx).db, kindPrice, "id", id)
	return priceOf(row), err
}

// Prices reads the prices that an admin entered.
func (q queries) Prices() ([]Price, error) {
	var rows []priceRow
	if err := q.db.Order("provider, vendor, region, model, from_day DESC, above, hours, id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read prices: %w", dbError(err))
	}
	return mapped(rows, priceOf), nil
}

func priceOf(r priceRow) Price {
	from, _ := price.ParseDate(r.FromDay) // empty, or as it was written below
	return Price{
		ID: r.ID, Version: r.Version, CreatedAt: fromMS(r.CreatedMS), UpdatedAt: fromMS(r.UpdatedMS),
		Entry: price.Entry{
			Provider: r.Provider, Vendor: r.Vendor, Region: r.Region, Model: r.Model, From: from, Above: r.Above, Hours: r.Hours,
			Price: r.Price.V, Source: r.Source, Note: r.Note,
		},
	}
}

func rowOfPrice(p *Price) priceRow {
	return priceRow{
		ID: p.ID, Provider: p.Provider, Vendor: p.Vendor, Region: p.Region, Model: p.Model, FromDay: p.From.String(),
		Above: p.Above, Hours: p.Hours, Price: column[price.Price]{p.Entry.Price}, Source: p.Source, Note: p.Note,
		Version: p.Version, CreatedMS: toMS(p.CreatedAt), UpdatedMS: toMS(p.UpdatedAt),
	}
}

func (q queries) priceDocument(id string) (string, any, error) {
	row, err := find[priceRow](q.db, kindPrice, "id", id)
	return priceName(priceOf(row).Entry), row, err
}

// priceName is what a price is called in lists of changes.
func priceName(e price.Entry) string {
	name := e.Provider + e.Vendor + "/" + e.Model
	if !e.From.IsZero() {
		name += " from " + e.From.String()
	}
	return name
}

// CreatePrice adds a price. It fills in Version, the times and, if it is
// empty, ID. There is one price for the same model, day, size of prompt and
// hours; a second one is an *ExistsError.
func (t *Tx) CreatePrice(p *Price) error {
	if p.ID == "" {
		p.ID = NewID()
	}
	if err := t.freePrice(p); err != nil {
		return err
	}
	if err := t.touch(kindPrice, p.ID); err != nil {
		return err
	}
	p.Version, p.CreatedAt, p.UpdatedAt = 1, t.time(), t.time()
	row := rowOfPrice(p)
	return insert(t.db, kindPrice, &row)
}

// UpdatePrice saves a price. Version must be the stored one (else
// *ConflictError) and is bumped in p.
func (t *Tx) UpdatePrice(p *Price) error {
	have, err := t.priceAt(p.ID, p.Version)
	if err != nil {
		return err
	}
	if err := t.freePrice(p); err != nil {
		return err
	}
	p.CreatedAt, p.UpdatedAt = fromMS(have.CreatedMS), t.time()
	p.Version++
	row := rowOfPrice(p)
	return save(t, kindPrice, p.ID, have.Version, &row)
}

// DeletePrice removes a price; the next one that fits counts again.
func (t *Tx) DeletePrice(id string, version int64) error {
	have, err := t.priceAt(id, version)
	if err != nil {
		return err
	}
	if err := t.db.Where("id = ?", id).Delete(&priceRow{}).Error; err != nil {
		return fmt.Errorf("delete price of %q: %w", have.Model, dbError(err))
	}
	return nil
}

// priceAt touches a price and reads it, provided it is at this version.
func (t *Tx) priceAt(id string, version int64) (priceRow, error) {
	row, err := find[priceRow](t.db, kindPrice, "id", id)
	if err != nil {
		return row, err
	}
	if row.Version != version {
		return row, &ConflictError{Kind: kindPrice, ID: id, Have: row.Version}
	}
	return row, t.touch(kindPrice, id)
}

// freePrice refuses a second price for the same.
func (t *Tx) freePrice(p *Price) error {
	r := rowOfPrice(p)
	var taken int64
	err := t.db.Table("prices").Where(
		"provider = ? AND vendor = ? AND region = ? AND model = ? AND from_day = ? AND above = ? AND hours = ? AND id <> ?",
		r.Provider, r.Vendor, r.Region, r.Model, r.FromDay, r.Above, r.Hours, r.ID).Count(&taken).Error
	if err != nil {
		return fmt.Errorf("look for a price: %w", dbError(err))
	}
	if taken > 0 {
		return &ExistsError{Kind: kindPrice, Field: "model", Value: priceName(p.Entry)}
	}
	return nil
}

// renameInPrices makes prices follow a provider's new name.
func (t *Tx) renameInPrices(from, to string) error {
	prices, err := t.Prices()
	if err != nil {
		return err
	}
	for _, p := range prices {
		if p.Provider != from {
			continue
		}
		p.Provider = to
		if err := t.UpdatePrice(&p); err != nil {
			return err
		}
	}
	return nil
}
