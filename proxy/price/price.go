package price

import (
	"encoding/json"
	"math/bits"

	"github.com/posthouse/posthouse/proxy/llm"
)

const (
	// tokenPlaces are the decimal places of a price per million tokens: one
	// token's price is then a whole number of 10⁻¹².
	tokenPlaces = 6
	// unitPlaces are those of a price per picture or minute.
	unitPlaces = 12
	// maxPerMillion bounds prices per million tokens, in millionths.
	maxPerMillion = 1e12
	// maxPerUnit bounds prices per picture or minute, in 10⁻¹².
	maxPerUnit = 1e18
)

// Rate is a price per million tokens. The zero value is not known; free is
// another value.
type Rate struct {
	pico  int64 // 10⁻¹² of the currency per token
	known bool
}

// PerMillion reads a price per million tokens, such as "0.27"; "0" is free.
func PerMillion(s string) (Rate, error) {
	n, err := parseDecimal(s, tokenPlaces, maxPerMillion)
	return Rate{n, err == nil}, err
}

// Known reports whether there is a price.
func (r Rate) Known() bool { return r.known }

// IsZero reports whether there is none, for encoders that leave it out.
func (r Rate) IsZero() bool { return !r.known }

// String is the price as it is read; empty if there is none.
func (r Rate) String() string {
	if !r.known {
		return ""
	}
	return decimal(r.pico, tokenPlaces)
}

// MarshalText implements encoding.TextMarshaler.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalJSON reads a price written as text or as a number; null is none.
func (r *Rate) UnmarshalJSON(b []byte) error {
	s, err := textOrNumber(b)
	if err != nil || s == "" {
		*r = Rate{}
		return err
	}
	*r, err = PerMillion(s)
	return err
}

// Equal reports whether both are the same price.
func (r Rate) Equal(other Rate) bool { return r == other }

// or is the rate, or another where it is not known.
func (r Rate) or(other Rate) Rate {
	if r.known {
		return r
	}
	return other
}

// UnitRate is a price per picture or per minute.
type UnitRate struct {
	pico  int64 // 10⁻¹² of the currency per unit
	known bool
}

// PerUnit reads a price per picture or minute, such as "0.04"; "0" is free.
func PerUnit(s string) (UnitRate, error) {
	n, err := parseDecimal(s, unitPlaces, maxPerUnit)
	return UnitRate{n, err == nil}, err
}

// Known reports whether there is a price.
func (r UnitRate) Known() bool { return r.known }

// IsZero reports whether there is none, for encoders that leave it out.
func (r UnitRate) IsZero() bool { return !r.known }

// String is the price as it is read; empty if there is none.
func (r UnitRate) String() string {
	if !r.known {
		return ""
	}
	return decimal(r.pico, unitPlaces)
}

// Equal reports whether both are the same price.
func (r UnitRate) Equal(other UnitRate) bool { return r == other }

// MarshalText implements encoding.TextMarshaler.
func (r UnitRate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalJSON reads a price written as text or as a number; null is none.
func (r *UnitRate) UnmarshalJSON(b []byte) error {
	s, err := textOrNumber(b)
	if err != nil || s == "" {
		*r = UnitRate{}
		return err
	}
	*r, err = PerUnit(s)
	return err
}

// textOrNumber reads a JSON string, or a number as it is written.
func textOrNumber(b []byte) (string, error) {
	if len(b) > 0 && b[0] == '"' {
		var s string
		err := json.Unmarshal(b, &s)
		return s, err
	}
	if string(b) == "null" {
		return "", nil
	}
	return string(b), nil
}

// Price is what a model costs: per million tokens, per picture, per minute of
// audio. Where a vendor's list has no line for a kind of token, it is billed as
// the kind that it is a part of; which that is stands at each.
type Price struct {
	Currency Currency `json:"currency"`

	Input        Rate `json:"input,omitzero"`
	CacheRead    Rate `json:"cache_read,omitzero"`     // else Input
	CacheWrite   Rate `json:"cache_write,omitzero"`    // kept for minutes; else Input
	CacheWrite1h Rate `json:"cache_write_1h,omitzero"` // kept for an hour; else CacheWrite
	Output       Rate `json:"output,omitzero"`
	Reasoning    Rate `json:"reasoning,omitzero"` // else Output
	AudioIn      Rate `json:"audio_in,omitzero"`  // never guessed: it is several times the price of text
	AudioOut     Rate `json:"audio_out,omitzero"` // never guessed

	Image  UnitRate `json:"image,omitzero"`
	Minute UnitRate `json:"minute,omitzero"`
}

// Cost is what a usage costs at a price. It reports false where a count or the
// price of something that was used is not known.
func Cost(u llm.Usage, p Price) (Amount, bool) {
	var t tally
	units := t.units(u, p)
	if u.InputFrom == "" || u.OutputFrom == "" {
		if !units || u.Prompt() != 0 || u.Output != 0 {
			return Amount{}, false
		}
		return t.amount(p.Currency)
	}
	audioIn := min(u.AudioIn, u.Input)
	write := max(0, u.CacheWrite-u.CacheWrite1h)
	t.tokens(u.Input-audioIn, p.Input)
	t.tokens(audioIn, p.AudioIn)
	t.tokens(u.CacheRead, p.CacheRead.or(p.Input))
	t.tokens(write, p.CacheWrite.or(p.Input))
	t.tokens(u.CacheWrite-write, p.CacheWrite1h.or(p.CacheWrite).or(p.Input))

	audioOut := min(u.AudioOut, u.Output)
	reasoning := min(u.Reasoning, u.Output-audioOut)
	t.tokens(u.Output-audioOut-reasoning, p.Output)
	t.tokens(audioOut, p.AudioOut)
	t.tokens(reasoning, p.Reasoning.or(p.Output))
	return t.amount(p.Currency)
}

// tally adds up 10⁻¹² of a currency in 128 bits.
type tally struct {
	hi, lo  uint64
	unknown bool
}

// units adds pictures and minutes, and reports whether there were any. Where a
// model that makes them has no price for them, its tokens are what is billed.
func (t *tally) units(u llm.Usage, p Price) bool {
	tokens := u.InputFrom != "" && u.Prompt()+u.Output > 0
	if u.Images > 0 && (p.Image.known || !tokens) {
		t.add(u.Images, p.Image.pico, 1)
		t.unknown = t.unknown || !p.Image.known
	}
	if u.AudioMillis > 0 && (p.Minute.known || !tokens) {
		t.add(u.AudioMillis, p.Minute.pico, 60_000)
		t.unknown = t.unknown || !p.Minute.known
	}
	return u.Images > 0 || u.AudioMillis > 0
}

func (t *tally) tokens(n int64, r Rate) {
	if n <= 0 {
		return
	}
	if !r.known {
		t.unknown = true
		return
	}
	t.add(n, r.pico, 1)
}

// add adds n times pico, divided.
func (t *tally) add(n, pico int64, by uint64) {
	hi, lo := bits.Mul64(uint64(n), uint64(pico))
	if by > 1 {
		hi, lo = 0, uint64(quotient(hi, lo, by))
	}
	var carry uint64
	t.lo, carry = bits.Add64(t.lo, lo, 0)
	t.hi, _ = bits.Add64(t.hi, hi, carry)
}

// amount rounds the sum to billionths.
func (t *tally) amount(c Currency) (Amount, bool) {
	if t.unknown || c == "" {
		return Amount{}, false
	}
	lo, carry := bits.Add64(t.lo, 500, 0)
	return Amount{Nano: quotient(t.hi+carry, lo, 1000), Currency: c}, true
}
