package server

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Plan is what applying a document changes, or would change.
type Plan struct {
	DryRun   bool         `json:"dry_run" doc:"Nothing was changed"`
	Changes  []PlanChange `json:"changes" doc:"Empty: everything is as the document says"`
	Revision int64        `json:"revision,omitempty" doc:"The revision the changes were made in"`
}

// PlanChange is one item that changes.
type PlanChange struct {
	Kind   string        `json:"kind" doc:"provider, route, consumer, price, settings, provider order or route order"`
	Name   string        `json:"name"`
	Op     string        `json:"op" enum:"create,update,delete"`
	Fields []FieldChange `json:"fields" doc:"What changes in it; keys appear as hints"`
}

// FieldChange is one field that changes. Values are JSON; empty is not there.
type FieldChange struct {
	Field  string `json:"field"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// String is the change in words, one line a field.
func (c PlanChange) String() string {
	out := fmt.Sprintf("%s %s %q", c.Op, c.Kind, c.Name)
	for _, f := range c.Fields {
		switch {
		case f.Before == "":
			out += fmt.Sprintf("\n    %s: %s", f.Field, f.After)
		case f.After == "":
			out += fmt.Sprintf("\n    %s: %s → (taken out)", f.Field, f.Before)
		default:
			out += fmt.Sprintf("\n    %s: %s → %s", f.Field, f.Before, f.After)
		}
	}
	return out
}

// note adds a change to the plan, unless nothing changes.
func (p *Plan) note(kind, name, op string, fields []FieldChange) bool {
	if op == opUpdate && len(fields) == 0 {
		return false
	}
	p.Changes = append(p.Changes, PlanChange{Kind: kind, Name: name, Op: op, Fields: list(fields)})
	return true
}

// difference lists the fields in which two specifications of one type differ,
// in the order of their names.
func difference(before, after any) ([]FieldChange, error) {
	b, err := flat(before)
	if err != nil {
		return nil, err
	}
	a, err := flat(after)
	if err != nil {
		return nil, err
	}
	names := maps.Clone(a)
	maps.Copy(names, b)
	var out []FieldChange
	for _, name := range sortedKeys(names) {
		if a[name] != b[name] {
			out = append(out, FieldChange{Field: name, Before: b[name], After: a[name]})
		}
	}
	return out, nil
}

// flat writes a specification as dotted names with JSON values. Lists are one
// value: what changed in them is easier to see whole.
func flat(spec any) (map[string]string, error) {
	out := map[string]string{}
	if spec == nil {
		return out, nil
	}
	data, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("compare a configuration item: %w", err)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("compare a configuration item: %w", err)
	}
	flatten(m, "", out)
	return out, nil
}

// flatten writes a JSON object's members below a path.
func flatten(m map[string]json.RawMessage, path string, out map[string]string) {
	for name, value := range m {
		here := joinPath(path, name)
		var inner map[string]json.RawMessage
		switch {
		case slices.Contains([]string{"null", "{}", "[]", `""`}, string(value)):
		case value[0] == '{' && json.Unmarshal(value, &inner) == nil:
			flatten(inner, here, out)
		default:
			out[here] = string(value)
		}
	}
}
