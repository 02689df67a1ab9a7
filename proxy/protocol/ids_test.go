package protocol

import (
	"regexp"
	"testing"
)

func TestExactIDFitsAndIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	nine := regexp.MustCompile(`^[a-zA-Z0-9]{9}$`)
	seen := map[string]string{}
	for _, id := range []string{"call_lab0123456789abcdef", "call_lab0123456789abcdeg", "toolu_01A09q90qw90lq917835lq9", "x", "a_b-c_d-e", "D681PevKé", "12345678", "1234567890", "天气", ""} {
		got := ExactID(id, 9)
		if !nine.MatchString(got) || got != ExactID(id, 9) {
			t.Errorf("%q became %q", id, got)
		}
		if other, there := seen[got]; there {
			t.Errorf("%q and %q both became %q", id, other, got)
		}
		seen[got] = id
		if again := ExactID(got, 9); again != got {
			t.Errorf("%q became %q, and that %q", id, got, again)
		}
	}
	if got := ExactID("D681PevKs", 9); got != "D681PevKs" {
		t.Errorf("a vendor's own id became %q", got)
	}
	if got := ExactID("call_1", 0); got != "call_1" {
		t.Errorf("where any id is taken it became %q", got)
	}
	if got := ExactID("call_1", 60); len(got) != 60 {
		t.Errorf("%d letters and digits, want 60", len(got))
	}
}
