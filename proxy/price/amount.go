package price

import (
	"fmt"
	"math"
	"math/bits"
	"regexp"
	"strconv"
	"strings"
)

// Currency is a currency's code (ISO 4217).
type Currency string

// The currencies that the vendors' price lists are in.
const (
	CNY Currency = "CNY"
	USD Currency = "USD"
)

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// Valid reports whether c is written as a currency's code.
func (c Currency) Valid() bool { return currencyCode.MatchString(string(c)) }

// Amount is an amount of money.
type Amount struct {
	Nano     int64 // in billionths of the currency
	Currency Currency
}

// String writes the amount with its currency, e.g. "0.00123 USD".
func (a Amount) String() string { return a.Decimal() + " " + string(a.Currency) }

// Decimal writes the amount alone, without zeros at its end.
func (a Amount) Decimal() string { return decimal(a.Nano, 9) }

// Exchange converts amounts into the one currency that sums are shown in.
type Exchange struct {
	Display Currency
	// Micro is what one unit of a currency is worth, in millionths of Display.
	Micro map[Currency]int64
}

// Default shows sums in CNY. The rate is a round figure to begin with, of
// 2026-11; an admin sets the one that the books use.
func Default() Exchange {
	return Exchange{Display: CNY, Micro: map[Currency]int64{USD: 7_000_000}}
}

// Convert is an amount in the display currency. It reports false where the
// rate is not known.
func (e Exchange) Convert(a Amount) (Amount, bool) {
	if a.Currency == e.Display {
		return a, e.Display != ""
	}
	micro, ok := e.Micro[a.Currency]
	if !ok || micro <= 0 {
		return Amount{}, false
	}
	negative := a.Nano < 0
	nano := uint64(a.Nano)
	if negative {
		nano = -nano
	}
	hi, lo := bits.Mul64(nano, uint64(micro))
	var carry uint64
	lo, carry = bits.Add64(lo, 500_000, 0)
	converted := quotient(hi+carry, lo, 1_000_000)
	if negative {
		converted = -converted
	}
	return Amount{Nano: converted, Currency: e.Display}, true
}

// quotient divides; what does not fit is as much as fits.
func quotient(hi, lo, by uint64) int64 {
	if hi >= by {
		return math.MaxInt64
	}
	q, _ := bits.Div64(hi, lo, by)
	return int64(min(q, math.MaxInt64))
}

// decimal writes n·10^-places.
func decimal(n int64, places int) string {
	sign, digits := "", strconv.FormatInt(n, 10)
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	if len(digits) <= places {
		digits = strings.Repeat("0", places-len(digits)+1) + digits
	}
	whole, part := digits[:len(digits)-places], strings.TrimRight(digits[len(digits)-places:], "0")
	if part == "" {
		return sign + whole
	}
	return sign + whole + "." + part
}

// parseDecimal reads a number that is not negative, with at most so many
// places, as n·10^-places.
func parseDecimal(s string, places int, most int64) (int64, error) {
	whole, part, _ := strings.Cut(strings.TrimSpace(s), ".")
	part = strings.TrimRight(part, "0")
	if whole == "" || strings.Trim(whole+part, "0123456789") != "" {
		return 0, fmt.Errorf("%.40q is not a number such as 0.27", s)
	}
	if len(part) > places {
		return 0, fmt.Errorf("%.40q has more than %d decimal places", s, places)
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", places-len(part)), 10, 64)
	if err != nil || n > most {
		return 0, fmt.Errorf("%.40q is too much: at most %s", s, decimal(most, places))
	}
	return n, nil
}

// ParseMicro reads an exchange rate such as "7.1", in millionths.
func ParseMicro(s string) (int64, error) {
	n, err := parseDecimal(s, 6, 1e12)
	if err == nil && n == 0 {
		return 0, fmt.Errorf("an exchange rate of 0 makes everything free")
	}
	return n, err
}

// ParseNano reads an amount such as "100.50", in billionths.
func ParseNano(s string) (int64, error) { return parseDecimal(s, 9, 1e18) }

// FormatMicro writes an exchange rate.
func FormatMicro(micro int64) string { return decimal(micro, 6) }
