// Package usage keeps the account of every call without ever being in a
// call's way. A Recorder takes records from the data plane into a bounded
// inbox; one goroutine adds them up and writes rows and sums to the records
// database, together, within a second. When the database is slow the inbox
// fills and further rows are shed, but counted in the sums all the same; when
// it is locked, full or broken, what waits is tried again, as much of it as
// memory allows. The proxy notices neither. The latest calls are kept in memory
// too, with every attempt.
//
// The sums answer what pages ask about any time (monitor.go); rows are read
// only for the log.
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
	// queueSize is how many records wait at most, in the inbox and again as
	// rows: two seconds of the highest load one process is meant for, some 16 MB.
	queueSize = 8192
	// batchSize is how many records make the writer begin before its time.
	batchSize = 1000
	// flushAfter is how long a record waits at most before it is written. A
	// crash loses that and what a write takes: less than a second together.
	flushAfter = 250 * time.Millisecond
	// complainEvery bounds how often trouble is logged.
	complainEvery = time.Minute
	// choreEvery is how often there is a look at what is to be cleared away,
	// and choreAgain how long the pause between two pieces of it is.
	choreEvery = time.Minute
	choreAgain = 50 * time.Millisecond
	// moveAtOnce is how many calls of an older schema are taken over in one go.
	moveAtOnce = 200
)

// Stats count what became of the records since the start.
type Stats struct {
	Waiting int   // not yet in the database
	Written int64 // in the database
	Shed    int64 // rows thrown away because the queue was full or the recorder closed
	Failed  int64 // rows lost because the database refused them for too long
}

// Options are what a Recorder works with.
type Options struct {
	Log *slog.Logger     // nil discards
	Now func() time.Time // nil: time.Now
	// Retention says how long records are kept; nil: for ever. It is asked now
	// and then.
	Retention func(context.Context) (store.Retention, error)
}

// Recorder implements proxy.Recorder.
type Recorder struct {
	records *store.Records
	opts    Options
	recent  recent
	log     *slog.Logger
	now     func() time.Time
	live    live

	inbox struct { // what the data plane has told
		sync.Mutex
		told   []told
		shed   *pending // sums of the records that found it full
		closed bool
	}
	wake    chan struct{}      // tells the writer that there is much to do
	asked   chan chan struct{} // Sync
	jobs    chan func()        // for the writer to do between two batches
	stop    chan struct{}      // closed by Close
	done    chan struct{}      // closed when the writer has ended
	closing sync.Once
	capture chan *proxy.Record // with content that is to be blacked out
	blacked chan struct{}      // closed when nothing is, any more

	written, shed, failed, waiting atomic.Int64

	// Of the writer only.
	rows          []*store.Row // that are added up, but not written
	sums          *pending
	spare         []told
	lastComplaint time.Time
	moved         bool // nothing is left of an older schema
}

// told is a record in the inbox, with its content as it is kept.
type told struct {
	record  *proxy.Record
	content *store.Content
}

// New starts a Recorder. Close ends it. The records stay open.
func New(records *store.Records, o Options) *Recorder {
	r := &Recorder{
		records: records, opts: o, log: o.Log, now: o.Now, wake: make(chan struct{}, 1), asked: make(chan chan struct{}), jobs: make(chan func()),
		stop: make(chan struct{}), done: make(chan struct{}), sums: newPending(),
		capture: make(chan *proxy.Record, contentQueue), blacked: make(chan struct{}),
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.now == nil {
		r.now = time.Now
	}
	r.inbox.shed = newPending()
	go r.run()
	go r.black()
	return r
}

// Record takes over a record; the caller must not change it any more. It never
// waits for the disk.
func (r *Recorder) Record(record *proxy.Record) {
	if record.Content == nil {
		r.recent.add(record)
		r.put(told{record: record}, false)
		return
	}
	if !r.blackLater(record) {
		r.recent.add(without(record))
		r.put(told{record: without(record)}, false)
	}
}

// without is a record without its content.
func without(record *proxy.Record) *proxy.Record {
	plain := *record
	plain.Content = nil
	return &plain
}

// blackLater hands a record over to have its content blacked out. It reports false
// if too many wait for that already, or the recorder ends.
func (r *Recorder) blackLater(record *proxy.Record) bool {
	r.inbox.Lock()
	defer r.inbox.Unlock()
	if r.inbox.closed {
		return false
	}
	select {
	case r.capture <- record:
		return true
	default:
		return false
	}
}

// black blacks contents out, beside the writer: a long one takes milliseconds.
func (r *Recorder) black() {
	defer close(r.blacked)
	for {
		select {
		case record := <-r.capture:
			r.blackOne(record)
			continue
		default:
		}
		select {
		case record := <-r.capture:
			r.blackOne(record)
		case <-r.stop: // the inbox is closed: nothing is added any more
			if len(r.capture) == 0 {
				return
			}
		}
	}
}

func (r *Recorder) blackOne(record *proxy.Record) {
	plain := without(record)
	r.recent.add(plain)
	r.put(told{plain, r.contentSafely(record)}, true)
}

// contentSafely makes the content; a text that nobody thought of costs it, not
// the account.
func (r *Recorder) contentSafely(record *proxy.Record) (content *store.Content) {
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("panic while blacking out a content; it is not kept", "request_id", record.ID, "panic", p)
			content = nil
		}
	}()
	return contentOf(record)
}

// put puts a record into the inbox, or adds it up at once where that is full.
// What was taken over before the end is late, and still welcome.
func (r *Recorder) put(t told, late bool) {
	r.inbox.Lock()
	n := len(r.inbox.told)
	full := n >= queueSize || r.inbox.closed && !late
	if full {
		row := Account(t.record)
		r.inbox.shed.add(row)
		r.inbox.shed.shed(row)
	} else {
		r.inbox.told = append(r.inbox.told, t)
	}
	r.inbox.Unlock()
	if full {
		r.shed.Add(1)
		return
	}
	if n+1 == batchSize {
		select {
		case r.wake <- struct{}{}:
		default: // it is awake
		}
	}
}

// Stats counts up to now.
func (r *Recorder) Stats() Stats {
	r.inbox.Lock()
	waiting := len(r.inbox.told) + len(r.capture)
	r.inbox.Unlock()
	return Stats{
		Waiting: waiting + int(r.waiting.Load()), Written: r.written.Load(), Shed: r.shed.Load(), Failed: r.failed.Load(),
	}
}

// Records is the database that is written to.
func (r *Recorder) Records() *store.Records { return r.records }

// Sync has what waits written and returns when it is, or when ctx ends.
func (r *Recorder) Sync(ctx context.Context) {
	reply := make(chan struct{})
	select {
	case r.asked <- reply:
	case <-ctx.Done():
		return
	case <-r.done:
		return
	}
	select {
	case <-reply:
	case <-ctx.Done():
	case <-r.done:
	}
}

// Close writes what waits and ends the Recorder. Records that come later are
// shed. If ctx ends first the rest is still being written when Close returns.
func (r *Recorder) Close(ctx context.Context) error {
	r.inbox.Lock()
	r.inbox.closed = true
	r.inbox.Unlock()
	r.closing.Do(func() { close(r.stop) })
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("write the last records: %w", ctx.Err())
	}
}

// run writes what comes until stop, then what is left.
func (r *Recorder) run() {
	defer close(r.done)
	defer r.live.close()
	tick := time.NewTicker(flushAfter)
	defer tick.Stop()
	chores := time.NewTimer(choreAgain)
	defer chores.Stop()
	for {
		select {
		case <-tick.C:
			r.flush()
		case <-r.wake:
			r.flush()
		case reply := <-r.asked:
			r.flush()
			close(reply)
		case job := <-r.jobs:
			job()
		case <-chores.C:
			chores.Reset(r.chore())
		case <-r.stop:
			<-r.blacked
			r.flush()
			if n := len(r.rows); n > 0 {
				r.lose(n, &r.failed)
			}
			return
		}
	}
}

// flush adds up and writes what has come. Whatever happens in there, the
// writer goes on.
func (r *Recorder) flush() {
	r.take()
	if len(r.rows) == 0 && r.sums.empty() {
		return
	}
	batch := &store.Batch{Rows: r.rows}
	r.sums.fill(batch)
	if err := r.write(batch); err != nil {
		r.lose(len(r.rows)-queueSize, &r.failed)
		r.complain(err)
		return
	}
	r.written.Add(int64(len(r.rows)))
	clear(r.rows) // let go of the records
	r.rows = r.rows[:0]
	r.sums = newPending()
	r.waiting.Store(0)
}

// take empties the inbox.
func (r *Recorder) take() {
	r.inbox.Lock()
	arrived, shed := r.inbox.told, r.inbox.shed
	r.inbox.told = r.spare[:0]
	some := !shed.empty() // afterwards those that are left empty are added to
	if some {
		r.inbox.shed = newPending()
	}
	r.inbox.Unlock()
	now := r.now()
	for _, t := range arrived {
		row := Account(t.record)
		row.Content = t.content
		r.sums.add(row)
		r.rows = append(r.rows, row)
		r.live.publish(now, row)
	}
	if some {
		r.sums.merge(shed)
	}
	clear(arrived)
	r.spare = arrived
	r.waiting.Store(int64(len(r.rows)))
}

// lose gives up the oldest n rows; the sums still count them.
func (r *Recorder) lose(n int, counter *atomic.Int64) {
	if n <= 0 {
		return
	}
	for _, row := range r.rows[:n] {
		r.sums.shed(row)
	}
	counter.Add(int64(n))
	r.rows = append(r.rows[:0], r.rows[n:]...)
	r.waiting.Store(int64(len(r.rows)))
}

// write stores a batch; a panic becomes an error.
func (r *Recorder) write(batch *store.Batch) (err error) {
	defer recovered("write records", &err)
	return r.records.Write(context.Background(), batch)
}

// recovered turns a panic into an error.
func recovered(what string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%s: panic: %v", what, p)
	}
}

// complain logs trouble, but not every time.
func (r *Recorder) complain(err error) {
	if now := time.Now(); now.Sub(r.lastComplaint) >= complainEvery {
		r.lastComplaint = now
		r.log.Warn("records of calls cannot be written and wait; the proxy goes on", "reason", err, "waiting", len(r.rows), "failed", r.failed.Load(), "shed", r.shed.Load())
	}
}

// chore does a small piece of housekeeping and says when to do the next.
func (r *Recorder) chore() time.Duration {
	more, err := r.housekeep()
	switch {
	case err != nil:
		r.complain(err)
		return choreEvery
	case more:
		return choreAgain
	}
	return choreEvery
}

func (r *Recorder) housekeep() (more bool, err error) {
	defer recovered("clear records", &err)
	ctx := context.Background()
	if !r.moved {
		left, err := r.moveOld(ctx)
		if err != nil || left {
			return left, err
		}
		r.moved = true
	}
	keep := store.Retention{}
	if r.opts.Retention != nil {
		if keep, err = r.opts.Retention(ctx); err != nil {
			return false, err
		}
	}
	return r.records.Maintain(ctx, keep)
}

// moveOld takes some calls over from the tables of an older schema.
func (r *Recorder) moveOld(ctx context.Context) (more bool, err error) {
	old, ids, err := r.records.OldCalls(ctx, moveAtOnce)
	if err != nil || len(old) == 0 {
		return false, err
	}
	batch, sums := &store.Batch{Moved: ids}, newPending()
	for i := range old {
		row := Account(&old[i])
		sums.add(row)
		batch.Rows = append(batch.Rows, row)
	}
	sums.fill(batch)
	return true, r.write(batch)
}
