package gemini

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/rawjson"
)

// names are the edits that make a body name a target's model. Embeddings and
// counting name it again within what they ask, and Google wants the same there
// as in the path.
func names(body []byte, fields []rawjson.Field, model string) []rawjson.Edit {
	name := rawjson.Quote("models/" + model)
	var edits []rawjson.Edit
	for _, f := range fields {
		switch string(f.Key) {
		case "model":
			edits = append(edits, rawjson.Set(f, name))
		case "generateContentRequest", "generate_content_request":
			edits = append(edits, namesWithin(f.Value(body), f.From, name)...)
		case "requests":
			edits = append(edits, namesOfAll(f.Value(body), f.From, name)...)
		}
	}
	return edits
}

// namesWithin edits the model of an object that stands at an offset of the body.
func namesWithin(object []byte, at int, name string) (edits []rawjson.Edit) {
	_ = rawjson.Fields(object, func(f rawjson.Field) error { // what is no object names nothing
		if string(f.Key) == "model" {
			edits = append(edits, rawjson.Edit{From: at + f.From, To: at + f.To, With: name})
		}
		return nil
	})
	return edits
}

// namesOfAll does so for each object of a list.
func namesOfAll(list []byte, at int, name string) (edits []rawjson.Edit) {
	dec := jsontext.NewDecoder(bytes.NewReader(list), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '[' {
		return nil
	}
	for dec.PeekKind() == '{' {
		value, err := dec.ReadValue()
		if err != nil {
			return edits
		}
		edits = append(edits, namesWithin(value, at+int(dec.InputOffset())-len(value), name)...)
	}
	return edits
}
