package usage

import (
	"fmt"
	"testing"
)

func TestRecentKeepsTheLatest(t *testing.T) {
	r := New(openRecords(t, t.TempDir(), nil), Options{})
	defer func() { _ = r.Close(t.Context()) }()
	if got := r.Recent(10); len(got) != 0 {
		t.Errorf("%d before the first", len(got))
	}
	const n = recentSize + 7
	for i := range n {
		r.Record(sample(i))
	}
	list := r.Recent(2 * recentSize)
	if len(list) != recentSize || list[0].ID != fmt.Sprintf("req-%d", n-1) || list[recentSize-1].ID != "req-7" {
		t.Errorf("%d records, from %s to %s", len(list), list[0].ID, list[len(list)-1].ID)
	}
	if _, found := r.Find("req-6"); found {
		t.Error("an old record is still there")
	}
	if got, found := r.Find("req-7"); !found || got.ID != "req-7" {
		t.Error("the oldest kept record is not found")
	}
}
