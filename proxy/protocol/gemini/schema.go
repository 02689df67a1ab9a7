package gemini

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/posthouse/posthouse/proxy/llm"
	"github.com/posthouse/posthouse/proxy/protocol"
)

// schemaFor writes a JSON schema for a target: as Google's subset where the
// model knows no other, else as it is. Losses are noted under at.
func schemaFor(schema llm.Raw, t *protocol.Target, losses *llm.Losses, at string) (subset, full llm.Raw) {
	if len(schema) == 0 || schema.Kind() != '{' {
		return nil, nil
	}
	if !t.Traits.SchemaSubset {
		o, ok := readObject(schema)
		if !ok {
			return nil, nil
		}
		o.remove("$schema") // says which JSON schema this is; Google refuses it
		return nil, o.raw()
	}
	c := cleaner{root: schema}
	out := c.clean(schema, 0)
	if len(c.changed) > 0 {
		slices.Sort(c.changed)
		losses.Change(at, "the model's schemas know no "+strings.Join(slices.Compact(c.changed), ", "))
	}
	if o, ok := readObject(out); ok && o.text("type") == "OBJECT" && len(o.get("properties")) == 0 && at != "response_format.schema" {
		return nil, nil // an object without properties is refused; a function without parameters is not
	}
	return out, nil
}

// cleaner turns a JSON schema into the subset of OpenAPI 3.0 that Google calls
// Schema (ai.google.dev/api/caching#Schema).
type cleaner struct {
	root    llm.Raw
	changed []string // keywords that were left out or rewritten
	nodes   int      // schemas written so far
	path    []string // references being followed
}

// maxNodes bounds what a schema may grow to when references are resolved.
const maxNodes = 10_000

// kept are the keywords that are taken as they are.
var kept = []string{
	"title", "description", "minItems", "maxItems", "minimum", "maximum", "minLength", "maxLength", "pattern",
	"minProperties", "maxProperties", "default", "nullable",
}

func (c *cleaner) clean(raw llm.Raw, depth int) llm.Raw {
	o, ok := readObject(raw)
	if !ok || len(o) == 0 { // true, {}: anything
		return llm.Raw(`{"type":"STRING"}`)
	}
	if c.nodes++; depth > maxSchemaDepth || c.nodes > maxNodes {
		c.note("recursion")
		return llm.Raw(`{"type":"OBJECT"}`)
	}
	if ref := o.text("$ref"); ref != "" {
		return c.follow(o, ref, depth)
	}
	if all := readList(o.get("allOf")); len(all) > 0 {
		o = c.join(o, all, depth)
	}
	var out object
	c.putType(&out, o)
	for _, m := range o {
		switch {
		case m.name == "description" && len(out.get(m.name)) > 0: // it tells values, too
		case slices.Contains(kept, m.name):
			out.set(m.name, m.value)
		default:
			c.put(&out, o, m, depth)
		}
	}
	return c.finish(out)
}

// put writes one keyword that needs more than copying.
func (c *cleaner) put(out *object, o object, m member, depth int) {
	switch m.name {
	case "type", "allOf", "$schema":
	case "properties":
		props, ok := readObject(m.value)
		if !ok || len(props) == 0 {
			return
		}
		for i := range props {
			props[i].value = c.clean(props[i].value, depth+1)
		}
		out.set("properties", props.raw())
	case "required":
		if names := c.required(m.value, o); len(names) > 0 {
			out.set("required", names)
		}
	case "items":
		out.set("items", c.clean(m.value, depth+1))
	case "anyOf", "oneOf":
		if m.name == "oneOf" {
			c.note("oneOf")
		}
		c.putAny(out, readList(m.value), depth)
	case "enum":
		c.putEnum(out, o, readList(m.value))
	case "const":
		c.note("const")
		c.putEnum(out, o, []llm.Raw{m.value})
	case "exclusiveMinimum":
		c.note(m.name)
		out.set("minimum", beside(m.value, o, 1))
	case "exclusiveMaximum":
		c.note(m.name)
		out.set("maximum", beside(m.value, o, -1))
	case "format":
		c.putFormat(out, o, m.value)
	case "prefixItems":
		c.note(m.name)
		if len(o.get("items")) == 0 || o.get("items").Kind() != '{' {
			items := object{{"anyOf", m.value}}
			out.set("items", c.clean(items.raw(), depth+1))
		}
	case "$defs", "definitions", "$id", "$comment", "examples", "example", "title":
	default:
		c.note(m.name)
	}
}

func (c *cleaner) note(keyword string) { c.changed = append(c.changed, keyword) }

// putType writes the type in Google's words; null among several is nullable.
func (c *cleaner) putType(out *object, o object) {
	var names []string
	if t := o.text("type"); t != "" {
		names = []string{t}
	} else {
		for _, raw := range readList(o.get("type")) {
			var name string
			if unmarshal(raw, &name) == nil {
				names = append(names, name)
			}
		}
	}
	some := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "null" })
	if len(some) < len(names) && len(some) > 0 {
		out.set("nullable", llm.Raw("true"))
	}
	switch {
	case len(some) == 1:
		out.set("type", llm.Raw(quote(strings.ToUpper(some[0]))))
	case len(some) > 1:
		var all []llm.Raw
		for _, name := range some {
			all = append(all, c.finish(object{{"type", llm.Raw(quote(strings.ToUpper(name)))}}))
		}
		out.set("anyOf", writeList(all))
	case len(names) > 0: // null alone
		c.note("type null")
		out.set("type", llm.Raw(`"STRING"`))
		out.set("nullable", llm.Raw("true"))
	case len(o.get("properties")) > 0:
		out.set("type", llm.Raw(`"OBJECT"`))
	case len(o.get("items")) > 0:
		out.set("type", llm.Raw(`"ARRAY"`))
	}
}

// putAny writes alternatives; a null among them is nullable.
func (c *cleaner) putAny(out *object, items []llm.Raw, depth int) {
	var all []llm.Raw
	for _, item := range items {
		if o, ok := readObject(item); ok && len(o) == 1 && o.text("type") == "null" {
			out.set("nullable", llm.Raw("true"))
			continue
		}
		all = append(all, c.clean(item, depth+1))
	}
	switch {
	case len(all) == 1:
		if only, ok := readObject(all[0]); ok {
			for _, m := range only {
				if m.name != "description" || len(out.get(m.name)) == 0 {
					out.set(m.name, m.value)
				}
			}
		}
	case len(all) > 1:
		out.set("anyOf", writeList(all))
	}
}

// putEnum writes the values of texts. Google takes no other enums: their values
// are told in the description.
func (c *cleaner) putEnum(out *object, o object, values []llm.Raw) {
	var texts, others []llm.Raw
	for _, v := range values {
		switch v.Kind() {
		case '"':
			texts = append(texts, v)
		case 'n':
			out.set("nullable", llm.Raw("true"))
		default:
			others = append(others, v)
		}
	}
	if len(others) == 0 && len(texts) > 0 {
		out.set("type", llm.Raw(`"STRING"`))
		out.set("enum", writeList(texts))
		return
	}
	if len(others) == 0 {
		return
	}
	c.note("enum of other values than texts")
	description := strings.TrimSpace(o.text("description") + " One of " + strings.Trim(string(writeList(append(texts, others...))), "[]") + ".")
	out.set("description", llm.Raw(quote(description)))
	if len(out.get("type")) == 0 {
		kinds := map[byte]string{'0': "NUMBER", 't': "BOOLEAN", 'f': "BOOLEAN"}
		out.set("type", llm.Raw(quote(kinds[byte(others[0].Kind())])))
	}
}

// putFormat keeps the formats that Google knows for the type.
func (c *cleaner) putFormat(out *object, o object, value llm.Raw) {
	known := map[string][]string{
		"string": {"date-time", "enum"}, "integer": {"int32", "int64"}, "number": {"float", "double"},
	}
	if slices.Contains(known[strings.ToLower(o.text("type"))], o.text("format")) {
		out.set("format", value)
		return
	}
	c.note("format " + o.text("format"))
}

// required leaves out names that are not among the properties.
func (c *cleaner) required(raw llm.Raw, o object) llm.Raw {
	props, _ := readObject(o.get("properties"))
	var names []llm.Raw
	for _, item := range readList(raw) {
		var name string
		if unmarshal(item, &name) == nil && len(props.get(name)) > 0 {
			names = append(names, item)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return writeList(names)
}

// follow puts a definition in the place of a reference to it.
func (c *cleaner) follow(o object, ref string, depth int) llm.Raw {
	c.note("$ref")
	target, ok := c.resolve(ref)
	if !ok || slices.Contains(c.path, ref) {
		return llm.Raw(`{"type":"OBJECT"}`)
	}
	c.path = append(c.path, ref)
	out := c.clean(target, depth+1)
	c.path = c.path[:len(c.path)-1]
	if text := o.get("description"); len(text) > 0 {
		if own, ok := readObject(out); ok {
			own.set("description", text)
			return own.raw()
		}
	}
	return out
}

// resolve finds what a reference within the schema names.
func (c *cleaner) resolve(ref string) (llm.Raw, bool) {
	at := c.root
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil, false
	}
	for step := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if step == "" {
			continue
		}
		o, ok := readObject(at)
		if !ok {
			return nil, false
		}
		if at = o.get(strings.NewReplacer("~1", "/", "~0", "~").Replace(step)); len(at) == 0 {
			return nil, false
		}
	}
	return at, true
}

// join merges schemas that must all hold: properties and requirements are
// gathered, of anything else the last word counts.
func (c *cleaner) join(o object, all []llm.Raw, depth int) object {
	c.note("allOf")
	var props object
	var names []llm.Raw
	joined := object{}
	for _, raw := range append(all, o.raw()) {
		part, ok := readObject(raw)
		if !ok {
			continue
		}
		if ref := part.text("$ref"); ref != "" && depth < maxSchemaDepth {
			if target, ok := c.resolve(ref); ok {
				part, _ = readObject(target)
			}
		}
		for _, m := range part {
			switch m.name {
			case "properties":
				more, _ := readObject(m.value)
				for _, p := range more {
					props.set(p.name, p.value)
				}
			case "required":
				names = append(names, readList(m.value)...)
			case "allOf":
			default:
				joined.set(m.name, m.value)
			}
		}
	}
	if len(props) > 0 {
		joined.set("properties", props.raw())
	}
	if len(names) > 0 {
		joined.set("required", writeList(names))
	}
	return joined
}

// finish adds what Google demands.
func (c *cleaner) finish(o object) llm.Raw {
	if o.text("type") == "ARRAY" && len(o.get("items")) == 0 {
		o.set("items", llm.Raw(`{"type":"STRING"}`))
	}
	if len(o.get("type")) == 0 && len(o.get("anyOf")) == 0 {
		o.set("type", llm.Raw(`"STRING"`))
	}
	return o.raw()
}

// beside is the whole number next to an excluded bound, or the bound itself
// where numbers are not whole.
func beside(raw llm.Raw, o object, step int64) llm.Raw {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if o.text("type") != "integer" || err != nil {
		return raw
	}
	return llm.Raw(fmt.Sprint(n + step))
}
