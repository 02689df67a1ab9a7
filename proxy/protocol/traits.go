package protocol

import "reflect"

// Over lays what t says over what below says: a flag is set where either sets
// it, anything else is t's where t says something.
func (t Traits) Over(below Traits) Traits {
	top, out := reflect.ValueOf(t), reflect.ValueOf(&below).Elem()
	for i := range top.NumField() {
		if f := top.Field(i); !f.IsZero() {
			out.Field(i).Set(f)
		}
	}
	return below
}
