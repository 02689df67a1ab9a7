package protocol

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/rawjson"
)

// subset rewrites a JSON schema into the part of JSON Schema that structured
// outputs and strict tools of Claude's makers and of Bedrock know: objects without further properties,
// no bounds on numbers, strings and lists. What is taken out is told to the
// model in the description, so that nothing of it is lost.
// Source: platform.claude.com/docs/en/build-with-claude/structured-outputs.
type subset struct {
	moved  bool // a keyword became words
	closed bool // an object that was open was closed
}

// rewrite appends the schema to dst. What is no schema stays as it is.
func (s *subset) rewrite(dst []byte, schema llm.Raw) []byte {
	var fields []rawjson.Field
	if rawjson.Fields(schema, func(f rawjson.Field) error { fields = append(fields, f); return nil }) != nil {
		return append(dst, schema...)
	}
	var told []string
	var description string
	object, first := false, true
	put := func(key string) {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(append(dst, '"'), key...), '"', ':')
	}
	dst = append(dst, '{')
	for _, f := range fields {
		key, v := string(f.Key), llm.Raw(f.Value(schema))
		switch {
		case key == "properties" || key == "$defs" || key == "definitions":
			object = object || key == "properties"
			put(key)
			dst = s.each(dst, v)
		case key == "items":
			put(key)
			dst = s.rewrite(dst, v)
		case key == "anyOf" || key == "allOf" || key == "oneOf":
			put(strings.Replace(key, "oneOf", "anyOf", 1))
			dst = s.list(dst, v)
		case key == "additionalProperties":
			s.closed = s.closed || string(v) != "false"
		case key == "description":
			_ = json.Unmarshal(v, &description, jsontext.AllowInvalidUTF8(true)) // what is no text describes nothing
		case known(key, v):
			object = object || key == "type" && bytes.Contains(v, []byte(`"object"`))
			put(key)
			dst = append(dst, v...)
		case key == "$schema" || key == "$id" || key == "$comment":
		default:
			told = append(told, key+": "+string(v))
		}
	}
	if len(told) > 0 {
		s.moved = true
		description = strings.TrimSpace(description + " (" + strings.Join(told, ", ") + ")")
	}
	if description != "" {
		put("description")
		dst, _ = jsontext.AppendQuote(dst, description) // an error only says that bad UTF-8 was mended
	}
	if object {
		put("additionalProperties")
		dst = append(dst, "false"...)
	}
	return append(dst, '}')
}

// known reports whether a keyword may stay.
func known(key string, v llm.Raw) bool {
	switch key {
	case "type", "enum", "const", "required", "title", "default", "$ref":
		return true
	case "minItems":
		return string(v) == "0" || string(v) == "1"
	case "format":
		return slices.Contains([]string{
			`"date-time"`, `"time"`, `"date"`, `"duration"`, `"email"`, `"hostname"`, `"uri"`, `"ipv4"`, `"ipv6"`, `"uuid"`,
		}, string(v))
	}
	return false
}

// each rewrites the schemas that are an object's values.
func (s *subset) each(dst []byte, object llm.Raw) []byte {
	start := len(dst)
	dst = append(dst, '{')
	err := rawjson.Fields(object, func(f rawjson.Field) error {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), f.Key...), '"', ':')
		dst = s.rewrite(dst, f.Value(object))
		return nil
	})
	if err != nil {
		return append(dst[:start], object...)
	}
	return append(dst, '}')
}

// list rewrites the schemas of a list.
func (s *subset) list(dst []byte, list llm.Raw) []byte {
	var schemas []llm.Raw
	if json.Unmarshal(list, &schemas, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) != nil {
		return append(dst, list...)
	}
	dst = append(dst, '[')
	for i, schema := range schemas {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = s.rewrite(dst, schema)
	}
	return append(dst, ']')
}

// ClosedSchema rewrites a JSON schema into the part of JSON Schema that
// structured outputs and strict tools at Anthropic and Bedrock know: objects
// without further properties, no bounds on numbers, strings and lists. Bounds
// become words in descriptions; what became of it is noted at field.
func ClosedSchema(schema llm.Raw, field string, lost *llm.Losses) llm.Raw {
	s := subset{}
	out := s.rewrite(nil, schema)
	if s.moved {
		lost.Change(field, "bounds that the vendor's schemas don't know were put into descriptions")
	}
	if s.closed {
		lost.Change(field, "the vendor's schemas allow no further properties")
	}
	return out
}

// ObjectSchema makes a tool's schema one of type object, as Anthropic, Bedrock
// and Gemini demand; elsewhere the type, or the schema, may be missing.
func ObjectSchema(schema llm.Raw) llm.Raw {
	if len(schema) == 0 || string(schema) == "null" {
		return llm.Raw(`{"type":"object","properties":{}}`)
	}
	typed := false
	err := rawjson.Fields(schema, func(f rawjson.Field) error {
		typed = typed || string(f.Key) == "type"
		return nil
	})
	if err != nil || typed {
		return schema
	}
	rest := bytes.TrimSpace(schema)[1:]
	if len(bytes.TrimSpace(rest)) > 1 {
		return append([]byte(`{"type":"object",`), rest...)
	}
	return llm.Raw(`{"type":"object","properties":{}}`)
}
