package gemini

import (
	"testing"

	"github.com/posthouse/posthouse/proxy/rawjson"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"model":"models/p/a","content":{"parts":[{"text":"model"}]}}`:                                                 `{"model":"models/b","content":{"parts":[{"text":"model"}]}}`,
		`{"requests": [ {"model":"models/p/a","content":{"model":1}} , {"content":{},"model" : "x"}, {"content":{}} ]}`: `{"requests": [ {"model":"models/b","content":{"model":1}} , {"content":{},"model" : "models/b"}, {"content":{}} ]}`,
		`{"generateContentRequest":{"model":"models/p/a","contents":[]}}`:                                               `{"generateContentRequest":{"model":"models/b","contents":[]}}`,
		`{"contents":[{"parts":[{"text":"x"}]}]}`:                                                                       `{"contents":[{"parts":[{"text":"x"}]}]}`,
		`{"requests":7}`: `{"requests":7}`,
	} {
		var fields []rawjson.Field
		if err := rawjson.Fields([]byte(body), func(f rawjson.Field) error { fields = append(fields, f); return nil }); err != nil {
			t.Fatal(err)
		}
		if got := string(rawjson.Apply([]byte(body), names([]byte(body), fields, "b")).Bytes()); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
