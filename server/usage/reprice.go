package usage

import (
	"context"
	"errors"
	"time"

	"github.com/posthouse/posthouse/server/store"
)

// errEnded is what becomes of a job when the recorder ends.
var errEnded = errors.New("the recorder has ended")

// Reprice prices the calls of a span again, after a correction of prices or of
// the exchange rate, from what is stored of their usage, and corrects the sums.
// It works in small pieces between the batches, and may be given up at any time;
// what was done stays done, and doing it again changes nothing.
func (r *Recorder) Reprice(ctx context.Context, from, to time.Time, cost store.PriceFunc) (store.Repriced, error) {
	r.Sync(ctx)
	var all store.Repriced
	for {
		var piece store.Repriced
		err := r.do(ctx, func() (err error) {
			defer recovered("price calls again", &err)
			piece, err = r.records.Reprice(ctx, from, to, all.Next, cost)
			return err
		})
		all.Seen, all.Changed, all.Next = all.Seen+piece.Seen, all.Changed+piece.Changed, piece.Next
		if err != nil || piece.Next == 0 {
			return all, err
		}
	}
}

// do has the writer do something, and waits for it.
func (r *Recorder) do(ctx context.Context, job func() error) error {
	result := make(chan error, 1)
	select {
	case r.jobs <- func() { result <- job() }:
		return <-result
	case <-ctx.Done():
		return ctx.Err()
	case <-r.done:
		return errEnded
	}
}
