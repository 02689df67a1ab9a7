// Package usage keeps the account of every call without ever being in a
// call's way. A Recorder takes records from the data plane into a bounded
// queue; one goroutine writes them to the records database in batches, within
// a second. When the database is slow the queue fills and further records are
// shed and counted; when it is locked, full or broken, batches fail and are
// counted. The proxy notices neither. The latest calls are kept in memory too,
// with every attempt.
package usage

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
)

const (
	// queueSize is how many records wait at most: two seconds of the highest
	// load one process is meant for, some 8 MB.
	queueSize = 8192
	// batchSize is how many records one transaction holds at most.
	batchSize = 500
	// flushAfter is how long a record waits at most before it is written; what
	// a crash can lose.
	flushAfter = 500 * time.Millisecond
	// complainEvery bounds how often trouble is logged.
	complainEvery = time.Minute
)

// Stats count what became of the records since the start.
type Stats struct {
	Written int64 // in the database
	Shed    int64 // thrown away because the queue was full or the recorder closed
	Failed  int64 // lost because the database refused them
}

// Recorder implements proxy.Recorder.
type Recorder struct {
	records *store.Records
	recent  recent
	log     *slog.Logger
	queue   chan *proxy.Record
	stop    chan struct{} // closed by Close
	done    chan struct{} // closed when the writer has ended
	closing sync.Once
	closed  atomic.Bool

	written, shed, failed atomic.Int64
	lastComplaint         time.Time // used by the writer only
}

// New starts a Recorder; log may be nil. Close ends it. The records stay open.
func New(records *store.Records, log *slog.Logger) *Recorder {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r := &Recorder{
		records: records, log: log, queue: make(chan *proxy.Record, queueSize),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	go r.run()
	return r
}

// Record takes over a record; the caller must not change it any more. It never
// blocks and allocates nothing.
func (r *Recorder) Record(record *proxy.Record) {
	r.recent.add(record)
	if r.closed.Load() {
		r.shed.Add(1)
		return
	}
	select {
	case r.queue <- record:
	default:
		r.shed.Add(1)
	}
}

// Stats counts up to now.
func (r *Recorder) Stats() Stats {
	return Stats{Written: r.written.Load(), Shed: r.shed.Load(), Failed: r.failed.Load()}
}

// Close writes what waits and ends the Recorder. Records that come later are
// shed. If ctx ends first the rest is still being written when Close returns.
func (r *Recorder) Close(ctx context.Context) error {
	r.closed.Store(true)
	r.closing.Do(func() { close(r.stop) })
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("write the last records: %w", ctx.Err())
	}
}

// run gathers batches and writes them until stop, then what is left.
func (r *Recorder) run() {
	defer close(r.done)
	tick := time.NewTicker(flushAfter)
	defer tick.Stop()
	batch := make([]*proxy.Record, 0, batchSize)
	for {
		select {
		case record := <-r.queue:
			batch = append(batch, record)
			if len(batch) == batchSize {
				batch = r.flush(batch)
			}
		case <-tick.C:
			batch = r.flush(batch)
		case <-r.stop:
			r.drain(batch)
			return
		}
	}
}

// drain writes what waits and comes no more.
func (r *Recorder) drain(batch []*proxy.Record) {
	for {
		select {
		case record := <-r.queue:
			batch = append(batch, record)
			if len(batch) == batchSize {
				batch = r.flush(batch)
			}
		default:
			r.flush(batch)
			return
		}
	}
}

// flush writes a batch and returns it empty. Whatever happens in there, the
// writer goes on.
func (r *Recorder) flush(batch []*proxy.Record) []*proxy.Record {
	if len(batch) == 0 {
		return batch
	}
	if err := r.write(batch); err != nil {
		r.failed.Add(int64(len(batch)))
		r.complain(err)
	} else {
		r.written.Add(int64(len(batch)))
	}
	clear(batch) // let go of the records
	return batch[:0]
}

// write stores a batch; a panic becomes an error.
func (r *Recorder) write(batch []*proxy.Record) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("write records: panic: %v", p)
		}
	}()
	return r.records.Write(context.Background(), batch)
}

// complain logs trouble, but not every time.
func (r *Recorder) complain(err error) {
	if now := time.Now(); now.Sub(r.lastComplaint) >= complainEvery {
		r.lastComplaint = now
		r.log.Warn("records of calls are being lost; the proxy goes on", "reason", err, "failed", r.failed.Load(), "shed", r.shed.Load())
	}
}
