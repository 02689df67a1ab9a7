// Package llm holds the words every part of the data plane shares about a
// conversation with a language model: what kind of work a call asks for (Op),
// what went wrong with it (Class, Error) and what it consumed (Usage). It
// knows no vendor and no wire format; the protocol packages translate between
// these words and the bytes.
package llm
