package responses

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// References are what a request names instead of saying it.
type References struct {
	Previous string   // the answer that it goes on from; empty: none
	Items    []string // ids of items, in the order in which they stand
	Keep     bool     // the answer may be kept (store is not false)
}

// ReferencesIn finds what a body refers to. fields are its top-level fields.
func ReferencesIn(body []byte, fields []rawjson.Field) References {
	r := References{Keep: true}
	for _, f := range fields {
		value := llm.Raw(f.Value(body))
		switch string(f.Key) {
		case "previous_response_id":
			read(value, &r.Previous)
		case "store":
			r.Keep = string(value) != "false"
		case "input":
			if !bytes.Contains(value, []byte(typeReference)) {
				continue
			}
			items, _ := itemsIn(value)
			for _, raw := range items {
				if id, ok := reference(raw); ok {
					r.Items = append(r.Items, id)
				}
			}
		}
	}
	return r
}

// reference reads an item that stands for another.
func reference(raw json.RawMessage) (id string, ok bool) {
	var w item
	if !read(llm.Raw(raw), &w) || w.Type != typeReference {
		return "", false
	}
	return w.ID, w.ID != ""
}

// itemsIn are the items of an input: a text is one message. It reports whether
// the input is one of both.
func itemsIn(input llm.Raw) (items []json.RawMessage, ok bool) {
	var words string
	if input.Kind() == '"' && read(input, &words) {
		return []json.RawMessage{json.RawMessage(value(message{Type: typeMessage, Role: "user", Content: []content{{Type: "input_text", Text: &words}}}))}, true
	}
	if input.Kind() != '[' || !read(input, &items) {
		return nil, false
	}
	return items, true
}

// Resolved is a body that refers to nothing: before are the items that precede
// its own, found are those that were referred to, by id. What is not found stays
// a reference. own are the body's items as they are then. A body whose input
// can't be read stays as it is.
func Resolved(body []byte, fields []rawjson.Field, before []json.RawMessage, found map[string]json.RawMessage) (resolved []byte, own []json.RawMessage) {
	var input rawjson.Field
	has := false
	for _, f := range fields {
		if string(f.Key) == "input" {
			input, has = f, true
		}
	}
	if has {
		if own, has = itemsIn(llm.Raw(input.Value(body))); !has {
			return body, nil // it is refused when it is read
		}
	}
	for i, raw := range own {
		if id, ok := reference(raw); ok && found[id] != nil {
			own[i] = found[id]
		}
	}
	if len(before) == 0 && len(found) == 0 {
		return body, own
	}
	all := append(append(make([]json.RawMessage, 0, len(before)+len(own)), before...), own...)
	list := "[" + string(bytes.Join(asBytes(all), []byte{','})) + "]"
	drops := func(i int) bool { return len(before) > 0 && string(fields[i].Key) == "previous_response_id" }
	if has {
		return rawjson.Apply(body, append(rawjson.Drop(fields, drops), rawjson.Set(input, list))).Bytes(), own
	}
	// The input takes the reference's place.
	first := slices.IndexFunc(fields, func(f rawjson.Field) bool { return string(f.Key) == "previous_response_id" })
	edits := rawjson.Drop(fields, func(i int) bool { return i != first && drops(i) })
	if first >= 0 {
		edits = append(edits, rawjson.Edit{From: fields[first].KeyFrom, To: fields[first].To, With: `"input":` + list})
	}
	return rawjson.Apply(body, edits).Bytes(), own
}

func asBytes(items []json.RawMessage) [][]byte {
	all := make([][]byte, 0, len(items))
	for _, raw := range items {
		all = append(all, raw)
	}
	return all
}

// Told is the response object that an answer of ours holds: a whole one is it, a
// stream's last event has it. Output are its items.
func Told(answer []byte) (response json.RawMessage, output []json.RawMessage, id string) {
	response = bytes.TrimSpace(answer)
	if at := bytes.LastIndex(answer, []byte("\ndata: ")); at >= 0 {
		var ev struct {
			Response json.RawMessage `json:"response"`
		}
		if !read(llm.Raw(bytes.TrimSpace(answer[at+len("\ndata: "):])), &ev) {
			return nil, nil, ""
		}
		response = ev.Response
	}
	var w struct {
		ID     string            `json:"id"`
		Output []json.RawMessage `json:"output"`
	}
	if !read(llm.Raw(response), &w) {
		return nil, nil, ""
	}
	return bytes.Clone(response), w.Output, w.ID
}

// Deleted is what a caller gets who deletes an answer.
func Deleted(id string) []byte {
	return value(map[string]any{"id": id, "object": "response", "deleted": true})
}

// ItemList is a list of items as callers get it, on one page.
func ItemList(items []json.RawMessage) []byte {
	first, last := "", ""
	for _, raw := range items {
		var w item
		if read(llm.Raw(raw), &w) && w.ID != "" {
			if first == "" {
				first = w.ID
			}
			last = w.ID
		}
	}
	if items == nil {
		items = []json.RawMessage{}
	}
	return value(map[string]any{"object": "list", "data": items, "first_id": first, "last_id": last, "has_more": false})
}
