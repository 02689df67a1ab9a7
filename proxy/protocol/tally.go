package protocol

import "github.com/posthouse/posthouse/proxy/rawjson"

// Tally is how a dialect's texts are found, so that tokens can be counted here
// where a vendor does not say how many there were.
type Tally struct {
	// Delta appends to buf the text that an event of a stream adds to the
	// answer: words, thoughts, the arguments of tool calls. The text is as it
	// stands in JSON strings, for it runs for every event; see Unescape.
	Delta func(buf, data []byte) []byte
	// Answer reads the same off an answer in one piece, without escapes.
	Answer func(body []byte) string
	// Prompt reads the text of a request. It runs after the answer was
	// delivered, and may take its time.
	Prompt func(body []byte) PromptText
}

// PromptText is what of a prompt can be counted.
type PromptText struct {
	Text  string
	Extra int64 // tokens that the form of a conversation adds
	Whole bool  // the text is all there is: no pictures, sounds or files
}

// UsageOption is how a dialect's streams are asked to say what they used.
type UsageOption struct {
	// Ask makes the edits that ask for it; ok is false where there is nothing
	// to do, because the caller asked itself or the body allows no such edit.
	Ask func(fields []rawjson.Field, body []byte) (edits []rawjson.Edit, ok bool)
	// Strip finds the part of an event that is there only because it was asked
	// for: all of the event, or a range without which it is still JSON; an empty
	// range is nothing.
	Strip func(data []byte) (from, to int)
	// Refused reports whether a vendor's error says that it knows no such
	// option.
	Refused func(message string) bool
}
