package gemini

import (
	"strconv"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
)

// maxSchemaDepth bounds how deep schemas are walked; references that go round
// end there, too.
const maxSchemaDepth = 32

// plainSchema turns a schema of Google's OpenAPI subset into a JSON schema as
// everybody else reads it: types in lower case, nullable as a type, counts as
// numbers, propertyOrdering as the order of the properties. What is no schema
// stays as it is.
func plainSchema(raw llm.Raw) llm.Raw { return plainAt(raw, 0) }

func plainAt(raw llm.Raw, depth int) llm.Raw {
	o, ok := readObject(raw)
	if !ok || depth > maxSchemaDepth {
		return raw
	}
	ordering := orderOf(o)
	nullable := string(o.get("nullable")) == "true"
	var out object
	for _, m := range o {
		switch m.name {
		case "type":
			out.set("type", llm.Raw(quote(strings.ToLower(o.text("type")))))
		case "nullable", "propertyOrdering", "property_ordering":
		case "example":
			out.set("examples", writeList([]llm.Raw{m.value}))
		case "anyOf", "any_of":
			var all []llm.Raw
			for _, item := range readList(m.value) {
				all = append(all, plainAt(item, depth+1))
			}
			out.set("anyOf", writeList(all))
		case "items":
			out.set("items", plainAt(m.value, depth+1))
		case "properties":
			out.set("properties", plainProperties(m.value, ordering, depth))
		case "maxItems", "minItems", "maxLength", "minLength", "maxProperties", "minProperties":
			out.set(m.name, number(m.value))
		default:
			out.set(m.name, m.value)
		}
	}
	if nullable {
		out.allowNull()
	}
	return out.raw()
}

// allowNull makes null one of a schema's types.
func (o *object) allowNull() {
	if t := o.get("type"); len(t) > 0 {
		o.set("type", writeList([]llm.Raw{t, llm.Raw(`"null"`)}))
		if values := readList(o.get("enum")); len(values) > 0 {
			o.set("enum", writeList(append(values, llm.Raw("null"))))
		}
		return
	}
	if either := o.get("anyOf"); len(either) > 0 {
		o.set("anyOf", writeList(append(readList(either), llm.Raw(`{"type":"null"}`))))
	}
}

func plainProperties(raw llm.Raw, ordering []string, depth int) llm.Raw {
	o, ok := readObject(raw)
	if !ok {
		return raw
	}
	var out object
	for _, name := range ordering {
		if value := o.get(name); len(value) > 0 {
			out.set(name, plainAt(value, depth+1))
		}
	}
	for _, m := range o {
		if len(out.get(m.name)) == 0 {
			out.set(m.name, plainAt(m.value, depth+1))
		}
	}
	return out.raw()
}

func orderOf(o object) []string {
	raw := o.get("propertyOrdering")
	if len(raw) == 0 {
		raw = o.get("property_ordering")
	}
	var names []string
	if len(raw) == 0 || unmarshal(raw, &names) != nil {
		return nil
	}
	return names
}

// number reads an int64 as Google writes it, in quotes.
func number(raw llm.Raw) llm.Raw {
	var s string
	if raw.Kind() != '"' || unmarshal(raw, &s) != nil {
		return raw
	}
	if _, err := strconv.ParseInt(s, 10, 64); err != nil {
		return raw
	}
	return llm.Raw(s)
}
