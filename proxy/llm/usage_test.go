package llm

import "testing"

func TestUsageOver(t *testing.T) {
	t.Parallel()
	begun := Usage{Input: 25, CacheRead: 6, CacheWrite: 2, Total: 33, InputFrom: FromProvider}
	ended := Usage{Output: 89, Reasoning: 20, Total: 89, OutputFrom: FromProvider}
	want := Usage{Input: 25, CacheRead: 6, CacheWrite: 2, Output: 89, Reasoning: 20, Total: 122, InputFrom: FromProvider, OutputFrom: FromProvider}
	if got := ended.Over(begun); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	whole := Usage{Input: 1, Output: 2, Total: 7, InputFrom: FromProvider, OutputFrom: FromProvider}
	if got := whole.Over(want); got != whole {
		t.Errorf("a whole count was changed: %+v", got)
	}
	if got := (Usage{}).Over(Usage{}); got != (Usage{}) {
		t.Errorf("nothing over nothing: %+v", got)
	}
}
