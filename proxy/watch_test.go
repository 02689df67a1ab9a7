package proxy

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/posthouse/posthouse/proxy/llm"
)

func TestClocksEndWhatIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dog watchdog
		began := time.Now()
		ended := map[string]time.Duration{}
		class := map[string]llm.Class{}
		watched := func(name string) *clock {
			return dog.clock(func(err error) {
				var e *llm.Error
				if !errors.As(err, &e) {
					t.Errorf("%s ended with %v", name, err)
					return
				}
				if _, again := ended[name]; again {
					t.Errorf("%s ended twice", name)
				}
				ended[name], class[name] = time.Since(began), e.Class
			})
		}
		silent, lively, off, stopped, changed := watched("silent"), watched("lively"), watched("off"), watched("stopped"), watched("changed")
		silent.set(llm.ClassHeadersTimeout, time.Second)
		lively.set(llm.ClassIdleTimeout, time.Second)
		off.set(llm.ClassIdleTimeout, -1)
		stopped.set(llm.ClassIdleTimeout, time.Second)
		changed.set(llm.ClassHeadersTimeout, time.Second)
		for i := range 20 {
			<-time.After(500 * time.Millisecond)
			synctest.Wait()
			lively.set(llm.ClassIdleTimeout, time.Second)
			if i == 0 {
				stopped.stop()
				stopped.stop()
				changed.set(llm.ClassIdleTimeout, 3*time.Second)
			}
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		for name, want := range map[string]time.Duration{"silent": time.Second, "lively": 11 * time.Second, "changed": 3500 * time.Millisecond} {
			if got := ended[name]; got < want || got > want+2*watchEvery {
				t.Errorf("%s ended after %v, want %v", name, got, want)
			}
		}
		if len(ended) != 3 || class["silent"] != llm.ClassHeadersTimeout || class["changed"] != llm.ClassIdleTimeout {
			t.Errorf("ended: %v %v", ended, class)
		}
		for _, c := range []*clock{silent, lively, off, changed} {
			c.stop()
		}
		<-time.After(time.Minute) // a timer that went on would keep the bubble alive
		synctest.Wait()
		if dog.first != nil || dog.runs {
			t.Error("the watchdog runs on although there is nothing to watch")
		}
	})
}

func BenchmarkClockPerEvent(b *testing.B) {
	var dog watchdog
	c := dog.clock(func(error) {})
	defer c.stop()
	b.ReportAllocs()
	for b.Loop() {
		c.set(llm.ClassIdleTimeout, time.Minute)
	}
}
