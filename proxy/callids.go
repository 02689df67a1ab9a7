package proxy

import (
	"github.com/posthouse/posthouse/proxy/protocol"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// idEdits are the edits by which a conversation that began elsewhere is passed
// on to a vendor that takes ids of tool calls only in its own form: those in
// messages' tool_calls, and in the tool_call_id that answers them. The same id
// becomes the same each time, and a vendor's own stays.
func (c *call) idEdits(cand *candidate) []rawjson.Edit {
	length := cand.provider.traits(c.entry.protocol.Name, cand.model).CallIDs
	if length == 0 {
		return nil
	}
	var edits []rawjson.Edit
	for _, f := range c.peek.fields {
		if string(f.Key) == "messages" {
			eachObject(c.body, f.From, f.To, func(name string, from, to int) {
				switch name {
				case "tool_call_id":
					edits = appendID(edits, c.body, from, to, length)
				case "tool_calls":
					eachObject(c.body, from, to, func(name string, from, to int) {
						if name == "id" {
							edits = appendID(edits, c.body, from, to, length)
						}
					})
				}
			})
		}
	}
	return edits
}

// eachObject visits the fields of the objects in the list that stands between
// two places of a text; what is no list has none.
func eachObject(text []byte, from, to int, visit func(name string, from, to int)) {
	list := text[from:to]
	_ = rawjson.Elements(list, func(begin, end int) error {
		_ = rawjson.Fields(list[begin:end], func(f rawjson.Field) error { // nor has what is no object
			visit(string(f.Key), from+begin+f.From, from+begin+f.To)
			return nil
		})
		return nil
	})
}

// appendID adds the edit of an id that is not in the form.
func appendID(edits []rawjson.Edit, text []byte, from, to, length int) []rawjson.Edit {
	if text[from] != '"' {
		return edits
	}
	id := unquoted(text[from:to])
	if fits := protocol.ExactID(id, length); fits != id {
		edits = append(edits, rawjson.Edit{From: from, To: to, With: rawjson.Quote(fits)})
	}
	return edits
}
