// Package tally adds calls up. A Tally holds the sums of any number of calls:
// counts, tokens by kind, money by currency, and three histograms from which
// any quantile can be read. Tallies merge: the sum of the tallies of parts is
// the tally of the whole, to the last token, and its quantiles are those of all
// values together. A Tally encodes into some dozen bytes, so that there can be
// one for each minute and hour of everything that pages ask about.
//
// A Series says whose calls a tally holds; pieces (piece.go) are the times it
// is kept for, cut so that a day of any time zone is a whole number of them.
package tally
