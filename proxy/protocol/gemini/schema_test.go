package gemini

import (
	"fmt"
	"testing"

	"github.com/posthouse/posthouse/proxy/llm"
)

func TestSchemaSubset(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want, losses string }{
		"plain": {
			`{"type":"object","properties":{"a":{"type":"string","minLength":1}},"required":["a"]}`,
			`{"type":"OBJECT","properties":{"a":{"type":"STRING","minLength":1}},"required":["a"]}`, "",
		},
		"references": {
			`{"type":"object","properties":{"a":{"$ref":"#/$defs/city","description":"where"},"b":{"$ref":"#/nowhere"}},"$defs":{"city":{"type":"string","format":"uuid"}}}`,
			`{"type":"OBJECT","properties":{"a":{"type":"STRING","description":"where"},"b":{"type":"OBJECT"}}}`, "changed p",
		},
		"several types": {
			`{"type":"object","properties":{"a":{"type":["string","null"]},"b":{"type":["integer","string"]},"c":{"anyOf":[{"type":"number"},{"type":"null"}]},"d":{"oneOf":[{"type":"string"},{"type":"boolean"}]}},"required":["a","x"]}`,
			`{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true},"b":{"anyOf":[{"type":"INTEGER"},{"type":"STRING"}]},"c":{"type":"NUMBER","nullable":true},"d":{"anyOf":[{"type":"STRING"},{"type":"BOOLEAN"}]}},"required":["a"]}`, "changed p",
		},
		"values": {
			`{"type":"object","properties":{"a":{"const":"x"},"b":{"enum":["p","q",null]},"c":{"type":"integer","enum":[1,2],"description":"How many."}}}`,
			`{"type":"OBJECT","properties":{"a":{"type":"STRING","enum":["x"]},"b":{"type":"STRING","enum":["p","q"],"nullable":true},"c":{"type":"INTEGER","description":"How many. One of 1,2."}}}`, "changed p",
		},
		"keywords": {
			`{"$schema":"x","type":"object","additionalProperties":false,"properties":{"a":{"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":9},"b":{"type":"array"},"c":{"type":"string","format":"date-time"}}}`,
			`{"type":"OBJECT","properties":{"a":{"type":"INTEGER","minimum":1,"maximum":8},"b":{"type":"ARRAY","items":{"type":"STRING"}},"c":{"type":"STRING","format":"date-time"}}}`, "changed p",
		},
		"all of": {
			`{"allOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"b":{"type":"string"}},"required":["b"]}]}`,
			`{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"STRING"}},"required":["a","b"]}`, "changed p",
		},
		"nothing to give": {`{"type":"object","properties":{}}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var l llm.Losses
			got, full := schemaFor(llm.Raw(c.in), target(subset), &l, "p")
			if full != nil {
				t.Errorf("a JSON schema too: %s", full)
			}
			if c.want == "" {
				if got != nil {
					t.Errorf("got %s", got)
				}
			} else {
				sameJSON(t, string(got), c.want)
			}
			if l.String() != c.losses {
				t.Errorf("losses %q, want %q", l.String(), c.losses)
			}
		})
	}
}

// TestSchemaThatTurnsInItself must end.
func TestSchemaThatTurnsInItself(t *testing.T) {
	t.Parallel()
	var l llm.Losses
	for _, in := range []string{
		`{"type":"object","properties":{"next":{"$ref":"#"},"other":{"allOf":[{"$ref":"#/properties/other"}]}}}`,
		// Each definition holds the next twice: 2^20 schemas when written out.
		laughs(20),
	} {
		got, _ := schemaFor(llm.Raw(in), target(subset), &l, "p")
		if !got.IsValid() {
			t.Errorf("not JSON: %s", got)
		}
		if len(got) > 1<<20 {
			t.Errorf("%d bytes grew to %d", len(in), len(got))
		}
	}
}

func laughs(n int) string {
	s := `{"$ref":"#/$defs/d0","$defs":{`
	for i := range n {
		s += fmt.Sprintf(`"d%d":{"type":"object","properties":{"a":{"$ref":"#/$defs/d%d"},"b":{"$ref":"#/$defs/d%d"}}},`, i, i+1, i+1)
	}
	return s + fmt.Sprintf(`"d%d":{"type":"string"}}}`, n)
}
