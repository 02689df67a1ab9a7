package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/posthouse/posthouse/proxy/price"
)

// The sections of settings.
const (
	sectionCurrency = "currency"
	sectionMetrics  = "metrics"
	sectionTracing  = "tracing"
	sectionAlerts   = "alerts"
	sectionRecords  = "records"
)

type sectionRow struct {
	Name    string `gorm:"primaryKey"`
	Value   string
	Sealed  string
	Version int64
}

func (sectionRow) TableName() string { return "sections" }

// section reads a section into its document and its secrets, each a pointer
// (secrets: nil where it has none). A section that was never saved is at
// version 0 and leaves both as they are. Secrets that can't be unsealed are an
// error; the document is read all the same.
func (q queries) section(name string, doc, secrets any) (int64, error) {
	row, err := q.sectionRow(name)
	if err != nil || row.Version == 0 {
		return 0, err
	}
	if err := json.Unmarshal([]byte(row.Value), doc); err != nil {
		return row.Version, fmt.Errorf("settings of %s: %w", name, err)
	}
	if row.Sealed == "" || secrets == nil {
		return row.Version, nil
	}
	plain, err := q.sealer.Unseal(row.Sealed, sectionAAD(name))
	if err != nil {
		return row.Version, fmt.Errorf("secrets of %s: %w", name, err)
	}
	if err := json.Unmarshal(plain, secrets); err != nil {
		return row.Version, fmt.Errorf("secrets of %s: they are not what was sealed", name) // not the text of the error: it may quote them
	}
	return row.Version, nil
}

// sectionAAD binds sealed secrets to their section.
func sectionAAD(name string) string { return "section " + name }

func (q queries) sectionRow(name string) (sectionRow, error) {
	var row sectionRow
	err := q.db.Where("name = ?", name).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return sectionRow{Name: name}, nil
	}
	if err != nil {
		return row, fmt.Errorf("read settings of %s: %w", name, dbError(err))
	}
	return row, nil
}

// putSection saves a section. Version must be the stored one, 0 for one that
// was never saved.
func (t *Tx) putSection(name string, doc, secrets any, version int64) error {
	row, err := t.sectionRow(name)
	if err != nil {
		return err
	}
	if row.Version != version {
		return &ConflictError{Kind: kindSettings, ID: name, Have: row.Version}
	}
	if err := t.touch(kindSettings, name); err != nil {
		return err
	}
	value, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("settings of %s: %w", name, err)
	}
	next := sectionRow{Name: name, Value: string(value), Version: version + 1}
	if secrets != nil {
		plain, err := json.Marshal(secrets)
		if err != nil {
			return fmt.Errorf("secrets of %s: %w", name, err)
		}
		if next.Sealed, err = t.sealer.Seal(plain, sectionAAD(name)); err != nil {
			return fmt.Errorf("seal secrets of %s: %w", name, err)
		}
	}
	if version == 0 {
		return insert(t.db, kindSettings, &next)
	}
	if err := t.db.Select("*").Where("version = ?", version).Updates(&next).Error; err != nil {
		return fmt.Errorf("save settings of %s: %w", name, dbError(err))
	}
	return nil
}

// sectionDocument shows a section; of its secrets only that they were changed.
func (q queries) sectionDocument(name string) (string, any, error) {
	row, err := q.sectionRow(name)
	if err != nil {
		return "", nil, err
	}
	if row.Version == 0 {
		return "", nil, &NotFoundError{Kind: kindSettings, Key: name}
	}
	return name, struct {
		Value   json.RawMessage `json:"value"`
		Version int64           `json:"version"`
	}{json.RawMessage(row.Value), row.Version}, nil
}

// Currency is the currency that sums are shown in, with the exchange rates.
type Currency struct {
	Exchange price.Exchange
	Version  int64 // 0: never saved, and the default
}

// currencyDoc is how it is stored.
type currencyDoc struct {
	Display price.Currency            `json:"display"`
	Rates   map[price.Currency]string `json:"rates,omitempty"`
}

// Currency reads it.
func (s *Store) Currency(ctx context.Context) (Currency, error) { return s.at(ctx).Currency() }

// Currency reads it.
func (q queries) Currency() (Currency, error) {
	var doc currencyDoc
	version, err := q.section(sectionCurrency, &doc, nil)
	if err != nil || version == 0 {
		return Currency{Exchange: price.Default()}, err
	}
	c := Currency{Exchange: price.Exchange{Display: doc.Display, Micro: map[price.Currency]int64{}}, Version: version}
	for from, rate := range doc.Rates {
		if c.Exchange.Micro[from], err = price.ParseMicro(rate); err != nil {
			return c, fmt.Errorf("exchange rate of %s: %w", from, err)
		}
	}
	return c, nil
}

// PutCurrency saves it.
func (t *Tx) PutCurrency(c Currency) error {
	doc := currencyDoc{Display: c.Exchange.Display, Rates: map[price.Currency]string{}}
	for from, micro := range c.Exchange.Micro {
		doc.Rates[from] = price.FormatMicro(micro)
	}
	return t.putSection(sectionCurrency, doc, nil, c.Version)
}
