package server

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// reader reads YAML nodes into the specifications, noting every fault with its
// path and every path's line.
type reader struct {
	faults
	lines map[string]int
}

// valueOf is where to read into.
func valueOf[T any](p *T) reflect.Value { return reflect.ValueOf(p).Elem() }

// fault notes what is wrong at a node.
func (r *reader) fault(n *yaml.Node, path, format string, args ...any) {
	r.add(path, format, args...)
	r.list[len(r.list)-1].Line = n.Line
}

// read reads one node.
func (r *reader) read(n *yaml.Node, into reflect.Value, path string) {
	r.lines[path] = n.Line
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.fault(n, path, "uses an anchor or alias (& or *): write the value out")
		return
	case !plainTag(n.ShortTag()):
		r.fault(n, path, "has a type of its own (%s): take it out", bounded(n.ShortTag(), 32))
		return
	case n.ShortTag() == "!!null" && into.Kind() != reflect.String:
		r.fault(n, path, "is empty: give a value, write [] for an empty list, or leave the name out")
		return
	}
	if _, ok := into.Interface().(time.Time); ok {
		r.readTime(n, into, path)
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		r.read(n, into.Elem(), path)
	case reflect.Struct:
		r.readStruct(n, into, path)
	case reflect.Map:
		r.readMap(n, into, path)
	case reflect.Slice:
		r.readSlice(n, into, path)
	default:
		r.readScalar(n, into, path)
	}
}

// plainTag tells YAML's own types from those a document brings along.
func plainTag(tag string) bool {
	return slices.Contains([]string{"!!map", "!!seq", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!merge"}, tag)
}

// readStruct reads a mapping with known names.
func (r *reader) readStruct(n *yaml.Node, into reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		r.fault(n, path, "must be a mapping (name: value)")
		return
	}
	fields := map[string]reflect.Value{}
	collectFields(into, fields)
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		here := joinPath(path, bounded(name.Value, 64))
		field, ok := fields[name.Value]
		switch {
		case name.Kind != yaml.ScalarNode || name.Anchor != "":
			r.fault(name, path, "has a name that is not plain text")
		case !ok:
			r.fault(name, here, "is not known here: allowed are %s", strings.Join(sortedKeys(fields), ", "))
		case seen[name.Value]:
			r.fault(name, here, "is there twice")
		default:
			r.read(value, field, here)
		}
		seen[name.Value] = true
	}
}

// collectFields finds a struct's fields by their YAML names.
func collectFields(v reflect.Value, into map[string]reflect.Value) {
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if options == "inline" {
			collectFields(v.Field(i), into)
			continue
		}
		into[name] = v.Field(i)
	}
}

// readMap reads a mapping from text to text.
func (r *reader) readMap(n *yaml.Node, into reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		r.fault(n, path, "must be a mapping (name: value)")
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		here := joinPath(path, bounded(name.Value, 64))
		if name.Kind != yaml.ScalarNode || name.Anchor != "" {
			r.fault(name, path, "has a name that is not plain text")
			continue
		}
		key := reflect.ValueOf(name.Value)
		if into.MapIndex(key).IsValid() {
			r.fault(name, here, "is there twice")
			continue
		}
		item := reflect.New(into.Type().Elem()).Elem()
		r.read(value, item, here)
		into.SetMapIndex(key, item)
	}
}

// readSlice reads a list.
func (r *reader) readSlice(n *yaml.Node, into reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		r.fault(n, path, "must be a list")
		return
	}
	out := reflect.MakeSlice(into.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		r.read(item, out.Index(i), indexed(path, i))
	}
	into.Set(out)
}

// readScalar reads text, a switch or a whole number.
func (r *reader) readScalar(n *yaml.Node, into reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		r.fault(n, path, "must be a single value, not a list or mapping")
		return
	}
	switch into.Kind() {
	case reflect.String:
		// Unquoted 4.1 or 2024-10-21 is meant as it is written.
		if n.ShortTag() != "!!null" {
			into.SetString(n.Value)
		}
	case reflect.Bool:
		if n.ShortTag() != "!!bool" {
			r.fault(n, path, "must be true or false")
			return
		}
		into.SetBool(strings.EqualFold(n.Value, "true"))
	default:
		v, err := strconv.ParseInt(n.Value, 10, 64)
		if n.ShortTag() != "!!int" || err != nil || into.OverflowInt(v) {
			r.fault(n, path, "must be a whole number")
			return
		}
		into.SetInt(v)
	}
}

// readTime reads a moment or a date.
func (r *reader) readTime(n *yaml.Node, into reflect.Value, path string) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, n.Value); n.Kind == yaml.ScalarNode && err == nil {
			into.Set(reflect.ValueOf(t.UTC()))
			return
		}
	}
	r.fault(n, path, "must be a time such as 2027-01-31T00:00:00Z, or a date")
}
