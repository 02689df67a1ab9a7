package proxy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// maxModel bounds a model's name in bytes; the longest known are about 100.
const maxModel = 256

// peeked is what the gateway looks at in a request, and where it stands.
type peeked struct {
	model    string
	named    bool // a model was given
	stream   bool
	fields   []rawjson.Field // the top-level fields of a JSON body
	modelAt  rawjson.Field   // in a JSON body
	formFrom int             // of the model's value in a form
	formTo   int
}

// watched are the fields that decide who may ask for what, where it goes and
// how it is answered. JSON parsers differ in which of two equal keys they take
// and whether "Model" is "model", so a body in which that matters is refused:
// else a caller could show one model to us and another to the vendor.
var watched = []string{"model", "stream", "user", "stream_options"}

// peekJSON looks into a JSON body.
func peekJSON(body []byte) (peeked, *llm.Error) {
	var p peeked
	seen := map[string]bool{}
	var refused *llm.Error
	err := rawjson.Fields(body, func(f rawjson.Field) error {
		p.fields = append(p.fields, f)
		if bytes.IndexByte(f.Key, '\\') >= 0 {
			refused = badField(string(f.Key), "writes a top-level key with an escape. Write keys plainly.")
			return refused
		}
		name := watchedAs(f.Key)
		if name == "" {
			return nil
		}
		if seen[name] || name != string(f.Key) {
			refused = badField(name, fmt.Sprintf("is given twice or in another spelling (%q). Give it once, in lower case.", f.Key))
			return refused
		}
		seen[name] = true
		refused = p.take(name, f, body)
		if refused != nil {
			return refused
		}
		return nil
	})
	switch {
	case refused != nil:
		return p, refused
	case err != nil:
		return p, notJSON(err)
	}
	return p, nil
}

// watchedAs is the watched field that a key stands for, in whatever case.
func watchedAs(key []byte) string {
	for _, name := range watched {
		// Folding may shorten: ſ (2 bytes) folds to s.
		if len(key) <= 3*len(name) && bytes.EqualFold(key, []byte(name)) {
			return name
		}
	}
	return ""
}

func (p *peeked) take(name string, f rawjson.Field, body []byte) *llm.Error {
	value := f.Value(body)
	switch name {
	case "model":
		p.modelAt = f
		if string(value) == "null" {
			return nil
		}
		if len(value) > 6*maxModel || json.Unmarshal(value, &p.model) != nil {
			return badField("model", "must be a string with the name of a model.")
		}
		p.named = true
		return checkModel(p.model)
	case "stream":
		switch string(value) {
		case "true":
			p.stream = true
		case "false", "null":
		default:
			return badField("stream", "must be true or false.")
		}
	}
	return nil
}

func checkModel(model string) *llm.Error {
	if model == "" {
		return badField("model", "is empty. Name a model.")
	}
	if len(model) > maxModel || !utf8.ValidString(model) || bytes.ContainsFunc([]byte(model), func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return badField("model", fmt.Sprintf("must be at most %d bytes of plain text.", maxModel))
	}
	return nil
}

func badField(name, problem string) *llm.Error {
	return &llm.Error{
		Class: llm.ClassDenied, Status: http.StatusBadRequest, Code: "invalid_request", Param: name,
		Message: fmt.Sprintf("%q %s", name, problem),
	}
}

func notJSON(err error) *llm.Error {
	e := &llm.Error{Class: llm.ClassDenied, Status: http.StatusBadRequest, Code: "invalid_json"}
	var syntax *rawjson.SyntaxError
	switch {
	case errors.As(err, &syntax):
		e.Message = fmt.Sprintf("The request body is not valid JSON: %s at byte %d.", syntax.Reason, syntax.Offset)
	default:
		e.Message = "The request body must be a JSON object."
	}
	return e
}

// peekQuery looks at a request without a body.
func peekQuery(q url.Values) (peeked, *llm.Error) {
	models := q["model"]
	if len(models) == 0 {
		return peeked{}, nil
	}
	if len(models) > 1 {
		return peeked{}, badField("model", "is given twice. Give it once.")
	}
	return peeked{model: models[0], named: true}, checkModel(models[0])
}
