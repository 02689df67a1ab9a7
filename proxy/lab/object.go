package lab

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// object is a JSON object whose names are compared exactly, as the real vendor
// does and encoding/json's structs do not. Of a doubled name the last counts.
type object map[string]json.RawMessage

func parseObject(body []byte) (object, *apiError) {
	bad := invalid("", "", "We could not parse the JSON body of your request. The API expects a JSON object in UTF-8.")
	if !utf8.Valid(body) {
		return nil, bad
	}
	var o object
	if err := json.Unmarshal(body, &o); err != nil || o == nil {
		return nil, bad
	}
	return o, nil
}

// has says whether the name is there with something else than null.
func (o object) has(name string) bool {
	raw, ok := o[name]
	return ok && string(raw) != "null"
}

func wrongType(param, want string, raw json.RawMessage) *apiError {
	return invalid(param, "invalid_type", "Invalid type for '%s': expected %s, but got %s instead.", param, want, typeName(raw))
}

func typeName(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	if strings.ContainsAny(string(raw), ".eE") {
		return "a decimal"
	}
	return "an integer"
}

// text reads a string; at is what an error calls it.
func (o object) text(name, at string) (string, *apiError) {
	if !o.has(name) {
		return "", nil
	}
	s, ok := asString(o[name])
	if !ok {
		return "", wrongType(at, "a string", o[name])
	}
	return s, nil
}

func (o object) boolean(name string) (bool, *apiError) {
	if !o.has(name) {
		return false, nil
	}
	var b bool
	if json.Unmarshal(o[name], &b) != nil {
		return false, wrongType(name, "a boolean", o[name])
	}
	return b, nil
}

// whole reads an integer between low and high; it is fallback when absent.
func (o object) whole(name string, low, high, fallback int) (int, *apiError) {
	if !o.has(name) {
		return fallback, nil
	}
	n, err := strconv.Atoi(string(o[name]))
	if err != nil {
		return 0, wrongType(name, "an integer", o[name])
	}
	if n < low {
		return 0, invalid(name, "integer_below_min_value", "Invalid '%s': integer below minimum value. Expected a value >= %d, but got %d instead.", name, low, n)
	}
	if n > high {
		return 0, invalid(name, "integer_above_max_value", "Invalid '%s': integer above maximum value. Expected a value <= %d, but got %d instead.", name, high, n)
	}
	return n, nil
}

// within checks a number that the lab has no other use for.
func (o object) within(name string, low, high float64) *apiError {
	if !o.has(name) {
		return nil
	}
	var f float64
	if json.Unmarshal(o[name], &f) != nil {
		return wrongType(name, "a decimal", o[name])
	}
	if f < low || math.IsNaN(f) {
		return invalid(name, "decimal_below_min_value", "Invalid '%s': decimal below minimum value. Expected a value >= %v, but got %v instead.", name, low, f)
	}
	if f > high {
		return invalid(name, "decimal_above_max_value", "Invalid '%s': decimal above maximum value. Expected a value <= %v, but got %v instead.", name, high, f)
	}
	return nil
}

func (o object) child(name, at string) (object, *apiError) {
	if !o.has(name) {
		return nil, nil
	}
	child, ok := asObject(o[name])
	if !ok {
		return nil, wrongType(at, "an object", o[name])
	}
	return child, nil
}

func (o object) list(name, at string) ([]json.RawMessage, *apiError) {
	if !o.has(name) {
		return nil, nil
	}
	items, ok := asList(o[name])
	if !ok {
		return nil, wrongType(at, "an array", o[name])
	}
	return items, nil
}

// texts reads a string or a list of strings.
func (o object) texts(name string) ([]string, *apiError) {
	if !o.has(name) {
		return nil, nil
	}
	if s, ok := asString(o[name]); ok {
		return []string{s}, nil
	}
	var list []string
	if json.Unmarshal(o[name], &list) != nil {
		return nil, wrongType(name, "a string or an array of strings", o[name])
	}
	return list, nil
}

func asString(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	var s string
	return s, json.Unmarshal(raw, &s) == nil
}

func asObject(raw json.RawMessage) (object, bool) {
	var o object
	return o, json.Unmarshal(raw, &o) == nil && o != nil
}

func asList(raw json.RawMessage) ([]json.RawMessage, bool) {
	if len(raw) == 0 || raw[0] != '[' {
		return nil, false
	}
	var items []json.RawMessage
	return items, json.Unmarshal(raw, &items) == nil
}
