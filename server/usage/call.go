package usage

import (
	"context"
	"errors"
	"time"

	"github.com/posthouse/posthouse/proxy"
	"github.com/posthouse/posthouse/server/store"
)

// Call finds a call in the log by the request id that its client was given.
func (r *Recorder) Call(ctx context.Context, id string) (*store.Row, error) {
	began, known := proxy.RequestTime(id)
	if known {
		row, err := r.records.Call(ctx, id, began)
		if err == nil || !errors.Is(err, store.ErrNoCall) {
			return row, err
		}
	}
	return r.records.Call(ctx, id, time.Time{})
}
