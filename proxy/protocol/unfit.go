package protocol

import (
	"slices"
	"strconv"

	"github.com/posthouse/posthouse/proxy/rawjson"
)

// Written is a request in JSON, as its caller wrote it.
type Written struct {
	Body   []byte
	Fields []rawjson.Field // at its top
}

// Value is a field's value as written; nil if it is not there, or null.
func (w Written) Value(name string) []byte {
	for _, f := range w.Fields {
		if string(f.Key) == name {
			return valued(f.Value(w.Body))
		}
	}
	return nil
}

func valued(v []byte) []byte {
	if string(v) == "null" {
		return nil
	}
	return v
}

// Object looks into a field that is an object; without fields if it is none.
func (w Written) Object(name string) Written {
	in := Written{Body: w.Value(name)}
	_ = rawjson.Fields(in.Body, func(f rawjson.Field) error { // what is no object has no fields
		in.Fields = append(in.Fields, f)
		return nil
	})
	return in
}

// Word is a field that is a string without escapes; empty if it is none.
func (w Written) Word(name string) string {
	if v := w.Value(name); len(v) > 1 && v[0] == '"' {
		return string(v[1 : len(v)-1])
	}
	return ""
}

// Beside reports whether a field is a number other than one.
func (w Written) Beside(name string, one float64) bool {
	n, err := strconv.ParseFloat(string(w.Value(name)), 64)
	return err == nil && n != one
}

// Above reports whether a field is a number above another.
func (w Written) Above(name string, most float64) bool {
	n, err := strconv.ParseFloat(string(w.Value(name)), 64)
	return err == nil && n > most
}

// Beyond reports whether an effort is higher than the model's highest, where
// that is known.
func (t *Traits) Beyond(effort string) bool {
	return t.TopEffort != "" && slices.Index(efforts, effort) > slices.Index(efforts, t.TopEffort)
}
