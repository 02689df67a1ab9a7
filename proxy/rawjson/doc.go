// Package rawjson looks into JSON without decoding it and changes it without
// re-printing it. The gateway needs a handful of top-level fields of bodies
// that may be megabytes long, and everything it does not change must survive
// to the byte: unknown fields, order, zeros, the spelling of numbers. So a
// scanner finds where each top-level field stands, and edits replace just
// those bytes.
//
// The scanner checks the structure of the whole text (nesting, commas, colons,
// literals, numbers) but not what is inside strings; its depth is bounded and
// it does not recurse, so hostile input costs no stack.
package rawjson
