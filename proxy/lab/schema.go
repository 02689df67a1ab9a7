package lab

import (
	"encoding/json"
	"slices"
	"strings"
)

// maxDepth ends schemas that refer to themselves.
const maxDepth = 16

// schema is the part of JSON Schema that the lab fills in.
type schema struct {
	Type       json.RawMessage            `json:"type"`
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
	Items      json.RawMessage            `json:"items"`
	Enum       []json.RawMessage          `json:"enum"`
	Const      json.RawMessage            `json:"const"`
	Default    json.RawMessage            `json:"default"`
	AnyOf      []json.RawMessage          `json:"anyOf"`
	OneOf      []json.RawMessage          `json:"oneOf"`
	AllOf      []json.RawMessage          `json:"allOf"`
	Ref        string                     `json:"$ref"`
	Format     string                     `json:"format"`
	MinLength  int                        `json:"minLength"`
	MaxLength  *int                       `json:"maxLength"`
	MinItems   int                        `json:"minItems"`
	Minimum    *float64                   `json:"minimum"`
	Maximum    *float64                   `json:"maximum"`
	Above      *float64                   `json:"exclusiveMinimum"`
	MultipleOf *float64                   `json:"multipleOf"`
}

// maker fills a schema in; the root is where references lead.
type maker struct{ root json.RawMessage }

// example is a JSON value that fits a schema: an object has exactly its
// required properties. Patterns are not followed.
func example(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return json.RawMessage(`{}`)
	}
	m := maker{root: raw}
	return encode(m.value(raw, "value", 0))
}

// value makes a value; name is the property it is for.
func (m maker) value(raw json.RawMessage, name string, depth int) any {
	var s schema
	if depth > maxDepth || json.Unmarshal(raw, &s) != nil {
		return nil
	}
	switch {
	case len(s.Const) > 0:
		return s.Const
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.Default) > 0 && string(s.Default) != "null":
		return s.Default
	case s.Ref != "":
		return m.value(m.lookup(s.Ref), name, depth+1)
	case len(s.AnyOf) > 0:
		return m.value(s.AnyOf[0], name, depth+1)
	case len(s.OneOf) > 0:
		return m.value(s.OneOf[0], name, depth+1)
	case len(s.AllOf) > 0:
		return m.merged(s, name, depth)
	}
	switch s.kind() {
	case "object":
		return m.object(s, depth)
	case "array":
		return m.array(s, name, depth)
	case "string":
		return s.text(name)
	case "integer", "number":
		return s.number()
	case "boolean":
		return true
	}
	return nil
}

// kind is the first type that is not null, or what the rest of the schema says.
func (s schema) kind() string {
	if one, ok := asString(s.Type); ok {
		return one
	}
	var many []string
	if json.Unmarshal(s.Type, &many) == nil {
		for _, k := range many {
			if k != "null" {
				return k
			}
		}
	}
	switch {
	case s.Properties != nil:
		return "object"
	case len(s.Items) > 0:
		return "array"
	}
	return "string"
}

func (m maker) object(s schema, depth int) map[string]any {
	out := map[string]any{}
	for _, name := range s.Required {
		raw, ok := s.Properties[name]
		if !ok {
			raw = json.RawMessage(`{"type":"string"}`)
		}
		out[name] = m.value(raw, name, depth+1)
	}
	return out
}

func (m maker) array(s schema, name string, depth int) []any {
	out := []any{}
	if depth >= maxDepth || len(s.Items) == 0 {
		return out
	}
	for range min(max(s.MinItems, 1), 100) {
		out = append(out, m.value(s.Items, name, depth+1))
	}
	return out
}

// merged takes the objects of allOf together.
func (m maker) merged(s schema, name string, depth int) any {
	out := map[string]any{}
	for k, v := range m.object(s, depth) {
		out[k] = v
	}
	for _, raw := range s.AllOf {
		part := m.value(raw, name, depth+1)
		fields, ok := part.(map[string]any)
		if !ok {
			return part
		}
		for k, v := range fields {
			out[k] = v
		}
	}
	return out
}

// lookup follows a reference inside the schema, such as #/$defs/city.
func (m maker) lookup(ref string) json.RawMessage {
	at := m.root
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#"), "/") {
		if part == "" {
			continue
		}
		o, ok := asObject(at)
		if !ok {
			return nil
		}
		at = o[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
	}
	return at
}

func (s schema) text(name string) string {
	formats := map[string]string{
		"date": "2026-01-02", "date-time": "2026-01-02T03:04:05Z", "time": "03:04:05Z", "duration": "PT1H",
		"email": "rider@example.com", "uri": "https://example.com/", "uuid": "00000000-0000-4000-8000-000000000000",
		"hostname": "example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
	}
	if v, ok := formats[s.Format]; ok {
		return v
	}
	text := []rune("sample " + strings.ReplaceAll(name, "_", " "))
	if need := min(s.MinLength, maxWords); len(text) < need {
		text = append(text, slices.Repeat([]rune{'x'}, need-len(text))...)
	}
	if s.MaxLength != nil && *s.MaxLength >= 0 && len(text) > *s.MaxLength {
		text = text[:*s.MaxLength]
	}
	return string(text)
}

// number is the smallest number that is asked for, or 1.
func (s schema) number() float64 {
	n := 1.0
	step := 1.0
	if s.MultipleOf != nil && *s.MultipleOf > 0 {
		step = *s.MultipleOf
		n = step
	}
	if s.Minimum != nil && n < *s.Minimum {
		n = *s.Minimum
	}
	if s.Above != nil && n <= *s.Above {
		n = *s.Above + step
	}
	if s.Maximum != nil && n > *s.Maximum {
		n = *s.Maximum
	}
	return n
}
