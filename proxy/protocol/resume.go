package protocol

import "github.com/posthouse/posthouse/proxy/rawjson"

// GoOn asks a model to go on. It stands behind the part of the answer that is
// there already; models answer in that answer's language.
const GoOn = `Continue your last message exactly where it stops. Do not repeat any of it, and do not mention that it was interrupted.`

// Resume is how a protocol lets one target finish a streamed answer that
// another began. Text is kept as it stands in JSON strings, escapes and all,
// so that following along costs next to nothing.
type Resume struct {
	// Part reads what an event adds to the answer's text. Closed means that
	// from this event on nobody else can finish it: a tool call has begun, or a
	// second choice.
	Part func(data []byte) (text []byte, closed bool)
	// ID reads the answer's id off an event, as written.
	ID func(data []byte) []byte
	// Continue makes the edits by which a request asks to go on after text.
	Continue func(fields []rawjson.Field, body, text []byte, how Continuation) ([]rawjson.Edit, bool)
	// Join rewrites an event of the target that goes on, so that it belongs to
	// the answer that was begun.
	Join func(data []byte, j Joint) []byte
}

// Joint is what Join puts into an event.
type Joint struct {
	ID     []byte // the id of the answer that was begun, as written; nil: left
	Text   []byte // replaces the event's text, if not nil; escaped
	Tokens int64  // completion tokens of the part that the failed target wrote, added to counts
}

// Continuation is a way of asking a target to go on.
type Continuation struct {
	// Flag is the field by which a vendor wants an unfinished assistant
	// message marked; empty where ending in one is enough.
	Flag string
	// Ask adds a user message that asks to go on, for targets that take no
	// unfinished assistant message.
	Ask bool
	// Tokens is about how many of the completion's tokens are there already: a
	// limit that the request sets counts them too.
	Tokens int64
}
