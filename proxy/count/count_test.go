package count_test

import (
	"strings"
	"testing"

	"github.com/posthouse/posthouse/proxy/count"
)

func TestTokensCountsExtrapolatesAndNeverFails(t *testing.T) {
	t.Parallel()
	// The figures of short texts are those that OpenAI's tokenizer page shows
	// for GPT-4o.
	for text, want := range map[string]int64{"": 0, "hello world": 2, "Hello, world!": 4} {
		if n, exact := count.Tokens(text, 0); n != want || !exact {
			t.Errorf("%q: %d tokens, exact %v; want %d", text, n, exact, want)
		}
	}
	sentence := "The quick brown fox jumps over the lazy dog. "
	one, _ := count.Tokens(sentence, 0)
	long := strings.Repeat(sentence, 10_000)
	n, exact := count.Tokens(long, 0)
	if hundred, _ := count.Tokens(long[:100*len(sentence)], 0); exact || n < 98*hundred || n > 102*hundred {
		t.Errorf("a hundred sentences are %d tokens, 10,000 are %d, exact %v", hundred, n, exact)
	}
	if n, exact := count.Tokens(sentence, int64(10*len(sentence))); exact || n != 10*one {
		t.Errorf("a tenth was kept: %d, exact %v", n, exact)
	}
	if n, exact := count.Tokens("", 400); exact || n != 100 {
		t.Errorf("nothing was kept: %d, exact %v", n, exact)
	}
	for _, odd := range []string{"\xff\xfe", strings.Repeat("你", 40_000), strings.Repeat("a", 200_000), "<|endoftext|>", "\x00"} {
		if n, _ := count.Tokens(odd, 0); n <= 0 {
			t.Errorf("%.10q: %d tokens", odd, n)
		}
	}
}

func FuzzTokens(f *testing.F) {
	f.Add("hello", int64(5))
	f.Add("你好\xff", int64(50))
	f.Fuzz(func(t *testing.T, text string, whole int64) {
		n, exact := count.Tokens(text, min(whole, 1<<40))
		if n < 0 || exact && n > int64(len(text)) {
			t.Fatalf("%q: %d tokens, exact %v", text, n, exact)
		}
	})
}

func BenchmarkTokens(b *testing.B) {
	for name, text := range map[string]string{
		"1KB words":    strings.Repeat("The quick brown fox jumps. ", 38),
		"64KB words":   strings.Repeat("The quick brown fox jumps. ", 2427),
		"64KB Chinese": strings.Repeat("敏捷的棕色狐狸跳过懒狗。", 1820),
		"64KB of a":    strings.Repeat("a", 64<<10),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				count.Tokens(text, 0)
			}
		})
	}
}
