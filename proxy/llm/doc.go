// Package llm holds the words every part of the data plane shares about a
// conversation with a language model: what kind of work a call asks for (Op),
// what is asked (Request, made of sealed Parts), what is answered (Response,
// or the same as a grammar of Events), what went wrong (Class, Error), what it
// consumed (Usage) and what could not be said in a vendor's dialect (Losses).
// It knows no vendor and no wire format: each protocol package translates
// between these words and its bytes, so that N dialects need 2·N halves and not
// N·N translators. What has no word here is carried as it was written (Extra,
// Foreign) to vendors of the same dialect; what a vendor wants back unread is
// sealed (State), so that any client can carry it.
package llm
