package proxy

import (
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

func TestBreaker(t *testing.T) {
	now := time.Now()
	b := newBreakers(func() time.Time { return now })
	k := breakerKey{"p", "m"}
	allow := func(k breakerKey) bool { ok, _ := b.allow(k); return ok }
	fail := func(n int, class llm.Class) {
		for range n {
			b.observe(k, class)
		}
	}
	fail(100, llm.ClassBadRequest)
	fail(100, llm.ClassRateLimited)
	fail(100, llm.ClassClientClosed)
	fail(breakRow-1, llm.ClassServerError)
	if !allow(k) {
		t.Fatal("open too early")
	}
	b.observe(k, "")
	fail(breakRow-1, llm.ClassServerError)
	if !allow(k) {
		t.Fatal("a success did not end the row")
	}
	fail(1, llm.ClassConnect)
	if allow(k) || !allow(breakerKey{"p", "other"}) || len(b.open()) != 1 {
		t.Fatal("not open, or another model is")
	}
	now = now.Add(breakProbe)
	if first, second := allow(k), allow(k); !first || second {
		t.Fatal("exactly one call may find out")
	}
	fail(1, llm.ClassConnect)
	now = now.Add(breakProbe - time.Millisecond)
	if allow(k) {
		t.Fatal("a failed probe did not keep it open")
	}
	now = now.Add(time.Millisecond)
	if !allow(k) {
		t.Fatal("no second probe")
	}
	b.observe(k, "")
	for range 2 {
		if !allow(k) || len(b.open()) != 0 {
			t.Fatal("a success did not close it")
		}
	}
}

func TestBreakerByRate(t *testing.T) {
	now := time.Now()
	b := newBreakers(func() time.Time { return now })
	k := breakerKey{"p", "m"}
	allow := func(k breakerKey) bool { ok, _ := b.allow(k); return ok }
	b.observe(k, llm.ClassServerError) // only failures begin the memory
	for range breakMany / 2 {
		b.observe(k, "")
		b.observe(k, llm.ClassServerError)
	}
	if allow(k) {
		t.Error("half of the attempts failed, and it is still closed")
	}
	k = breakerKey{"p", "slow"}
	for range 3 * breakMany {
		b.observe(k, llm.ClassServerError)
		b.observe(k, "")
		now = now.Add(breakWindow + time.Second)
	}
	if !allow(k) {
		t.Error("failures far apart opened it")
	}
}
