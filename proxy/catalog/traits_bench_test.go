package catalog

import "testing"

func BenchmarkTraits(b *testing.B) {
	for _, c := range []struct{ vendor, protocol, model string }{{"openai", "openai", "gpt-5.5"}, {"anthropic", "anthropic", "claude-opus-5-5"}, {"custom", "openai", "m"}} {
		v, _ := ByID(c.vendor)
		b.Run(c.vendor, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v.Traits(c.protocol, c.model)
			}
		})
	}
}
