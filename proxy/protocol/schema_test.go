package protocol

import (
	"testing"

	"github.com/posthouse/posthouse/proxy/llm"
)

// FuzzSchema rewrites anything as a schema.
func FuzzSchema(f *testing.F) {
	f.Add([]byte(`{"type":"object","properties":{"a":{"type":"string","minLength":1}},"$defs":{"x":{"oneOf":[{},{"const":1}]}}}`))
	f.Fuzz(func(t *testing.T, schema []byte) {
		raw := llm.Raw(schema)
		if !raw.IsValid() {
			return
		}
		out := ClosedSchema(ObjectSchema(raw), "f", &llm.Losses{})
		if !out.IsValid() {
			t.Fatalf("%s became %s", schema, out)
		}
		if again := ClosedSchema(out, "f", &llm.Losses{}); string(again) != string(out) {
			t.Fatalf("%s became %s, then %s", schema, out, again)
		}
	})
}
