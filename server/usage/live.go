package usage

import (
	"sync"
	"time"

	"github.com/posthouse/posthouse/server/store"
	"github.com/posthouse/posthouse/server/tally"
)

const (
	// liveSeconds is how far back the live figures look.
	liveSeconds = 60
	// tailSize is how many calls wait for a slow listener before they are left
	// out.
	tailSize = 256
	// maxTails bounds how many listen at once.
	maxTails = 64
)

// live is what goes on now: the last minute second by second, and who listens.
type live struct {
	mu      sync.Mutex
	seconds [liveSeconds + 1]second
	total   int64
	tails   map[*Tail]bool
	closed  bool
}

// second is one second of calls that ended in it.
type second struct {
	at       int64
	outcomes [tally.Left + 1]int64
	tally    tally.Tally
}

// Tail listens to calls as they end. C is closed when the recorder ends.
type Tail struct {
	C    <-chan *store.Row
	c    chan *store.Row
	lost int64 // guarded by live.mu
	of   *live
}

// publish counts a call and tells those who listen.
func (l *live) publish(now time.Time, row *store.Row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	s := &l.seconds[now.Unix()%int64(len(l.seconds))]
	if s.at != now.Unix() {
		*s = second{at: now.Unix()}
	}
	s.outcomes[row.Series.Outcome]++
	addCall(&s.tally, row)
	if len(l.tails) == 0 {
		return
	}
	shown := *row // content is for those who ask for the one call
	shown.Captured, shown.Content = row.Content != nil, nil
	for t := range l.tails {
		select {
		case t.c <- &shown:
		default:
			t.lost++
		}
	}
}

func (l *live) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for t := range l.tails {
		close(t.c)
	}
	l.tails = nil
}

// Tail begins to listen; nil: too many do, or the recorder has ended.
func (r *Recorder) Tail() *Tail {
	l := &r.live
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.tails) >= maxTails {
		return nil
	}
	if l.tails == nil {
		l.tails = map[*Tail]bool{}
	}
	t := &Tail{c: make(chan *store.Row, tailSize), of: l}
	t.C = t.c
	l.tails[t] = true
	return t
}

// Lost is how many calls were left out since it was asked last.
func (t *Tail) Lost() int64 {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	lost := t.lost
	t.lost = 0
	return lost
}

// Close ends listening.
func (t *Tail) Close() {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	delete(t.of.tails, t)
}

// Lately is what has gone on up to now.
type Lately struct {
	Total    int64                 // calls since the start
	Outcomes [tally.Left + 1]int64 // of the last minute
	Minute   tally.Tally           // of the last minute
	Seconds  tally.Tally           // of the last window
	Window   time.Duration         // of Seconds
}

// Lately adds up the last minute, and its last seconds.
func (r *Recorder) Lately(window time.Duration) Lately {
	l := &r.live
	now := r.now().Unix()
	l.mu.Lock()
	defer l.mu.Unlock()
	out := Lately{Total: l.total, Window: window}
	for i := range l.seconds {
		s := &l.seconds[i]
		age := now - s.at
		if age < 0 || age >= liveSeconds {
			continue
		}
		for o, n := range s.outcomes {
			out.Outcomes[o] += n
		}
		out.Minute.Merge(&s.tally)
		if age < int64(window/time.Second) {
			out.Seconds.Merge(&s.tally)
		}
	}
	return out
}
