package proxy

import (
	"strconv"
	"testing"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

func TestBreaker(t *testing.T) {
	now := time.Now()
	b := newBreakers(func() time.Time { return now })
	k := breakerKey{"p", "m"}
	allow := func(k breakerKey) bool { ok, _, _ := b.allow(k); return ok }
	fail := func(n int, class llm.Class) {
		for range n {
			b.observe(k, class, 0)
		}
	}
	fail(100, llm.ClassBadRequest)
	fail(100, llm.ClassRateLimited)
	fail(100, llm.ClassClientClosed)
	fail(breakRow-1, llm.ClassServerError)
	if !allow(k) {
		t.Fatal("open too early")
	}
	b.observe(k, "", 0)
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
	b.observe(k, "", 0)
	if allow(k) {
		t.Fatal("an old answer's end closed it")
	}
	b.began(k)
	for range 2 {
		if !allow(k) || len(b.open()) != 0 {
			t.Fatal("a new answer's beginning did not close it")
		}
	}
	fail(1, llm.ClassCut)
	if allow(k) {
		t.Fatal("the probe's answer broke off, and it is still closed")
	}
	now = now.Add(breakProbe)
	if !allow(k) {
		t.Fatal("no third probe")
	}
	b.began(k)
	b.observe(k, "", 0)
	fail(breakRow-1, llm.ClassServerError)
	if !allow(k) {
		t.Fatal("after a whole answer it does not begin afresh")
	}
}

// TestBreakerBelievesVendor: a vendor that says when to come back is not asked
// before, within reason.
func TestBreakerBelievesVendor(t *testing.T) {
	now := time.Now()
	b := newBreakers(func() time.Time { return now })
	for want, wait := range map[time.Duration]time.Duration{breakProbe: 0, 20 * time.Second: 20 * time.Second, breakLongest: time.Hour} {
		k := breakerKey{"p", wait.String()}
		for range breakRow {
			b.observe(k, llm.ClassOverloaded, wait)
		}
		if _, _, left := b.allow(k); left != want {
			t.Errorf("Retry-After %v: left alone for %v, want %v", wait, left, want)
		}
	}
}

// TestBreakersForget: targets whose model is the caller's words must neither
// fill the memory nor, once they did, leave it full.
func TestBreakersForget(t *testing.T) {
	now := time.Now()
	b := newBreakers(func() time.Time { return now })
	for i := range maxBreakers + 10 {
		b.observe(breakerKey{"p", strconv.Itoa(i)}, llm.ClassServerError, 0)
	}
	if n := b.known.Load(); n != maxBreakers || int(n) != len(b.by) {
		t.Errorf("%d are remembered, %d counted", len(b.by), n)
	}
	now = now.Add(breakLongest + time.Second)
	k := breakerKey{"p", "new"}
	for range breakRow {
		b.observe(k, llm.ClassServerError, 0)
	}
	if !b.isOpen(k) || b.known.Load() != 1 {
		t.Errorf("open: %v, remembered: %d", b.isOpen(k), b.known.Load())
	}
}

func TestBreakerByRate(t *testing.T) {
	now := time.Now()
	b := newBreakers(func() time.Time { return now })
	k := breakerKey{"p", "m"}
	allow := func(k breakerKey) bool { ok, _, _ := b.allow(k); return ok }
	b.observe(k, llm.ClassServerError, 0) // only failures begin the memory
	for range breakMany / 2 {
		b.observe(k, "", 0)
		b.observe(k, llm.ClassServerError, 0)
	}
	if allow(k) {
		t.Error("half of the attempts failed, and it is still closed")
	}
	k = breakerKey{"p", "slow"}
	for range 3 * breakMany {
		b.observe(k, llm.ClassServerError, 0)
		b.observe(k, "", 0)
		now = now.Add(breakWindow + time.Second)
	}
	if !allow(k) {
		t.Error("failures far apart opened it")
	}
}
