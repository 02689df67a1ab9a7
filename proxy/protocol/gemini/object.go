package gemini

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
)

// object is a JSON object whose fields keep their order, which in a schema is
// the order in which a model writes them.
type object []member

type member struct {
	name  string
	value llm.Raw
}

// readObject reads an object; ok is false for anything else.
func readObject(raw llm.Raw) (o object, ok bool) {
	dec := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowInvalidUTF8(true))
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, false
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, false
		}
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return nil, false
		}
		o = append(o, member{key, value.Clone()})
	}
	return o, true
}

// readList reads the elements of an array.
func readList(raw llm.Raw) []llm.Raw {
	var items []llm.Raw
	if raw.Kind() != '[' || unmarshal(raw, &items) != nil {
		return nil
	}
	return items
}

func writeList(items []llm.Raw) llm.Raw {
	out := llm.Raw{'['}
	for i, item := range items {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, item...)
	}
	return append(out, ']')
}

func (o object) raw() llm.Raw {
	out := llm.Raw{'{'}
	for i, m := range o {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(out, quote(m.name)...), ':')
		out = append(out, m.value...)
	}
	return append(out, '}')
}

func (o object) get(name string) llm.Raw {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

func (o object) text(name string) string {
	var s string
	if raw := o.get(name); len(raw) == 0 || raw.Kind() != '"' || unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// set gives a field a value, at its place if it has one.
func (o *object) set(name string, value llm.Raw) {
	for i := range *o {
		if (*o)[i].name == name {
			(*o)[i].value = value
			return
		}
	}
	*o = append(*o, member{name, value})
}

func (o *object) remove(name string) {
	kept := (*o)[:0]
	for _, m := range *o {
		if m.name != name {
			kept = append(kept, m)
		}
	}
	*o = kept
}
