package usage

import (
	"sync"

	"github.com/posthouse/posthouse/proxy"
)

// recentSize is how many calls are kept in memory with every attempt, for
// "what just happened?".
const recentSize = 1000

// recent is a ring of the latest records.
type recent struct {
	mu   sync.Mutex
	ring [recentSize]*proxy.Record
	next int // where the next record goes
}

func (r *recent) add(record *proxy.Record) {
	r.mu.Lock()
	r.ring[r.next] = record
	r.next = (r.next + 1) % recentSize
	r.mu.Unlock()
}

// each calls f for the records from the newest on, until it returns false.
func (r *recent) each(f func(*proxy.Record) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range recentSize {
		record := r.ring[(r.next-1-i+2*recentSize)%recentSize]
		if record == nil || !f(record) {
			return
		}
	}
}

// Recent lists the latest calls, the newest first. The records must not be
// changed.
func (r *Recorder) Recent(limit int) []*proxy.Record {
	list := []*proxy.Record{}
	r.recent.each(func(record *proxy.Record) bool {
		if len(list) < limit {
			list = append(list, record)
		}
		return len(list) < limit
	})
	return list
}

// Find is a call of the latest ones by its request id. The record must not be
// changed.
func (r *Recorder) Find(id string) (record *proxy.Record, found bool) {
	r.recent.each(func(candidate *proxy.Record) bool {
		if candidate.ID == id {
			record, found = candidate, true
		}
		return !found
	})
	return record, found
}
