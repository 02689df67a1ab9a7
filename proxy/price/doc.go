// Package price says what calls cost. A Table holds prices by provider or
// vendor, model pattern and the date from which they hold: those that Posthouse
// ships (prices.json, dated, to be checked by whoever relies on them) and those
// an admin entered, which come first. Cost turns what a call used into money.
//
// Money is whole numbers throughout. A rate is in millionths of a millionth of
// the currency (10⁻¹²) per token, which is the number on a price list (per
// million tokens) in millionths; an amount is in billionths (10⁻⁹). Nothing is
// rounded but the amount of one call, once.
//
// What is not known is not guessed, and never nothing: a call whose price or
// whose counts nobody knows has no amount.
package price
